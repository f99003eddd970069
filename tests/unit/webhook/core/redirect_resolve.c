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
	{"{'sidewire.io/redirect-mode': 'tproxy'}",
	 "annotation 'sidewire.io/redirect-mode' is 'tproxy', which is not supported by this "
	 "version: expected redirect or none"},
	{"{'sidewire.io/redirect-mode': 'tproxy-both'}",
	 "annotation 'sidewire.io/redirect-mode' is 'tproxy-both', which is not supported by this "
	 "version: expected redirect or none"},
	{"{'sidewire.io/redirect-mode': 'Redirect'}",
	 "annotation 'sidewire.io/redirect-mode' is 'Redirect', expected redirect or none"},
	{"{'sidewire.io/gate': 'on'}",
	 "annotation 'sidewire.io/gate' is 'on', expected probe, exec or none"},
	{"{'sidewire.io/exclude-uids': '5-'}",
	 "annotation 'sidewire.io/exclude-uids' is '5-', expected numbers and ranges such as "
	 "1000,2000-2010: id: '' is not a number from 0 to 4294967294"},
	{"{'sidewire.io/redirect-mode': 'none', 'sidewire.io/include-inbound-ports': 'x'}",
	 "annotation 'sidewire.io/include-inbound-ports' is 'x', expected ports and ranges such as "
	 "80,8000-8010, or *: port: 'x' is not a number from 1 to 65535"},
};

static void test_refusals(void)
{
	CLEANUP(profile_release) struct profile profile = sample_profile(SAMPLE_PROXY);

	for (size_t i = 0; i < sizeof(REFUSALS) / sizeof(*REFUSALS); i++) {
		json_auto_t *annotations = quoted_json(REFUSALS[i].annotations);
		struct redirect_spec spec = {.mode = REDIRECT_MODE_REDIRECT, .outbound_port = 7};
		enum gate gate = GATE_EXEC;
		struct err err = {0};

		ASSERT_ROW(REFUSALS[i].annotations,
			   redirect_resolve(&profile, annotations, &spec, &gate, &err) == -EINVAL);
		ASSERT_TEXT(REFUSALS[i].annotations, err.msg, REFUSALS[i].error);
		ASSERT_ROW(REFUSALS[i].annotations, spec.outbound_port == 7 && gate == GATE_EXEC);
	}
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
}

static CU_TestInfo tests[] = {
	{"annotations change the profile's redirect", test_resolve},
	{"the profile's redirect, whole", test_everything_of_the_profile},
	{"what does not parse is refused", test_refusals},
	{"memory may end anywhere", test_out_of_memory},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/redirect_resolve", tests)
