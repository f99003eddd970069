/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/packet_question.h"

#include <errno.h>
#include <string.h>

#include "cni/core/plan_json.h"
#include "cni/core/redirect_text.h"
#include "common/base/cleanup.h"
#include "common/base/parse_num.h"
#include "common/base/range_list.h"

static int not_an_end(const char *option, const char *text, struct err *err)
{
	return err_set(err, EINVAL,
		       "%s is '%.64s', expected ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT", option,
		       text);
}

/* The parts of one end of a packet, as they were written. */
struct end_text {
	const char *address;
	size_t length;    /* of the address */
	const char *port; /* NULL: none */
};

/* Finds them. An IPv6 address has colons of its own. */
static int split_end(const char *option, const char *text, struct end_text *ret_end,
		     struct err *err)
{
	bool is_bracketed = *text == '[';
	const char *address = is_bracketed ? text + 1 : text;
	size_t length = strcspn(address, is_bracketed ? "]" : ":");
	const char *rest = address + length + is_bracketed;

	if (is_bracketed && address[length] == '\0')
		return not_an_end(option, text, err);
	if (!is_bracketed && *rest == ':' && strchr(rest + 1, ':') != NULL) {
		length = strlen(address);
		rest = address + length;
	}
	if ((*rest != '\0' && *rest != ':') || memchr(address, '/', length) != NULL)
		return not_an_end(option, text, err);
	*ret_end = (struct end_text){address, length, *rest == ':' ? rest + 1 : NULL};
	return 0;
}

/* Reads one end; *port stays where the text has none. */
static int read_end(const char *option, const char *text, struct cidr *ret_address, uint16_t *port,
		    struct err *err)
{
	struct end_text end = {0};
	uint32_t number = *port;

	if (text == NULL)
		return err_set(err, EINVAL, "%s is missing", option);
	if (split_end(option, text, &end, err) < 0)
		return err->code;
	if (cidr_parse(end.address, end.length, ret_address, err) < 0)
		return err_wrap(err, "%s", option);
	if (end.port != NULL &&
	    parse_u32(end.port, strlen(end.port), 1, UINT16_MAX, &number, err) < 0)
		return err_wrap(err, "%s: port", option);
	*port = (uint16_t)number;
	return 0;
}

static int read_protocol(const char *text, enum plan_protocol *ret_protocol, struct err *err)
{
	static const struct {
		const char *name;
		enum plan_protocol protocol;
	} PROTOCOLS[] = {
		{"tcp", PLAN_TCP},
		{"udp", PLAN_UDP},
		{"icmp", PLAN_ICMP},
		{"other", PLAN_ANY_PROTOCOL},
	};

	for (size_t i = 0; i < sizeof(PROTOCOLS) / sizeof(*PROTOCOLS); i++) {
		if (strcmp(text, PROTOCOLS[i].name) != 0)
			continue;
		*ret_protocol = PROTOCOLS[i].protocol;
		return 0;
	}
	return err_set(err, EINVAL, "--protocol is '%.64s', expected tcp, udp, icmp or other",
		       text);
}

/* Reads a number, where there is one. */
static int read_number(const char *option, const char *text, uint32_t max, uint32_t *value,
		       struct err *err)
{
	if (text == NULL || parse_u32(text, strlen(text), 0, max, value, err) == 0)
		return 0;
	return err_wrap(err, "%s", option);
}

static int read_numbers(const struct packet_question *question, struct packet *packet,
			struct err *err)
{
	uint32_t icmp_type = 0;

	if (read_number("--uid", question->uid, RANGE_KIND_ID.max, &packet->uid, err) < 0 ||
	    read_number("--gid", question->gid, RANGE_KIND_ID.max, &packet->gid, err) < 0 ||
	    read_number("--mark", question->mark, UINT32_MAX, &packet->mark, err) < 0 ||
	    read_number("--icmp-type", question->icmp_type, UINT8_MAX, &icmp_type, err) < 0)
		return err->code;
	packet->icmp_type = (uint8_t)icmp_type;
	return 0;
}

/* Ports are of TCP and UDP, and those have to know where to. */
static int check_ends(const struct packet *packet, struct err *err)
{
	bool has_ports = packet->protocol == PLAN_TCP || packet->protocol == PLAN_UDP;

	if (packet->source.is_v6 != packet->destination.is_v6)
		return err_set(err, EINVAL, "--src and --dst are of different families");
	if (has_ports && packet->destination_port == 0)
		return err_set(err, EINVAL, "--dst needs a port: ADDRESS:PORT or [ADDRESS]:PORT");
	if (!has_ports && (packet->destination_port != 0 || packet->source_port != 0))
		return err_set(err, EINVAL, "only tcp and udp have ports");
	return 0;
}

/* Tells which ends are the pod's own: unless it is said, the one that it has. */
static int read_own(const struct packet_question *question, struct packet *packet, struct err *err)
{
	CLEANUP(cidr_list_release) struct cidr_list own = {0};
	int r = 0;

	if (question->own != NULL)
		r = cidr_list_parse(question->own, &own, err);
	else
		r = cidr_list_add(&own, packet->is_inbound ? &packet->destination : &packet->source,
				  err);
	if (r < 0)
		return question->own != NULL ? err_wrap(err, "--own") : r;
	packet->is_source_own =
		cidr_is_loopback(&packet->source) || cidr_list_contains(&own, &packet->source);
	packet->is_destination_own = cidr_is_loopback(&packet->destination) ||
				     cidr_list_contains(&own, &packet->destination);
	return 0;
}

static int read_interface(const struct packet_question *question, struct packet *packet,
			  struct err *err)
{
	bool is_lo = packet->is_inbound ? packet->is_source_own : packet->is_destination_own;
	const char *name = question->interface;

	if (name == NULL)
		name = is_lo ? "lo" : "eth0";
	if (strlen(name) >= sizeof(packet->interface.text))
		return err_set(err, EINVAL,
			       "--interface is '%.64s', expected a name of up to %d characters",
			       name, INTERFACE_NAME_SIZE - 1);
	memcpy(packet->interface.text, name, strlen(name));
	return 0;
}

int packet_question_read(const struct packet_question *question, struct packet *ret_packet,
			 struct err *err)
{
	struct packet packet = {.is_inbound = question->is_inbound, .protocol = PLAN_TCP};

	if ((question->protocol != NULL &&
	     read_protocol(question->protocol, &packet.protocol, err) < 0) ||
	    read_end("--src", question->source, &packet.source, &packet.source_port, err) < 0 ||
	    read_end("--dst", question->destination, &packet.destination, &packet.destination_port,
		     err) < 0 ||
	    read_numbers(question, &packet, err) < 0 || check_ends(&packet, err) < 0 ||
	    read_own(question, &packet, err) < 0 || read_interface(question, &packet, err) < 0)
		return err->code;
	*ret_packet = packet;
	return 0;
}

static void say_fate(const struct packet_verdict *verdict, struct strbuf *out)
{
	switch (verdict->fate) {
	case FATE_PASS:
		strbuf_puts(out, "passes, untouched by the proxy");
		return;
	case FATE_PROXY:
		strbuf_printf(out, "goes to the proxy at %u", verdict->port);
		return;
	case FATE_REJECTED:
		strbuf_puts(out, "is rejected: the sender gets an ICMP error");
		return;
	case FATE_DROPPED:
		strbuf_puts(out, "is dropped");
		return;
	}
}

void packet_answer_words(const struct packet_verdict *verdict, struct strbuf *out)
{
	const struct plan_rule *rule = verdict->rule;

	strbuf_puts(out, "this packet ");
	say_fate(verdict, out);
	if (rule == NULL) {
		strbuf_puts(out, ": no rule is about it\n");
		return;
	}
	strbuf_printf(out, ", because of rule %zu of %s (%s):\n  ", verdict->rule_number,
		      plan_chain_name(rule->chain), rule->why);
	redirect_text_rule(rule, out);
	strbuf_puts(out, "\n");
}

void packet_answer_json(const struct packet_verdict *verdict, struct strbuf *out)
{
	static const char *const FATES[] = {
		[FATE_PASS] = "pass",
		[FATE_PROXY] = "proxy",
		[FATE_REJECTED] = "rejected",
		[FATE_DROPPED] = "dropped",
	};
	const struct plan_rule *rule = verdict->rule;

	strbuf_printf(out, "{\"fate\":\"%s\"", FATES[verdict->fate]);
	if (verdict->fate == FATE_PROXY)
		strbuf_printf(out, ",\"port\":%u", verdict->port);
	if (rule != NULL) {
		strbuf_printf(out, ",\"number\":%zu,", verdict->rule_number);
		plan_json_rule(rule, out);
	}
	strbuf_puts(out, "}\n");
}
