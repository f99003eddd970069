/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/redirect_list.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/list_item.h"
#include "common/vocabulary.h"
#include "webhook/core/annotation.h"

#define LIST(member, annotation, kind, is_include, field)                                   \
	{                                                                                   \
		member, annotation, kind, is_include, offsetof(struct redirect_spec, field) \
	}

const struct redirect_list REDIRECT_LISTS[REDIRECT_LIST_COUNT] = {
	LIST("includeInboundPorts", ANNOTATION_INCLUDE_INBOUND_PORTS, REDIRECT_LIST_PORTS, true,
	     include_inbound_ports),
	LIST("excludeInboundPorts", ANNOTATION_EXCLUDE_INBOUND_PORTS, REDIRECT_LIST_PORTS, false,
	     exclude_inbound_ports),
	LIST("excludeInboundCidrs", ANNOTATION_EXCLUDE_INBOUND_CIDRS, REDIRECT_LIST_CIDRS, false,
	     exclude_inbound_cidrs),
	LIST("includeOutboundPorts", ANNOTATION_INCLUDE_OUTBOUND_PORTS, REDIRECT_LIST_PORTS, true,
	     include_outbound_ports),
	LIST("excludeOutboundPorts", ANNOTATION_EXCLUDE_OUTBOUND_PORTS, REDIRECT_LIST_PORTS, false,
	     exclude_outbound_ports),
	LIST("includeOutboundCidrs", ANNOTATION_INCLUDE_OUTBOUND_CIDRS, REDIRECT_LIST_CIDRS, true,
	     include_outbound_cidrs),
	LIST("excludeOutboundCidrs", ANNOTATION_EXCLUDE_OUTBOUND_CIDRS, REDIRECT_LIST_CIDRS, false,
	     exclude_outbound_cidrs),
	LIST("excludeUids", ANNOTATION_EXCLUDE_UIDS, REDIRECT_LIST_IDS, false, exclude_uids),
	LIST("excludeGids", ANNOTATION_EXCLUDE_GIDS, REDIRECT_LIST_IDS, false, exclude_gids),
	LIST("excludeInterfaces", ANNOTATION_EXCLUDE_INTERFACES, REDIRECT_LIST_INTERFACES, false,
	     exclude_interfaces),
	LIST("rerouteInterfaces", ANNOTATION_REROUTE_INTERFACES, REDIRECT_LIST_INTERFACES, false,
	     reroute_interfaces),
	LIST("portMap", ANNOTATION_PORT_MAP, REDIRECT_LIST_PORT_MAP, false, port_map),
};

static void *list_of(struct redirect_spec *spec, const struct redirect_list *list)
{
	return (char *)spec + list->offset;
}

static const struct range_kind *range_kind_of(const struct redirect_list *list)
{
	return list->kind == REDIRECT_LIST_PORTS ? &RANGE_KIND_PORT : &RANGE_KIND_ID;
}

/* The text of "all", in the list's own grammar. */
static const char *all_of(const struct redirect_list *list)
{
	return list->kind == REDIRECT_LIST_CIDRS ? "0.0.0.0/0,::/0" : "1-65535";
}

static int add_cidrs(struct cidr_list *to, const struct cidr_list *from, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < from->count; i++)
		r = cidr_list_add(to, &from->items[i], err);
	return r;
}

static int apply_cidrs(struct cidr_list *to, const char *text, bool is_replaced, struct err *err)
{
	CLEANUP(cidr_list_release) struct cidr_list parsed = {0};
	int r = cidr_list_parse(text, &parsed, err);

	if (r < 0)
		return r;
	if (is_replaced)
		cidr_list_release(to);
	return add_cidrs(to, &parsed, err);
}

static int apply_ranges(const struct redirect_list *list, struct range_list *to, const char *text,
			struct err *err)
{
	CLEANUP(range_list_release) struct range_list parsed = {0};
	int r = range_list_parse(text, range_kind_of(list), &parsed, err);

	if (r < 0)
		return r;
	if (list->is_include)
		range_list_release(to);
	r = range_list_add_all(to, &parsed, err);
	if (r == 0 && to->count > RANGE_LIST_MAX)
		r = err_set(err, E2BIG, "with the profile's there are %zu ranges, at most %d fit",
			    to->count, RANGE_LIST_MAX);
	return r;
}

static int apply_interfaces(struct interface_list *to, const char *text, struct err *err)
{
	CLEANUP(interface_list_release) struct interface_list parsed = {0};
	int r = interface_list_parse(text, &parsed, err);

	return r == 0 ? interface_list_add_all(to, &parsed, err) : r;
}

static int apply_port_map(struct port_map *to, const char *text, struct err *err)
{
	CLEANUP(port_map_release) struct port_map parsed = {0};
	int r = port_map_parse(text, &parsed, err);

	return r == 0 ? port_map_put_all(to, &parsed, err) : r;
}

/* Whether the text is "*", blanks around it left out as around every item. */
static bool is_star(const char *text)
{
	const char *rest = list_items(text);
	struct list_item first;
	struct list_item second;

	return list_item_next(&rest, &first) && first.length == 1 && first.text[0] == '*' &&
	       !list_item_next(&rest, &second);
}

/* '*' is a list of its own, not an item: "80,*" is a mistake, and an excluded '*' says mode none.
 */
static int check_star(const struct redirect_list *list, const char *text, struct err *err)
{
	struct list_item item;

	for (const char *rest = list_items(text); list_item_next(&rest, &item);) {
		if (item.length != 1 || item.text[0] != '*')
			continue;
		return err_set(err, EINVAL, "'*' %s",
			       list->is_include ? "stands alone, or not at all"
						: "may only stand in an include list");
	}
	return 0;
}

int redirect_list_apply(const struct redirect_list *list, const char *text,
			struct redirect_spec *spec, struct err *err)
{
	if (list->is_include && is_star(text))
		text = all_of(list);
	int r = check_star(list, text, err);
	if (r < 0)
		return r;
	switch (list->kind) {
	case REDIRECT_LIST_CIDRS:
		return apply_cidrs(list_of(spec, list), text, list->is_include, err);
	case REDIRECT_LIST_INTERFACES:
		return apply_interfaces(list_of(spec, list), text, err);
	case REDIRECT_LIST_PORT_MAP:
		return apply_port_map(list_of(spec, list), text, err);
	case REDIRECT_LIST_PORTS:
	case REDIRECT_LIST_IDS:
		break;
	}
	return apply_ranges(list, list_of(spec, list), text, err);
}

const char *redirect_list_longest(const json_t *annotations)
{
	const char *longest = REDIRECT_LISTS[0].annotation;
	size_t length_max = 0;

	for (size_t i = 0; i < REDIRECT_LIST_COUNT; i++) {
		const char *text = annotation_get(annotations, REDIRECT_LISTS[i].annotation);

		if (text == NULL || strlen(text) <= length_max)
			continue;
		length_max = strlen(text);
		longest = REDIRECT_LISTS[i].annotation;
	}
	return longest;
}

int redirect_list_include_all(struct redirect_spec *spec, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < REDIRECT_LIST_COUNT; i++) {
		if (REDIRECT_LISTS[i].is_include)
			r = redirect_list_apply(&REDIRECT_LISTS[i], "*", spec, err);
	}
	return r;
}

static int add_list(const struct redirect_list *list, void *to, const void *from, struct err *err)
{
	switch (list->kind) {
	case REDIRECT_LIST_CIDRS:
		return add_cidrs(to, from, err);
	case REDIRECT_LIST_INTERFACES:
		return interface_list_add_all(to, from, err);
	case REDIRECT_LIST_PORT_MAP:
		return port_map_put_all(to, from, err);
	case REDIRECT_LIST_PORTS:
	case REDIRECT_LIST_IDS:
		break;
	}
	return range_list_add_all(to, from, err);
}

int redirect_list_add_all(struct redirect_spec *to, const struct redirect_spec *from,
			  struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < REDIRECT_LIST_COUNT; i++) {
		const struct redirect_list *list = &REDIRECT_LISTS[i];

		r = add_list(list, list_of(to, list), (const char *)from + list->offset, err);
	}
	return r;
}
