/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/inject.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"
#include "tests/unit/webhook/core/sample_profile.h"

#define POD(metadata, spec) "{'metadata':{" metadata "},'spec':{" spec "}}"
#define ANNOTATION(key, value) "'annotations':{'" key "':'" value "'}"
#define APP "'containers':[{'name':'app'}]"

static struct inject_question question_of(json_t *pod)
{
	return (struct inject_question){.operation = "CREATE",
					.resource = "pods",
					.subresource = "",
					.namespace_name = "shop",
					.namespace_label = "enabled",
					.own_namespace = "ours",
					.pod = pod};
}

static const struct inject_options OPTIONS = {.default_profiles = "proxy"};

static struct inject_result ask(const struct profile_set *set, json_t *pod)
{
	const struct inject_question question = question_of(pod);
	struct inject_result result = {0};
	struct err err = {0};

	CU_ASSERT_EQUAL_FATAL(inject(&question, set, &OPTIONS, &result, &err), 0);
	return result;
}

static const struct {
	const char *pod, *reason;
	int status;
	const char *sentence;
} DENIALS[] = {
	{"{'metadata':[],'spec':{}}", "MalformedPod", 400,
	 "the pod cannot be read: the pod: 'metadata' must be an object, found array"},
	{"{'spec':{'containers':[1]}}", "MalformedPod", 400,
	 "the pod cannot be read: spec: containers[0]: must be an object, found integer"},
	{POD("'labels':{'sidewire.io/inject':'yes'}", APP), "PodLabelInvalid", 422,
	 "the pod's label sidewire.io/inject is 'yes': expected \"true\" or \"false\""},
	{POD(ANNOTATION("sidewire.io/gat", "x"), APP), "BadAnnotation", 422,
	 "annotation 'sidewire.io/gat' is not known: did you mean 'sidewire.io/gate'?"},
	{POD(ANNOTATION("sidewire.io/profiles", "x"), APP), "BadProfiles", 422,
	 "annotation 'sidewire.io/profiles' is 'x': there is no profile 'x', known are: agent, "
	 "other, proxy"},
	{POD(ANNOTATION("sidewire.io/gate", "x"), APP), "BadAnnotation", 422,
	 "annotation 'sidewire.io/gate' is 'x', expected probe, exec or none"},
	{POD("'annotations':{'sidewire.io/profiles':'agent','sidewire.io/gate':'none'}", APP),
	 "BadAnnotation", 422,
	 "annotation 'sidewire.io/gate' has no effect: none of the pod's profiles redirects "
	 "traffic"},
	{POD(ANNOTATION("sidewire.io/profiles", "agent"), APP), "BadParameter", 422,
	 "annotation 'param.sidewire.io/tenant' is missing: it has no default"},
	{POD(ANNOTATION("param.sidewire.io/tenant", "x"), APP), "BadParameter", 422,
	 "annotation 'param.sidewire.io/tenant': none of the pod's profiles has such a parameter"},
	{POD("", APP ",'volumes':[{'name':'run','secret':{}}]"), "MergeConflict", 422,
	 "profile 'proxy': volume 'run' of the pod (secret) is not the volume 'run' of the profile "
	 "(emptyDir): rename the pod's"},
	{POD(ANNOTATION("sidewire.io/gate", "exec"), APP), "NoGate", 422,
	 "the gate exec needs an image that holds sidewire-gate, and this installation names none: "
	 "annotate the pod with sidewire.io/gate: probe"},
	{POD(ANNOTATION("sidewire.io/gate", "probe"),
	     APP ",'initContainers':[{'name':'proxy','startupProbe':{'exec':{}}}]"),
	 "NoGate", 422,
	 "annotation 'sidewire.io/gate' asks for the gate, but container 'proxy' of the pod has a "
	 "startupProbe of its own in the gate's place: take one of the two away"},
	{POD("", APP ",'securityContext':{'runAsUser':15099}"), "RedirectConflict", 422,
	 "container 'app' runs as uid 15099, which is the proxy's (container 'proxy' of profile "
	 "'proxy'): its traffic would bypass the proxy"},
};

static void test_denials(void)
{
	CLEANUP(profile_set_release) struct profile_set set = sample_set();

	for (size_t i = 0; i < sizeof(DENIALS) / sizeof(*DENIALS); i++) {
		json_auto_t *pod = quoted_json(DENIALS[i].pod);
		CLEANUP(inject_result_release) struct inject_result result = ask(&set, pod);

		ASSERT_ROW(DENIALS[i].pod, result.decision.verdict == INJECT_DENY);
		ASSERT_TEXT(DENIALS[i].pod, result.decision.reason, DENIALS[i].reason);
		ASSERT_TEXT(DENIALS[i].pod, result.decision.sentence, DENIALS[i].sentence);
		ASSERT_ROW(DENIALS[i].pod, result.status == DENIALS[i].status);
		ASSERT_ROW(DENIALS[i].pod,
			   result.pod == NULL && result.patch == NULL && result.profiles == NULL);
	}
}

static void test_yes(void)
{
	CLEANUP(profile_set_release) struct profile_set set = sample_set();
	json_auto_t *pod =
		quoted_json(POD("'annotations':{'sidewire.io/"
				"profiles':'agent,proxy','param.sidewire.io/tenant':'t'}",
				APP ",'initContainers':[{'name':'init'}],'x':1"));
	json_auto_t *untouched = json_deep_copy(pod);
	CLEANUP(inject_result_release) struct inject_result result = ask(&set, pod);
	CLEANUP(inject_result_release) struct inject_result again = ask(&set, result.pod);
	json_t *spec = json_object_get(result.pod, "spec");
	json_t *first = json_array_get(json_object_get(spec, "initContainers"), 0);

	CU_ASSERT_EQUAL(result.decision.verdict, INJECT_YES);
	CU_ASSERT_STRING_EQUAL(result.decision.reason, "NamespaceEnabled");
	CU_ASSERT_EQUAL(result.status, 0);
	CU_ASSERT_STRING_EQUAL(result.profiles, "agent,proxy");
	CU_ASSERT_EQUAL(result.warning_count, 0);
	CU_ASSERT_TRUE(json_equal(pod, untouched));
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(first, "name")), "proxy");
	CU_ASSERT_PTR_NOT_NULL(json_object_get(first, "startupProbe"));
	CU_ASSERT_EQUAL(json_array_size(again.patch), 0);
	CU_ASSERT_TRUE(json_is_array(again.patch));
	CU_ASSERT_TRUE(json_equal(again.pod, result.pod));
}

static void test_skip(void)
{
	CLEANUP(profile_set_release) struct profile_set set = sample_set();
	json_auto_t *pod = quoted_json(POD("", APP ",'hostNetwork':true"));
	CLEANUP(inject_result_release) struct inject_result result = ask(&set, pod);

	CU_ASSERT_EQUAL(result.decision.verdict, INJECT_SKIP);
	CU_ASSERT_EQUAL(result.status, 0);
	CU_ASSERT_PTR_NULL(result.pod);
	CU_ASSERT_PTR_NULL(result.patch);
	CU_ASSERT_PTR_NULL(result.profiles);
	CU_ASSERT_EQUAL(result.warning_count, 1);
	CU_ASSERT_STRING_EQUAL(result.warnings[0], result.decision.warning);
}

/* What a pod has that does not do what it seems to. */
static void test_warnings(void)
{
	CLEANUP(profile_set_release) struct profile_set set = sample_set();
	json_auto_t *pod = quoted_json(
		POD("", "'containers':[{'name':'app','livenessProbe':{'tcpSocket':{'port':80}}}],"
			"'initContainers':[{'name':'proxy','startupProbe':{'exec':{}}}]"));
	json_auto_t *none = quoted_json(
		POD(ANNOTATION("sidewire.io/redirect-mode", "none"),
		    "'containers':[{'name':'app','livenessProbe':{'tcpSocket':{'port':80}}}]"));
	CLEANUP(inject_result_release) struct inject_result result = ask(&set, pod);
	CLEANUP(inject_result_release) struct inject_result without = ask(&set, none);

	CU_ASSERT_EQUAL(result.decision.verdict, INJECT_YES);
	CU_ASSERT_EQUAL_FATAL(result.warning_count, 2);
	ASSERT_TEXT(
		"gate", result.warnings[0],
		"sidewire: no gate: container 'proxy' of the pod has a startupProbe of its own");
	ASSERT_TEXT("probe", result.warnings[1],
		    "sidewire: the tcpSocket livenessProbe of 'app' will be answered by the proxy; "
		    "use http, grpc or exec");
	CU_ASSERT_EQUAL(without.decision.verdict, INJECT_YES);
	CU_ASSERT_EQUAL(without.warning_count, 0);
}

/* A document that no node would take is told by the annotation that makes it so long. */
static void test_document_too_long(void)
{
	CLEANUP(profile_set_release) struct profile_set set = sample_set();
	CLEANUP(strbuf_release) struct strbuf list = STRBUF_INIT;

	for (unsigned int i = 0; i < 4000; i++)
		strbuf_printf(&list, "%sfd00:0:0:%x::/64", i > 0 ? "," : "", i + 0x1000);
	json_auto_t *pod = json_pack("{s:{s:{s:s}}, s:{}}", "metadata", "annotations",
				     "sidewire.io/exclude-outbound-cidrs", list.data, "spec");
	CLEANUP(inject_result_release) struct inject_result result = ask(&set, pod);

	CU_ASSERT_EQUAL(result.decision.verdict, INJECT_DENY);
	CU_ASSERT_PTR_NOT_NULL(
		strstr(result.decision.sentence,
		       "annotation 'sidewire.io/exclude-outbound-cidrs' is too long: the redirect "
		       "document has "));
}

/* A sentence that holds a value cut inside a character is UTF-8 nevertheless. */
static void test_sentence_is_utf8(void)
{
	CLEANUP(profile_set_release) struct profile_set set = sample_set();
	char value[100] = "x";

	for (size_t i = 1; i + 3 < sizeof(value); i += 3)
		memcpy(value + i, "\xe2\x82\xac", 4);
	json_auto_t *pod = json_pack("{s:{s:{s:s}}, s:{}}", "metadata", "annotations",
				     "sidewire.io/exclude-uids", value, "spec");
	CLEANUP(inject_result_release) struct inject_result result = ask(&set, pod);
	json_auto_t *sentence = json_string(result.decision.sentence);

	CU_ASSERT_EQUAL(result.decision.verdict, INJECT_DENY);
	CU_ASSERT_PTR_NOT_NULL(sentence);
}

/* Annotations of the namespace count as if the pod had them, and whose fault a denial is, is said.
 */
static void test_namespace_annotations(void)
{
	CLEANUP(profile_set_release) struct profile_set set = sample_set();
	json_auto_t *defaults = quoted_json("{'sidewire.io/profiles':'agent',"
					    "'param.sidewire.io/tenant':'of-all'}");
	json_auto_t *bad = quoted_json("{'sidewire.io/gate':'x'}");
	json_auto_t *bare = quoted_json(POD("", APP));
	json_auto_t *own = quoted_json(POD(ANNOTATION("param.sidewire.io/tenant", "mine"), APP));
	json_auto_t *good = quoted_json(POD(ANNOTATION("sidewire.io/gate", "none"), APP));
	const struct {
		json_t *pod, *of_namespace;
		const char *tenant, *sentence;
	} ROWS[] = {
		{bare, defaults, "of-all", NULL},
		{own, defaults, "mine", NULL},
		{good, bad, NULL, NULL},
		{bare, bad, NULL,
		 "of the pod's namespace: annotation 'sidewire.io/gate' is 'x', expected probe, "
		 "exec or none"},
	};

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		struct inject_question question = question_of(ROWS[i].pod);
		CLEANUP(inject_result_release) struct inject_result result = {0};
		struct err err = {0};

		question.namespace_annotations = ROWS[i].of_namespace;
		CU_ASSERT_EQUAL_FATAL(inject(&question, &set, &OPTIONS, &result, &err), 0);
		if (ROWS[i].sentence != NULL) {
			ASSERT_TEXT("sentence", result.decision.sentence, ROWS[i].sentence);
			continue;
		}
		CU_ASSERT_EQUAL(result.decision.verdict, INJECT_YES);
		const char *tenant = json_string_value(json_object_get(
			json_object_get(json_object_get(result.pod, "metadata"), "annotations"),
			"t"));
		if (ROWS[i].tenant != NULL)
			ASSERT_TEXT("tenant", tenant, ROWS[i].tenant);
	}
}

/* A pod that is asked for gets the label, unless it has one; and then asks by itself. */
static void test_asked(void)
{
	CLEANUP(profile_set_release) struct profile_set set = sample_set();
	json_auto_t *bare = quoted_json(POD("'labels':null", APP));
	json_auto_t *declining = quoted_json(POD("'labels':{'sidewire.io/inject':'false'}", APP));
	struct inject_question question = question_of(bare);
	CLEANUP(inject_result_release) struct inject_result result = {0};
	CLEANUP(inject_result_release) struct inject_result again = {0};
	CLEANUP(inject_result_release) struct inject_result declined = {0};
	struct err err = {0};

	question.namespace_label = NULL;
	question.is_asked = true;
	CU_ASSERT_EQUAL_FATAL(inject(&question, &set, &OPTIONS, &result, &err), 0);
	CU_ASSERT_STRING_EQUAL(result.decision.reason, "PodAsks");
	json_t *labels = json_object_get(json_object_get(result.pod, "metadata"), "labels");
	ASSERT_TEXT("label", json_string_value(json_object_get(labels, "sidewire.io/inject")),
		    "true");
	ASSERT_TEXT("profile's", json_string_value(json_object_get(labels, "sidecar")), "proxy");

	question.is_asked = false;
	question.pod = result.pod;
	CU_ASSERT_EQUAL_FATAL(inject(&question, &set, &OPTIONS, &again, &err), 0);
	CU_ASSERT_STRING_EQUAL(again.decision.reason, "PodAsks");
	CU_ASSERT_EQUAL(json_array_size(again.patch), 0);

	question.is_asked = true;
	question.pod = declining;
	CU_ASSERT_EQUAL_FATAL(inject(&question, &set, &OPTIONS, &declined, &err), 0);
	CU_ASSERT_STRING_EQUAL(declined.decision.reason, "PodDeclines");
}

struct sweep {
	const struct profile_set *set;
	json_t *pod;
	json_t *defaults;
};

static int attempt(const void *input, struct err *err)
{
	static const struct inject_options EXEC = {.default_profiles = "proxy",
						   .gate_image = "gate:1"};
	const struct sweep *sweep = input;
	struct inject_question question = question_of(sweep->pod);
	CLEANUP(inject_result_release) struct inject_result result = {0};

	question.is_asked = true;
	question.namespace_annotations = sweep->defaults;
	int r = inject(&question, sweep->set, &EXEC, &result, err);

	/* Without memory there is an error, never another decision. */
	if (r == 0)
		CU_ASSERT_EQUAL(result.decision.verdict, INJECT_YES);
	return r;
}

static const char *const SWEEPS[] = {
	POD("", APP),
	POD(ANNOTATION("sidewire.io/gate", "exec"), APP),
	POD(ANNOTATION("sidewire.io/exclude-outbound-cidrs", "10.0.0.0/8,::1"),
	    APP ",'initContainers':[{'name':'init'},{'name':'proxy','image':'auto'}]"),
	POD("'annotations':{'sidewire.io/profiles':'agent','param.sidewire.io/tenant':'t',"
	    "'sidewire.io/redirect':'forged'}",
	    APP),
};

static void test_out_of_memory(void)
{
	CLEANUP(profile_set_release) struct profile_set set = sample_set();
	json_auto_t *defaults = quoted_json("{'sidewire.io/profiles':'proxy'}");

	for (size_t i = 0; i < sizeof(SWEEPS) / sizeof(*SWEEPS); i++) {
		json_auto_t *pod = quoted_json(SWEEPS[i]);
		const struct sweep sweep = {&set, pod, defaults};

		alloc_fail_sweep(SWEEPS[i], attempt, &sweep);
	}
}

static CU_TestInfo tests[] = {
	{"each step denies in its own words", test_denials},
	{"a pod is injected, and twice the same", test_yes},
	{"a pod is skipped with a warning", test_skip},
	{"warnings", test_warnings},
	{"a redirect document that is too long", test_document_too_long},
	{"a sentence is UTF-8", test_sentence_is_utf8},
	{"annotations of the namespace", test_namespace_annotations},
	{"a pod that is asked for", test_asked},
	{"memory may end anywhere", test_out_of_memory},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/inject", tests)
