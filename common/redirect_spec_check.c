/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/redirect_spec.h"

#include <errno.h>
#include <string.h>

#include "common/vocabulary.h"

/*
 * sidewire-gate binds GATE_SOURCE_PORT. Were that the gate's port too it would call itself, and get
 * an answer with no rule in force (RFC 9293, 3.5: simultaneous open); were it the proxy's, one of
 * the two could not be had.
 */
static int check_no_source_port(const char *key, uint16_t port, struct err *err)
{
	if (port != GATE_SOURCE_PORT)
		return 0;
	return err_set(err, EINVAL, "%s must not be %d: sidewire-gate asks from that port", key,
		       GATE_SOURCE_PORT);
}

static int check_dns_port(const struct redirect_spec *spec, struct err *err)
{
	uint16_t port = spec->dns_port;

	if (port != 0 &&
	    (port == spec->outbound_port || port == spec->inbound_port || port == spec->gate_port))
		return err_set(err, EINVAL, "dnsPort %u is another port of the redirect", port);
	return check_no_source_port("dnsPort", port, err);
}

/* Nobody listens on the gate's port, nor on the one that it is asked from. */
static int check_port_map(const struct redirect_spec *spec, struct err *err)
{
	for (size_t i = 0; i < spec->port_map.count; i++) {
		uint16_t port = spec->port_map.items[i].proxy;

		if (port == spec->gate_port || port == GATE_SOURCE_PORT)
			return err_set(err, EINVAL,
				       "portMap sends port %u to %u, which is a port of the gate",
				       spec->port_map.items[i].destination, port);
	}
	return 0;
}

static int check_ports(const struct redirect_spec *spec, struct err *err)
{
	if (spec->outbound_port == spec->inbound_port)
		return err_set(err, EINVAL, "outboundPort and inboundPort are both %u",
			       spec->inbound_port);
	if (spec->gate_port == spec->inbound_port || spec->gate_port == spec->outbound_port)
		return err_set(err, EINVAL, "gatePort %u is one of the proxy's own ports",
			       spec->gate_port);
	int r = check_no_source_port("outboundPort", spec->outbound_port, err);
	if (r == 0)
		r = check_no_source_port("inboundPort", spec->inbound_port, err);
	if (r == 0)
		r = check_no_source_port("gatePort", spec->gate_port, err);
	if (r == 0)
		r = check_dns_port(spec, err);
	return r < 0 ? r : check_port_map(spec, err);
}

/*
 * Whether the address can be the proxy's alone on lo. IPv4: one of 127.0.0.0/8, which is there as a
 * whole, but the one that everybody uses. IPv6: the plugin puts it there, and takes it away, so
 * neither ::1 nor ::, link-local or multicast (RFC 4291, 2.4).
 */
static bool is_fit_source(const struct cidr *source)
{
	static const uint8_t LOCALHOST_V4[] = {127, 0, 0, 1};
	static const uint8_t ZEROS[15];
	const uint8_t *addr = source->addr_be;

	if (!source->is_v6)
		return addr[0] == 127 && memcmp(addr, LOCALHOST_V4, sizeof(LOCALHOST_V4)) != 0;
	if (memcmp(addr, ZEROS, sizeof(ZEROS)) == 0)
		return addr[15] > 1;
	return addr[0] != 0xff && (addr[0] != 0xfe || (addr[1] & 0xc0) != 0x80);
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
		if (!is_fit_source(source))
			return err_set(err, EINVAL,
				       "inboundSource must be addresses on lo that are the "
				       "proxy's alone, such as 127.0.0.6 and ::6");
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

static int check_dns(const struct redirect_spec *spec, struct err *err)
{
	if ((spec->dns_port != 0) == (spec->dns_servers.count > 0))
		return 0;
	return spec->dns_port != 0
		       ? err_set(err, EINVAL,
				 "dnsPort is %u, but dnsServers names none: 0.0.0.0/0,::/0 is all",
				 spec->dns_port)
		       : err_set(err, EINVAL, "dnsServers needs a dnsPort to send DNS to");
}

static int check_interfaces(const struct redirect_spec *spec, struct err *err)
{
	for (size_t i = 0; i < spec->exclude_interfaces.count; i++) {
		const char *name = spec->exclude_interfaces.items[i].text;

		if (interface_list_contains(&spec->reroute_interfaces, name))
			return err_set(err, EINVAL,
				       "the interface %s is in excludeInterfaces and in "
				       "rerouteInterfaces: it can not be both",
				       name);
	}
	return 0;
}

/* What there is no conntrack for. The kernel goes on sending what a closed socket has queued: it is
 * nobody's then, and goes back to the proxy unless it has the proxy's mark. */
static int check_tproxy_both(const struct redirect_spec *spec, struct err *err)
{
	if (spec->drop_invalid)
		return err_set(err, EINVAL,
			       "dropInvalid needs conntrack, which mode tproxy-both does without");
	if (spec->proxy_mark == 0)
		return err_set(err, EINVAL,
			       "mode tproxy-both needs proxyMark (in a profile proxy.mark), the "
			       "mark that the proxy itself sets on its sockets by SO_MARK: what a "
			       "closed one has still to send has no owner to know it by, and would "
			       "be lost");
	return 0;
}

/* What version 2 brought. */
static int check_v2(const struct redirect_spec *spec, struct err *err)
{
	int r = spec->mode == REDIRECT_MODE_TPROXY_BOTH ? check_tproxy_both(spec, err) : 0;

	if (r == 0)
		r = check_dns(spec, err);
	return r < 0 ? r : check_interfaces(spec, err);
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
	if (spec->proxy_mark >= REDIRECT_MARK_FIRST && spec->proxy_mark <= REDIRECT_MARK_LAST)
		return err_set(err, EINVAL,
			       "proxyMark 0x%x is a mark of sidewire's own rules, 0x%x to 0x%x",
			       spec->proxy_mark, REDIRECT_MARK_FIRST, REDIRECT_MARK_LAST);
	int r = check_ports(spec, err);
	if (r == 0)
		r = check_inbound_source(&spec->inbound_source, err);
	if (r == 0)
		r = check_v2(spec, err);
	return r < 0 ? r : check_lists(spec, err);
}
