/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/redirect_resolve.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"
#include "tests/unit/webhook/core/sample_profile.h"

#define HEAD "{'version':1,'mode':'redirect','outboundPort':15001,'inboundPort':15006,'gatePort':"
#define MIDDLE                                                                        \
	",'proxyUids':'15099','proxyGids':'','proxyMark':0,'selfCall':'passthrough'," \
	"'inboundSource':'127.0.0.6',"
#define INBOUND(include, ports, cidrs)                                      \
	"'includeInboundPorts':'" include "','excludeInboundPorts':'" ports \
	"','excludeInboundCidrs':'" cidrs "',"
#define OUTBOUND(include, exclude, include_cidrs, exclude_cidrs)                \
	"'includeOutboundPorts':'" include "','excludeOutboundPorts':'" exclude \
	"','includeOutboundCidrs':'" include_cidrs "','excludeOutboundCidrs':'" exclude_cidrs "',"
#define IDS(uids, gids) "'excludeUids':'" uids "','excludeGids':'" gids "'}"
#define ALL_CIDRS "0.0.0.0/0,::/0"
#define PLAIN_INBOUND INBOUND("1-65535", "15021", "")
#define PLAIN_OUTBOUND OUTBOUND("1-65535", "", ALL_CIDRS, "")
#define PLAIN PLAIN_INBOUND PLAIN_OUTBOUND IDS("", "")

static const struct {
	const char *annotations;
	enum gate gate;
	const char *document;
} ROWS[] = {
	{"{}", GATE_PROBE, HEAD "15999" MIDDLE PLAIN},
	{"{'sidewire.io/gate': 'exec'}", GATE_EXEC, HEAD "15999" MIDDLE PLAIN},
	{"{'sidewire.io/gate': 'none'}", GATE_NONE, HEAD "0" MIDDLE PLAIN},
	{"{'sidewire.io/redirect-mode': 'redirect'}", GATE_PROBE, HEAD "15999" MIDDLE PLAIN},
	{"{'sidewire.io/redirect-mode': 'none'}", GATE_NONE, "{'version':1,'mode':'none'}"},
	{"{'sidewire.io/redirect-mode': 'none', 'sidewire.io/gate': 'exec',"
	 " 'sidewire.io/exclude-uids': '0'}",
	 GATE_NONE, "{'version':1,'mode':'none'}"},
	{"{'sidewire.io/include-inbound-ports': '80', 'sidewire.io/exclude-inbound-ports': '9-10',"
	 " 'sidewire.io/exclude-inbound-cidrs': 'fd00::/8'}",
	 GATE_PROBE,
	 HEAD "15999" MIDDLE INBOUND("80", "9-10,15021", "fd00::/8") PLAIN_OUTBOUND IDS("", "")},
	{"{'sidewire.io/include-outbound-ports': '80', 'sidewire.io/exclude-outbound-ports': '25',"
	 " 'sidewire.io/include-outbound-cidrs': '10.0.0.0/8',"
	 " 'sidewire.io/exclude-outbound-cidrs': '10.1.0.0/16'}",
	 GATE_PROBE,
	 HEAD "15999" MIDDLE PLAIN_INBOUND OUTBOUND("80", "25", "10.0.0.0/8", "10.1.0.0/16")
		 IDS("", "")},
	{"{'sidewire.io/exclude-uids': '0', 'sidewire.io/exclude-gids': '1-2'}", GATE_PROBE,
	 HEAD "15999" MIDDLE PLAIN_INBOUND PLAIN_OUTBOUND IDS("0", "1-2")},
};

static void quote(char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '"')
			*text = '\'';
	}
}

static void test_resolve(void)
{
	CLEANUP(profile_release) struct profile profile = sample_profile(SAMPLE_PROXY);

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		CLEANUP(redirect_spec_release) struct redirect_spec spec = {0};
		CLEANUP(freep) char *document = NULL;
		json_auto_t *annotations = quoted_json(ROWS[i].annotations);
		enum gate gate = GATE_NONE;
		struct err err = {0};
		int r = redirect_resolve(&profile, annotations, &spec, &gate, &err);

		ASSERT_TEXT(ROWS[i].annotations, err.msg, "");
		CU_ASSERT_EQUAL_FATAL(r, 0);
		ASSERT_ROW(ROWS[i].annotations, gate == ROWS[i].gate);
		CU_ASSERT_EQUAL_FATAL(redirect_spec_encode(&spec, &document, &err), 0);
		quote(document);
		ASSERT_TEXT(ROWS[i].annotations, document, ROWS[i].document);
	}
}

/* Whatever a profile says comes through. */
static void test_everything_of_the_profile(void)
{
	CLEANUP(profile_release)
	struct profile profile = sample_profile(SAMPLE_DOCUMENT(
		"x", "{'redirect': {'outboundPort': 1, 'inboundPort': 2, 'container': 'x',"
		     " 'proxy': {'uids': [7], 'gids': [8], 'mark': 9}, 'selfCall': 'inbound',"
		     " 'inboundSource': '127.0.0.7,::7', 'gatePort': 3, 'gate': 'exec',"
		     " 'excludeUids': [10], 'excludeGids': [11]},"
		     " 'pod': {'spec': {'containers': [{'name': 'x', 'image': 'x:1'}]}}}"));
	CLEANUP(redirect_spec_release) struct redirect_spec spec = {0};
	CLEANUP(freep) char *document = NULL;
	enum gate gate = GATE_NONE;
	struct err err = {0};

	CU_ASSERT_EQUAL_FATAL(redirect_resolve(&profile, NULL, &spec, &gate, &err), 0);
	CU_ASSERT_EQUAL(gate, GATE_EXEC);
	CU_ASSERT_EQUAL_FATAL(redirect_spec_encode(&spec, &document, &err), 0);
	quote(document);
	ASSERT_TEXT("document", document,
		    "{'version':1,'mode':'redirect','outboundPort':1,'inboundPort':2,'gatePort':3,"
		    "'proxyUids':'7','proxyGids':'8','proxyMark':9,'selfCall':'inbound',"
		    "'inboundSource':'127.0.0.7,::7'," INBOUND("1-65535", "", "")
			    OUTBOUND("1-65535", "", ALL_CIDRS, "") IDS("10", "11"));
}

static const struct {
	const char *annotations, *error;
} REFUSALS[] = {
	{"{'sidewire.io/redirect-mode': 'Redirect'}",
	 "annotation 'sidewire.io/redirect-mode' is 'Redirect', expected redirect, tproxy, "
	 "tproxy-both or none"},
	{"{'sidewire.io/dns-capture': 'true'}",
	 "annotation 'sidewire.io/dns-capture' is 'true', but profile 'proxy' has no dnsPort: its "
	 "proxy answers no DNS"},
	{"{'sidewire.io/dns-capture': 'yes'}",
	 "annotation 'sidewire.io/dns-capture' is 'yes', expected true or false"},
	{"{'sidewire.io/drop-invalid': 'True'}",
	 "annotation 'sidewire.io/drop-invalid' is 'True', expected true or false"},
	{"{'sidewire.io/non-tcp': 'drop'}",
	 "annotation 'sidewire.io/non-tcp' is 'drop', expected allow, reject-quic or reject"},
	{"{'sidewire.io/exclude-interfaces': 'lo'}",
	 "annotation 'sidewire.io/exclude-interfaces' is 'lo', expected names of interfaces such "
	 "as net1,net2: 'lo' can not be named: what a pod says to itself is never captured"},
	{"{'sidewire.io/port-map': '80'}",
	 "annotation 'sidewire.io/port-map' is '80', expected pairs of ports such as "
	 "12220:15003,6379:15004: '80' is no pair of ports: expected DESTINATION:PROXY, such as "
	 "12220:15003"},
	{"{'sidewire.io/drop-invalid': 'true', 'sidewire.io/redirect-mode': 'tproxy-both'}",
	 "annotation 'sidewire.io/drop-invalid' is 'true': dropInvalid needs conntrack, which mode "
	 "tproxy-both does without"},
	{"{'sidewire.io/drop-invalid': 'false', 'sidewire.io/redirect-mode': 'tproxy-both'}",
	 "annotation 'sidewire.io/redirect-mode' is 'tproxy-both': mode tproxy-both needs "
	 "proxyMark "
	 "(in a profile proxy.mark), the mark that the proxy itself sets on its sockets by "
	 "SO_MARK: "
	 "what a closed one has still to send has no owner to know it by, and would be lost"},
	{"{'sidewire.io/exclude-interfaces': 'a', 'sidewire.io/reroute-interfaces': 'b,a'}",
	 "annotation 'sidewire.io/reroute-interfaces' is 'b,a': the interface a is in "
	 "excludeInterfaces and in rerouteInterfaces: it can not be both"},
	{"{'sidewire.io/port-map': '80:15999'}",
	 "annotation 'sidewire.io/port-map' is '80:15999': portMap sends port 80 to 15999, which "
	 "is a port of the gate"},
	{"{'sidewire.io/gate': 'on'}",
	 "annotation 'sidewire.io/gate' is 'on', expected probe, exec or none"},
	{"{'sidewire.io/exclude-uids': '5-'}",
	 "annotation 'sidewire.io/exclude-uids' is '5-', expected numbers and ranges such as "
	 "1000,2000-2010: id: '' is not a number from 0 to 4294967294"},
	{"{'sidewire.io/redirect-mode': 'none', 'sidewire.io/include-inbound-ports': 'x'}",
	 "annotation 'sidewire.io/include-inbound-ports' is 'x', expected ports and ranges such as "
	 "80,8000-8010, or *: port: 'x' is not a number from 1 to 65535"},
};

static void check_refusal(const struct profile *profile, const char *quoted, const char *error)
{
	json_auto_t *annotations = quoted_json(quoted);
	struct redirect_spec spec = {.mode = REDIRECT_MODE_REDIRECT, .outbound_port = 7};
	enum gate gate = GATE_EXEC;
	struct err err = {0};

	ASSERT_ROW(quoted, redirect_resolve(profile, annotations, &spec, &gate, &err) == -EINVAL);
	ASSERT_TEXT(quoted, err.msg, error);
	ASSERT_ROW(quoted, spec.outbound_port == 7 && gate == GATE_EXEC);
}

static void test_refusals(void)
{
	CLEANUP(profile_release) struct profile profile = sample_profile(SAMPLE_PROXY);

	for (size_t i = 0; i < sizeof(REFUSALS) / sizeof(*REFUSALS); i++)
		check_refusal(&profile, REFUSALS[i].annotations, REFUSALS[i].error);
}

/* What the profile says, and the pod does not, may be the other half of a contradiction. */
static void test_contradictions_of_the_profile(void)
{
	CLEANUP(profile_release) struct profile profile = sample_profile(SAMPLE_TPROXY);

	check_refusal(&profile, "{'sidewire.io/redirect-mode': 'tproxy-both'}",
		      "annotation 'sidewire.io/redirect-mode' is 'tproxy-both': dropInvalid needs "
		      "conntrack, which mode tproxy-both does without");
	check_refusal(&profile, "{'sidewire.io/exclude-interfaces': 'k6t-eth0'}",
		      "annotation 'sidewire.io/exclude-interfaces' is 'k6t-eth0': the interface "
		      "k6t-eth0 is in excludeInterfaces and in rerouteInterfaces: it can not be "
		      "both");
}

static char *new_fields(const struct profile *profile, const char *quoted)
{
	CLEANUP(redirect_spec_release) struct redirect_spec spec = {0};
	CLEANUP(freep) char *document = NULL;
	json_auto_t *annotations = quoted_json(quoted);
	enum gate gate = GATE_NONE;
	struct err err = {0};

	CU_ASSERT_EQUAL_FATAL(redirect_resolve(profile, annotations, &spec, &gate, &err), 0);
	CU_ASSERT_EQUAL_FATAL(redirect_spec_encode(&spec, &document, &err), 0);
	quote(document);
	const char *at = strstr(document, "'excludeInterfaces'");
	return strdup(at != NULL ? at : document);
}

/* Every value of the profile arrives, and an annotation changes, or adds to, its own. */
static void test_new_fields(void)
{
	static const struct {
		const char *annotations, *fields;
	} rows[] = {
		{"{}", "'excludeInterfaces':'net1','rerouteInterfaces':'k6t-eth0','portMap':"
		       "'12220:15003','dnsPort':15053,'dnsServers':'10.96.0.10','dropInvalid':true,"
		       "'nonTcp':'reject-quic'}"},
		{"{'sidewire.io/exclude-interfaces': 'net2', 'sidewire.io/reroute-interfaces': "
		 "'docker0', 'sidewire.io/port-map': '80:1,12220:2'}",
		 "'excludeInterfaces':'net1,net2','rerouteInterfaces':'k6t-eth0,docker0','portMap':"
		 "'80:1,12220:2','dnsPort':15053,'dnsServers':'10.96.0.10','dropInvalid':true,"
		 "'nonTcp':'reject-quic'}"},
		{"{'sidewire.io/dns-capture': 'false', 'sidewire.io/drop-invalid': 'false', "
		 "'sidewire.io/non-tcp': 'reject'}",
		 "'excludeInterfaces':'net1','rerouteInterfaces':'k6t-eth0','portMap':"
		 "'12220:15003','dnsPort':0,'dnsServers':'','dropInvalid':false,"
		 "'nonTcp':'reject'}"},
		{"{'sidewire.io/redirect-mode': 'none', 'sidewire.io/dns-capture': 'true'}",
		 "{'version':1,'mode':'none'}"},
	};
	CLEANUP(profile_release) struct profile profile = sample_profile(SAMPLE_TPROXY);

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP(freep) char *fields = new_fields(&profile, rows[i].annotations);

		ASSERT_TEXT(rows[i].annotations, fields, rows[i].fields);
	}
}

/* A profile whose proxy answers DNS, of those that ask for it. */
static void test_dns_on_request(void)
{
	CLEANUP(profile_release) struct profile profile = sample_profile(SAMPLE_TPROXY);

	profile.is_capturing_dns = false;
	CLEANUP(freep) char *not_asked = new_fields(&profile, "{}");
	CLEANUP(freep) char *asked = new_fields(&profile, "{'sidewire.io/dns-capture': 'true'}");
	CU_ASSERT_PTR_NOT_NULL(strstr(not_asked, "'dnsPort':0,'dnsServers':''"));
	CU_ASSERT_PTR_NOT_NULL(strstr(asked, "'dnsPort':15053,'dnsServers':'10.96.0.10'"));
}

static int attempt(const void *input, struct err *err)
{
	CLEANUP(redirect_spec_release) struct redirect_spec spec = {0};
	CLEANUP(profile_release) struct profile profile = {0};
	json_t *const *documents = input;
	enum gate gate;
	int r = profile_read(documents[0], &profile, err);

	return r == 0 ? redirect_resolve(&profile, documents[1], &spec, &gate, err) : r;
}

static void test_out_of_memory(void)
{
	json_auto_t *profile = quoted_json(SAMPLE_PROXY);
	json_auto_t *annotations = quoted_json(
		"{'sidewire.io/exclude-uids': '1,3', 'sidewire.io/include-outbound-cidrs': '::1'}");
	json_t *input[] = {profile, annotations};

	alloc_fail_sweep("resolve", attempt, input);
	json_auto_t *tproxy = quoted_json(SAMPLE_TPROXY);
	json_auto_t *more = quoted_json("{'sidewire.io/exclude-interfaces': 'a,b', "
					"'sidewire.io/port-map': '1:2'}");
	json_t *others[] = {tproxy, more};
	alloc_fail_sweep("the rest", attempt, others);
}

static CU_TestInfo tests[] = {
	{"annotations change the profile's redirect", test_resolve},
	{"the profile's redirect, whole", test_everything_of_the_profile},
	{"what does not parse is refused", test_refusals},
	{"contradictions with the profile", test_contradictions_of_the_profile},
	{"interfaces, ports, DNS and the rest", test_new_fields},
	{"DNS for those that ask", test_dns_on_request},
	{"memory may end anywhere", test_out_of_memory},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/redirect_resolve", tests)
