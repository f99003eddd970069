/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/netconf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/suite.h"

/* prevResult as a bridge writes it, with blanks and escapes that a re-encoding would lose. */
#define PREV_RESULT                                               \
	"{ \"cniVersion\":\"1.0.0\", \"ips\": [ "                 \
	"{\"address\":\"10.1.2.3/24\",\"gateway\":\"10.1.2.1\"}," \
	"{\"address\":\"fd00::5/64\"} ], \"x\":\"\\u003c\", \"dns\":{}, \"mtu\":1.50e3 }"

#define ANNOTATIONS(annotations) \
	"\"runtimeConfig\":{\"io.kubernetes.cri.pod-annotations\":" annotations "}"

/* As containerd writes it, the redirect document shortened to a "D". */
static const char FULL[] =
	"{\"capabilities\":{\"io.kubernetes.cri.pod-annotations\":true},\"cniVersion\":\"1.0.0\","
	"\"name\":\"cbr0\",\"prevResult\":" PREV_RESULT "," ANNOTATIONS(
		"{\"a\":\"b\",\"sidewire.io/redirect\":\"D\"}") ","
								"\"type\":\"sidewire-cni\"}\n";

static int decode(const char *text, enum cni_command command, struct netconf *ret_conf,
		  struct err *err)
{
	return netconf_decode(text, strlen(text), command, ret_conf, err);
}

static void test_full(void)
{
	CLEANUP(netconf_release) struct netconf conf = {0};
	struct err err = {0};

	CU_ASSERT_FATAL(decode(FULL, CNI_COMMAND_ADD, &conf, &err) == 0);
	ASSERT_TEXT("version", conf.cni_version, "1.0.0");
	ASSERT_TEXT("name", conf.name, "cbr0");
	ASSERT_TEXT("redirect", conf.redirect, "D");
	CLEANUP(freep) char *prev_result = strndup(conf.prev_result, conf.prev_result_length);
	ASSERT_TEXT("prevResult", prev_result, PREV_RESULT);
	CU_ASSERT(conf.has_v6 && !conf.is_v6_first);
}

#define CONF(version, rest) "{\"cniVersion\":\"" version "\",\"name\":\"n\"" rest "}"
#define PREV ",\"prevResult\":{}"

static const struct {
	const char *name;
	enum cni_command command;
	const char *text;
	const char *redirect; /* NULL: there is nothing to do */
} good[] = {
	{"0.3.0", CNI_COMMAND_ADD, CONF("0.3.0", PREV), NULL},
	{"0.3.1", CNI_COMMAND_ADD, CONF("0.3.1", PREV), NULL},
	{"0.4.0", CNI_COMMAND_CHECK, CONF("0.4.0", PREV), NULL},
	{"1.0.0", CNI_COMMAND_CHECK, CONF("1.0.0", PREV), NULL},
	{"1.1.0", CNI_COMMAND_ADD, CONF("1.1.0", PREV), NULL},
	{"STATUS", CNI_COMMAND_STATUS, CONF("1.1.0", ""), NULL},
	{"GC", CNI_COMMAND_GC, CONF("1.1.0", ",\"cni.dev/valid-attachments\":[]"), NULL},
	{"DEL the second time", CNI_COMMAND_DEL, CONF("0.3.0", ""), NULL},
	{"DEL with a null prevResult", CNI_COMMAND_DEL, CONF("1.0.0", ",\"prevResult\":null"),
	 NULL},
	{"DEL with annotations alone", CNI_COMMAND_DEL,
	 CONF("1.0.0", "," ANNOTATIONS("{\"sidewire.io/redirect\":\"D\"}")), "D"},
	{"no runtimeConfig in it", CNI_COMMAND_ADD, CONF("1.0.0", PREV ",\"runtimeConfig\":{}"),
	 NULL},
	{"null runtimeConfig", CNI_COMMAND_ADD, CONF("1.0.0", PREV ",\"runtimeConfig\":null"),
	 NULL},
	{"null annotations", CNI_COMMAND_ADD, CONF("1.0.0", PREV "," ANNOTATIONS("null")), NULL},
	{"no annotations", CNI_COMMAND_ADD, CONF("1.0.0", PREV "," ANNOTATIONS("{}")), NULL},
	{"others' annotations", CNI_COMMAND_ADD,
	 CONF("1.0.0", PREV "," ANNOTATIONS("{\"sidewire.io/status\":\"D\"}")), NULL},
	{"an empty document is one", CNI_COMMAND_ADD,
	 CONF("1.0.0", PREV "," ANNOTATIONS("{\"sidewire.io/redirect\":\"\"}")), ""},
	{"unknown keys", CNI_COMMAND_ADD, CONF("1.0.0", PREV ",\"x\":[{}],\"args\":7"), NULL},
	{"a prevResult that we cannot read, of a pod that is not ours", CNI_COMMAND_ADD,
	 CONF("1.0.0", ",\"prevResult\":{\"ips\":7}"), NULL},
};

static void test_good(void)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		CLEANUP(netconf_release) struct netconf conf = {0};
		struct err err = {0};
		int r = decode(good[i].text, good[i].command, &conf, &err);

		ASSERT_TEXT(good[i].name, err.msg, "");
		ASSERT_ROW(good[i].name, r == 0);
		if (good[i].redirect == NULL)
			ASSERT_ROW(good[i].name, conf.redirect == NULL);
		else
			ASSERT_TEXT(good[i].name, conf.redirect, good[i].redirect);
		ASSERT_ROW(good[i].name, (conf.prev_result != NULL) ==
						 (strstr(good[i].text, "prevResult\":{") != NULL));
	}
}

static const struct {
	const char *name;
	enum cni_command command;
	const char *text;
	int code;
	const char *message; /* a part of it */
} bad[] = {
	{"nothing", CNI_COMMAND_ADD, "", -EBADMSG, "network configuration: not valid JSON"},
	{"half", CNI_COMMAND_ADD, "{\"cniVersion\":", -EBADMSG, "not valid JSON"},
	{"an array", CNI_COMMAND_ADD, "[]", -EBADMSG, "a JSON object was expected, found array"},
	{"no version", CNI_COMMAND_ADD, "{\"name\":\"n\"}", -EPROTONOSUPPORT,
	 "cniVersion '0.1.0' is not supported, 0.3.0 to 1.1.0 are"},
	{"an old version", CNI_COMMAND_ADD, CONF("0.2.0", PREV), -EPROTONOSUPPORT, "'0.2.0'"},
	{"a newer version", CNI_COMMAND_DEL, CONF("1.2.0", ""), -EPROTONOSUPPORT, "'1.2.0'"},
	{"a version that is no text", CNI_COMMAND_ADD, "{\"cniVersion\":1}", -EBADMSG,
	 "'cniVersion' must be a string"},
	{"CHECK before its time", CNI_COMMAND_CHECK, CONF("0.3.1", PREV), -EPROTONOSUPPORT,
	 "cniVersion 0.3.1 has no CHECK, 0.4.0 is the first"},
	{"STATUS before its time", CNI_COMMAND_STATUS, CONF("1.0.0", ""), -EPROTONOSUPPORT,
	 "cniVersion 1.0.0 has no STATUS, 1.1.0 is the first"},
	{"GC before its time", CNI_COMMAND_GC, CONF("1.0.0", ""), -EPROTONOSUPPORT, "has no GC"},
	{"no name", CNI_COMMAND_ADD, "{\"cniVersion\":\"1.0.0\"}", -EINVAL, "has no name"},
	{"a name that is none", CNI_COMMAND_ADD, "{\"cniVersion\":\"1.0.0\",\"name\":\"a/b\"}",
	 -EINVAL, "'a/b' is no name of a network"},
	{"an empty name", CNI_COMMAND_ADD, "{\"cniVersion\":\"1.0.0\",\"name\":\"\"}", -EINVAL,
	 "is no name of a network"},
	{"ADD without prevResult", CNI_COMMAND_ADD, CONF("1.0.0", ""), -EINVAL,
	 "has no prevResult: sidewire-cni must be chained behind"},
	{"CHECK with a null prevResult", CNI_COMMAND_CHECK, CONF("1.0.0", ",\"prevResult\":null"),
	 -EINVAL, "has no prevResult"},
	{"a prevResult that is no object", CNI_COMMAND_ADD, CONF("1.0.0", ",\"prevResult\":[]"),
	 -EBADMSG, "'prevResult' must be an object"},
	{"runtimeConfig", CNI_COMMAND_ADD, CONF("1.0.0", PREV ",\"runtimeConfig\":[]"), -EBADMSG,
	 "'runtimeConfig' must be an object"},
	{"annotations", CNI_COMMAND_ADD, CONF("1.0.0", PREV "," ANNOTATIONS("\"x\"")), -EBADMSG,
	 "'io.kubernetes.cri.pod-annotations' must be an object"},
	{"the annotation", CNI_COMMAND_ADD,
	 CONF("1.0.0", PREV "," ANNOTATIONS("{\"sidewire.io/redirect\":{}}")), -EBADMSG,
	 "'sidewire.io/redirect' must be a string"},
};

static void test_bad(void)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct netconf conf = {.name = "untouched"};
		struct err err = {0};
		int r = decode(bad[i].text, bad[i].command, &conf, &err);

		if (r != bad[i].code || strstr(err.msg, bad[i].message) == NULL)
			printf("\n    %s: code %d, '%s'\n", bad[i].name, r, err.msg);
		CU_ASSERT(r == bad[i].code && err.code == bad[i].code);
		CU_ASSERT(strstr(err.msg, bad[i].message) != NULL);
		ASSERT_TEXT(bad[i].name, conf.name, "untouched");
	}
}

#define IPS(ips)      \
	CONF("1.0.0", \
	     ",\"prevResult\":{\"ips\":" ips "}," ANNOTATIONS("{\"sidewire.io/redirect\":\"D\"}"))

static const struct {
	const char *name;
	const char *text;
	bool has_v6, is_v6_first;
} families[] = {
	{"none listed", IPS("[]"), false, false},
	{"null", IPS("null"), false, false},
	{"v4", IPS("[{\"address\":\"10.0.0.9/8\"}]"), false, false},
	{"v6", IPS("[{\"address\":\"fd00::9/8\"}]"), true, true},
	{"v6 first", IPS("[{\"address\":\"fd00::9/8\"},{\"address\":\"10.0.0.9/8\"}]"), true, true},
	{"v4 first", IPS("[{\"address\":\"10.0.0.9/8\"},{\"address\":\"fd00::9/8\"}]"), true,
	 false},
	{"several of one", IPS("[{\"address\":\"10.0.0.9/8\"},{\"address\":\"10.0.1.9/8\"}]"),
	 false, false},
	{"with the version that 0.3 writes",
	 IPS("[{\"version\":\"6\",\"address\":\"fd00::9/8\",\"interface\":0}]"), true, true},
	{"an address without a prefix", IPS("[{\"address\":\"10.0.0.9\"}]"), false, false},
};

static void test_families(void)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++) {
		CLEANUP(netconf_release) struct netconf conf = {0};
		struct err err = {0};

		ASSERT_ROW(families[i].name,
			   decode(families[i].text, CNI_COMMAND_ADD, &conf, &err) == 0);
		ASSERT_ROW(families[i].name, conf.has_v6 == families[i].has_v6);
		ASSERT_ROW(families[i].name, conf.is_v6_first == families[i].is_v6_first);
	}
}

static const struct {
	const char *name;
	const char *text;
	const char *message;
} bad_addresses[] = {
	{"ips is no array", IPS("{}"), "'ips' must be an array"},
	{"an element is no object", IPS("[7]"),
	 "prevResult.ips[0]: an object was expected, found integer"},
	{"no address", IPS("[{\"address\":\"10.0.0.9/8\"},{}]"),
	 "prevResult.ips[1]: 'address' is missing"},
	{"an address that is no text", IPS("[{\"address\":7}]"), "'address' must be a string"},
	{"an address that is none", IPS("[{\"address\":\"10.0.0/8\"}]"), "'10.0.0' is not a CIDR"},
};

static void test_bad_addresses(void)
{
	for (size_t i = 0; i < sizeof(bad_addresses) / sizeof(*bad_addresses); i++) {
		struct netconf conf = {0};
		struct err err = {0};
		int r = decode(bad_addresses[i].text, CNI_COMMAND_ADD, &conf, &err);

		if (strstr(err.msg, bad_addresses[i].message) == NULL)
			printf("\n    %s: '%s'\n", bad_addresses[i].name, err.msg);
		ASSERT_ROW(bad_addresses[i].name, r == -EBADMSG);
		ASSERT_ROW(bad_addresses[i].name,
			   strstr(err.msg, bad_addresses[i].message) != NULL);
		/* What DEL does not need does not keep it from its work. */
		ASSERT_ROW(bad_addresses[i].name,
			   decode(bad_addresses[i].text, CNI_COMMAND_DEL, &conf, &err) == 0);
		ASSERT_ROW(bad_addresses[i].name, conf.redirect != NULL);
		netconf_release(&conf);
	}
}

#define BACKEND(value) \
	CONF("1.0.0",  \
	     PREV ",\"backend\":" value "," ANNOTATIONS("{\"sidewire.io/redirect\":\"D\"}"))

static const struct {
	const char *name;
	const char *text;
	int code;
	enum backend_choice backend;
	const char *message;
} backends[] = {
	{"not named", IPS("[]"), 0, BACKEND_AUTO, ""},
	{"null", BACKEND("null"), 0, BACKEND_AUTO, ""},
	{"auto", BACKEND("\"auto\""), 0, BACKEND_AUTO, ""},
	{"nftables", BACKEND("\"nftables\""), 0, BACKEND_NFTABLES, ""},
	{"another", BACKEND("\"nft\""), -EINVAL, 0,
	 "network configuration: backend: 'nft' is no backend: auto, iptables or nftables is "
	 "expected"},
	{"no text", BACKEND("1"), -EBADMSG, 0, "network configuration: 'backend' must be a string"},
	{"another, for a pod that is not ours", CONF("1.0.0", PREV ",\"backend\":\"nft\""), 0,
	 BACKEND_AUTO, ""},
};

static void test_backends(void)
{
	for (size_t i = 0; i < sizeof(backends) / sizeof(*backends); i++) {
		CLEANUP(netconf_release) struct netconf conf = {0};
		CLEANUP(netconf_release) struct netconf del = {0};
		struct err err = {0};
		int r = decode(backends[i].text, CNI_COMMAND_ADD, &conf, &err);

		ASSERT_ROW(backends[i].name, r == backends[i].code);
		ASSERT_ROW(backends[i].name, conf.backend == backends[i].backend);
		ASSERT_ROW(backends[i].name,
			   strncmp(err.msg, backends[i].message, strlen(backends[i].message)) == 0);
		/* DEL removes what either has left. */
		ASSERT_ROW(backends[i].name,
			   decode(backends[i].text, CNI_COMMAND_DEL, &del, &err) == 0);
	}
}

static void test_size(void)
{
	static const char small[] = CONF("1.0.0", PREV);
	CLEANUP(freep) char *text = malloc(NETCONF_SIZE_MAX + 1);
	CLEANUP(netconf_release) struct netconf conf = {0};
	struct err err = {0};

	CU_ASSERT_FATAL(text != NULL);
	memset(text, ' ', NETCONF_SIZE_MAX + 1);
	memcpy(text, small, strlen(small));
	CU_ASSERT(netconf_decode(text, NETCONF_SIZE_MAX + 1, CNI_COMMAND_ADD, &conf, &err) ==
		  -E2BIG);
	CU_ASSERT(netconf_decode(text, NETCONF_SIZE_MAX, CNI_COMMAND_ADD, &conf, &err) == 0);
}

static CU_TestInfo tests[] = {
	{"everything that is there", test_full}, {"what is tolerated", test_good},
	{"what is refused", test_bad},           {"families of the pod", test_families},
	{"the backend", test_backends},          {"addresses that are none", test_bad_addresses},
	{"the size is bounded", test_size},      CU_TEST_INFO_NULL};
SUITE("cni/core/netconf", tests)
