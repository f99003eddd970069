/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/lint_annotation.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/json_read.h"
#include "common/base/word_list.h"
#include "common/vocabulary.h"
#include "webhook/core/annotation.h"
#include "webhook/core/nearest_name.h"
#include "webhook/core/probe_adapt.h"
#include "webhook/core/redirect_resolve.h"
#include "webhook/core/tproxy_privilege.h"
#include "webhook/core/yaml_json.h"

/* A profile that redirects, to judge values by where none is known. */
static const struct profile ANY_PROFILE = {
	.is_redirecting = true,
	.gate = GATE_PROBE,
	.redirect = {.mode = REDIRECT_MODE_REDIRECT,
		     .outbound_port = 1,
		     .inbound_port = 2,
		     .gate_port = GATE_PORT_DEFAULT,
		     .dns_port = 3,
		     .dns_servers = {.items = (struct cidr[]){{.is_v6 = false}}, .count = 1},
		     .proxy_mark = 1},
};

static const struct parameter *find_parameter(const struct profile_choice *choice, const char *name)
{
	for (size_t i = 0; i < choice->count; i++) {
		const struct profile *profile = choice->profiles[i];

		for (size_t j = 0; j < profile->parameter_count; j++) {
			if (strcmp(profile->parameters[j].name, name) == 0)
				return &profile->parameters[j];
		}
	}
	return NULL;
}

static int check_parameter(json_t *annotation, const char *key, const char *value,
			   const struct lint_scope *scope, struct err *err)
{
	json_auto_t *parsed = NULL;

	if (scope->choice == NULL)
		return 0;
	int r = profile_choice_check_parameters(scope->choice, annotation, err);
	const struct parameter *parameter =
		find_parameter(scope->choice, key + strlen(VOCABULARY_PARAM_PREFIX));
	if (r < 0 || parameter == NULL)
		return r;
	r = parameter_parse(parameter, value, &parsed, err);
	return r < 0 && r != -ENOMEM ? err_wrap(err, "annotation '%s'", key) : r;
}

/* What a profile says that another annotation may overrule contradicts no value: whether all that
 * is in force goes together is found when a pod is injected. */
static int check_redirect(json_t *annotation, const struct lint_scope *scope, struct err *err)
{
	CLEANUP(redirect_spec_release) struct redirect_spec spec = {0};
	const struct profile *profile =
		scope->choice != NULL ? scope->choice->redirecting : &ANY_PROFILE;
	enum gate gate;
	enum probe_mode probes;

	if (profile == NULL)
		return annotation_refuse_redirect(annotation, err);
	struct profile yielding = *profile; /* borrows all that it owns */
	yielding.redirect.mode = scope->is_mode_none ? REDIRECT_MODE_NONE : REDIRECT_MODE_REDIRECT;
	yielding.redirect.drop_invalid = false;
	int r = probe_mode_read(annotation, &probes, err);
	return r == 0 ? redirect_resolve(&yielding, annotation, &spec, &gate, err) : r;
}

static int check_profiles(const json_t *annotation, const struct lint_scope *scope, struct err *err)
{
	struct profile_choice choice;

	return scope->profiles->count == 0
		       ? 0
		       : profile_choose(scope->profiles, scope->default_profiles, annotation,
					&choice, err);
}

/* What is wrong with a value, were it the only annotation. */
static int check_value(const char *key, const char *value, const struct lint_scope *scope,
		       struct err *err)
{
	json_auto_t *annotation = json_pack("{s:s}", key, value);

	if (annotation == NULL)
		return err_set(err, ENOMEM, "out of memory");
	if (strncmp(key, VOCABULARY_PARAM_PREFIX, strlen(VOCABULARY_PARAM_PREFIX)) == 0)
		return check_parameter(annotation, key, value, scope, err);
	if (strcmp(key, ANNOTATION_PROFILES) == 0)
		return check_profiles(annotation, scope, err);
	return check_redirect(annotation, scope, err);
}

/* What is wrong with a key, and that the value is not empty. */
static int check_key(const char *key, const char *value, const struct lint_scope *scope,
		     struct err *err)
{
	json_auto_t *annotation = json_pack("{s:s}", key, value);

	if (annotation == NULL)
		return err_set(err, ENOMEM, "out of memory");
	int r = scope->is_of_namespace ? annotation_check_defaults(annotation, err) : 0;
	return r == 0 ? annotation_check(annotation, err) : r;
}

/* Adds a failure at the node, unless it is one of memory. */
static int add(struct lint_report *report, const struct yaml_node *node, const struct err *failure,
	       struct err *err)
{
	if (failure->code == -ENOMEM) {
		*err = *failure;
		return failure->code;
	}
	return lint_report_add(report, LINT_ERROR, node, err, "%s", failure->msg);
}

/* The value as a text: of an entry whose value is none, that is added, and *ret_text is NULL. */
static int read_text(const struct yaml_entry *entry, const char *what, const char **ret_text,
		     struct lint_report *report, struct err *err)
{
	json_auto_t *value = NULL;
	const char *text = yaml_text(entry->value);
	struct err failure = {0};
	int r = yaml_json(entry->value, YAML_KUBECTL, &value, &failure);

	*ret_text = NULL;
	if (r < 0)
		return lint_report_add_failure(report, &failure, entry->value->line, err);
	if (json_is_string(value)) {
		*ret_text = text;
		return 0;
	}
	if (text == NULL || json_is_null(value))
		return lint_report_add(report, LINT_ERROR, entry->value, err,
				       "%s '%.64s' is no text (%s)", what, entry->key->text,
				       json_type_name(value));
	return lint_report_add(report, LINT_ERROR, entry->value, err,
			       "%s '%.64s' is no text (%s): write \"%.64s\", with quotes", what,
			       entry->key->text, json_type_name(value), text);
}

/* What a mode of TPROXY takes; `value` is one that was found to be right. Whether a pod has it is
 * found when it is injected. */
static int lint_mode(const struct yaml_entry *entry, const char *value, struct lint_report *report,
		     struct err *err)
{
	enum redirect_mode mode = REDIRECT_MODE_NONE;
	int r = redirect_mode_parse(value, &mode, err);

	if (r < 0 || !tproxy_privilege_is_needed(mode))
		return r;
	return lint_report_add(report, LINT_WARNING, entry->value, err,
			       "annotation '%s' is '%s': " POD_SECURITY_REFUSED, entry->key->text,
			       value);
}

static int lint_annotation(const struct yaml_entry *entry, const struct lint_scope *scope,
			   struct lint_report *report, struct err *err)
{
	const char *key = entry->key->text;
	const char *value = NULL;
	struct err failure = {0};

	if (!annotation_is_ours(key))
		return 0;
	int r = read_text(entry, "annotation", &value, report, err);
	if (r < 0 || value == NULL)
		return r;
	if (check_key(key, value, scope, &failure) < 0)
		return add(report, *value != '\0' ? entry->key : entry->value, &failure, err);
	if (check_value(key, value, scope, &failure) < 0)
		return add(report, entry->value, &failure, err);
	return strcmp(key, ANNOTATION_REDIRECT_MODE) == 0 ? lint_mode(entry, value, report, err)
							  : 0;
}

int lint_annotations(const struct yaml_node *annotations, const struct lint_scope *scope,
		     struct lint_report *report, struct err *err)
{
	const struct yaml_node *mapping = yaml_resolve(annotations);
	int r = 0;

	if (mapping == NULL || mapping->kind != YAML_MAPPING)
		return 0;
	for (size_t i = 0; r == 0 && i < mapping->count; i++)
		r = lint_annotation(&mapping->entries[i], scope, report, err);
	return r;
}

/* A label of ours that is not the one that there is. */
static int add_unknown_label(const struct yaml_entry *entry, struct lint_report *report,
			     struct err *err)
{
	struct nearest_name nearest = {.wanted = entry->key->text};

	nearest_name_consider(&nearest, LABEL_INJECT);
	return lint_report_add(report, LINT_ERROR, entry->key, err, "'%.64s' is no label%s",
			       entry->key->text,
			       nearest.found != NULL ? ": did you mean '" LABEL_INJECT "'?"
						     : ", but it may be an annotation");
}

static int lint_label(const struct yaml_entry *entry, const char *const *values,
		      const char *expected, struct lint_report *report, struct err *err)
{
	const char *value = NULL;

	if (!annotation_is_ours(entry->key->text))
		return 0;
	if (strcmp(entry->key->text, LABEL_INJECT) != 0)
		return add_unknown_label(entry, report, err);
	int r = read_text(entry, "label", &value, report, err);
	if (r < 0 || value == NULL || word_list_has(values, value))
		return r;
	return lint_report_add(report, LINT_ERROR, entry->value, err,
			       "label '" LABEL_INJECT "' is '%.64s': expected %s", value, expected);
}

int lint_labels(const struct yaml_node *labels, const char *const *values, const char *expected,
		struct lint_report *report, struct err *err)
{
	const struct yaml_node *mapping = yaml_resolve(labels);
	int r = 0;

	if (mapping == NULL || mapping->kind != YAML_MAPPING)
		return 0;
	for (size_t i = 0; r == 0 && i < mapping->count; i++)
		r = lint_label(&mapping->entries[i], values, expected, report, err);
	return r;
}

int lint_misplaced(const struct yaml_node *metadata, const char *kind, const char *where,
		   struct lint_report *report, struct err *err)
{
	static const char *const MEMBERS[] = {"labels", "annotations"};
	int r = 0;

	for (size_t i = 0; i < sizeof(MEMBERS) / sizeof(*MEMBERS); i++) {
		const struct yaml_node *mapping = yaml_resolve(yaml_member(metadata, MEMBERS[i]));

		for (size_t j = 0; r == 0 && mapping != NULL && j < mapping->count; j++) {
			const struct yaml_node *key = mapping->entries[j].key;

			if (key == NULL || !annotation_is_known(key->text))
				continue;
			r = lint_report_add(report, LINT_WARNING, key, err,
					    "'%.64s' has no effect on a %.63s%s%s%s%s", key->text,
					    kind, where != NULL ? ": move it to " : "",
					    where != NULL ? where : "", where != NULL ? "." : "",
					    where != NULL ? MEMBERS[i] : "");
		}
	}
	return r;
}
