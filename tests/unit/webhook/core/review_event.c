/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/review_event.h"

#include <stdio.h>
#include <string.h>

#include "common/base/utf8.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"

#define REPLICA_SET            \
	"{'apiVersion':'apps/" \
	"v1','kind':'ReplicaSet','name':'web-5d','uid':'u1','controller':true}"
#define HOST_NETWORK(metadata) "{'metadata':{" metadata "},'spec':{'hostNetwork':true}}"
#define LABELLED(value, more) \
	"{'metadata':{'labels':{'sidewire.io/inject':'" value "'}" more "},'spec':{}}"
#define SENTENCE "the pod has hostNetwork: true, and redirecting it would redirect its node"

static const struct inject_question CREATION = {
	.operation = "CREATE",
	.resource = "pods",
	.subresource = "",
	.namespace_name = "shop",
	.namespace_label = "enabled",
	.own_namespace = "ours",
};

/* Decides, and makes what is told of it. */
static bool make(const char *pod_text, struct inject_question question, bool is_dry_run,
		 struct review_event *ret_event)
{
	json_auto_t *pod = quoted_json(pod_text);
	struct inject_decision decision;

	question.pod = pod;
	inject_decide(&question, &decision);
	return review_event_make(&question, &decision, is_dry_run, ret_event);
}

static void test_who_is_told_of(void)
{
	static const struct {
		const char *name, *pod, *reason; /* NULL: nobody is */
	} ROWS[] = {
		{"injected", "{'metadata':{},'spec':{}}", NULL},
		{"declines", LABELLED("false", ""), NULL},
		{"a mirror pod", HOST_NETWORK("'annotations':{'kubernetes.io/config.mirror':'x'}"),
		 NULL},
		{"passed over", HOST_NETWORK("'name':'p'"), "SidewireNotInjected"},
		{"Windows", "{'metadata':{},'spec':{'os':{'name':'windows'}}}",
		 "SidewireNotInjected"},
		{"refused", LABELLED("maybe", ""), "SidewireRefused"},
		{"not a pod at all", "7", "SidewireRefused"},
	};

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		struct review_event event = {.reason = "nothing"};
		bool is_told = make(ROWS[i].pod, CREATION, false, &event);

		ASSERT_ROW(ROWS[i].name, is_told == (ROWS[i].reason != NULL));
		ASSERT_TEXT(ROWS[i].name, event.reason,
			    ROWS[i].reason != NULL ? ROWS[i].reason : "nothing");
	}
}

static void test_which_reviews_are_none(void)
{
	static const char POD[] = HOST_NETWORK("'ownerReferences':[" REPLICA_SET "]");
	struct inject_question question = CREATION;
	struct review_event event;

	CU_ASSERT(make(POD, question, false, &event));
	CU_ASSERT_FALSE(make(POD, question, true, &event));
	question.namespace_label = NULL;
	CU_ASSERT_FALSE(make(POD, question, false, &event));
	question.namespace_label = "disabled";
	CU_ASSERT_FALSE(make(POD, question, false, &event));
	question = CREATION;
	question.operation = "UPDATE";
	CU_ASSERT_FALSE(make(POD, question, false, &event));
	question = CREATION;
	question.subresource = "eviction";
	CU_ASSERT_FALSE(make(POD, question, false, &event));
	question = CREATION;
	question.namespace_name = "kube-system";
	CU_ASSERT_FALSE(make(LABELLED("maybe", ""), question, false, &event));
	/* It becomes part of a path. */
	question.namespace_name = "../secrets";
	CU_ASSERT_FALSE(make(POD, question, false, &event));
}

static void test_what_it_is_about(void)
{
#define OTHER "{'apiVersion':'v1','kind':'ConfigMap','name':'c','uid':'u0'}"
#define CONTROLLER(more) "'ownerReferences':[{'controller':true" more "}]"
	static const struct {
		const char *pod, *about, *message;
	} ROWS[] = {
		{HOST_NETWORK("'ownerReferences':[" OTHER "," REPLICA_SET "]"),
		 "apps/v1 ReplicaSet web-5d u1", SENTENCE},
		{HOST_NETWORK("'name':'p','ownerReferences':[" OTHER "]"), "v1 Namespace shop ",
		 "pod p: " SENTENCE},
		{HOST_NETWORK("'generateName':'g-'"), "v1 Namespace shop ", "pod g-: " SENTENCE},
		{HOST_NETWORK("'name':'','generateName':''"), "v1 Namespace shop ",
		 "pod without a name: " SENTENCE},
		{HOST_NETWORK("'ownerReferences':7"), "v1 Namespace shop ",
		 "pod without a name: " SENTENCE},
		{HOST_NETWORK("'ownerReferences':[7]"), "v1 Namespace shop ",
		 "pod without a name: " SENTENCE},
		{HOST_NETWORK(CONTROLLER("")), "v1 Namespace shop ",
		 "pod without a name: " SENTENCE},
		{HOST_NETWORK(CONTROLLER(
			 ",'apiVersion':'apps/v1','kind':'ReplicaSet','name':'','uid':'u'")),
		 "v1 Namespace shop ", "pod without a name: " SENTENCE},
		{HOST_NETWORK(CONTROLLER(
			 ",'apiVersion':'apps/v1','kind':'ReplicaSet','name':'n','uid':7")),
		 "v1 Namespace shop ", "pod without a name: " SENTENCE},
	};

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		struct review_event event;
		char about[sizeof(event)];

		CU_ASSERT_FATAL(make(ROWS[i].pod, CREATION, false, &event));
		snprintf(about, sizeof(about), "%s %s %s %s", event.api_version, event.kind,
			 event.name, event.uid);
		ASSERT_TEXT(ROWS[i].pod, about, ROWS[i].about);
		ASSERT_TEXT(ROWS[i].pod, event.message, ROWS[i].message);
		ASSERT_TEXT(ROWS[i].pod, event.namespace_name, "shop");
		ASSERT_TEXT(ROWS[i].pod, event.why, "HostNetwork");
	}
}

/* A pod called `unit` again and again, and the same for its controller. */
static json_t *make_long_pod(const char *unit, size_t count)
{
	char text[4096] = "";

	for (size_t i = 0; i < count; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s", unit);
	return json_pack("{s:{s:s, s:[{s:b, s:s, s:s, s:s, s:s}]}, s:{s:b}}", "metadata", "name",
			 text, "ownerReferences", "controller", 1, "apiVersion", "apps/v1", "kind",
			 "ReplicaSet", "name", text, "uid", "u", "spec", "hostNetwork", 1);
}

static bool is_utf8(const char *text)
{
	while (*text != '\0') {
		size_t length = utf8_length(text, strlen(text));

		if (length == 0)
			return false;
		text += length;
	}
	return true;
}

/* Makes what is told of such a pod. */
static bool make_of_long(const char *unit, size_t count, struct review_event *ret_event)
{
	json_auto_t *pod = make_long_pod(unit, count);
	struct inject_question question = CREATION;
	struct inject_decision decision;

	question.pod = pod;
	inject_decide(&question, &decision);
	return review_event_make(&question, &decision, false, ret_event);
}

/* Whether it is told at a controller whose name has so many bytes; Kubernetes allows 253. */
static bool is_at_controller(size_t length)
{
	struct review_event event;

	return make_of_long("n", length, &event) && strcmp(event.kind, "ReplicaSet") == 0;
}

static void test_long_names(void)
{
	for (size_t count = 1; count < 600; count++) {
		struct review_event event;

		CU_ASSERT_FATAL(make_of_long("\u20ac", count, &event));
		CU_ASSERT(is_utf8(event.name) && is_utf8(event.message));
		CU_ASSERT((strcmp(event.kind, "ReplicaSet") == 0) ==
			  (count * 3 < REVIEW_EVENT_TEXT_SIZE));
		CU_ASSERT_PTR_NOT_NULL(strstr(event.message, SENTENCE));
	}
	CU_ASSERT(is_at_controller(253));
	CU_ASSERT_FALSE(is_at_controller(254));
	/* Of events.k8s.io/v1, for its note. */
	CU_ASSERT(REVIEW_EVENT_MESSAGE_SIZE <= 1024);
}

static CU_TestInfo tests[] = {
	{"who is told of", test_who_is_told_of},
	{"which reviews are none", test_which_reviews_are_none},
	{"what it is about", test_what_it_is_about},
	{"long names", test_long_names},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/review_event", tests)
