/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/manifest_inject.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/suite.h"
#include "tests/unit/webhook/core/sample_profile.h"

#define JOB(metadata)                                                                   \
	"apiVersion: batch/v1 # x\nkind: Job\nmetadata: {name: j" metadata "}\nspec:\n" \
	"  template:\n    spec: {containers: [{name: app}]}\n"

static const struct manifest_namespaces NONE;

static struct manifest_setting setting_of(const struct profile_set *set,
					  const struct manifest_namespaces *namespaces)
{
	return (struct manifest_setting){.profiles = set,
					 .options = {.default_profiles = "proxy"},
					 .own_namespace = "ours",
					 .namespace_name = "shop",
					 .namespaces = namespaces};
}

/* Injects into the one object, takes it out again where that is wanted, and writes the document. */
static int change(const char *text, const struct manifest_setting *setting, bool is_taken_out,
		  char **ret_text, struct err *err)
{
	CLEANUP(manifest_release) struct manifest manifest = {0};
	CLEANUP(inject_result_release) struct inject_result result = {0};
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	json_auto_t *left = json_array();
	bool is_anew = false;
	bool is_changed = false;

	if (left == NULL)
		return err_set(err, ENOMEM, "out of memory");
	int r = manifest_read(text, strlen(text), 1, &manifest, err);
	if (r == 0 && is_taken_out)
		r = manifest_uninject(&manifest, manifest.objects, left, &is_changed, err);
	else if (r == 0)
		r = manifest_inject(&manifest, manifest.objects, setting, &result, err);
	if (r == 0)
		r = manifest_write(&manifest, &out, &is_anew, err);
	return r < 0 ? r : strbuf_finish(&out, ret_text, err);
}

static void test_there_and_back(void)
{
	CLEANUP(profile_set_release) struct profile_set set = sample_set();
	const struct manifest_setting setting = setting_of(&set, &NONE);
	CLEANUP(freep) char *injected = NULL;
	CLEANUP(freep) char *again = NULL;
	CLEANUP(freep) char *back = NULL;
	struct err err = {0};

	CU_ASSERT_EQUAL_FATAL(change(JOB(""), &setting, false, &injected, &err), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(injected, "batch/v1 # x\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(injected, "sidewire.io/inject: \"true\"\n"));
	CU_ASSERT_EQUAL_FATAL(change(injected, &setting, false, &again, &err), 0);
	ASSERT_TEXT("again", again, injected);
	CU_ASSERT_EQUAL_FATAL(change(injected, &setting, true, &back, &err), 0);
	ASSERT_TEXT("back", back, JOB(""));
}

static void test_question(void)
{
	struct manifest_namespace shop = {.facts = {.name = "shop", .label = "enabled"}};
	const struct manifest_namespaces known = {.items = &shop, .count = 1};
	CLEANUP(profile_set_release) struct profile_set set = sample_set();
	const struct manifest_setting setting = setting_of(&set, &known);
	const struct manifest_setting blind = setting_of(&set, &NONE);
	const struct manifest_object here = {.namespace_name = NULL};
	const struct manifest_object there = {.namespace_name = "there"};
	struct inject_question question = {0};
	struct err err = {0};

	CU_ASSERT_EQUAL(manifest_question(&setting, &here, json_null(), &question, &err), 0);
	CU_ASSERT_STRING_EQUAL(question.namespace_name, "shop");
	CU_ASSERT_STRING_EQUAL(question.namespace_label, "enabled");
	CU_ASSERT_EQUAL(manifest_question(&blind, &there, json_null(), &question, &err), 0);
	CU_ASSERT_STRING_EQUAL(question.namespace_name, "there");
	CU_ASSERT_PTR_NULL(question.namespace_label);
	CU_ASSERT_EQUAL(manifest_question(&setting, &there, json_null(), &question, &err), -EINVAL);
	ASSERT_TEXT("unknown", err.msg,
		    "nothing is known of namespace 'there': it is in none of the namespace files");
}

struct sweep {
	const struct manifest_setting *setting;
	const char *text;
	bool is_taken_out;
};

static int make(const void *input, char **ret_outcome, struct err *err)
{
	const struct sweep *sweep = input;

	return change(sweep->text, sweep->setting, sweep->is_taken_out, ret_outcome, err);
}

static void test_out_of_memory(void)
{
	static const char TEXT[] = JOB(", x: &x {a: b}, y: *x");
	CLEANUP(profile_set_release) struct profile_set set = sample_set();
	const struct manifest_setting setting = setting_of(&set, &NONE);
	CLEANUP(freep) char *injected = NULL;
	struct err err = {0};

	CU_ASSERT_EQUAL_FATAL(change(TEXT, &setting, false, &injected, &err), 0);
	const struct sweep there = {&setting, TEXT, false};
	const struct sweep back = {&setting, injected, true};
	alloc_fail_sweep_outcome("there", make, &there);
	alloc_fail_sweep_outcome("back", make, &back);
}

static CU_TestInfo tests[] = {
	{"there and back", test_there_and_back},
	{"the question", test_question},
	{"memory may end anywhere", test_out_of_memory},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/manifest_inject", tests)
