/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a pod is injected, and why: the first answer wins, and every answer has a code for
 * machines and a sentence for people.
 */
#ifndef SIDEWIRE_WEBHOOK_INJECT_DECIDE_H
#define SIDEWIRE_WEBHOOK_INJECT_DECIDE_H

#include <jansson.h>
#include <stdbool.h>

#include "common/base/err.h"

enum inject_verdict {
	INJECT_SKIP, /* the pod is admitted as it is */
	INJECT_YES,  /* the pod is to be injected; as a result: it was */
	INJECT_DENY, /* the pod is refused */
};

/* The verdict in one word for logs, metrics and audit: "skip", "inject", "deny". Static. */
const char *inject_verdict_name(enum inject_verdict verdict);

enum {
	INJECT_WARNING_SIZE = 121, /* a warning is at most 120 characters (Kubernetes API,
				      AdmissionResponse.warnings) */
	INJECT_SENTENCE_SIZE = ERR_MSG_SIZE,
};

/* The reason of a denial that is about a pod's shape, not about what it asks for. */
#define INJECT_MALFORMED_POD "MalformedPod"

/* How many rules there are, in the order in which they are asked. */
enum { INJECT_RULE_COUNT = 8 };

/* What the rule of that place, from 0, looks at, in a few words: "mirror pod". Static. */
const char *inject_rule_name(size_t rule);

struct inject_decision {
	enum inject_verdict verdict;
	size_t rule;        /* the place of the one that answered, from 0 */
	const char *reason; /* static code in PascalCase, "HostNetwork": logs, metrics, audit */
	char sentence[INJECT_SENTENCE_SIZE]; /* one sentence for a person */
	char warning[INJECT_WARNING_SIZE];   /* for the user who creates the pod; empty: none */
	const char *namespace_name; /* the request's, or the pod's own; "" when neither names one;
				       borrowed from the question */
};

/* What is asked about. All pointers are borrowed. */
struct inject_question {
	const char *operation; /* of the review, "CREATE" */
	const char *resource;  /* "pods" for pods of the core group; anything else is not for us */
	const char *subresource;       /* "" for the pod itself */
	const char *namespace_name;    /* of the request, or the pod's own */
	const char *namespace_label;   /* value of sidewire.io/inject on the namespace, NULL when it
					  has none */
	const char *own_namespace;     /* where sidewire itself runs */
	json_t *namespace_annotations; /* its defaults, see namespace_facts_read(); NULL: none */
	const struct err *namespace_trouble; /* why they are not known: a pod that would be injected
						is denied. NULL: they are known */
	bool is_asked; /* a pod without the label sidewire.io/inject is taken to have it, "true";
			  inject() then gives it the label */
	json_t *pod;   /* any JSON: its shape is checked here; NULL when the review has no object */
};

/*
 * Decides. Where a pod's outlines have the wrong type, they count as absent, and the pod is denied
 * only if it would have been injected: what is none of our business never fails because of us.
 * Nothing here fails. Sentence and warning are UTF-8.
 */
void inject_decide(const struct inject_question *question, struct inject_decision *ret_decision)
	__attribute__((nonnull));

#endif
