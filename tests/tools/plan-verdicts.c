/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What becomes of packets under a redirect document, for the traffic tests. On stdin an object with
 * "document" and "packets", an array; on stdout an array with {"fate", "port", "chain", "rule"} of
 * each packet, where "chain" is null if no rule decided. A packet has the fields of struct packet.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cni/core/plan_evaluate.h"
#include "common/base/cleanup.h"
#include "common/redirect_spec.h"

static const char *const FATES[] = {
	[FATE_PASS] = "pass",
	[FATE_PROXY] = "proxy",
	[FATE_REJECTED] = "rejected",
	[FATE_DROPPED] = "dropped",
};

static enum plan_protocol protocol_of(const char *name)
{
	if (strcmp(name, "tcp") == 0)
		return PLAN_TCP;
	if (strcmp(name, "udp") == 0)
		return PLAN_UDP;
	return strcmp(name, "icmp") == 0 ? PLAN_ICMP : PLAN_ANY_PROTOCOL;
}

static int read_packet(json_t *object, struct packet *ret_packet, struct err *err)
{
	const char *protocol, *source, *destination, *interface;
	int is_inbound, is_source_own, is_destination_own, icmp_type, source_port, destination_port;
	json_int_t uid, gid, mark;
	json_error_t error;

	if (json_unpack_ex(object, &error, 0,
			   "{s:b, s:s, s:s, s:s, s:i, s:i, s:i, s:s, s:b, s:b, s:I, s:I, s:I}",
			   "inbound", &is_inbound, "protocol", &protocol, "source", &source,
			   "destination", &destination, "sourcePort", &source_port,
			   "destinationPort", &destination_port, "icmpType", &icmp_type,
			   "interface", &interface, "sourceOwn", &is_source_own, "destinationOwn",
			   &is_destination_own, "uid", &uid, "gid", &gid, "mark", &mark) != 0)
		return err_set(err, EINVAL, "a packet: %s", error.text);
	*ret_packet = (struct packet){
		.is_inbound = is_inbound != 0,
		.protocol = protocol_of(protocol),
		.source_port = (uint16_t)source_port,
		.destination_port = (uint16_t)destination_port,
		.icmp_type = (uint8_t)icmp_type,
		.is_source_own = is_source_own != 0,
		.is_destination_own = is_destination_own != 0,
		.uid = (uint32_t)uid,
		.gid = (uint32_t)gid,
		.mark = (uint32_t)mark,
	};
	snprintf(ret_packet->interface.text, sizeof(ret_packet->interface.text), "%s", interface);
	if (cidr_parse(source, strlen(source), &ret_packet->source, err) < 0)
		return err->code;
	return cidr_parse(destination, strlen(destination), &ret_packet->destination, err);
}

/* One element of the answer; NULL for a packet that cannot be read. */
static json_t *judge(const struct redirect_plan *plan, json_t *object, struct err *err)
{
	struct packet packet;

	if (read_packet(object, &packet, err) < 0)
		return NULL;
	struct packet_verdict verdict = plan_evaluate(plan, &packet);

	return json_pack("{s:s, s:i, s:s?, s:i}", "fate", FATES[verdict.fate], "port", verdict.port,
			 "chain",
			 verdict.rule == NULL ? NULL : plan_chain_name(verdict.rule->chain), "rule",
			 (int)verdict.rule_number);
}

static int plan_of(json_t *document, struct redirect_plan *ret_plan, struct err *err)
{
	CLEANUP(redirect_spec_release) struct redirect_spec spec = {0};
	CLEANUP(freep) char *text = json_dumps(document, JSON_COMPACT);

	if (text == NULL)
		return err_set(err, EINVAL, "there is no document");
	if (redirect_spec_decode(text, strlen(text), &spec, err) < 0)
		return err->code;
	return redirect_plan_build(&spec, ret_plan, err);
}

int main(void)
{
	CLEANUP(redirect_plan_release) struct redirect_plan plan = {0};
	json_auto_t *question = json_loadf(stdin, 0, NULL);
	json_auto_t *verdicts = json_array();
	struct err err = {0};
	json_t *packet;
	size_t i;

	if (plan_of(json_object_get(question, "document"), &plan, &err) < 0) {
		fprintf(stderr, "plan-verdicts: %s\n", err.msg);
		return 1;
	}
	json_array_foreach(json_object_get(question, "packets"), i, packet) {
		if (json_array_append_new(verdicts, judge(&plan, packet, &err)) < 0) {
			fprintf(stderr, "plan-verdicts: packet %zu: %s\n", i, err.msg);
			return 1;
		}
	}
	return json_dumpf(verdicts, stdout, JSON_COMPACT) < 0;
}
