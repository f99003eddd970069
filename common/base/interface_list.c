/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/interface_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/list_item.h"

static bool is_fit(struct list_item item)
{
	if (item.length == 0 || item.length >= INTERFACE_NAME_SIZE)
		return false;
	for (size_t i = 0; i < item.length; i++) {
		char c = item.text[i];

		if (c <= ' ' || c > '~' || strchr("/:+\"\\", c) != NULL)
			return false;
	}
	return !(item.length == 1 && item.text[0] == '.') &&
	       !(item.length == 2 && memcmp(item.text, "..", 2) == 0);
}

static int name_parse(struct list_item item, struct interface_name *ret_name, struct err *err)
{
	if (!is_fit(item))
		return err_set(
			err, EINVAL,
			"'%.*s' is no interface: expected a name such as eth1, of at most %d "
			"characters",
			item.length < 64 ? (int)item.length : 64, item.text,
			INTERFACE_NAME_SIZE - 1);
	*ret_name = (struct interface_name){0};
	memcpy(ret_name->text, item.text, item.length);
	if (strcmp(ret_name->text, "lo") == 0)
		return err_set(
			err, EINVAL,
			"'lo' can not be named: what a pod says to itself is never captured");
	return 0;
}

static int add(struct interface_list *list, const struct interface_name *name, struct err *err)
{
	if (interface_list_contains(list, name->text))
		return 0;
	if (list->count == INTERFACE_LIST_MAX)
		return err_set(err, E2BIG, "more than %d interfaces in one list",
			       INTERFACE_LIST_MAX);
	struct interface_name *items = realloc(list->items, (list->count + 1) * sizeof(*items));
	if (items == NULL)
		return err_set(err, ENOMEM, "out of memory");
	list->items = items;
	items[list->count++] = *name;
	return 0;
}

int interface_list_parse(const char *text, struct interface_list *ret_list, struct err *err)
{
	CLEANUP(interface_list_release) struct interface_list list = {0};
	struct list_item item;

	for (const char *rest = list_items(text); list_item_next(&rest, &item);) {
		struct interface_name name;
		int r = name_parse(item, &name, err);

		if (r == 0)
			r = add(&list, &name, err);
		if (r < 0)
			return r;
	}
	*ret_list = list;
	list = (struct interface_list){0};
	return 0;
}

int interface_list_add_all(struct interface_list *list, const struct interface_list *other,
			   struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < other->count; i++)
		r = add(list, &other->items[i], err);
	return r;
}

bool interface_list_contains(const struct interface_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->items[i].text, name) == 0)
			return true;
	}
	return false;
}

void interface_list_format(const struct interface_list *list, struct strbuf *out)
{
	for (size_t i = 0; i < list->count; i++) {
		strbuf_puts(out, i > 0 ? "," : "");
		strbuf_puts(out, list->items[i].text);
	}
}

void interface_list_release(struct interface_list *list)
{
	free(list->items);
	*list = (struct interface_list){0};
}
