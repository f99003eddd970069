/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/inject_decide.h"

#include <string.h>

#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"

#define SPEC(more) "{'metadata':{},'spec':{" more "}}"
#define LABEL(value) "{'metadata':{'labels':{'sidewire.io/inject':" value "}},'spec':{}}"

struct row {
	const char *pod; /* NULL: none */
	const char *namespace_name;
	const char *namespace_label;
	enum inject_verdict verdict;
	const char *reason, *sentence, *warning;
};

static const struct row ROWS[] = {
	{SPEC(""), "shop", NULL, INJECT_SKIP, "NotAsked",
	 "neither the pod nor its namespace has the label sidewire.io/inject", ""},
	{SPEC(""), "shop", "enabled", INJECT_YES, "NamespaceEnabled",
	 "namespace 'shop' has the label sidewire.io/inject: enabled", ""},
	{LABEL("'true'"), "shop", NULL, INJECT_YES, "PodAsks",
	 "the pod has the label sidewire.io/inject: \"true\"", ""},
	{LABEL("'true'"), "shop", "enabled", INJECT_YES, "PodAsks",
	 "the pod has the label sidewire.io/inject: \"true\"", ""},
	{LABEL("'false'"), "shop", "enabled", INJECT_SKIP, "PodDeclines",
	 "the pod has the label sidewire.io/inject: \"false\"", ""},
	{LABEL("'True'"), "shop", "enabled", INJECT_DENY, "PodLabelInvalid",
	 "the pod's label sidewire.io/inject is 'True': expected \"true\" or \"false\"", ""},
	{LABEL("''"), "shop", NULL, INJECT_DENY, "PodLabelInvalid",
	 "the pod's label sidewire.io/inject is '': expected \"true\" or \"false\"", ""},
	{SPEC(""), "shop", "disabled", INJECT_SKIP, "NamespaceBlocks",
	 "namespace 'shop' has the label sidewire.io/inject: 'disabled', which blocks injection",
	 ""},
	{LABEL("'true'"), "shop", "disabled", INJECT_SKIP, "NamespaceBlocks",
	 "namespace 'shop' has the label sidewire.io/inject: 'disabled', which blocks injection",
	 "sidewire: not injected: the namespace's label sidewire.io/inject is 'disabled'"},
	{LABEL("'what'"), "shop", "", INJECT_SKIP, "NamespaceBlocks",
	 "namespace 'shop' has the label sidewire.io/inject: '', which blocks injection", ""},
	{SPEC(""), "kube-system", "enabled", INJECT_SKIP, "SystemNamespace",
	 "namespace 'kube-system' is one that is never injected", ""},
	{SPEC(""), "kube-public", "enabled", INJECT_SKIP, "SystemNamespace",
	 "namespace 'kube-public' is one that is never injected", ""},
	{SPEC(""), "kube-node-lease", "enabled", INJECT_SKIP, "SystemNamespace",
	 "namespace 'kube-node-lease' is one that is never injected", ""},
	{LABEL("'what'"), "ours", "enabled", INJECT_SKIP, "SystemNamespace",
	 "namespace 'ours' is one that is never injected", ""},
	{"{'metadata':{'namespace':'ours'},'spec':{}}", "", "enabled", INJECT_SKIP,
	 "SystemNamespace", "namespace 'ours' is one that is never injected", ""},
	{"{'metadata':{'namespace':'ours'},'spec':{}}", "shop", "enabled", INJECT_YES,
	 "NamespaceEnabled", "namespace 'shop' has the label sidewire.io/inject: enabled", ""},
	{SPEC("'os':{'name':'windows'}"), "kube-system", "disabled", INJECT_SKIP, "Windows",
	 "the pod has os.name: windows, which has no redirect of ours",
	 "sidewire: not injected: the pod has os.name windows, which has no redirect of ours"},
	{SPEC("'os':{'name':'linux'}"), "shop", "enabled", INJECT_YES, "NamespaceEnabled",
	 "namespace 'shop' has the label sidewire.io/inject: enabled", ""},
	{SPEC("'hostNetwork':true,'os':{'name':'windows'}"), "shop", "enabled", INJECT_SKIP,
	 "HostNetwork", "the pod has hostNetwork: true, and redirecting it would redirect its node",
	 "sidewire: not injected: the pod has hostNetwork, and redirecting it would redirect its "
	 "node"},
	{SPEC("'hostNetwork':false"), "shop", "enabled", INJECT_YES, "NamespaceEnabled",
	 "namespace 'shop' has the label sidewire.io/inject: enabled", ""},
	{"{'metadata':{'annotations':{'kubernetes.io/"
	 "config.mirror':''}},'spec':{'hostNetwork':true}}",
	 "shop", "enabled", INJECT_SKIP, "MirrorPod",
	 "it is a mirror pod: the kubelet runs it from a file on its node", ""},
	{NULL, "shop", "enabled", INJECT_DENY, "MalformedPod",
	 "the pod cannot be read: it must be an object, found nothing", ""},
	{NULL, "shop", NULL, INJECT_SKIP, "NotAsked",
	 "neither the pod nor its namespace has the label sidewire.io/inject", ""},
	{"{}", "shop", "enabled", INJECT_DENY, "MalformedPod",
	 "the pod cannot be read: it has no 'spec'", ""},
	{"{'spec':7}", "shop", "enabled", INJECT_DENY, "MalformedPod",
	 "the pod cannot be read: the pod: 'spec' must be an object, found integer", ""},
	{"{'metadata':7,'spec':{}}", "shop", "enabled", INJECT_DENY, "MalformedPod",
	 "the pod cannot be read: the pod: 'metadata' must be an object, found integer", ""},
	{LABEL("true"), "shop", "enabled", INJECT_DENY, "MalformedPod",
	 "the pod cannot be read: metadata: 'sidewire.io/inject' must be a string, found boolean",
	 ""},
	{LABEL("true"), "shop", NULL, INJECT_SKIP, "NotAsked",
	 "neither the pod nor its namespace has the label sidewire.io/inject", ""},
	{SPEC("'hostNetwork':'true'"), "shop", "enabled", INJECT_DENY, "MalformedPod",
	 "the pod cannot be read: spec: 'hostNetwork' must be true or false, found string", ""},
	{SPEC("'os':'windows'"), "shop", "enabled", INJECT_DENY, "MalformedPod",
	 "the pod cannot be read: spec: 'os' must be an object, found string", ""},
	{"{'metadata':{'labels':[]},'spec':{'os':7}}", "shop", "enabled", INJECT_DENY,
	 "MalformedPod",
	 "the pod cannot be read: metadata: 'labels' must be an object, found array", ""},
};

static struct inject_question question_of(const struct row *row, json_t *pod)
{
	return (struct inject_question){.operation = "CREATE",
					.resource = "pods",
					.subresource = "",
					.namespace_name = row->namespace_name,
					.namespace_label = row->namespace_label,
					.own_namespace = "ours",
					.pod = pod};
}

static void test_rules(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		json_auto_t *pod = ROWS[i].pod != NULL ? quoted_json(ROWS[i].pod) : NULL;
		const struct inject_question question = question_of(&ROWS[i], pod);
		const char *name = ROWS[i].pod != NULL ? ROWS[i].pod : "no pod";
		struct inject_decision decision;

		memset(&decision, 0xff, sizeof(decision));
		inject_decide(&question, &decision);
		ASSERT_ROW(name, decision.verdict == ROWS[i].verdict);
		ASSERT_TEXT(name, decision.reason, ROWS[i].reason);
		ASSERT_TEXT(name, decision.sentence, ROWS[i].sentence);
		ASSERT_TEXT(name, decision.warning, ROWS[i].warning);
	}
}

static const struct {
	const char *operation, *resource, *subresource, *sentence; /* NULL: a pod's creation */
} REQUESTS[] = {
	{"CREATE", "pods", "", NULL},
	{"UPDATE", "pods", "", "UPDATE of pods is not the creation of a pod"},
	{"create", "pods", "", "create of pods is not the creation of a pod"},
	{"", "pods", "", " of pods is not the creation of a pod"},
	{"CREATE", "pods", "eviction", "CREATE of pods/eviction is not the creation of a pod"},
	{"CREATE", "deployments", "", "CREATE of deployments is not the creation of a pod"},
	{"CREATE", "", "", "CREATE of another resource is not the creation of a pod"},
};

/* Whatever else is said of it: with the label "what" a pod would be denied. */
static void test_requests(void)
{
	static const struct row ANY = {.namespace_name = "shop", .namespace_label = "enabled"};
	json_auto_t *pod = quoted_json(LABEL("'what'"));

	for (size_t i = 0; i < sizeof(REQUESTS) / sizeof(*REQUESTS); i++) {
		struct inject_question question = question_of(&ANY, pod);
		struct inject_decision decision;

		question.operation = REQUESTS[i].operation;
		question.resource = REQUESTS[i].resource;
		question.subresource = REQUESTS[i].subresource;
		inject_decide(&question, &decision);
		if (REQUESTS[i].sentence == NULL) {
			CU_ASSERT_EQUAL(decision.verdict, INJECT_DENY);
			continue;
		}
		ASSERT_ROW(REQUESTS[i].sentence, decision.verdict == INJECT_SKIP);
		ASSERT_TEXT(REQUESTS[i].sentence, decision.reason, "NotPodCreate");
		ASSERT_TEXT(REQUESTS[i].sentence, decision.sentence, REQUESTS[i].sentence);
	}
}

/* A long value is cut between characters, and what it is about stays. */
static void test_long_values(void)
{
	static const struct row ROW = {.namespace_name = "shop",
				       .namespace_label =
					       "x\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
					       "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
					       "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
					       "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
					       "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
					       "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"};
	json_auto_t *pod = quoted_json(LABEL("'true'"));
	const struct inject_question question = question_of(&ROW, pod);
	struct inject_decision decision;

	inject_decide(&question, &decision);
	json_auto_t *warning = json_string(decision.warning);
	json_auto_t *sentence = json_string(decision.sentence);
	CU_ASSERT_PTR_NOT_NULL(warning);
	CU_ASSERT_PTR_NOT_NULL(sentence);
	CU_ASSERT(strlen(decision.warning) > 100 && strlen(decision.warning) <= 120);
	CU_ASSERT_PTR_NOT_NULL(strstr(decision.warning, "label sidewire.io/inject is 'x\xe2\x82"));
}

/* Of the request, else of the pod. */
static void test_namespace(void)
{
	static const struct {
		const char *request, *pod, *expected;
	} NAMESPACES[] = {
		{"shop", "{'metadata':{'namespace':'other'}}", "shop"},
		{"", "{'metadata':{'namespace':'other'}}", "other"},
		{"", "{'metadata':{'namespace':7}}", ""},
		{"", "{}", ""},
	};

	for (size_t i = 0; i < sizeof(NAMESPACES) / sizeof(*NAMESPACES); i++) {
		const struct row row = {.namespace_name = NAMESPACES[i].request,
					.namespace_label = "enabled"};
		json_auto_t *pod = quoted_json(NAMESPACES[i].pod);
		const struct inject_question question = question_of(&row, pod);
		struct inject_decision decision;

		inject_decide(&question, &decision);
		ASSERT_TEXT(NAMESPACES[i].pod, decision.namespace_name, NAMESPACES[i].expected);
	}
}

/* Whoever explains a decision names the rules up to the one that answered. */
static void test_rule_names(void)
{
	json_auto_t *pod = quoted_json(LABEL("'false'"));
	const struct inject_question question =
		question_of(&(const struct row){.namespace_name = "shop"}, pod);
	struct inject_decision decision;

	inject_decide(&question, &decision);
	CU_ASSERT_EQUAL(decision.rule, 6);
	CU_ASSERT_STRING_EQUAL(inject_rule_name(decision.rule), "pod that asks or declines");
	CU_ASSERT_STRING_EQUAL(inject_rule_name(INJECT_RULE_COUNT - 1), "enabled namespace");
}

static void test_verdict_names(void)
{
	CU_ASSERT_STRING_EQUAL(inject_verdict_name(INJECT_SKIP), "skip");
	CU_ASSERT_STRING_EQUAL(inject_verdict_name(INJECT_YES), "inject");
	CU_ASSERT_STRING_EQUAL(inject_verdict_name(INJECT_DENY), "deny");
}

static CU_TestInfo tests[] = {
	{"the first rule that answers wins", test_rules},
	{"only the creation of a pod is ours", test_requests},
	{"long values are cut between characters", test_long_values},
	{"which namespace it is about", test_namespace},
	{"verdicts have names", test_verdict_names},
	{"rules have names", test_rule_names},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/inject_decide", tests)
