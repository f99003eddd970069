/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Injection as one pure function of question, profiles and options: no clock, no randomness, no
 * look-up. The webhook calls it for every review, an offline tool can call it just so.
 */
#ifndef SIDEWIRE_WEBHOOK_INJECT_H
#define SIDEWIRE_WEBHOOK_INJECT_H

#include <jansson.h>

#include "webhook/core/image_volumes.h"
#include "webhook/core/inject_decide.h"
#include "webhook/core/profile.h"

/* What an installation sets once. Borrowed. */
struct inject_options {
	const char *default_profiles; /* comma list, for pods that name none */
	const char *gate_image; /* reference of the image that holds /sidewire-gate; NULL: no exec
				   gate */
	enum image_volumes image_volumes; /* for probes that are to become exec probes */
};

enum { INJECT_WARNINGS_MAX = 8 };

struct inject_result {
	struct inject_decision
		decision; /* what became of the pod; INJECT_DENY also for bad annotations */
	int status;       /* HTTP status of a denial, 400, 422 or 503; 0 otherwise */
	json_t *pod;      /* the injected pod, owned; NULL unless INJECT_YES */
	json_t *patch;  /* RFC 6902 from the question's pod to it, owned; NULL unless INJECT_YES */
	char *profiles; /* comma list of those that were applied, owned; NULL unless INJECT_YES */
	char warnings[INJECT_WARNINGS_MAX][INJECT_WARNING_SIZE];
	size_t warning_count;
};

/*
 * Decides and, if so decided, injects. Whatever is wrong with the pod, its annotations or those of
 * its namespace is a denial in *ret_result, not an error; it says what stands on the namespace.
 * Where the namespace's are not known the denial has their trouble's sentence, and the status 503
 * if that is -EAGAIN. The caller releases the result. Fails only for -ENOMEM.
 */
int inject(const struct inject_question *question, const struct profile_set *profiles,
	   const struct inject_options *options, struct inject_result *ret_result, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* A warning without the name of whom it is from, "sidewire: ", for those who know that. Borrowed.
 */
const char *inject_warning_text(const char *warning) __attribute__((nonnull));

/* Frees what the result owns. For CLEANUP(). */
void inject_result_release(struct inject_result *result) __attribute__((nonnull));

#endif
