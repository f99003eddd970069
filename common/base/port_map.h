/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Outbound destination ports that have a proxy port of their own, "12220:12220,6379:15003". */
#ifndef SIDEWIRE_BASE_PORT_MAP_H
#define SIDEWIRE_BASE_PORT_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/strbuf.h"

enum { PORT_MAP_MAX = 1024 };

struct port_mapping {
	uint16_t destination; /* host byte order, 1 to 65535, both */
	uint16_t proxy;
};

struct port_map {
	struct port_mapping *items; /* owned; NULL when count is 0; by destination, none twice */
	size_t count;
};

/*
 * Parses a comma list of DESTINATION:PROXY; blanks around an item are allowed, an empty text is the
 * empty map. The caller releases it. -EINVAL or -ERANGE with the item named, also for a destination
 * that has two proxy ports; -E2BIG over PORT_MAP_MAX; -ENOMEM.
 */
int port_map_parse(const char *text, struct port_map *ret_map, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * Puts every pair of `other` into the map, in place of the one that it has for the same
 * destination. -E2BIG over PORT_MAP_MAX; -ENOMEM; the map may then hold a part of them.
 */
int port_map_put_all(struct port_map *map, const struct port_map *other, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Writes the comma list, which port_map_parse() reads back. */
void port_map_format(const struct port_map *map, struct strbuf *out) __attribute__((nonnull));

/* Frees the items; the map is empty afterwards. For CLEANUP(). */
void port_map_release(struct port_map *map) __attribute__((nonnull));

#endif
