/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/port_map.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/list_item.h"
#include "common/base/parse_num.h"

static int port_parse(const char *text, size_t length, uint16_t *ret_port, struct err *err)
{
	uint32_t port = 0;
	int r = parse_u32(text, length, 1, UINT16_MAX, &port, err);

	if (r < 0)
		return err_wrap(err, "port");
	*ret_port = (uint16_t)port;
	return 0;
}

static int mapping_parse(struct list_item item, struct port_mapping *ret_mapping, struct err *err)
{
	const char *colon = memchr(item.text, ':', item.length);

	if (colon == NULL)
		return err_set(err, EINVAL,
			       "'%.*s' is no pair of ports: expected DESTINATION:PROXY, such as "
			       "12220:15003",
			       item.length < 64 ? (int)item.length : 64, item.text);
	size_t length = (size_t)(colon - item.text);
	int r = port_parse(item.text, length, &ret_mapping->destination, err);
	return r < 0 ? r
		     : port_parse(colon + 1, item.length - length - 1, &ret_mapping->proxy, err);
}

/* Where the destination is in the map, or belongs. */
static size_t place_of(const struct port_map *map, uint16_t destination)
{
	size_t at = 0;

	while (at < map->count && map->items[at].destination < destination)
		at++;
	return at;
}

static bool has(const struct port_map *map, size_t at, uint16_t destination)
{
	return at < map->count && map->items[at].destination == destination;
}

/* Puts a pair where it belongs, in place of the one that is there. */
static int put(struct port_map *map, const struct port_mapping *mapping, struct err *err)
{
	size_t at = place_of(map, mapping->destination);

	if (has(map, at, mapping->destination)) {
		map->items[at] = *mapping;
		return 0;
	}
	if (map->count == PORT_MAP_MAX)
		return err_set(err, E2BIG, "more than %d ports in one map", PORT_MAP_MAX);
	struct port_mapping *items = realloc(map->items, (map->count + 1) * sizeof(*items));
	if (items == NULL)
		return err_set(err, ENOMEM, "out of memory");
	map->items = items;
	memmove(&items[at + 1], &items[at], (map->count - at) * sizeof(*items));
	items[at] = *mapping;
	map->count++;
	return 0;
}

/* Refuses a pair whose destination goes elsewhere already. */
static int check_single(const struct port_map *map, const struct port_mapping *mapping,
			struct err *err)
{
	size_t at = place_of(map, mapping->destination);

	if (!has(map, at, mapping->destination) || map->items[at].proxy == mapping->proxy)
		return 0;
	return err_set(err, EINVAL, "port %u goes to two proxy ports, %u and %u",
		       mapping->destination, map->items[at].proxy, mapping->proxy);
}

int port_map_parse(const char *text, struct port_map *ret_map, struct err *err)
{
	CLEANUP(port_map_release) struct port_map map = {0};
	struct list_item item;

	for (const char *rest = list_items(text); list_item_next(&rest, &item);) {
		struct port_mapping mapping = {0};
		int r = mapping_parse(item, &mapping, err);

		if (r == 0)
			r = check_single(&map, &mapping, err);
		if (r == 0)
			r = put(&map, &mapping, err);
		if (r < 0)
			return r;
	}
	*ret_map = map;
	map = (struct port_map){0};
	return 0;
}

int port_map_put_all(struct port_map *map, const struct port_map *other, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < other->count; i++)
		r = put(map, &other->items[i], err);
	return r;
}

void port_map_format(const struct port_map *map, struct strbuf *out)
{
	for (size_t i = 0; i < map->count; i++)
		strbuf_printf(out, "%s%u:%u", i > 0 ? "," : "", map->items[i].destination,
			      map->items[i].proxy);
}

void port_map_release(struct port_map *map)
{
	free(map->items);
	*map = (struct port_map){0};
}
