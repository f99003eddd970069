/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/range_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/list_item.h"
#include "common/base/parse_num.h"

const struct range_kind RANGE_KIND_PORT = {"port", 1, 65535};
const struct range_kind RANGE_KIND_ID = {"id", 0, UINT32_MAX - 1};

/* Parses "80" or "8000-8010". */
static int range_parse(struct list_item item, const struct range_kind *kind,
		       struct range *ret_range, struct err *err)
{
	const char *dash = memchr(item.text, '-', item.length);
	size_t first_length = dash != NULL ? (size_t)(dash - item.text) : item.length;
	struct range range;

	if (parse_u32(item.text, first_length, kind->min, kind->max, &range.first, err) < 0)
		return err_wrap(err, "%s", kind->noun);
	range.last = range.first;
	if (dash != NULL && parse_u32(dash + 1, item.length - first_length - 1, kind->min,
				      kind->max, &range.last, err) < 0)
		return err_wrap(err, "%s", kind->noun);
	if (range.first > range.last)
		return err_set(err, EINVAL, "%s range '%u-%u' ends before it begins", kind->noun,
			       range.first, range.last);
	*ret_range = range;
	return 0;
}

int range_list_parse(const char *text, const struct range_kind *kind, struct range_list *ret_list,
		     struct err *err)
{
	CLEANUP(range_list_release) struct range_list list = {0};
	struct list_item item;
	size_t count = 0;

	for (const char *rest = list_items(text); list_item_next(&rest, &item);) {
		struct range range = {0};
		int r = range_parse(item, kind, &range, err);

		if (r < 0)
			return r;
		if (++count > RANGE_LIST_MAX)
			return err_set(err, E2BIG, "more than %d %s ranges in one list",
				       RANGE_LIST_MAX, kind->noun);
		r = range_list_add(&list, range.first, range.last, err);
		if (r < 0)
			return r;
	}
	*ret_list = list;
	list = (struct range_list){0};
	return 0;
}

/* Whether the two overlap or touch, so that they are one range. */
static bool is_joinable(const struct range *range, uint32_t first, uint32_t last)
{
	return (uint64_t)range->first <= (uint64_t)last + 1 &&
	       (uint64_t)first <= (uint64_t)range->last + 1;
}

int range_list_add(struct range_list *list, uint32_t first, uint32_t last, struct err *err)
{
	struct range *items = realloc(list->items, (list->count + 1) * sizeof(*items));
	size_t kept = 0;

	if (items == NULL)
		return err_set(err, ENOMEM, "out of memory");
	list->items = items;
	for (size_t i = 0; i < list->count; i++) {
		if (!is_joinable(&items[i], first, last)) {
			items[kept++] = items[i];
			continue;
		}
		first = items[i].first < first ? items[i].first : first;
		last = items[i].last > last ? items[i].last : last;
	}
	size_t at = kept;
	while (at > 0 && items[at - 1].first > first) {
		items[at] = items[at - 1];
		at--;
	}
	items[at] = (struct range){first, last};
	list->count = kept + 1;
	return 0;
}

int range_list_add_all(struct range_list *list, const struct range_list *other, struct err *err)
{
	for (size_t i = 0; i < other->count; i++) {
		int r = range_list_add(list, other->items[i].first, other->items[i].last, err);

		if (r < 0)
			return r;
	}
	return 0;
}

bool range_list_contains(const struct range_list *list, uint32_t value)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].first <= value && value <= list->items[i].last)
			return true;
	}
	return false;
}

void range_list_format(const struct range_list *list, struct strbuf *out)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct range *range = &list->items[i];

		strbuf_puts(out, i > 0 ? "," : "");
		if (range->first == range->last)
			strbuf_printf(out, "%u", range->first);
		else
			strbuf_printf(out, "%u-%u", range->first, range->last);
	}
}

void range_list_release(struct range_list *list)
{
	free(list->items);
	*list = (struct range_list){0};
}
