/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/inject_decide.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/base/json_read.h"
#include "common/base/utf8.h"
#include "common/base/word_list.h"
#include "common/vocabulary.h"

#define MIRROR_ANNOTATION "kubernetes.io/config.mirror"

/* What the decision looks at. What is not of its type counts as absent, and is remembered. */
struct outline {
	const struct inject_question *question;
	const char *namespace_name;
	const char *label; /* sidewire.io/inject of the pod; NULL when it has none */
	const char *os_name;
	bool is_mirror;
	bool is_host_network;
	struct err malformed; /* the first thing that is not of its type */
};

const char *inject_verdict_name(enum inject_verdict verdict)
{
	static const char *const NAMES[] = {
		[INJECT_SKIP] = "skip",
		[INJECT_YES] = "inject",
		[INJECT_DENY] = "deny",
	};

	return NAMES[verdict];
}

/* Answers the question, or leaves it (false) to the next rule. */
typedef bool rule_function(const struct outline *outline, struct inject_decision *decision);

__attribute__((format(printf, 4, 5))) static bool answer(struct inject_decision *decision,
							 enum inject_verdict verdict,
							 const char *reason, const char *format,
							 ...)
{
	va_list args;

	decision->verdict = verdict;
	decision->reason = reason;
	va_start(args, format);
	vsnprintf(decision->sentence, sizeof(decision->sentence), format, args);
	va_end(args);
	utf8_repair(decision->sentence);
	return true;
}

__attribute__((format(printf, 2, 3))) static void warn(struct inject_decision *decision,
						       const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(decision->warning, sizeof(decision->warning), format, args);
	va_end(args);
	utf8_repair(decision->warning);
}

static bool is_text(const char *text, const char *expected)
{
	return text != NULL && strcmp(text, expected) == 0;
}

static bool rule_pod_create(const struct outline *outline, struct inject_decision *decision)
{
	const struct inject_question *question = outline->question;

	if (strcmp(question->operation, "CREATE") == 0 && strcmp(question->resource, "pods") == 0 &&
	    *question->subresource == '\0')
		return false;
	return answer(decision, INJECT_SKIP, "NotPodCreate",
		      "%.32s of %.64s%s%.64s is not the creation of a pod", question->operation,
		      *question->resource != '\0' ? question->resource : "another resource",
		      *question->subresource != '\0' ? "/" : "", question->subresource);
}

static bool rule_mirror(const struct outline *outline, struct inject_decision *decision)
{
	return outline->is_mirror &&
	       answer(decision, INJECT_SKIP, "MirrorPod",
		      "it is a mirror pod: the kubelet runs it from a file on its node");
}

static bool rule_host_network(const struct outline *outline, struct inject_decision *decision)
{
	if (!outline->is_host_network)
		return false;
	warn(decision, "sidewire: not injected: the pod has hostNetwork, and redirecting it would "
		       "redirect its node");
	return answer(decision, INJECT_SKIP, "HostNetwork",
		      "the pod has hostNetwork: true, and redirecting it would redirect its node");
}

static bool rule_windows(const struct outline *outline, struct inject_decision *decision)
{
	if (!is_text(outline->os_name, "windows"))
		return false;
	warn(decision, "sidewire: not injected: the pod has os.name windows, which has no "
		       "redirect of ours");
	return answer(decision, INJECT_SKIP, "Windows",
		      "the pod has os.name: windows, which has no redirect of ours");
}

static bool rule_system_namespace(const struct outline *outline, struct inject_decision *decision)
{
	static const char *const SYSTEM[] = {"kube-system", "kube-public", "kube-node-lease", NULL};
	const char *name = outline->namespace_name;

	if (!word_list_has(SYSTEM, name) && strcmp(name, outline->question->own_namespace) != 0)
		return false;
	return answer(decision, INJECT_SKIP, "SystemNamespace",
		      "namespace '%.64s' is one that is never injected", name);
}

static bool rule_namespace_blocks(const struct outline *outline, struct inject_decision *decision)
{
	const char *label = outline->question->namespace_label;

	if (label == NULL || strcmp(label, "enabled") == 0)
		return false;
	if (is_text(outline->label, "true"))
		warn(decision,
		     "sidewire: not injected: the namespace's label " LABEL_INJECT " is '%.64s'",
		     label);
	return answer(decision, INJECT_SKIP, "NamespaceBlocks",
		      "namespace '%.64s' has the label " LABEL_INJECT
		      ": '%.64s', which blocks injection",
		      outline->namespace_name, label);
}

static bool rule_pod_label(const struct outline *outline, struct inject_decision *decision)
{
	if (outline->label == NULL)
		return false;
	if (strcmp(outline->label, "true") == 0)
		return answer(decision, INJECT_YES, "PodAsks",
			      "the pod has the label " LABEL_INJECT ": \"true\"");
	if (strcmp(outline->label, "false") == 0)
		return answer(decision, INJECT_SKIP, "PodDeclines",
			      "the pod has the label " LABEL_INJECT ": \"false\"");
	return answer(decision, INJECT_DENY, "PodLabelInvalid",
		      "the pod's label " LABEL_INJECT " is '%.64s': expected \"true\" or \"false\"",
		      outline->label);
}

static bool rule_namespace_label(const struct outline *outline, struct inject_decision *decision)
{
	if (is_text(outline->question->namespace_label, "enabled"))
		return answer(decision, INJECT_YES, "NamespaceEnabled",
			      "namespace '%.64s' has the label " LABEL_INJECT ": enabled",
			      outline->namespace_name);
	return answer(decision, INJECT_SKIP, "NotAsked",
		      "neither the pod nor its namespace has the label " LABEL_INJECT);
}

static void remember(struct outline *outline, const char *where, const struct err *err)
{
	if (err->code == 0 || outline->malformed.code != 0)
		return;
	outline->malformed = *err;
	err_wrap(&outline->malformed, "%s", where);
}

static void read_metadata(struct outline *outline, const json_t *metadata)
{
	json_t *labels = NULL;
	json_t *annotations = NULL;
	const char *own_namespace = NULL;
	struct err err = {0};

	if (json_read_object(metadata, "labels", &labels, &err) < 0 ||
	    json_read_object(metadata, "annotations", &annotations, &err) < 0 ||
	    json_read_string(metadata, "namespace", &own_namespace, &err) < 0 ||
	    json_read_string(labels, LABEL_INJECT, &outline->label, &err) < 0)
		remember(outline, "metadata", &err);
	outline->is_mirror = json_object_get(annotations, MIRROR_ANNOTATION) != NULL;
	if (*outline->namespace_name == '\0' && own_namespace != NULL)
		outline->namespace_name = own_namespace;
}

static void read_spec(struct outline *outline, const json_t *spec)
{
	json_t *os = NULL;
	struct err err = {0};

	if (json_read_boolean(spec, "hostNetwork", &outline->is_host_network, &err) < 0 ||
	    json_read_object(spec, "os", &os, &err) < 0 ||
	    json_read_string(os, "name", &outline->os_name, &err) < 0)
		remember(outline, "spec", &err);
}

static void read_pod(struct outline *outline, const json_t *pod)
{
	json_t *metadata = NULL;
	json_t *spec = NULL;
	struct err err = {0};

	if (!json_is_object(pod)) {
		err_set(&outline->malformed, EINVAL, "it must be an object, found %s",
			json_type_name(pod));
		return;
	}
	if (json_read_object(pod, "metadata", &metadata, &err) < 0 ||
	    json_read_object(pod, "spec", &spec, &err) < 0)
		remember(outline, "the pod", &err);
	if (spec == NULL && err.code == 0)
		err_set(&outline->malformed, EINVAL, "it has no 'spec'");
	read_metadata(outline, metadata);
	read_spec(outline, spec);
}

/* In the order of evaluation. The last one always answers. */
static const struct rule {
	rule_function *answer;
	const char *name;
} RULES[INJECT_RULE_COUNT] = {
	{rule_pod_create, "another request"},
	{rule_mirror, "mirror pod"},
	{rule_host_network, "host network"},
	{rule_windows, "Windows"},
	{rule_system_namespace, "namespace of the system"},
	{rule_namespace_blocks, "namespace that blocks"},
	{rule_pod_label, "pod that asks or declines"},
	{rule_namespace_label, "enabled namespace"},
};

const char *inject_rule_name(size_t rule)
{
	return RULES[rule].name;
}

void inject_decide(const struct inject_question *question, struct inject_decision *ret_decision)
{
	struct outline outline = {.question = question, .namespace_name = question->namespace_name};
	struct inject_decision decision = {0};
	size_t i = 0;

	read_pod(&outline, question->pod);
	if (question->is_asked && outline.label == NULL)
		outline.label = "true";
	while (!RULES[i].answer(&outline, &decision))
		i++;
	decision.rule = i;
	/* Only now: a pod that is none of our business never fails because of us. */
	if (decision.verdict == INJECT_YES && outline.malformed.code != 0)
		answer(&decision, INJECT_DENY, INJECT_MALFORMED_POD, "the pod cannot be read: %s",
		       outline.malformed.msg);
	decision.namespace_name = outline.namespace_name;
	*ret_decision = decision;
}
