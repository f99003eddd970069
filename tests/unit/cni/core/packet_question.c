/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/packet_question.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/suite.h"

/* "ADDRESS PORT [own] > ADDRESS PORT [own] INTERFACE" */
static void show(const struct packet *packet, struct strbuf *out)
{
	cidr_format(&packet->source, out);
	strbuf_printf(out, " %u%s > ", packet->source_port, packet->is_source_own ? " own" : "");
	cidr_format(&packet->destination, out);
	strbuf_printf(out, " %u%s %s", packet->destination_port,
		      packet->is_destination_own ? " own" : "", packet->interface.text);
}

static const struct {
	const char *name;
	struct packet_question question;
	const char *packet;  /* as show() has it; or, of a question that is none, */
	const char *message; /* what its message contains */
} ROWS[] = {
	{"out",
	 {.source = "10.0.0.5", .destination = "192.0.2.1:443"},
	 "10.0.0.5 0 own > 192.0.2.1 443 eth0",
	 NULL},
	{"in",
	 {.source = "10.0.0.7:4000", .destination = "10.0.0.5:80", .is_inbound = true},
	 "10.0.0.7 4000 > 10.0.0.5 80 own eth0",
	 NULL},
	{"IPv6",
	 {.source = "fd00::5", .destination = "[fd00::9]:80"},
	 "fd00::5 0 own > fd00::9 80 eth0",
	 NULL},
	{"IPv6 in brackets, one alone",
	 {.source = "[fd00::5]", .destination = "fd00::9", .protocol = "icmp"},
	 "fd00::5 0 own > fd00::9 0 eth0",
	 NULL},
	{"to itself",
	 {.source = "10.0.0.5", .destination = "10.0.0.5:80"},
	 "10.0.0.5 0 own > 10.0.0.5 80 own lo",
	 NULL},
	{"on loopback",
	 {.source = "127.0.0.6", .destination = "127.0.0.1:80"},
	 "127.0.0.6 0 own > 127.0.0.1 80 own lo",
	 NULL},
	{"on IPv6's",
	 {.source = "::1", .destination = "[::1]:80"},
	 "::1 0 own > ::1 80 own lo",
	 NULL},
	{"to another own address",
	 {.source = "10.0.0.5", .destination = "10.0.0.6:80", .own = "10.0.0.5,10.0.0.6"},
	 "10.0.0.5 0 own > 10.0.0.6 80 own lo",
	 NULL},
	{"in somebody's name",
	 {.source = "10.0.0.7", .destination = "10.0.0.5:80", .own = "10.0.0.5"},
	 "10.0.0.7 0 > 10.0.0.5 80 own lo",
	 NULL},
	{"by an interface",
	 {.source = "10.0.0.5", .destination = "10.0.0.9:80", .interface = "net1"},
	 "10.0.0.5 0 own > 10.0.0.9 80 net1",
	 NULL},
	{"of the longest name",
	 {.source = "10.0.0.5", .destination = "10.0.0.9:80", .interface = "net456789012345"},
	 "10.0.0.5 0 own > 10.0.0.9 80 net456789012345",
	 NULL},
	{"of one that is longer",
	 {.source = "10.0.0.5", .destination = "10.0.0.9:80", .interface = "net4567890123456"},
	 NULL,
	 "--interface is 'net4567890123456'"},
	{"no source", {.source = NULL, .destination = "10.0.0.9:80"}, NULL, "--src is missing"},
	{"no destination", {.source = "10.0.0.9", .destination = NULL}, NULL, "--dst is missing"},
	{"an empty one", {.source = "10.0.0.9", .destination = ""}, NULL, "--dst: "},
	{"no port", {.source = "10.0.0.9", .destination = "10.0.0.8"}, NULL, "--dst needs a port"},
	{"an empty port",
	 {.source = "10.0.0.9", .destination = "10.0.0.8:"},
	 NULL,
	 "--dst: port: ''"},
	{"a port that is none",
	 {.source = "10.0.0.9", .destination = "10.0.0.8:0"},
	 NULL,
	 "--dst: port: '0'"},
	{"a bracket", {.source = "10.0.0.9", .destination = "["}, NULL, "--dst is '['"},
	{"a prefix",
	 {.source = "10.0.0.9", .destination = "10.0.0.0/8:1"},
	 NULL,
	 "--dst is '10.0.0.0/8:1'"},
	{"two families",
	 {.source = "10.0.0.9", .destination = "[fd00::1]:1"},
	 NULL,
	 "of different families"},
	{"ports of ICMP",
	 {.source = "10.0.0.9:1", .destination = "10.0.0.8", .protocol = "icmp"},
	 NULL,
	 "only tcp and udp have ports"},
	{"a protocol that is none",
	 {.source = "10.0.0.9", .destination = "10.0.0.8:1", .protocol = "TCP"},
	 NULL,
	 "--protocol is 'TCP'"},
	{"a uid that is none",
	 {.source = "10.0.0.9", .destination = "10.0.0.8:1", .uid = "4294967295"},
	 NULL,
	 "--uid: "},
	{"a type that is none",
	 {.source = "10.0.0.9", .destination = "10.0.0.8:1", .icmp_type = "256"},
	 NULL,
	 "--icmp-type: "},
	{"own ones that are none",
	 {.source = "10.0.0.9", .destination = "10.0.0.8:1", .own = "a"},
	 NULL,
	 "--own: "},
};

static void test_questions(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
		struct packet packet;
		struct err err = {0};
		int r = packet_question_read(&ROWS[i].question, &packet, &err);

		ASSERT_ROW(ROWS[i].name, (r < 0) == (ROWS[i].message != NULL));
		if (r < 0) {
			ASSERT_ROW(ROWS[i].name, strstr(err.msg, ROWS[i].message) != NULL);
			continue;
		}
		show(&packet, &text);
		ASSERT_TEXT(ROWS[i].name, text.data, ROWS[i].packet);
	}
}

static void test_numbers(void)
{
	const struct packet_question question = {"10.0.0.5",      "192.0.2.1", "icmp",
						 .uid = "1",      .gid = "2",  .mark = "3",
						 .icmp_type = "8"};
	struct packet packet;
	struct err err = {0};

	CU_ASSERT_FATAL(packet_question_read(&question, &packet, &err) == 0);
	CU_ASSERT(packet.protocol == PLAN_ICMP && packet.icmp_type == 8);
	CU_ASSERT(packet.uid == 1 && packet.gid == 2 && packet.mark == 3 && !packet.is_inbound);
}

static const struct plan_rule RULE = {
	.chain = PLAN_CHAIN_OUTBOUND,
	.families = PLAN_V4,
	.protocol = PLAN_TCP,
	.verdict = PLAN_REDIRECT,
	.port = 15001,
	.why = "a \"reason\"",
};

#define TEXT "-A SIDEWIRE_OUTBOUND -p tcp -j REDIRECT --to-ports 15001"
#define MEMBERS                                                                           \
	"\"families\":[4],\"table\":\"nat\",\"chain\":\"SIDEWIRE_OUTBOUND\",\"why\":\"a " \
	"\\\"reason\\\"\",\"rule\":\"" TEXT "\""

static const struct {
	const char *name;
	struct packet_verdict verdict;
	const char *words;
	const char *json;
} ANSWERS[] = {
	{"to the proxy",
	 {FATE_PROXY, 15001, &RULE, 3},
	 "this packet goes to the proxy at 15001, because of rule 3 of SIDEWIRE_OUTBOUND (a "
	 "\"reason\"):\n  " TEXT "\n",
	 "{\"fate\":\"proxy\",\"port\":15001,\"number\":3," MEMBERS "}\n"},
	{"rejected",
	 {FATE_REJECTED, 0, &RULE, 1},
	 "this packet is rejected: the sender gets an ICMP error, because of rule 1 of "
	 "SIDEWIRE_OUTBOUND (a \"reason\"):\n  " TEXT "\n",
	 "{\"fate\":\"rejected\",\"number\":1," MEMBERS "}\n"},
	{"dropped",
	 {FATE_DROPPED, 0, NULL, 0},
	 "this packet is dropped: no rule is about it\n",
	 "{\"fate\":\"dropped\"}\n"},
	{"past",
	 {FATE_PASS, 0, NULL, 0},
	 "this packet passes, untouched by the proxy: no rule is about it\n",
	 "{\"fate\":\"pass\"}\n"},
};

static void test_answers(void)
{
	for (size_t i = 0; i < sizeof(ANSWERS) / sizeof(*ANSWERS); i++) {
		CLEANUP(strbuf_release) struct strbuf words = STRBUF_INIT;
		CLEANUP(strbuf_release) struct strbuf json = STRBUF_INIT;

		packet_answer_words(&ANSWERS[i].verdict, &words);
		packet_answer_json(&ANSWERS[i].verdict, &json);
		ASSERT_TEXT(ANSWERS[i].name, words.data, ANSWERS[i].words);
		ASSERT_TEXT(ANSWERS[i].name, json.data, ANSWERS[i].json);
	}
}

static int attempt(const void *input, char **ret_outcome, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	struct packet packet;
	int r = packet_question_read(input, &packet, err);

	if (r < 0)
		return r;
	packet_answer_json(&ANSWERS[0].verdict, &text);
	return strbuf_finish(&text, ret_outcome, err);
}

static void test_allocations(void)
{
	alloc_fail_sweep_outcome("its own ends", attempt, &ROWS[0].question);
	alloc_fail_sweep_outcome("more than one", attempt, &ROWS[7].question);
}

static CU_TestInfo tests[] = {
	{"a packet in words", test_questions},
	{"its numbers", test_numbers},
	{"what becomes of it, in words and as JSON", test_answers},
	{"failing allocations", test_allocations},
	CU_TEST_INFO_NULL,
};
SUITE("cni/core/packet_question", tests)
