/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/io/status_server.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "common/io/listen_socket.h"

enum {
	CONNECTIONS_MAX = 64,
	CONNECTION_MEMORY = 4 * 1024,
	IDLE_SECONDS = 2, /* who only holds a connection must not keep a probe out */
};

struct status_server {
	struct MHD_Daemon *daemon;
	const struct node_state *state;
	uint16_t port_host;
};

/* Writes what a path answers. Returns the HTTP status. */
typedef unsigned int route_answer(const struct node_state *state, struct strbuf *out);

static unsigned int answer_health(const struct node_state *state, struct strbuf *out)
{
	(void)state;
	strbuf_puts(out, "ok\n");
	return MHD_HTTP_OK;
}

static unsigned int answer_readiness(const struct node_state *state, struct strbuf *out)
{
	node_state_put_readiness(state, out);
	strbuf_puts(out, "\n");
	return node_state_is_ready(state) ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
}

static unsigned int answer_metrics(const struct node_state *state, struct strbuf *out)
{
	node_state_put_metrics(state, out);
	return MHD_HTTP_OK;
}

static const struct {
	const char *path;
	route_answer *answer;
	const char *content_type;
} ROUTES[] = {
	{"/healthz", answer_health, "text/plain; charset=utf-8"},
	{"/readyz", answer_readiness, "text/plain; charset=utf-8"},
	{"/metrics", answer_metrics, "text/plain; version=0.0.4; charset=utf-8"},
};

/* Queues a reply; takes the text over. */
static enum MHD_Result reply(struct MHD_Connection *connection, unsigned int status, char *text,
			     size_t length, const char *content_type)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(length, text, MHD_RESPMEM_MUST_FREE);

	if (response == NULL) {
		free(text);
		return MHD_NO;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
	enum MHD_Result result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *path,
				  const char *method, const char *version, const char *part,
				  size_t *part_length, void **request_context)
{
	const struct status_server *server = cls;
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	const char *content_type = ROUTES[0].content_type;
	unsigned int status = MHD_HTTP_NOT_FOUND;
	struct err ignored;
	char *text;

	(void)version;
	(void)part;
	(void)request_context;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 || *part_length > 0)
		return MHD_NO;
	for (size_t i = 0; i < sizeof(ROUTES) / sizeof(*ROUTES); i++) {
		if (strcmp(path, ROUTES[i].path) != 0)
			continue;
		status = ROUTES[i].answer(server->state, &out);
		content_type = ROUTES[i].content_type;
	}
	if (status == MHD_HTTP_NOT_FOUND)
		strbuf_puts(&out, "there are /healthz, /readyz and /metrics\n");
	size_t length = out.length;
	if (strbuf_finish(&out, &text, &ignored) < 0)
		return MHD_NO;
	return reply(connection, status, text, length, content_type);
}

int status_server_new(const char *address, const struct node_state *state,
		      struct status_server **ret_server, struct err *err)
{
	CLEANUP(status_server_freep) struct status_server *server = calloc(1, sizeof(*server));
	int fd = -1;

	if (server == NULL)
		return err_set(err, ENOMEM, "out of memory");
	server->state = state;
	int r = listen_socket_open(address, &fd, &server->port_host, err);
	if (r < 0)
		return r;
	server->daemon = MHD_start_daemon(
		MHD_USE_EPOLL, 0, NULL, NULL, on_request, server, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned int)CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)IDLE_SECONDS, MHD_OPTION_END);
	if (server->daemon == NULL) {
		close(fd);
		return err_set(err, EIO, "the server on %s did not start", address);
	}
	*ret_server = TAKE(server);
	return 0;
}

void status_server_free(struct status_server *server)
{
	if (server == NULL)
		return;
	if (server->daemon != NULL)
		MHD_stop_daemon(server->daemon);
	free(server);
}

void status_server_freep(struct status_server **server)
{
	status_server_free(TAKE(*server));
}

uint16_t status_server_port_host(const struct status_server *server)
{
	return server->port_host;
}

int status_server_fd(const struct status_server *server)
{
	return MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

void status_server_run(struct status_server *server)
{
	MHD_run(server->daemon);
}

int status_server_timeout_ms(const struct status_server *server, int max_ms)
{
	MHD_UNSIGNED_LONG_LONG timeout_ms;

	if (MHD_get_timeout(server->daemon, &timeout_ms) != MHD_YES ||
	    timeout_ms > (unsigned int)max_ms)
		return max_ms;
	return (int)timeout_ms;
}
