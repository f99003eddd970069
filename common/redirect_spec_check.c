/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/redirect_spec.h"

#include <errno.h>

static int check_ports(const struct redirect_spec *spec, struct err *err)
{
	if (spec->outbound_port == spec->inbound_port)
		return err_set(err, EINVAL, "outboundPort and inboundPort are both %u",
			       spec->inbound_port);
	if (spec->gate_port == spec->inbound_port || spec->gate_port == spec->outbound_port)
		return err_set(err, EINVAL, "gatePort %u is one of the proxy's own ports",
			       spec->gate_port);
	return 0;
}

static int check_inbound_source(const struct cidr_list *sources, struct err *err)
{
	bool is_seen[2] = {false, false};

	for (size_t i = 0; i < sources->count; i++) {
		const struct cidr *source = &sources->items[i];

		if (source->prefix_length != (source->is_v6 ? CIDR_V6_BITS : CIDR_V4_BITS))
			return err_set(err, EINVAL,
				       "inboundSource must be single addresses, not prefixes");
		if (is_seen[source->is_v6])
			return err_set(err, EINVAL,
				       "inboundSource has two addresses of one family");
		is_seen[source->is_v6] = true;
	}
	return 0;
}

/* What a list that was parsed has by itself, and one that was put together may not have. */
static int check_ranges(const char *key, const struct range_list *list,
			const struct range_kind *kind, struct err *err)
{
	if (list->count > RANGE_LIST_MAX)
		return err_set(err, E2BIG, "%s has more than %d ranges", key, RANGE_LIST_MAX);
	if (list->count > 0 &&
	    (list->items[0].first < kind->min || list->items[list->count - 1].last > kind->max))
		return err_set(err, EINVAL, "%s has a %s that is not in %u to %u", key, kind->noun,
			       kind->min, kind->max);
	return 0;
}

static int check_lists(const struct redirect_spec *spec, struct err *err)
{
	const struct {
		const char *key;
		const struct range_list *list;
		const struct range_kind *kind;
	} lists[] = {
		{"proxyUids", &spec->proxy_uids, &RANGE_KIND_ID},
		{"proxyGids", &spec->proxy_gids, &RANGE_KIND_ID},
		{"includeInboundPorts", &spec->include_inbound_ports, &RANGE_KIND_PORT},
		{"excludeInboundPorts", &spec->exclude_inbound_ports, &RANGE_KIND_PORT},
		{"includeOutboundPorts", &spec->include_outbound_ports, &RANGE_KIND_PORT},
		{"excludeOutboundPorts", &spec->exclude_outbound_ports, &RANGE_KIND_PORT},
		{"excludeUids", &spec->exclude_uids, &RANGE_KIND_ID},
		{"excludeGids", &spec->exclude_gids, &RANGE_KIND_ID},
	};

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		int r = check_ranges(lists[i].key, lists[i].list, lists[i].kind, err);

		if (r < 0)
			return r;
	}
	return 0;
}

int redirect_spec_check(const struct redirect_spec *spec, struct err *err)
{
	if (spec->mode == REDIRECT_MODE_NONE)
		return 0;
	if (spec->outbound_port == 0 || spec->inbound_port == 0)
		return err_set(err, EINVAL, "outboundPort and inboundPort must not be 0");
	if (spec->proxy_uids.count == 0 && spec->proxy_gids.count == 0 && spec->proxy_mark == 0)
		return err_set(err, EINVAL,
			       "one of proxyUids, proxyGids and proxyMark must say who the proxy "
			       "is: its own traffic would be sent back to it");
	int r = check_ports(spec, err);
	if (r < 0)
		return r;
	r = check_inbound_source(&spec->inbound_source, err);
	return r < 0 ? r : check_lists(spec, err);
}
