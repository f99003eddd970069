/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which profiles a pod gets, and with which values of their parameters. */
#ifndef SIDEWIRE_WEBHOOK_PROFILE_CHOICE_H
#define SIDEWIRE_WEBHOOK_PROFILE_CHOICE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "webhook/core/profile.h"

enum { PROFILE_CHOICE_MAX = 16 }; /* profiles of one pod */

struct profile_choice {
	const struct profile *profiles[PROFILE_CHOICE_MAX]; /* borrowed, in the order written */
	size_t count;
	const struct profile *redirecting; /* the one that redirects; NULL: none does */
};

/*
 * Chooses by the annotation sidewire.io/profiles, or by `default_profiles` where there is none.
 * `annotations` is the pod's object of texts, checked by annotation_check(), or NULL. -EINVAL for a
 * name that no profile has (the message lists the known ones), one twice, too many, two that
 * redirect, or one that needs a redirect where none of them redirects.
 */
int profile_choose(const struct profile_set *set, const char *default_profiles,
		   const json_t *annotations, struct profile_choice *ret_choice, struct err *err)
	__attribute__((nonnull(1, 2, 4, 5), warn_unused_result));

/* Whether a chosen profile puts an element of that name into a list of the pod's spec. */
bool profile_choice_has(const struct profile_choice *choice, const char *list, const char *name)
	__attribute__((nonnull));

/*
 * Removes from the annotations in force, as namespace_defaults_merge() made them, the defaults that
 * the chosen profiles do not heed: those that bear on the redirect where none of them redirects,
 * and the values of parameters that only others of the set have. Unlike an annotation of the pod's
 * own, such a default of its namespace is no mistake: it is for other pods. `own` is what the pod
 * has itself; either may be NULL.
 */
void profile_choice_drop_defaults(const struct profile_choice *choice,
				  const struct profile_set *set, const json_t *own,
				  json_t *annotations) __attribute__((nonnull(1, 2)));

/*
 * Checks that every annotation param.sidewire.io/NAME names a parameter of one chosen profile.
 * -EINVAL, naming the annotation, and the parameter that may have been meant, or the profiles that
 * both have it.
 */
int profile_choice_check_parameters(const struct profile_choice *choice, json_t *annotations,
				    struct err *err)
	__attribute__((nonnull(1, 3), warn_unused_result));

/*
 * The values of a profile's parameters, an object from name to scalar that the caller owns: from
 * the pod's annotation, or the default. -EINVAL, naming the annotation, for a value that does not
 * parse, or that is missing; -ENOMEM.
 */
int profile_values(const struct profile *profile, const json_t *annotations, json_t **ret_values,
		   struct err *err) __attribute__((nonnull(1, 3, 4), warn_unused_result));

#endif
