/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/tproxy_privilege.h"

#include <errno.h>

#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"

#define LACK                                                                           \
	"the proxy's container 'p' lacks the capability NET_RAW, which TPROXY takes: " \
	"expected it in securityContext.capabilities.add"
#define NOT_ROOT(uid)                                                                       \
	"the proxy's container 'p' runs as uid " uid ", which its capability NET_RAW does " \
	"not reach: for TPROXY a proxy runs as root, and is known by its group"
#define NEVER_ROOT                                                                                \
	"the proxy's container 'p' has runAsNonRoot: true, of its own or of the pod: for TPROXY " \
	"a proxy runs as root; expected securityContext.runAsNonRoot: false in the container"
#define CONTEXT(text) "'securityContext': {" text "}"
#define POD(context, container_context) \
	"{'spec': {" context "'initContainers': [{'name': 'p', " container_context "}]}}"
#define ADD(name) "'capabilities': {'drop': ['ALL'], 'add': ['CHOWN', '" name "']}"

static const struct {
	const char *pod, *error;
} ROWS[] = {
	{POD("", CONTEXT(ADD("NET_RAW"))), ""},
	{POD("", CONTEXT(ADD("NET_ADMIN"))), ""},
	{POD("", CONTEXT(ADD("ALL"))), ""},
	{POD("", CONTEXT("'runAsUser': 0, " ADD("NET_RAW"))), ""},
	{POD("", CONTEXT("'privileged': true")), ""},
	{POD("", CONTEXT("'privileged': false")), LACK},
	{POD("", "'image': 'x'"), LACK},
	{POD("", CONTEXT(ADD("NET_BIND_SERVICE"))), LACK},
	{POD("", CONTEXT("'capabilities': {'add': [7, null]}")), LACK},
	{POD("", CONTEXT("'capabilities': {'drop': ['NET_RAW']}")), LACK},
	{POD("", CONTEXT("'capabilities': ['NET_RAW']")), LACK},
	{POD("", "'securityContext': 'privileged'"), LACK},
	{POD("", CONTEXT("'runAsUser': 15099, " ADD("NET_RAW"))), NOT_ROOT("15099")},
	{POD("", CONTEXT("'runAsUser': 1, 'privileged': true")), NOT_ROOT("1")},
	{POD(CONTEXT("'runAsUser': 7") ", ", CONTEXT(ADD("NET_RAW"))), NOT_ROOT("7")},
	{POD(CONTEXT("'runAsUser': 7") ", ", CONTEXT("'runAsUser': 0, " ADD("NET_RAW"))), ""},
	{POD("", CONTEXT("'runAsNonRoot': true, " ADD("NET_RAW"))), NEVER_ROOT},
	{POD(CONTEXT("'runAsNonRoot': true") ", ", CONTEXT(ADD("NET_RAW"))), NEVER_ROOT},
	{POD(CONTEXT("'runAsNonRoot': true") ", ", CONTEXT("'runAsNonRoot': null, " ADD("ALL"))),
	 NEVER_ROOT},
	{POD(CONTEXT("'runAsNonRoot': true") ", ", CONTEXT("'runAsNonRoot': false, " ADD("ALL"))),
	 ""},
};

static void test_check(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		json_auto_t *pod = quoted_json(ROWS[i].pod);
		struct err err = {0};
		int r = tproxy_privilege_check(pod, "p", NULL, &err);

		ASSERT_ROW(ROWS[i].pod, r == (*ROWS[i].error == '\0' ? 0 : -EINVAL));
		ASSERT_TEXT(ROWS[i].pod, err.msg, ROWS[i].error);
	}
}

/* Whoever chose the mode by annotation hears of it. */
static void test_chosen_by_annotation(void)
{
	json_auto_t *pod = quoted_json(POD("", "'image': 'x'"));
	json_auto_t *annotations = quoted_json("{'sidewire.io/redirect-mode': 'tproxy'}");
	json_auto_t *others = quoted_json("{'sidewire.io/gate': 'none'}");
	struct err err = {0};

	CU_ASSERT_EQUAL(tproxy_privilege_check(pod, "p", annotations, &err), -EINVAL);
	ASSERT_TEXT("of the mode", err.msg,
		    "annotation 'sidewire.io/redirect-mode' is 'tproxy': " LACK);
	CU_ASSERT_EQUAL(tproxy_privilege_check(pod, "p", others, &err), -EINVAL);
	ASSERT_TEXT("of others", err.msg, LACK);
}

static void test_modes(void)
{
	CU_ASSERT_FALSE(tproxy_privilege_is_needed(REDIRECT_MODE_NONE));
	CU_ASSERT_FALSE(tproxy_privilege_is_needed(REDIRECT_MODE_REDIRECT));
	CU_ASSERT_TRUE(tproxy_privilege_is_needed(REDIRECT_MODE_TPROXY));
	CU_ASSERT_TRUE(tproxy_privilege_is_needed(REDIRECT_MODE_TPROXY_BOTH));
}

static CU_TestInfo tests[] = {
	{"who has the privilege", test_check},
	{"who chose the mode", test_chosen_by_annotation},
	{"which modes need it", test_modes},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/tproxy_privilege", tests)
