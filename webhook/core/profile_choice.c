/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/profile_choice.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/list_item.h"
#include "common/base/strbuf.h"
#include "common/vocabulary.h"
#include "webhook/core/annotation.h"
#include "webhook/core/merge_patch.h"
#include "webhook/core/nearest_name.h"
#include "webhook/core/pod_shape.h"

enum {
	SHOWN_MAX = 64, /* bytes of foreign text that a message repeats */
};

static int shown(struct list_item item)
{
	return item.length > SHOWN_MAX ? SHOWN_MAX : (int)item.length;
}

static int unknown_profile(const struct profile_set *set, struct list_item item, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf known = STRBUF_INIT;

	for (size_t i = 0; i < set->count; i++)
		strbuf_printf(&known, "%s%s", i > 0 ? ", " : "", set->profiles[i].name);
	if (known.is_failed)
		return err_set(err, ENOMEM, "out of memory");
	return err_set(err, EINVAL, "there is no profile '%.*s', known are: %s", shown(item),
		       item.text, known.data != NULL ? known.data : "none");
}

/* Adds one profile that was named. */
static int add(const struct profile_set *set, struct list_item item, struct profile_choice *choice,
	       struct err *err)
{
	const struct profile *profile = profile_set_find(set, item.text, item.length);

	if (profile == NULL)
		return unknown_profile(set, item, err);
	for (size_t i = 0; i < choice->count; i++) {
		if (choice->profiles[i] == profile)
			return err_set(err, EINVAL, "profile '%s' stands there twice",
				       profile->name);
	}
	if (choice->count == PROFILE_CHOICE_MAX)
		return err_set(err, EINVAL, "more than %d profiles for one pod",
			       PROFILE_CHOICE_MAX);
	if (profile->is_redirecting && choice->redirecting != NULL)
		return err_set(err, EINVAL,
			       "profiles '%s' and '%s' both redirect traffic, only one may",
			       choice->redirecting->name, profile->name);
	choice->profiles[choice->count++] = profile;
	if (profile->is_redirecting)
		choice->redirecting = profile;
	return 0;
}

/* Who carries out a redirect waits in vain for one where no profile says what is to be redirected.
 */
static int check_needs(const struct profile_choice *choice, struct err *err)
{
	for (size_t i = 0; choice->redirecting == NULL && i < choice->count; i++) {
		const char *name = choice->profiles[i]->name;

		if (choice->profiles[i]->needs_redirect)
			return err_set(err, EINVAL,
				       "profile '%s' needs one beside it that redirects: expected "
				       "its name too, as in 'envoy,%s'",
				       name, name);
	}
	return 0;
}

/* Adds all that are named. */
static int add_all(const struct profile_set *set, const char *names, struct profile_choice *choice,
		   struct err *err)
{
	struct list_item item;

	for (const char *rest = list_items(names); list_item_next(&rest, &item);) {
		if (add(set, item, choice, err) < 0)
			return err->code;
	}
	return check_needs(choice, err);
}

int profile_choose(const struct profile_set *set, const char *default_profiles,
		   const json_t *annotations, struct profile_choice *ret_choice, struct err *err)
{
	const char *chosen = annotation_get(annotations, ANNOTATION_PROFILES);
	const char *names = chosen != NULL ? chosen : default_profiles;
	struct profile_choice choice = {.count = 0};
	int r = add_all(set, names, &choice, err);

	if (r < 0 && chosen != NULL)
		return err_wrap(err, "annotation '" ANNOTATION_PROFILES "' is '%.*s'", SHOWN_MAX,
				chosen);
	if (r < 0)
		return err_wrap(err, "default profiles '%.*s'", SHOWN_MAX, names);
	if (choice.count == 0)
		return err_set(err, EINVAL, "no profile is chosen, and there is no default");
	*ret_choice = choice;
	return 0;
}

bool profile_choice_has(const struct profile_choice *choice, const char *list, const char *name)
{
	for (size_t i = 0; i < choice->count; i++) {
		json_t *element = pod_named(pod_list(choice->profiles[i]->pod, list), name, NULL);

		if (element != NULL && merge_directive_of(element) == MERGE_DIRECTIVE_NONE)
			return true;
	}
	return false;
}

static bool declares(const struct profile *profile, const char *name)
{
	for (size_t i = 0; i < profile->parameter_count; i++) {
		if (strcmp(profile->parameters[i].name, name) == 0)
			return true;
	}
	return false;
}

static bool is_heeded(const struct profile_choice *choice, const struct profile_set *set,
		      const char *key)
{
	static const char PREFIX[] = VOCABULARY_PARAM_PREFIX;
	const char *name = key + strlen(PREFIX);

	if (strncmp(key, PREFIX, strlen(PREFIX)) != 0)
		return choice->redirecting != NULL || !annotation_is_of_redirect(key);
	for (size_t i = 0; i < choice->count; i++) {
		if (declares(choice->profiles[i], name))
			return true;
	}
	for (size_t i = 0; i < set->count; i++) {
		if (declares(&set->profiles[i], name))
			return false;
	}
	/* Nobody has such a parameter: it is misspelt, and will be refused. */
	return true;
}

void profile_choice_drop_defaults(const struct profile_choice *choice,
				  const struct profile_set *set, const json_t *own,
				  json_t *annotations)
{
	const char *key;
	json_t *value;
	void *next;

	/* The merged object is nobody else's wherever it holds defaults. */
	json_object_foreach_safe(annotations, next, key, value) {
		if (json_object_get(own, key) == NULL && !is_heeded(choice, set, key))
			json_object_del(annotations, key);
	}
}

static int unknown_parameter(const struct profile_choice *choice, const char *name, struct err *err)
{
	struct nearest_name nearest = {.wanted = name};

	for (size_t i = 0; i < choice->count; i++) {
		const struct profile *profile = choice->profiles[i];

		for (size_t j = 0; j < profile->parameter_count; j++)
			nearest_name_consider(&nearest, profile->parameters[j].name);
	}
	return err_set(err, EINVAL,
		       "annotation '" VOCABULARY_PARAM_PREFIX
		       "%.*s': none of the pod's profiles has such a parameter%s%s%s",
		       SHOWN_MAX, name,
		       nearest.found != NULL ? ": did you mean '" VOCABULARY_PARAM_PREFIX : "",
		       nearest.found != NULL ? nearest.found : "",
		       nearest.found != NULL ? "'?" : "");
}

/* Checks one name of a parameter that an annotation gives a value. */
static int check_parameter(const struct profile_choice *choice, const char *name, struct err *err)
{
	const struct profile *owner = NULL;

	for (size_t i = 0; i < choice->count; i++) {
		const struct profile *profile = choice->profiles[i];

		if (!declares(profile, name))
			continue;
		if (owner != NULL)
			return err_set(err, EINVAL,
				       "annotation '" VOCABULARY_PARAM_PREFIX
				       "%.*s' could mean profile '%s' or profile '%s', which both "
				       "have such a parameter: rename it in one of them",
				       SHOWN_MAX, name, owner->name, profile->name);
		owner = profile;
	}
	return owner != NULL ? 0 : unknown_parameter(choice, name, err);
}

int profile_choice_check_parameters(const struct profile_choice *choice, json_t *annotations,
				    struct err *err)
{
	static const char PREFIX[] = VOCABULARY_PARAM_PREFIX;
	const char *key;
	json_t *value;

	json_object_foreach(annotations, key, value) {
		if (strncmp(key, PREFIX, strlen(PREFIX)) == 0 &&
		    check_parameter(choice, key + strlen(PREFIX), err) < 0)
			return err->code;
	}
	return 0;
}

/* The value of one parameter; the caller owns it. */
static int value_of(const struct parameter *parameter, const json_t *annotations,
		    json_t **ret_value, struct err *err)
{
	char key[sizeof(VOCABULARY_PARAM_PREFIX) + PARAMETER_NAME_MAX];

	snprintf(key, sizeof(key), VOCABULARY_PARAM_PREFIX "%s", parameter->name);
	const char *text = annotation_get(annotations, key);
	if (text == NULL && parameter->fallback != NULL) {
		*ret_value = json_incref(parameter->fallback);
		return 0;
	}
	if (text == NULL)
		return err_set(err, EINVAL, "annotation '%s' is missing: it has no default", key);
	int r = parameter_parse(parameter, text, ret_value, err);
	return r < 0 && r != -ENOMEM ? err_wrap(err, "annotation '%s'", key) : r;
}

int profile_values(const struct profile *profile, const json_t *annotations, json_t **ret_values,
		   struct err *err)
{
	json_auto_t *values = json_object();

	if (values == NULL)
		return err_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < profile->parameter_count; i++) {
		const struct parameter *parameter = &profile->parameters[i];
		json_t *value = NULL;
		int r = value_of(parameter, annotations, &value, err);

		if (r < 0)
			return r;
		/* _new takes the value. */
		if (json_object_set_new(values, parameter->name, value) < 0)
			return err_set(err, ENOMEM, "out of memory");
	}
	*ret_values = TAKE(values);
	return 0;
}
