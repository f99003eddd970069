/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/redirect_conflict.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"
#include "tests/unit/webhook/core/sample_profile.h"

#define PROXY "{'name': 'proxy', 'securityContext': {'runAsUser': 15099}}"
#define SPEC(more) "{'spec': {'initContainers': [" PROXY "]" more "}}"
#define APP(more) ", 'containers': [{'name': 'app'" more "}]"
#define CONTEXT(text) ", 'securityContext': {" text "}"
#define BYPASS                                                                              \
	", which is the proxy's (container 'proxy' of profile 'proxy'): its traffic would " \
	"bypass the proxy"
#define UNKNOWN_PROXY                                                                            \
	" runs as a user or group that the redirect does not know it by: its own traffic would " \
	"be sent back to it"

struct row {
	const char *name, *pod, *error;
};

static const struct row ROWS[] = {
	{"nothing stated", SPEC(APP("")), ""},
	{"another uid", SPEC(APP(CONTEXT("'runAsUser': 1000"))), ""},
	{"the proxy's uid", SPEC(APP(CONTEXT("'runAsUser': 15099"))),
	 "container 'app' runs as uid 15099" BYPASS},
	{"the pod's is the proxy's uid", SPEC(CONTEXT("'runAsUser': 15099") APP("")),
	 "container 'app' runs as uid 15099" BYPASS},
	{"the container's wins over the pod's",
	 SPEC(CONTEXT("'runAsUser': 15099") APP(CONTEXT("'runAsUser': 1"))), ""},
	{"null does not win", SPEC(CONTEXT("'runAsUser': 15099") APP(CONTEXT("'runAsUser': null"))),
	 "container 'app' runs as uid 15099" BYPASS},
	{"of another type", SPEC(APP(CONTEXT("'runAsUser': '15099'"))), ""},
	{"negative", SPEC(APP(CONTEXT("'runAsUser': -1"))), ""},
	{"modulo 2^32", SPEC(APP(CONTEXT("'runAsUser': 4294982395"))), ""},
	{"context of another type", SPEC(APP(", 'securityContext': 7")), ""},
	{"gid means nothing here", SPEC(APP(CONTEXT("'runAsGroup': 15099"))), ""},
	{"an init container",
	 "{'spec': {'initContainers': [" PROXY ", {'name': 'init', 'securityContext': "
	 "{'runAsUser': 15099}}]}}",
	 "container 'init' runs as uid 15099" BYPASS},
	{"the proxy as somebody else",
	 "{'spec': {'initContainers': [{'name': 'proxy', 'securityContext': {'runAsUser': 1}}]}}",
	 "the proxy's container 'proxy'" UNKNOWN_PROXY},
	{"the proxy as the pod",
	 "{'spec': {'securityContext': {'runAsUser': 1}, 'initContainers': [{'name': 'proxy'}]}}",
	 "the proxy's container 'proxy'" UNKNOWN_PROXY},
	{"the proxy as its image says", "{'spec': {'initContainers': [{'name': 'proxy'}]}}", ""},
	{"the gate's port",
	 SPEC(APP(", 'ports': [{'containerPort': 1}, {'containerPort': 15999}]")),
	 "container 'app' has port 15999 as its own, which is the gate's: choose another port, or "
	 "the annotation sidewire.io/gate: none"},
	{"the gate's port, TCP",
	 SPEC(APP(", 'ports': [{'containerPort': 15999, 'protocol': 'TCP'}]")),
	 "container 'app' has port 15999 as its own, which is the gate's: choose another port, or "
	 "the annotation sidewire.io/gate: none"},
	{"the gate's port, UDP",
	 SPEC(APP(", 'ports': [{'containerPort': 15999, 'protocol': 'UDP'}]")), ""},
	{"ports of another type", SPEC(APP(", 'ports': {'containerPort': 15999}")), ""},
	{"a port of another type", SPEC(APP(", 'ports': ['15999', {'containerPort': '15999'}]")),
	 ""},
};

static void check(const struct profile *profile, const struct row *row)
{
	json_auto_t *pod = quoted_json(row->pod);
	struct err err = {0};
	int r = redirect_conflict_check(pod, profile, &profile->redirect, &err);

	ASSERT_ROW(row->name, r == (*row->error == '\0' ? 0 : -EINVAL));
	ASSERT_TEXT(row->name, err.msg, row->error);
}

static void test_known_by_uid(void)
{
	CLEANUP(profile_release) struct profile profile = sample_profile(SAMPLE_PROXY);

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++)
		check(&profile, &ROWS[i]);
}

static const struct row ROWS_OF_BOTH[] = {
	{"known by its uid",
	 "{'spec': {'containers': [{'name': 'other', 'securityContext': {'runAsUser': 7}}]}}", ""},
	{"known by its gid",
	 "{'spec': {'containers': [{'name': 'other', 'securityContext': "
	 "{'runAsUser': 0, 'runAsGroup': 8}}]}}",
	 ""},
	{"perhaps known by its gid",
	 "{'spec': {'containers': [{'name': 'other', 'securityContext': {'runAsUser': 0}}]}}", ""},
	{"known by neither",
	 "{'spec': {'containers': [{'name': 'other', 'securityContext': "
	 "{'runAsUser': 0, 'runAsGroup': 0}}]}}",
	 "the proxy's container 'other'" UNKNOWN_PROXY},
	{"an application of its group",
	 "{'spec': {'containers': [{'name': 'app', 'securityContext': {'runAsGroup': 8}}]}}",
	 "container 'app' runs as gid 8, which is the proxy's (container 'other' of profile "
	 "'other'): its traffic would bypass the proxy"},
};

static void test_known_by_gid_too(void)
{
	CLEANUP(profile_release) struct profile profile = sample_profile(SAMPLE_OTHER);

	for (size_t i = 0; i < sizeof(ROWS_OF_BOTH) / sizeof(*ROWS_OF_BOTH); i++)
		check(&profile, &ROWS_OF_BOTH[i]);
}

#define AS_ROOT "{'runAsUser': 0, 'runAsGroup': 15099}"
#define PROXY_OF_GROUP "{'name': 'proxy', 'securityContext': " AS_ROOT "}"
#define OF_GROUP(more) "{'spec': {'initContainers': [" PROXY_OF_GROUP "]" more "}}"
#define BYPASS_OF_GROUP                                                                      \
	", which is the proxy's (container 'proxy' of profile 'tproxy'): its traffic would " \
	"bypass the proxy"

/* A proxy that is root, as many applications are: its group is all that tells it from them. */
static const struct row ROWS_OF_GROUP[] = {
	{"nothing stated", OF_GROUP(APP("")), ""},
	{"root too", OF_GROUP(APP(CONTEXT("'runAsUser': 0"))), ""},
	{"root of root's group", OF_GROUP(APP(CONTEXT("'runAsUser': 0, 'runAsGroup': 0"))), ""},
	{"a uid that is the proxy's gid", OF_GROUP(APP(CONTEXT("'runAsUser': 15099"))), ""},
	{"the proxy's group", OF_GROUP(APP(CONTEXT("'runAsUser': 7, 'runAsGroup': 15099"))),
	 "container 'app' runs as gid 15099" BYPASS_OF_GROUP},
	{"the pod's is the proxy's group", OF_GROUP(CONTEXT("'runAsGroup': 15099") APP("")),
	 "container 'app' runs as gid 15099" BYPASS_OF_GROUP},
	{"files of the proxy's group", OF_GROUP(CONTEXT("'fsGroup': 15099") APP("")), ""},
	{"the proxy of another group",
	 "{'spec': {'initContainers': [{'name': 'proxy', 'securityContext': {'runAsUser': 0, "
	 "'runAsGroup': 0}}]}}",
	 "the proxy's container 'proxy'" UNKNOWN_PROXY},
	{"the proxy of the pod's group",
	 "{'spec': {'securityContext': {'runAsGroup': 5}, 'initContainers': [{'name': 'proxy'}]}}",
	 "the proxy's container 'proxy'" UNKNOWN_PROXY},
};

static void test_known_by_gid_alone(void)
{
	CLEANUP(profile_release) struct profile profile = sample_profile(SAMPLE_TPROXY);

	profile.redirect.proxy_mark = 0;
	for (size_t i = 0; i < sizeof(ROWS_OF_GROUP) / sizeof(*ROWS_OF_GROUP); i++)
		check(&profile, &ROWS_OF_GROUP[i]);
}

static void test_known_by_mark(void)
{
	CLEANUP(profile_release) struct profile profile = sample_profile(SAMPLE_PROXY);
	const struct row row = {"known by its mark",
				"{'spec': {'initContainers': [{'name': 'proxy', "
				"'securityContext': {'runAsUser': 1}}]}}",
				""};

	profile.redirect.proxy_mark = 1;
	check(&profile, &row);
}

static void test_without_gate(void)
{
	CLEANUP(profile_release) struct profile profile = sample_profile(SAMPLE_PROXY);
	const struct row row = {"no gate, no gate's port",
				SPEC(APP(", 'ports': [{'containerPort': 15999}]")), ""};

	profile.redirect.gate_port = 0;
	check(&profile, &row);
}

static void test_own_helpers(void)
{
	CLEANUP(profile_release)
	struct profile profile = sample_profile(SAMPLE_DOCUMENT(
		"p", "{'redirect': {'outboundPort': 1, 'inboundPort': 2, 'container': 'proxy',"
		     " 'proxy': {'uids': [7]}}, 'pod': {'spec': {'containers': [{'name': 'proxy'},"
		     " {'name': 'helper', 'securityContext': {'runAsUser': 7}}]}}}"));
	const struct row row = {"a helper of the proxy",
				"{'spec': {'containers': [{'name': 'helper', "
				"'securityContext': {'runAsUser': 7}}]}}",
				""};

	check(&profile, &row);
}

static CU_TestInfo tests[] = {
	{"a proxy that is known by its uid", test_known_by_uid},
	{"a proxy that is known by its gid too", test_known_by_gid_too},
	{"a proxy that is known by its gid alone", test_known_by_gid_alone},
	{"a proxy that is known by its mark", test_known_by_mark},
	{"without a gate its port is free", test_without_gate},
	{"the profile's other containers may pass", test_own_helpers},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/redirect_conflict", tests)
