/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/network_list.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/list_item.h"
#include "common/base/strbuf.h"

#define BLANKS " \t\r\n"

static int out_of_memory(struct err *err)
{
	return err_set(err, ENOMEM, "out of memory");
}

static bool is_empty(const char *list)
{
	return list[strspn(list, BLANKS)] == '\0';
}

/* Whether a list is in JSON. */
static bool is_json(const char *list)
{
	return list[strspn(list, BLANKS)] == '[';
}

static bool has_item(const char *list, const struct list_item *item)
{
	const char *rest = list_items(list);
	struct list_item other;

	while (list_item_next(&rest, &other)) {
		if (other.length == item->length &&
		    memcmp(other.text, item->text, item->length) == 0)
			return true;
	}
	return false;
}

static int join_names(const char *own, const char *profiles, char **ret_joined, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf joined = STRBUF_INIT;
	const char *rest = list_items(profiles);
	struct list_item item;
	bool is_more = false;

	strbuf_puts(&joined, own);
	while (list_item_next(&rest, &item)) {
		if (has_item(own, &item))
			continue;
		strbuf_puts(&joined, ", ");
		strbuf_append(&joined, item.text, item.length);
		is_more = true;
	}
	return is_more ? strbuf_finish(&joined, ret_joined, err) : 0;
}

static bool has_element(const json_t *list, const json_t *element)
{
	json_t *other;
	size_t index;

	json_array_foreach(list, index, other) {
		if (json_equal(other, element))
			return true;
	}
	return false;
}

static int read_json(const char *text, const char *whose, json_t **ret_list, struct err *err)
{
	json_error_t error;

	*ret_list = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	if (*ret_list != NULL)
		return 0;
	if (json_error_code(&error) == json_error_out_of_memory)
		return out_of_memory(err);
	return err_set(err, EINVAL,
		       "annotation '" NETWORK_LIST_ANNOTATION
		       "' of the %s begins as a JSON list, and is none: %s",
		       whose, error.text);
}

static int join_json(const char *own, const char *profiles, char **ret_joined, struct err *err)
{
	json_auto_t *list = NULL;
	json_auto_t *more = NULL;
	json_t *element;
	size_t index;
	int r = read_json(own, "pod", &list, err);

	if (r == 0)
		r = read_json(profiles, "profile", &more, err);
	if (r < 0)
		return r;
	size_t before = json_array_size(list);
	json_array_foreach(more, index, element) {
		if (!has_element(list, element) && json_array_append(list, element) < 0)
			return out_of_memory(err);
	}
	if (json_array_size(list) == before)
		return 0;
	*ret_joined = json_dumps(list, JSON_COMPACT);
	return *ret_joined == NULL ? out_of_memory(err) : 0;
}

int network_list_join(const char *own, const char *profiles, char **ret_joined, struct err *err)
{
	static const char *const FORMS[] = {"a comma list", "a JSON list"};

	*ret_joined = NULL;
	if (is_empty(profiles))
		return 0;
	if (is_empty(own)) {
		*ret_joined = strdup(profiles);
		return *ret_joined == NULL ? out_of_memory(err) : 0;
	}
	if (is_json(own) != is_json(profiles))
		return err_set(err, EINVAL,
			       "annotation '" NETWORK_LIST_ANNOTATION
			       "' of the pod is %s, and that of the profile %s: write the pod's as "
			       "the profile's",
			       FORMS[is_json(own)], FORMS[is_json(profiles)]);
	return is_json(own) ? join_json(own, profiles, ret_joined, err)
			    : join_names(own, profiles, ret_joined, err);
}
