/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/inject_status.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"
#include "tests/unit/webhook/core/sample_profile.h"
#include "webhook/core/pod_shape.h"
#include "webhook/core/uninject.h"

#define NONE "{'version':1,'mode':'none'}"
#define STATUS(profile, undo) \
	"{'profiles':[{'hash':'0123456789ab','name':'" profile "'}],'undo':" undo ",'version':1}"
#define OURS "'sidewire.io/redirect':'added','sidewire.io/status':'added'"
/* The digest is that of "a". */
#define DEFAULT "'kubectl.kubernetes.io/default-container':'added:52e771b6',"

static const struct {
	const char *name, *pod, *profiles;
	const char *status, *redirect, *container; /* NULL: no such annotation */
} ROWS[] = {
	{"a proxy", "{'spec':{'containers':[{'name':'a'},{'name':'b'}]}}", "proxy",
	 STATUS("proxy", "{'metadata':{'annotations':{" DEFAULT OURS "}}}"), NONE, "a"},
	{"a container, and no application before it",
	 "{'spec':{'containers':[{'name':'other'},{'name':'a'}]}}", "other",
	 STATUS("other", "{'metadata':{'annotations':{" DEFAULT OURS "}}}"), NONE, "a"},
	{"no application at all", "{'spec':{'containers':[{'name':'other'}]}}", "other",
	 STATUS("other", "{'metadata':{'annotations':{" OURS "}}}"), NONE, NULL},
	{"no profile that redirects", "{'spec':{'containers':[{'name':'a'}]}}", "agent",
	 STATUS("agent", "{'metadata':{'annotations':{" DEFAULT "'sidewire.io/status':'added'}}}"),
	 NULL, "a"},
	{"what was forged is overruled",
	 "{'metadata':{'annotations':{'sidewire.io/status':'x','sidewire.io/redirect':'y'}},"
	 "'spec':{'containers':[{'name':'a'}]}}",
	 "other",
	 STATUS("other", "{'metadata':{'annotations':{" DEFAULT
			 "'sidewire.io/redirect':['y'],'sidewire.io/status':['x']}}}"),
	 NONE, "a"},
	{"what was forged is taken away",
	 "{'metadata':{'annotations':{'sidewire.io/redirect':'y'}},"
	 "'spec':{'containers':[{'name':'a'}]}}",
	 "agent",
	 STATUS("agent", "{'metadata':{'annotations':{" DEFAULT
			 "'sidewire.io/redirect':['y'],'sidewire.io/status':'added'}}}"),
	 NULL, "a"},
	{"the user's default container stays",
	 "{'metadata':{'annotations':{'kubectl.kubernetes.io/default-container':'b'}},"
	 "'spec':{'containers':[{'name':'a'}]}}",
	 "other", STATUS("other", "{'metadata':{'annotations':{" OURS "}}}"), NONE, "b"},
	{"empty annotations", "{'metadata':{'annotations':{}}}", "other",
	 STATUS("other", "{'metadata':{'annotations':[{},{" OURS "}]}}"), NONE, NULL},
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
		json_auto_t *pod = quoted_json(ROWS[i].pod);
		struct inject_status status = {pod, &choice, &redirect};
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
		status.original = result;
		CU_ASSERT_EQUAL(inject_status_write(result, &status, &again, &err), 0);
		ASSERT_ROW(ROWS[i].name, again == result);
	}
}

/* The pod that was injected is not the one that came. */
static void test_undo(void)
{
	CLEANUP(profile_set_release) struct profile_set set = sample_set();
	const struct redirect_spec redirect = {.mode = REDIRECT_MODE_NONE};
	struct profile_choice choice = {.count = 0};
	json_auto_t *original = quoted_json("{'spec':{'volumes':[{'name':'v'}]}}");
	json_auto_t *pod = quoted_json("{'spec':{'volumes':[{'name':'v'},{'name':'run'}]}}");
	const struct inject_status status = {original, &choice, &redirect};
	json_auto_t *left = json_array();
	json_auto_t *result = NULL;
	json_auto_t *undone = NULL;
	struct err err = {0};

	CU_ASSERT_EQUAL_FATAL(profile_choose(&set, "proxy", NULL, &choice, &err), 0);
	CU_ASSERT_EQUAL_FATAL(inject_status_write(pod, &status, &result, &err), 0);
	CU_ASSERT_EQUAL_FATAL(uninject(result, left, &undone, &err), 0);
	CU_ASSERT(json_equal(undone, original));
}

static void test_bad_redirect(void)
{
	CLEANUP(profile_set_release) struct profile_set set = sample_set();
	const struct redirect_spec redirect = {.mode = REDIRECT_MODE_REDIRECT};
	struct profile_choice choice = {.count = 0};
	json_auto_t *pod = quoted_json("{'spec':{}}");
	const struct inject_status status = {pod, &choice, &redirect};
	json_t *result = NULL;
	struct err err = {0};

	CU_ASSERT_EQUAL_FATAL(profile_choose(&set, "proxy", NULL, &choice, &err), 0);
	CU_ASSERT_EQUAL(inject_status_write(pod, &status, &result, &err), -EINVAL);
	CU_ASSERT_PTR_NULL(result);
}

static int make(const void *input, char **ret_outcome, struct err *err)
{
	const struct inject_status *status = input;
	json_auto_t *result = NULL;
	int r = inject_status_write(status->original, status, &result, err);

	return r == 0 ? alloc_fail_outcome(result, ret_outcome, err) : r;
}

static void test_out_of_memory(void)
{
	CLEANUP(profile_set_release) struct profile_set set = sample_set();
	const struct redirect_spec redirect = {.mode = REDIRECT_MODE_NONE};
	struct profile_choice choice = {.count = 0};
	json_auto_t *pod = quoted_json(ROWS[0].pod);
	struct inject_status status = {pod, &choice, &redirect};
	json_auto_t *injected = NULL;
	struct err err = {0};

	CU_ASSERT_EQUAL_FATAL(profile_choose(&set, "proxy", NULL, &choice, &err), 0);
	CU_ASSERT_EQUAL_FATAL(inject_status_write(pod, &status, &injected, &err), 0);
	alloc_fail_sweep_outcome("first pass", make, &status);
	status.original = injected;
	alloc_fail_sweep_outcome("second pass", make, &status);
}

static CU_TestInfo tests[] = {
	{"annotations are written, twice the same", test_write},
	{"the status leads back", test_undo},
	{"a redirect that cannot be is refused", test_bad_redirect},
	{"memory may end anywhere", test_out_of_memory},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/inject_status", tests)
