/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/redirect_text.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/suite.h"

#define V4(length, ...)                                             \
	{                                                           \
		.prefix_length = length, .addr_be = { __VA_ARGS__ } \
	}

#define INBOUND .chain = PLAN_CHAIN_INBOUND, .why = "because"
#define TPROXY .chain = PLAN_CHAIN_TPROXY, .why = "because"
#define NON_TCP .chain = PLAN_CHAIN_NON_TCP, .why = "because"
#define OUTBOUND .chain = PLAN_CHAIN_OUTBOUND, .why = "because"
#define BOTH .families = PLAN_BOTH
#define TCP .families = PLAN_BOTH, .protocol = PLAN_TCP
#define UDP .families = PLAN_BOTH, .protocol = PLAN_UDP

/* Each row is one thing that a rule can ask or do, in iptables' words and in plain ones. */
static const struct {
	struct plan_rule rule;
	const char *text;
	const char *sentence;
} rows[] = {
	{{INBOUND, TCP, .segment = PLAN_SYN, .port_count = 1, .ports = {{15999, 15999}},
	  .verdict = PLAN_REDIRECT, .port = 15006},
	 "-A SIDEWIRE_INBOUND -p tcp --syn --dport 15999 -j REDIRECT --to-ports 15006",
	 "new TCP to port 15999 goes to port 15006"},
	{{INBOUND, .families = PLAN_V4, .has_source = true, .source = V4(16, 10, 9)},
	 "-A SIDEWIRE_INBOUND -s 10.9.0.0/16 -j RETURN",
	 "anything from 10.9.0.0/16 passes"},
	{{INBOUND, .families = PLAN_V6, .protocol = PLAN_TCP, .port_count = 3,
	  .ports = {{80, 80}, {8000, 8010}, {9000, 9000}}},
	 "-A SIDEWIRE_INBOUND -p tcp -m multiport --dports 80,8000:8010,9000 -j RETURN",
	 "IPv6 TCP to ports 80, 8000-8010, 9000 passes"},
	{{INBOUND, BOTH, .in_interface = {"vnet0"}, .is_destination_foreign = true,
	  .verdict = PLAN_GOTO, .target_chain = PLAN_CHAIN_REROUTED},
	 "-A SIDEWIRE_INBOUND -i vnet0 -m addrtype ! --dst-type LOCAL -g SIDEWIRE_REROUTED",
	 "anything to an address not the pod's coming in at vnet0 goes on in SIDEWIRE_REROUTED"},
	{{OUTBOUND, .families = PLAN_V4, .protocol = PLAN_TCP, .out_interface = {"lo"},
	  .has_destination = true, .destination = V4(32, 127, 0, 0, 1), .source_port = 15998,
	  .port_count = 1, .ports = {{15999, 15999}}, .verdict = PLAN_REDIRECT, .port = 15006},
	 "-A SIDEWIRE_OUTBOUND -d 127.0.0.1 -o lo -p tcp --sport 15998 --dport 15999 -j REDIRECT "
	 "--to-ports 15006",
	 "TCP from port 15998 to 127.0.0.1 port 15999 on lo goes to port 15006"},
	{{OUTBOUND, BOTH, .has_uid = true, .uids = {100, 199}, .verdict = PLAN_GOTO,
	  .target_chain = PLAN_CHAIN_PROXY},
	 "-A SIDEWIRE_OUTBOUND -m owner --uid-owner 100-199 -g SIDEWIRE_PROXY",
	 "anything of uid 100-199 goes on in SIDEWIRE_PROXY"},
	{{OUTBOUND, BOTH, .has_gid = true, .gids = {7, 7}},
	 "-A SIDEWIRE_OUTBOUND -m owner --gid-owner 7 -j RETURN",
	 "anything of gid 7 passes"},
	{{OUTBOUND, .families = PLAN_V6, .has_mark = true, .mark = 0x539},
	 "-A SIDEWIRE_OUTBOUND -m mark --mark 0x539 -j RETURN",
	 "IPv6 with mark 0x539 passes"},
	{{OUTBOUND, BOTH, .out_interface = {"lo"}},
	 "-A SIDEWIRE_OUTBOUND -o lo -j RETURN",
	 "anything on lo passes"},
	{{OUTBOUND, .families = PLAN_V4, .protocol = PLAN_TCP, .has_destination = true,
	  .is_destination_negated = true, .destination = V4(8, 127), .verdict = PLAN_REDIRECT,
	  .port = 15006},
	 "-A SIDEWIRE_OUTBOUND ! -d 127.0.0.0/8 -p tcp -j REDIRECT --to-ports 15006",
	 "TCP to all but 127.0.0.0/8 goes to port 15006"},
	{{.chain = PLAN_CHAIN_CAPTURE, .why = "because", .families = PLAN_V4, .protocol = PLAN_TCP},
	 "-A SIDEWIRE_CAPTURE -p tcp -j RETURN",
	 "IPv4 TCP to any port passes"},
	{{.chain = PLAN_CHAIN_ZONE_IN,
	  .why = "because",
	  UDP,
	  .source_port = 53,
	  .verdict = PLAN_ZONE,
	  .zone = 1},
	 "-A SIDEWIRE_ZONE_IN -p udp --sport 53 -j CT --zone 1",
	 "UDP from port 53 is tracked in zone 1"},
	{{.chain = PLAN_CHAIN_ZONE_IN,
	  .why = "because",
	  .families = PLAN_V4,
	  .protocol = PLAN_UDP,
	  .has_destination = true,
	  .destination = V4(8, 10),
	  .is_destination_foreign = true,
	  .port_count = 1,
	  .ports = {{53, 53}}},
	 "-A SIDEWIRE_ZONE_IN -d 10.0.0.0/8 -p udp --dport 53 -m addrtype ! --dst-type LOCAL "
	 "-j RETURN",
	 "UDP to 10.0.0.0/8, not the pod's own, port 53 passes"},
	{{TPROXY, TCP, .segment = PLAN_NOT_SYN, .has_socket = true},
	 "-A SIDEWIRE_TPROXY -p tcp ! --syn -m socket -j RETURN",
	 "TCP under way of a socket that is there to any port passes"},
	{{TPROXY, TCP, .segment = PLAN_SYN, .in_interface = {"lo"}, .is_source_foreign = true,
	  .verdict = PLAN_MARK, .set_mark = PLAN_MARK_BACK},
	 "-A SIDEWIRE_TPROXY -i lo -p tcp --syn -m addrtype ! --src-type LOCAL -j MARK "
	 "--set-mark 0x51de0004",
	 "new TCP from an address not the pod's to any port coming in at lo gets mark 0x51de0004, "
	 "and goes on"},
	{{TPROXY, TCP, .state = PLAN_REPLY},
	 "-A SIDEWIRE_TPROXY -p tcp -m conntrack --ctdir REPLY -j RETURN",
	 "TCP in answer to any port passes"},
	{{TPROXY, TCP, .state = PLAN_TRANSLATED},
	 "-A SIDEWIRE_TPROXY -p tcp -m conntrack --ctstate SNAT,DNAT -j RETURN",
	 "TCP changed by NAT to any port passes"},
	{{TPROXY, TCP, .verdict = PLAN_TPROXY, .port = 15006},
	 "-A SIDEWIRE_TPROXY -p tcp -j TPROXY --on-port 15006 --tproxy-mark 0x0/0x0",
	 "TCP to any port goes unchanged to port 15006"},
	{{TPROXY, BOTH, .has_mark = true, .mark = 0x51de0001, .verdict = PLAN_MARK},
	 "-A SIDEWIRE_TPROXY -m mark --mark 0x51de0001 -j MARK --set-mark 0x0",
	 "anything with mark 0x51de0001 loses its mark, and goes on"},
	{{.chain = PLAN_CHAIN_INVALID,
	  .why = "because",
	  BOTH,
	  .state = PLAN_INVALID,
	  .verdict = PLAN_DROP},
	 "-A SIDEWIRE_INVALID -m conntrack --ctstate INVALID -j DROP",
	 "anything of no connection is dropped"},
	{{NON_TCP, UDP, .port_count = 2, .ports = {{443, 443}, {8443, 8443}},
	  .verdict = PLAN_REJECT},
	 "-A SIDEWIRE_NON_TCP -p udp -m multiport --dports 443,8443 -j REJECT",
	 "UDP to ports 443, 8443 is rejected"},
	{{NON_TCP, .families = PLAN_V4, .verdict = PLAN_REJECT},
	 "-A SIDEWIRE_NON_TCP -j REJECT --reject-with icmp-port-unreachable",
	 "IPv4 is rejected"},
	{{NON_TCP, .families = PLAN_V6, .verdict = PLAN_REJECT},
	 "-A SIDEWIRE_NON_TCP -j REJECT --reject-with icmp6-port-unreachable",
	 "IPv6 is rejected"},
	{{NON_TCP, .families = PLAN_V4, .protocol = PLAN_ICMP, .icmp_count = 2,
	  .icmp_types = {3, 11}},
	 "-A SIDEWIRE_NON_TCP -p icmp --icmp-type 3,11 -j RETURN",
	 "IPv4 ICMP 3, 11 passes"},
	{{NON_TCP, .families = PLAN_V6, .protocol = PLAN_ICMP, .icmp_count = 1,
	  .icmp_types = {135}},
	 "-A SIDEWIRE_NON_TCP -p ipv6-icmp --icmpv6-type 135 -j RETURN",
	 "IPv6 ICMP 135 passes"},
	{{NON_TCP, .families = PLAN_V4, .protocol = PLAN_ICMP},
	 "-A SIDEWIRE_NON_TCP -p icmp -j RETURN",
	 "IPv4 ICMP passes"},
};

static void test_rules(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct plan_rule rule = rows[i].rule;
		const struct redirect_plan plan = {.rules = &rule, .count = 1};
		CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
		CLEANUP(strbuf_release) struct strbuf words = STRBUF_INIT;
		CLEANUP(strbuf_release) struct strbuf expected = STRBUF_INIT;

		redirect_text_rule(&rule, &text);
		ASSERT_TEXT("rule", text.data, rows[i].text);
		strbuf_printf(&expected, "   1. because                       %s\n",
			      rows[i].sentence);
		redirect_text_words(&plan, &words);
		ASSERT_ROW(rows[i].sentence, strstr(words.data, expected.data) != NULL);
	}
}

/* Three tables; a chain of one family only, one that a rule leads to, types of ICMP. */
static struct plan_rule rules[] = {
	{.chain = PLAN_CHAIN_TPROXY, BOTH, .why = "all"},
	{.chain = PLAN_CHAIN_NON_TCP,
	 .families = PLAN_V4,
	 .protocol = PLAN_ICMP,
	 .icmp_count = 2,
	 .icmp_types = {3, 11},
	 .why = "ICMP error"},
	{.chain = PLAN_CHAIN_NON_TCP, BOTH, .verdict = PLAN_REJECT, .why = "the rest"},
	{.chain = PLAN_CHAIN_INBOUND, .families = PLAN_V6, .why = "only v6"},
	{.chain = PLAN_CHAIN_OUTBOUND,
	 BOTH,
	 .verdict = PLAN_GOTO,
	 .target_chain = PLAN_CHAIN_PROXY,
	 .why = "the proxy's own traffic"},
	{.chain = PLAN_CHAIN_OUTBOUND, .families = PLAN_V4, .why = "second"},
	{.chain = PLAN_CHAIN_PROXY, BOTH, .why = "reached by a rule"},
};

static const struct redirect_plan PLAN = {
	.rules = rules,
	.count = sizeof(rules) / sizeof(*rules),
	.route_marks = {PLAN_MARK_OUTBOUND, PLAN_MARK_BACK},
	.route_count = 2,
};

static void test_plan(void)
{
	CLEANUP(strbuf_release) struct strbuf v4 = STRBUF_INIT;
	CLEANUP(strbuf_release) struct strbuf v6 = STRBUF_INIT;

	redirect_text_plan(&PLAN, PLAN_V4, &v4);
	ASSERT_TEXT("v4", v4.data,
		    "*mangle\n:SIDEWIRE_TPROXY - [0:0]\n-I PREROUTING -j SIDEWIRE_TPROXY\n"
		    "-A SIDEWIRE_TPROXY -j RETURN\nCOMMIT\n"
		    "*filter\n:SIDEWIRE_NON_TCP - [0:0]\n-I OUTPUT -j SIDEWIRE_NON_TCP\n"
		    "-A SIDEWIRE_NON_TCP -p icmp --icmp-type 3 -j RETURN\n"
		    "-A SIDEWIRE_NON_TCP -p icmp --icmp-type 11 -j RETURN\n"
		    "-A SIDEWIRE_NON_TCP -j REJECT --reject-with icmp-port-unreachable\nCOMMIT\n"
		    "*nat\n:SIDEWIRE_OUTBOUND - [0:0]\n:SIDEWIRE_PROXY - [0:0]\n"
		    "-I OUTPUT -j SIDEWIRE_OUTBOUND\n"
		    "-A SIDEWIRE_OUTBOUND -g SIDEWIRE_PROXY\n-A SIDEWIRE_OUTBOUND -j RETURN\n"
		    "-A SIDEWIRE_PROXY -j RETURN\nCOMMIT\n");
	redirect_text_plan(&PLAN, PLAN_V6, &v6);
	ASSERT_TEXT("v6", v6.data,
		    "*mangle\n:SIDEWIRE_TPROXY - [0:0]\n-I PREROUTING -j SIDEWIRE_TPROXY\n"
		    "-A SIDEWIRE_TPROXY -j RETURN\nCOMMIT\n"
		    "*filter\n:SIDEWIRE_NON_TCP - [0:0]\n-I OUTPUT -j SIDEWIRE_NON_TCP\n"
		    "-A SIDEWIRE_NON_TCP -j REJECT --reject-with icmp6-port-unreachable\nCOMMIT\n"
		    "*nat\n:SIDEWIRE_INBOUND - [0:0]\n:SIDEWIRE_OUTBOUND - [0:0]\n"
		    ":SIDEWIRE_PROXY - [0:0]\n-I PREROUTING -j SIDEWIRE_INBOUND\n"
		    "-I OUTPUT -j SIDEWIRE_OUTBOUND\n-A SIDEWIRE_INBOUND -j RETURN\n"
		    "-A SIDEWIRE_OUTBOUND -g SIDEWIRE_PROXY\n-A SIDEWIRE_PROXY -j RETURN\n"
		    "COMMIT\n");
}

static void test_words(void)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;

	redirect_text_words(&PLAN, &out);
	ASSERT_TEXT(
		"words", out.data,
		"Into the pod, and on lo (SIDEWIRE_TPROXY):\n"
		"   1. all                           anything passes\n"
		"      everything else passes\n"
		"Out of the pod past the proxy (SIDEWIRE_NON_TCP):\n"
		"   1. ICMP error                    IPv4 ICMP 3, 11 passes\n"
		"   2. the rest                      anything is rejected\n"
		"      everything else passes\n"
		"Into the pod (SIDEWIRE_INBOUND):\n"
		"   1. only v6                       IPv6 passes\n"
		"      everything else passes\n"
		"Out of the pod (SIDEWIRE_OUTBOUND):\n"
		"   1. the proxy's own traffic       anything goes on in SIDEWIRE_PROXY\n"
		"   2. second                        IPv4 passes\n"
		"      everything else passes\n"
		"Sent by the proxy (SIDEWIRE_PROXY):\n"
		"   1. reached by a rule             anything passes\n"
		"      everything else passes\n"
		"Routes and sockets:\n"
		"  what has mark 0x51de0001 is routed to lo, by table 15998 at priority 15998\n"
		"  what has mark 0x51de0004 is routed to lo, by table 15998 at priority 15998\n"
		"  answers have the mark of what they answer (tcp_fwmark_accept and fwmark_reflect "
		"are set)\n");
}

static void test_nothing(void)
{
	const struct redirect_plan nothing = {0};
	CLEANUP(strbuf_release) struct strbuf words = STRBUF_INIT;
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	redirect_text_words(&nothing, &words);
	ASSERT_TEXT("words", words.data, "Nothing is redirected.\n");
	redirect_text_plan(&nothing, PLAN_V4, &text);
	CU_ASSERT(text.length == 0);
}

static int print_both(const void *input, struct err *err)
{
	struct strbuf out = STRBUF_INIT;
	CLEANUP(freep) char *text = NULL;

	redirect_text_plan(input, PLAN_V4, &out);
	redirect_text_words(input, &out);
	return strbuf_finish(&out, &text, err);
}

static void test_allocations(void)
{
	alloc_fail_sweep("plan and words", print_both, &PLAN);
}

static CU_TestInfo tests[] = {{"rules", test_rules},
			      {"a plan for iptables-restore", test_plan},
			      {"words", test_words},
			      {"an empty plan", test_nothing},
			      {"failing allocations", test_allocations},
			      CU_TEST_INFO_NULL};
SUITE("cni/core/redirect_text", tests)
