/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/kube_event.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/json_read.h"

/* What needs no encoding in a query (RFC 3986, 2.3). */
static const char UNRESERVED[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

static const char *const TYPES[] = {
	[KUBE_EVENT_ADDED] = "ADDED",     [KUBE_EVENT_MODIFIED] = "MODIFIED",
	[KUBE_EVENT_DELETED] = "DELETED", [KUBE_EVENT_BOOKMARK] = "BOOKMARK",
	[KUBE_EVENT_ERROR] = "ERROR",
};

/* A member of the metadata that is opaque to clients, but goes into a URL; NULL when it is absent
 * or empty. Borrowed. */
static int read_opaque(const json_t *object, const char *key, size_t length_max,
		       const char **ret_text, struct err *err)
{
	json_t *metadata = NULL;
	const char *text = NULL;
	int r = json_read_object(object, "metadata", &metadata, err);

	if (r == 0)
		r = json_read_string(metadata, key, &text, err);
	if (r < 0)
		return r;
	size_t length = text != NULL ? strlen(text) : 0;
	if (length > length_max || (length > 0 && strspn(text, UNRESERVED) != length))
		return err_set(err, EINVAL, "'%s' can not be '%.80s'", key, text);
	*ret_text = length > 0 ? text : NULL;
	return 0;
}

static int read_version(const json_t *object, char ret_version[KUBE_VERSION_SIZE], struct err *err)
{
	const char *version = NULL;
	int r = read_opaque(object, "resourceVersion", KUBE_VERSION_SIZE - 1, &version, err);

	if (r < 0)
		return r;
	if (version == NULL)
		return err_set(err, EINVAL, "'resourceVersion' is missing");
	memcpy(ret_version, version, strlen(version) + 1);
	return 0;
}

static int read_type(const json_t *line, enum kube_event_type *ret_type, struct err *err)
{
	const char *type = NULL;
	int r = json_read_string(line, "type", &type, err);

	if (r < 0)
		return r;
	for (size_t i = 0; type != NULL && i < sizeof(TYPES) / sizeof(*TYPES); i++) {
		if (strcmp(type, TYPES[i]) == 0) {
			*ret_type = (enum kube_event_type)i;
			return 0;
		}
	}
	return err_set(err, EINVAL, "'type' can not be '%.32s'", type != NULL ? type : "");
}

int kube_event_parse(const char *line, size_t length, struct kube_event *ret_event, struct err *err)
{
	json_auto_t *whole = NULL;
	struct kube_event event = {0};
	int r = json_read_text(line, length, &whole, err);

	if (r == 0)
		r = read_type(whole, &event.type, err);
	if (r == 0)
		r = json_read_object(whole, "object", &event.object, err);
	if (r == 0 && event.object == NULL)
		r = err_set(err, EINVAL, "'object' is missing");
	if (r == 0 && event.type != KUBE_EVENT_ERROR)
		r = read_version(event.object, event.version, err);
	if (r < 0)
		return r;
	json_incref(event.object);
	*ret_event = event;
	return 0;
}

void kube_event_release(struct kube_event *event)
{
	json_decref(event->object);
	event->object = NULL;
}

int kube_list_parse(const json_t *list, json_t **ret_items, char ret_version[KUBE_VERSION_SIZE],
		    struct err *err)
{
	json_t *items = json_object_get(list, "items");
	char version[KUBE_VERSION_SIZE];

	if (!json_is_array(items) && !json_is_null(items))
		return err_set(err, EINVAL, "'items' must be an array, found %s",
			       json_type_name(items));
	int r = read_version(list, version, err);
	if (r < 0)
		return r;
	/* An empty list of Go may be written as null. */
	items = json_is_null(items) ? json_array() : json_incref(items);
	if (items == NULL)
		return err_set(err, ENOMEM, "out of memory");
	memcpy(ret_version, version, sizeof(version));
	*ret_items = items;
	return 0;
}

int kube_list_next(const json_t *list, const char **ret_token, struct err *err)
{
	return read_opaque(list, "continue", KUBE_CONTINUE_MAX, ret_token, err);
}
