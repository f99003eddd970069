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

static struct inject_result answer_to(const struct profile_set *set,
				      const struct inject_question *question)
{
	struct inject_result result = {0};
	struct err err = {0};

	CU_ASSERT_EQUAL_FATAL(inject(question, set, &OPTIONS, &result, &err), 0);
	return result;
}

static struct inject_result ask(const struct profile_set *set, json_t *pod)
{
	const struct inject_question question = question_of(pod);

	return answer_to(set, &question);
}

/* The same, in a namespace with these annotations. */
static struct inject_result ask_in(const struct profile_set *set, json_t *pod, json_t *annotations)
{
	struct inject_question question = question_of(pod);

	question.namespace_annotations = annotations;
	return answer_to(set, &question);
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
	 "other, proxy, tproxy"},
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
	{POD(ANNOTATION("sidewire.io/probes", "x"), APP), "BadAnnotation", 422,
	 "annotation 'sidewire.io/probes' is 'x', expected auto, keep, exec, exempt or rewrite"},
	{POD(ANNOTATION("sidewire.io/probes", "rewrite"), APP), "NoProbes", 422,
	 "annotation 'sidewire.io/probes' is 'rewrite', but profile 'proxy' has no server for "
	 "probes "
	 "(spec.redirect.probes): expected auto, keep, exec or exempt"},
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
	json_auto_t *misspelt =
		quoted_json(POD("", APP ",'initContainers':[{'name':'poxy','image':'auto'},"
					"{'name':'proxy','image':'auto'}]"));
	json_auto_t *none = quoted_json(
		POD(ANNOTATION("sidewire.io/redirect-mode", "none"),
		    "'containers':[{'name':'app','livenessProbe':{'tcpSocket':{'port':80}}}]"));
	json_auto_t *kept = quoted_json(
		POD(ANNOTATION("sidewire.io/probes", "keep"),
		    "'containers':[{'name':'app','livenessProbe':{'tcpSocket':{'port':80}}}]"));
	CLEANUP(inject_result_release) struct inject_result result = ask(&set, pod);
	CLEANUP(inject_result_release) struct inject_result without = ask(&set, none);
	CLEANUP(inject_result_release) struct inject_result wanted = ask(&set, kept);
	CLEANUP(inject_result_release) struct inject_result automatic = ask(&set, misspelt);

	CU_ASSERT_EQUAL(result.decision.verdict, INJECT_YES);
	CU_ASSERT_EQUAL_FATAL(result.warning_count, 2);
	ASSERT_TEXT(
		"gate", result.warnings[0],
		"sidewire: no gate: container 'proxy' of the pod has a startupProbe of its own");
	ASSERT_TEXT("probe", result.warnings[1],
		    "sidewire: the tcpSocket livenessProbe of 'app' will be answered by the proxy; "
		    "use http, grpc or exec");
	CU_ASSERT_EQUAL_FATAL(automatic.warning_count, 1);
	ASSERT_TEXT("image", automatic.warnings[0],
		    "sidewire: container 'poxy' has image: auto, and no profile has a container of "
		    "that name");
	CU_ASSERT_EQUAL(without.decision.verdict, INJECT_YES);
	CU_ASSERT_EQUAL(without.warning_count, 0);
	CU_ASSERT_EQUAL(wanted.decision.verdict, INJECT_YES);
	CU_ASSERT_EQUAL(wanted.warning_count, 0);
}

/* What became an exec probe is nothing to warn of; the profile's own probes never were. */
static void test_no_warning_of_what_was_changed(void)
{
	static const struct inject_options KNOWN = {.default_profiles = "proxy",
						    .gate_image = "gate:1",
						    .image_volumes = IMAGE_VOLUMES_YES};
	CLEANUP(profile_set_release) struct profile_set set = sample_set();
	json_auto_t *pod = quoted_json(
		POD("", "'containers':[{'name':'app','livenessProbe':{'tcpSocket':{'port':80}}}]"));
	const struct inject_question question = question_of(pod);
	CLEANUP(inject_result_release) struct inject_result result = {0};
	struct err err = {0};

	CU_ASSERT_EQUAL_FATAL(inject(&question, &set, &KNOWN, &result, &err), 0);
	CU_ASSERT_EQUAL(result.decision.verdict, INJECT_YES);
	CU_ASSERT_EQUAL(result.warning_count, 0);
}

/* A startupProbe that another profile puts on the proxy is not the user's, on the second pass
 * neither: then it would be a denial. */
static void test_probe_of_another_profile(void)
{
	CLEANUP(profile_set_release) struct profile_set set = sample_set();
	CLEANUP(profile_release)
	struct profile slow = sample_profile(SAMPLE_DOCUMENT(
		"slow", "{'pod': {'spec': {'initContainers': [{'name': 'proxy', 'startupProbe': "
			"{'exec': {}}}]}}}"));
	struct err err = {0};
	json_auto_t *pod = quoted_json(POD(
		"'annotations':{'sidewire.io/profiles':'proxy,slow','sidewire.io/gate':'probe'}",
		APP));

	CU_ASSERT_EQUAL_FATAL(profile_set_add(&set, &slow, &err), 0);
	CLEANUP(inject_result_release) struct inject_result result = ask(&set, pod);
	CU_ASSERT_EQUAL_FATAL(result.decision.verdict, INJECT_YES);
	CLEANUP(inject_result_release) struct inject_result again = ask(&set, result.pod);
	CU_ASSERT_EQUAL(again.decision.verdict, INJECT_YES);
	CU_ASSERT_EQUAL(result.warning_count + again.warning_count, 0);
	CU_ASSERT_EQUAL(json_array_size(again.patch), 0);
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

static const struct {
	const char *name;
	const char *pod; /* its annotations */
	const char *namespace_annotations;
	const char *as_if; /* annotations of a pod that is injected the same in any namespace */
} DEFAULTS[] = {
	{"nobody says anything", "{}", "{}", "{}"},
	{"a default", "{'a':'b'}", "{'sidewire.io/exclude-outbound-ports':'5432'}",
	 "{'a':'b','sidewire.io/exclude-outbound-ports':'5432'}"},
	{"the pod wins", "{'sidewire.io/exclude-outbound-ports':'80'}",
	 "{'sidewire.io/exclude-outbound-ports':'5432','sidewire.io/gate':'none'}",
	 "{'sidewire.io/exclude-outbound-ports':'80','sidewire.io/gate':'none'}"},
	{"a default that is wrong, and overruled", "{'sidewire.io/gate':'none'}",
	 "{'sidewire.io/gate':'wrong'}", "{'sidewire.io/gate':'none'}"},
	{"a default that is empty, and overruled", "{'sidewire.io/gate':'none'}",
	 "{'sidewire.io/gate':''}", "{'sidewire.io/gate':'none'}"},
	{"profiles and a parameter", "{'param.sidewire.io/image':'mine'}",
	 "{'sidewire.io/profiles':'agent,proxy','param.sidewire.io/tenant':'t',"
	 "'param.sidewire.io/image':'theirs'}",
	 "{'sidewire.io/profiles':'agent,proxy','param.sidewire.io/tenant':'t',"
	 "'param.sidewire.io/image':'mine'}"},
	{"a parameter of other profiles is for other pods", "{'a':'b'}",
	 "{'param.sidewire.io/tenant':'t','param.sidewire.io/port':'80'}",
	 "{'a':'b','param.sidewire.io/port':'80'}"},
	{"the redirect is for other pods",
	 "{'sidewire.io/profiles':'agent','param.sidewire.io/tenant':'t'}",
	 "{'sidewire.io/gate':'wrong','sidewire.io/exclude-uids':'1'}",
	 "{'sidewire.io/profiles':'agent','param.sidewire.io/tenant':'t'}"},
};

/* A default has the effect that the annotation would have on the pod, and is not written there. */
static void test_defaults(void)
{
	CLEANUP(profile_set_release) struct profile_set set = sample_set();

	for (size_t i = 0; i < sizeof(DEFAULTS) / sizeof(*DEFAULTS); i++) {
		const char *row = DEFAULTS[i].name;
		json_auto_t *pod = quoted_json(POD("", APP));
		json_auto_t *model = quoted_json(POD("", APP));
		json_t *own = quoted_json(DEFAULTS[i].pod);
		json_t *as_if = quoted_json(DEFAULTS[i].as_if);
		json_auto_t *annotations = quoted_json(DEFAULTS[i].namespace_annotations);

		/* _new takes the annotations. */
		json_object_set_new(json_object_get(pod, "metadata"), "annotations", own);
		json_object_set_new(json_object_get(model, "metadata"), "annotations", as_if);
		CLEANUP(inject_result_release)
		struct inject_result result = ask_in(&set, pod, annotations);
		CLEANUP(inject_result_release)
		struct inject_result again = ask_in(&set, result.pod, annotations);
		CLEANUP(inject_result_release) struct inject_result expected = ask(&set, model);

		ASSERT_TEXT(row, result.decision.reason, "NamespaceEnabled");
		CU_ASSERT_EQUAL_FATAL(expected.decision.verdict, INJECT_YES);
		ASSERT_TEXT(row, result.profiles, expected.profiles);
		CLEANUP(freep) char *found = quoted_json_text(result.patch);
		CLEANUP(freep) char *wanted = quoted_json_text(expected.patch);
		ASSERT_TEXT(row, found, wanted);
		ASSERT_ROW(row, json_is_array(again.patch) && json_array_size(again.patch) == 0);
	}
}

static const struct {
	const char *pod, *namespace_annotations, *reason, *sentence;
} DENIALS_OF_DEFAULTS[] = {
	{POD("", APP), "{'sidewire.io/gat':'x'}", "BadAnnotation",
	 "namespace 'shop': annotation 'sidewire.io/gat' is not known: did you mean "
	 "'sidewire.io/gate'?"},
	{POD("", APP), "{'sidewire.io/gate':''}", "BadAnnotation",
	 "namespace 'shop': annotation 'sidewire.io/gate' is empty: expected probe, exec or none"},
	{POD("", APP), "{'sidewire.io/inject':'enabled'}", "BadAnnotation",
	 "namespace 'shop': 'sidewire.io/inject' is a label, not an annotation"},
	{POD("", APP), "{'sidewire.io/status':'x'}", "BadAnnotation",
	 "namespace 'shop': annotation 'sidewire.io/status' is no default: the webhook writes it, "
	 "on pods"},
	{POD("", APP), "{'sidewire.io/profiles':'x'}", "BadProfiles",
	 "namespace 'shop': annotation 'sidewire.io/profiles' is 'x': there is no profile 'x', "
	 "known are: agent, other, proxy, tproxy"},
	{POD("", APP), "{'sidewire.io/gate':'x'}", "BadAnnotation",
	 "namespace 'shop': annotation 'sidewire.io/gate' is 'x', expected probe, exec or none"},
	{POD("", APP), "{'sidewire.io/redirect-mode':'tproxy'}", "RedirectConflict",
	 "namespace 'shop': annotation 'sidewire.io/redirect-mode' is 'tproxy': the proxy's "
	 "container 'proxy' lacks the capability NET_RAW, which TPROXY takes: expected it in "
	 "securityContext.capabilities.add"},
	{POD("", APP), "{'sidewire.io/dns-capture':'true'}", "BadAnnotation",
	 "namespace 'shop': annotation 'sidewire.io/dns-capture' is 'true', but profile 'proxy' "
	 "has no dnsPort: its proxy answers no DNS"},
	{POD(ANNOTATION("sidewire.io/redirect-mode", "tproxy-both"), APP),
	 "{'sidewire.io/drop-invalid':'true'}", "BadAnnotation",
	 "namespace 'shop': annotation 'sidewire.io/drop-invalid' is 'true': dropInvalid needs "
	 "conntrack, which mode tproxy-both does without"},
	{POD("", APP), "{'sidewire.io/exclude-uids':'x'}", "BadAnnotation",
	 "namespace 'shop': annotation 'sidewire.io/exclude-uids' is 'x', expected numbers and "
	 "ranges such as 1000,2000-2010: id: 'x' is not a number from 0 to 4294967294"},
	{POD("", APP), "{'param.sidewire.io/port':'http'}", "BadParameter",
	 "namespace 'shop': annotation 'param.sidewire.io/port': 'http' is not an integer such as "
	 "8080"},
	{POD("", APP), "{'param.sidewire.io/prt':'80'}", "BadParameter",
	 "namespace 'shop': annotation 'param.sidewire.io/prt': none of the pod's profiles has "
	 "such a parameter: did you mean 'param.sidewire.io/port'?"},
	/* What the pod says itself is the pod's. */
	{POD(ANNOTATION("sidewire.io/gate", "x"), APP), "{'sidewire.io/gate':'none'}",
	 "BadAnnotation", "annotation 'sidewire.io/gate' is 'x', expected probe, exec or none"},
	{POD(ANNOTATION("sidewire.io/exclude-gids", "x"), APP), "{'sidewire.io/exclude-uids':'1'}",
	 "BadAnnotation",
	 "annotation 'sidewire.io/exclude-gids' is 'x', expected numbers and ranges such as "
	 "1000,2000-2010: id: 'x' is not a number from 0 to 4294967294"},
	{POD("", APP ",'securityContext':{'runAsUser':15099}"), "{'sidewire.io/gate':'none'}",
	 "RedirectConflict",
	 "container 'app' runs as uid 15099, which is the proxy's (container 'proxy' of profile "
	 "'proxy'): its traffic would bypass the proxy"},
};

static void test_denials_of_defaults(void)
{
	CLEANUP(profile_set_release) struct profile_set set = sample_set();

	for (size_t i = 0; i < sizeof(DENIALS_OF_DEFAULTS) / sizeof(*DENIALS_OF_DEFAULTS); i++) {
		const char *row = DENIALS_OF_DEFAULTS[i].namespace_annotations;
		json_auto_t *pod = quoted_json(DENIALS_OF_DEFAULTS[i].pod);
		json_auto_t *annotations = quoted_json(row);
		CLEANUP(inject_result_release)
		struct inject_result result = ask_in(&set, pod, annotations);

		ASSERT_ROW(row, result.decision.verdict == INJECT_DENY && result.status == 422);
		ASSERT_TEXT(row, result.decision.reason, DENIALS_OF_DEFAULTS[i].reason);
		ASSERT_TEXT(row, result.decision.sentence, DENIALS_OF_DEFAULTS[i].sentence);
	}
}

/* Whoever overrides the proxy's container contradicts the namespace, which he may, not himself. */
static void test_gate_by_default(void)
{
	CLEANUP(profile_set_release) struct profile_set set = sample_set();
	json_auto_t *pod = quoted_json(
		POD("", APP ",'initContainers':[{'name':'proxy','startupProbe':{'exec':{}}}]"));
	json_auto_t *annotations = quoted_json("{'sidewire.io/gate':'probe'}");
	CLEANUP(inject_result_release)
	struct inject_result result = ask_in(&set, pod, annotations);

	CU_ASSERT_EQUAL(result.decision.verdict, INJECT_YES);
	CU_ASSERT_EQUAL_FATAL(result.warning_count, 1);
	ASSERT_TEXT(
		"gate", result.warnings[0],
		"sidewire: no gate: container 'proxy' of the pod has a startupProbe of its own");
}

/* What the namespace says is not known: only pods that need to know it are refused. */
static void test_unknown_defaults(void)
{
	static const struct {
		const char *pod;
		int code;
		enum inject_verdict verdict;
		int status;
	} ROWS[] = {
		{POD("", APP), EAGAIN, INJECT_DENY, 503},
		{POD("", APP), ENOENT, INJECT_DENY, 422},
		{POD("", APP ",'hostNetwork':true"), EAGAIN, INJECT_SKIP, 0},
		{POD("'labels':{'sidewire.io/inject':'false'}", APP), EAGAIN, INJECT_SKIP, 0},
	};
	CLEANUP(profile_set_release) struct profile_set set = sample_set();

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		json_auto_t *pod = quoted_json(ROWS[i].pod);
		struct inject_question question = question_of(pod);
		const struct err trouble = {.code = -ROWS[i].code, .msg = "nobody knows"};

		question.namespace_trouble = &trouble;
		CLEANUP(inject_result_release)
		struct inject_result result = answer_to(&set, &question);
		ASSERT_ROW(ROWS[i].pod, result.decision.verdict == ROWS[i].verdict);
		ASSERT_ROW(ROWS[i].pod, result.status == ROWS[i].status);
		if (ROWS[i].verdict != INJECT_DENY)
			continue;
		ASSERT_TEXT(ROWS[i].pod, result.decision.reason, "NamespaceUnknown");
		ASSERT_TEXT(ROWS[i].pod, result.decision.sentence, "nobody knows");
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
	json_t *namespace_annotations;
	bool is_asked;
};

/* What the webhook answers by. Warnings belong to it. */
static int describe(const struct inject_result *result, char **ret_outcome, struct err *err)
{
	json_auto_t *warnings = json_array();
	int r = warnings != NULL ? 0 : -1;

	/* _new takes the text, and fails for NULL. */
	for (size_t i = 0; i < result->warning_count; i++)
		r |= json_array_append_new(warnings, json_string(result->warnings[i]));
	if (r < 0)
		return err_set(err, ENOMEM, "out of memory");
	json_auto_t *answer =
		json_pack("{s:s, s:i, s:s, s:O, s:O, s:O}", "reason", result->decision.reason,
			  "status", result->status, "profiles", result->profiles, "pod",
			  result->pod, "patch", result->patch, "warnings", warnings);
	return alloc_fail_outcome(answer, ret_outcome, err);
}

static int make(const void *input, char **ret_outcome, struct err *err)
{
	static const struct inject_options EXEC = {.default_profiles = "proxy",
						   .gate_image = "gate:1",
						   .image_volumes = IMAGE_VOLUMES_YES};
	const struct sweep *sweep = input;
	struct inject_question question = question_of(sweep->pod);
	CLEANUP(inject_result_release) struct inject_result result = {0};

	question.namespace_annotations = sweep->namespace_annotations;
	question.is_asked = sweep->is_asked;
	int r = inject(&question, sweep->set, &EXEC, &result, err);

	return r == 0 ? describe(&result, ret_outcome, err) : r;
}

static const char *const SWEEPS[] = {
	POD("", APP),
	POD(ANNOTATION("sidewire.io/gate", "exec"), APP),
	POD("", "'containers':[{'name':'app','livenessProbe':{'tcpSocket':{'port':80}}}]"),
	POD(ANNOTATION("sidewire.io/exclude-outbound-cidrs", "10.0.0.0/8,::1"),
	    APP ",'initContainers':[{'name':'init'},{'name':'proxy','image':'auto'}]"),
	POD("'annotations':{'sidewire.io/profiles':'agent','param.sidewire.io/tenant':'t',"
	    "'sidewire.io/redirect':'forged'}",
	    APP),
};

static void test_out_of_memory(void)
{
	CLEANUP(profile_set_release) struct profile_set set = sample_set();

	for (size_t i = 0; i < sizeof(SWEEPS) / sizeof(*SWEEPS); i++) {
		json_auto_t *pod = quoted_json(SWEEPS[i]);
		json_auto_t *annotations = quoted_json(
			"{'sidewire.io/exclude-gids':'7','param.sidewire.io/image':'x'}");
		const struct sweep alone = {&set, pod, NULL, true};
		const struct sweep in_namespace = {&set, pod, annotations, false};

		alloc_fail_sweep_outcome(SWEEPS[i], make, &alone);
		alloc_fail_sweep_outcome(SWEEPS[i], make, &in_namespace);
	}
}

/* Keys that are parameters are as different as their values. */
static void test_keys_of_parameters(void)
{
	CLEANUP(profile_set_release) struct profile_set set = {0};
	CLEANUP(profile_release)
	struct profile profile = sample_profile(SAMPLE_DOCUMENT(
		"proxy", "{'parameters': [{'name': 'a', 'type': 'string', 'default': '1.1.1.1'},"
			 " {'name': 'b', 'type': 'string', 'default': '2.2.2.2'}],"
			 " 'pod': {'spec': {'hostAliases': [{'ip': '${a}'}, {'ip': '${b}'}]}}}"));
	json_auto_t *pod = quoted_json(POD("", APP));
	json_auto_t *same = quoted_json(POD(ANNOTATION("param.sidewire.io/b", "1.1.1.1"), APP));
	struct err err = {0};

	CU_ASSERT_EQUAL_FATAL(profile_set_add(&set, &profile, &err), 0);
	CLEANUP(inject_result_release) struct inject_result good = ask(&set, pod);
	CU_ASSERT_EQUAL(good.decision.verdict, INJECT_YES);
	CLEANUP(inject_result_release) struct inject_result bad = ask(&set, same);
	CU_ASSERT_STRING_EQUAL(bad.decision.reason, "BadParameter");
	ASSERT_TEXT("parameters of one value", bad.decision.sentence,
		    "profile 'proxy': spec.hostAliases[1]: there is another one with this 'ip'");
}

static CU_TestInfo tests[] = {
	{"keys that are parameters", test_keys_of_parameters},
	{"each step denies in its own words", test_denials},
	{"a pod is injected, and twice the same", test_yes},
	{"a pod is skipped with a warning", test_skip},
	{"warnings", test_warnings},
	{"no warning of a probe that was changed", test_no_warning_of_what_was_changed},
	{"a probe of another profile is not the user's", test_probe_of_another_profile},
	{"a redirect document that is too long", test_document_too_long},
	{"a sentence is UTF-8", test_sentence_is_utf8},
	{"the namespace's annotations are defaults", test_defaults},
	{"a refusal says what stands on the namespace", test_denials_of_defaults},
	{"a gate by default yields to the pod", test_gate_by_default},
	{"the namespace's annotations are not known", test_unknown_defaults},
	{"a pod that is asked for", test_asked},
	{"memory may end anywhere", test_out_of_memory},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/inject", tests)
