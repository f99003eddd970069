/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/inject_status.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"
#include "tests/unit/webhook/core/sample_profile.h"
#include "webhook/core/pod_shape.h"

#define NONE "{'version':1,'mode':'none'}"
#define STATUS(profile, init, containers, volumes)                                        \
	"{'version':1,'profiles':[{'name':'" profile                                      \
	"','hash':'0123456789ab'}],'initContainers':[" init "],'containers':[" containers \
	"],'volumes':[" volumes "]}"

static const struct {
	const char *name, *pod, *profiles;
	enum gate gate;
	const char *status, *redirect, *container; /* NULL: no such annotation */
} ROWS[] = {
	{"a proxy",
	 "{'spec':{'initContainers':[{'name':'proxy'},{'name':'i'}],'containers':[{'name':'a'},"
	 "{'name':'b'}],'volumes':[{'name':'v'},{'name':'run'}]}}",
	 "proxy", GATE_PROBE, STATUS("proxy", "'proxy'", "", "'run'"), NONE, "a"},
	{"a container, and no application before it",
	 "{'spec':{'containers':[{'name':'other'},{'name':'a'}]}}", "other", GATE_NONE,
	 STATUS("other", "", "'other'", ""), NONE, "a"},
	{"no application at all", "{'spec':{'containers':[{'name':'other'}]}}", "other", GATE_NONE,
	 STATUS("other", "", "'other'", ""), NONE, NULL},
	{"no profile that redirects", "{'spec':{'containers':[{'name':'other'}]}}", "agent",
	 GATE_NONE, STATUS("agent", "", "", ""), NULL, "other"},
	{"what was forged is overruled",
	 "{'metadata':{'annotations':{'sidewire.io/status':'x','sidewire.io/redirect':'y'}},"
	 "'spec':{'containers':[{'name':'a'}]}}",
	 "other", GATE_NONE, STATUS("other", "", "", ""), NONE, "a"},
	{"what was forged is taken away",
	 "{'metadata':{'annotations':{'sidewire.io/redirect':'y'}},"
	 "'spec':{'containers':[{'name':'a'}]}}",
	 "agent", GATE_NONE, STATUS("agent", "", "", ""), NULL, "a"},
	{"the user's default container stays",
	 "{'metadata':{'annotations':{'kubectl.kubernetes.io/default-container':'b'}},"
	 "'spec':{'containers':[{'name':'a'}]}}",
	 "other", GATE_NONE, STATUS("other", "", "", ""), NONE, "b"},
	{"the volume of the gate exec",
	 "{'spec':{'containers':[{'name':'a'}],'volumes':[{'name':'sidewire-gate'}]}}", "other",
	 GATE_EXEC, STATUS("other", "", "", "'sidewire-gate'"), NONE, "a"},
	{"a volume that is called so",
	 "{'spec':{'containers':[{'name':'a'}],'volumes':[{'name':'sidewire-gate'}]}}", "other",
	 GATE_PROBE, STATUS("other", "", "", ""), NONE, "a"},
};

/* The annotation's text with ' for ", "(none)" when absent; the caller frees it. */
static char *annotation_of(const json_t *pod, const char *key)
{
	const char *value = json_string_value(json_object_get(pod_annotations(pod), key));
	char *text = strdup(value != NULL ? value : "(none)");

	for (char *at = text; *at != '\0'; at++) {
		if (*at == '"')
			*at = '\'';
	}
	return text;
}

static void expect(const char *row, const json_t *pod, const char *key, const char *expected)
{
	CLEANUP(freep) char *found = annotation_of(pod, key);

	ASSERT_TEXT(row, found, expected != NULL ? expected : "(none)");
}

static void test_write(void)
{
	CLEANUP(profile_set_release) struct profile_set set = sample_set();
	const struct redirect_spec redirect = {.mode = REDIRECT_MODE_NONE};

	/* Any hash will do, but always the same. */
	for (size_t i = 0; i < set.count; i++)
		snprintf(set.profiles[i].hash, sizeof(set.profiles[i].hash), "0123456789ab");
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		struct profile_choice choice = {.count = 0};
		const struct inject_status status = {&choice, &redirect, ROWS[i].gate};
		json_auto_t *pod = quoted_json(ROWS[i].pod);
		json_auto_t *result = NULL;
		json_auto_t *again = NULL;
		struct err err = {0};

		CU_ASSERT_EQUAL_FATAL(profile_choose(&set, ROWS[i].profiles, NULL, &choice, &err),
				      0);
		CU_ASSERT_EQUAL_FATAL(inject_status_write(pod, &status, &result, &err), 0);
		expect(ROWS[i].name, result, "sidewire.io/status", ROWS[i].status);
		expect(ROWS[i].name, result, "sidewire.io/redirect", ROWS[i].redirect);
		expect(ROWS[i].name, result, "kubectl.kubernetes.io/default-container",
		       ROWS[i].container);
		CU_ASSERT_EQUAL(inject_status_write(result, &status, &again, &err), 0);
		ASSERT_ROW(ROWS[i].name, again == result);
	}
}

static void test_bad_redirect(void)
{
	CLEANUP(profile_set_release) struct profile_set set = sample_set();
	const struct redirect_spec redirect = {.mode = REDIRECT_MODE_REDIRECT};
	struct profile_choice choice = {.count = 0};
	const struct inject_status status = {&choice, &redirect, GATE_NONE};
	json_auto_t *pod = quoted_json("{'spec':{}}");
	json_t *result = NULL;
	struct err err = {0};

	CU_ASSERT_EQUAL_FATAL(profile_choose(&set, "proxy", NULL, &choice, &err), 0);
	CU_ASSERT_EQUAL(inject_status_write(pod, &status, &result, &err), -EINVAL);
	CU_ASSERT_PTR_NULL(result);
}

static CU_TestInfo tests[] = {
	{"annotations are written, twice the same", test_write},
	{"a redirect that cannot be is refused", test_bad_redirect},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/inject_status", tests)
