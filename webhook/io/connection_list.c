/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/connection_list.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "common/io/monotonic.h"

void connection_list_init(struct connection_list *list, size_t count_short)
{
	*list = (struct connection_list){.count_short = count_short};
	pthread_mutex_init(&list->mutex, NULL);
}

void connection_list_release(struct connection_list *list)
{
	pthread_mutex_destroy(&list->mutex);
}

struct connection *connection_list_add(struct connection_list *list, int fd)
{
	struct connection *connection = calloc(1, sizeof(*connection));

	if (connection == NULL)
		return NULL;
	connection->fd = fd;
	connection->waiting_since_ms = monotonic_ms();
	pthread_mutex_lock(&list->mutex);
	connection->next = list->first;
	if (list->first != NULL)
		list->first->previous = connection;
	list->first = connection;
	list->count++;
	pthread_mutex_unlock(&list->mutex);
	return connection;
}

void connection_list_remove(struct connection_list *list, struct connection *connection)
{
	pthread_mutex_lock(&list->mutex);
	if (connection->previous != NULL)
		connection->previous->next = connection->next;
	else
		list->first = connection->next;
	if (connection->next != NULL)
		connection->next->previous = connection->previous;
	list->count--;
	pthread_mutex_unlock(&list->mutex);
	free(connection);
}

void connection_list_begin(struct connection_list *list, struct connection *connection)
{
	pthread_mutex_lock(&list->mutex);
	connection->has_asked = true;
	connection->waiting_since_ms = 0;
	pthread_mutex_unlock(&list->mutex);
}

void connection_list_end(struct connection_list *list, struct connection *connection)
{
	pthread_mutex_lock(&list->mutex);
	connection->waiting_since_ms = monotonic_ms();
	pthread_mutex_unlock(&list->mutex);
}

void connection_list_sweep(struct connection_list *list)
{
	int64_t now = monotonic_ms();

	pthread_mutex_lock(&list->mutex);
	bool is_short = list->count > list->count_short;
	for (struct connection *i = list->first; i != NULL; i = i->next) {
		int64_t usual_ms = i->has_asked ? CONNECTION_IDLE_MS : CONNECTION_HEAD_MS;
		int64_t limit_ms = is_short ? CONNECTION_SHORT_MS : usual_ms;

		if (i->waiting_since_ms != 0 && now - i->waiting_since_ms > limit_ms)
			shutdown(i->fd, SHUT_RDWR);
	}
	pthread_mutex_unlock(&list->mutex);
}
