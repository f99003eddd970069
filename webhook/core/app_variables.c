/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/app_variables.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/json_read.h"
#include "common/base/strbuf.h"
#include "webhook/core/json_edit.h"
#include "webhook/core/pod_shape.h"

enum {
	SHOWN_MAX = 64, /* bytes of foreign text that a message repeats */
};

/* The variables of one container while they are edited. */
struct variables {
	json_t *shared; /* as they were; NULL: none */
	json_t *own;    /* the same, edited; owned, NULL: none */
	json_t *front;  /* new ones, which come before them; owned */
};

static int out_of_memory(struct err *err)
{
	return err_set(err, ENOMEM, "out of memory");
}

static const char *text_of(const json_t *object, const char *member)
{
	return json_string_value(json_object_get(object, member));
}

static bool has(const json_t *object, const char *member)
{
	const json_t *value = json_object_get(object, member);

	return value != NULL && !json_is_null(value);
}

/* The variable of that name that counts, which is the last one; NULL when there is none. */
static json_t *find(const json_t *variables, const char *name, size_t *ret_index)
{
	for (size_t i = json_array_size(variables); i-- > 0;) {
		json_t *variable = json_array_get(variables, i);
		const char *found = text_of(variable, "name");

		if (found != NULL && strcmp(found, name) == 0) {
			*ret_index = i;
			return variable;
		}
	}
	return NULL;
}

/* Whether `value` has `part` between separators or its ends. */
static bool has_part(const char *value, const char *part, const char *separator)
{
	size_t length = strlen(part);
	size_t separator_length = strlen(separator);

	for (const char *at = strstr(value, part); at != NULL; at = strstr(at + 1, part)) {
		size_t before = (size_t)(at - value);
		bool is_begin = before == 0 ||
				(before >= separator_length &&
				 memcmp(at - separator_length, separator, separator_length) == 0);
		bool is_end = at[length] == '\0' ||
			      strncmp(at + length, separator, separator_length) == 0;

		if (is_begin && is_end)
			return true;
	}
	return false;
}

/* The variable with the overlay's value behind its own; itself where that changes nothing. */
static int join(json_t *variable, const json_t *addition, json_t **ret_joined, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	json_auto_t *joined = json_incref(variable);
	const char *separator = text_of(addition, APP_VARIABLE_APPEND);
	const char *part = text_of(addition, "value");
	const char *value = NULL;
	int r = json_read_string(variable, "value", &value, err);

	if (r < 0)
		return err_wrap(err, "variable '%.*s'", SHOWN_MAX, text_of(variable, "name"));
	if (value == NULL)
		value = "";
	if (!has(variable, "valueFrom") && *part != '\0' && !has_part(value, part, separator)) {
		strbuf_printf(&text, "%s%s%s", value, *value != '\0' ? separator : "", part);
		/* takes the text */
		r = json_edit_set(&joined, variable, "value",
				  text.is_failed ? NULL : json_stringn(text.data, text.length),
				  err);
	}
	if (r == 0)
		*ret_joined = TAKE(joined);
	return r;
}

static int add_to_front(struct variables *variables, json_t *addition, struct err *err)
{
	json_auto_t *variable = json_incref(addition);
	int r = json_edit_remove(&variable, addition, APP_VARIABLE_APPEND, err);

	if (r == 0 && json_array_append(variables->front, variable) < 0)
		r = out_of_memory(err);
	return r;
}

static int put_variable(struct variables *variables, json_t *addition, struct err *err)
{
	const char *name = text_of(addition, "name");
	size_t index = 0;
	json_t *joined = NULL;
	json_t *own = find(variables->own, name, &index);
	json_t *existing = own != NULL ? own : find(variables->front, name, &index);

	if (existing == NULL)
		return add_to_front(variables, addition, err);
	if (text_of(addition, APP_VARIABLE_APPEND) == NULL)
		return 0;
	if (join(existing, addition, &joined, err) < 0)
		return err->code;
	/* Both take the variable. */
	if (own != NULL)
		return json_edit_set_element(&variables->own, variables->shared, index, joined,
					     err);
	json_array_set_new(variables->front, index, joined);
	return 0;
}

/* Whether an overlay after this one says what the variable is. */
static bool is_overruled(const struct app_overlays *apps, size_t at, const char *name)
{
	for (size_t i = at + 1; i < apps->choice->count; i++) {
		json_t *variable = pod_named(json_object_get(apps->items[i], "env"), name, NULL);

		if (variable != NULL && text_of(variable, APP_VARIABLE_APPEND) == NULL)
			return true;
	}
	return false;
}

static int put_variables(struct variables *variables, const struct app_overlays *apps,
			 struct err *err)
{
	json_t *addition;
	size_t index;

	for (size_t i = 0; i < apps->choice->count; i++) {
		json_array_foreach(json_object_get(apps->items[i], "env"), index, addition) {
			if (!is_overruled(apps, i, text_of(addition, "name")) &&
			    put_variable(variables, addition, err) < 0)
				return err->code;
		}
	}
	return 0;
}

static void variables_release(struct variables *variables)
{
	json_decref(variables->own);
	json_decref(variables->front);
}

int app_variables_put(json_t *container, const struct app_overlays *apps, json_t **ret_container,
		      struct err *err)
{
	json_auto_t *edited = json_incref(container);
	json_t *env = NULL;
	int r = json_read_array(container, "env", &env, err);
	CLEANUP(variables_release)
	struct variables variables = {env, json_incref(env), json_array()};

	if (r == 0 && variables.front == NULL)
		r = out_of_memory(err);
	if (r == 0)
		r = put_variables(&variables, apps, err);
	if (r < 0)
		return r;
	if (json_array_size(variables.front) > 0 || variables.own != env) {
		if (env != NULL && json_array_extend(variables.front, variables.own) < 0)
			return out_of_memory(err);
		/* takes the reference */
		r = json_edit_set(&edited, container, "env", json_incref(variables.front), err);
	}
	if (r == 0)
		*ret_container = TAKE(edited);
	return r;
}

const char *app_variables_left_alone(const json_t *container, const struct app_overlays *apps)
{
	json_t *addition;
	size_t index;

	if (profile_choice_has(apps->choice, "containers", text_of(container, "name")))
		return NULL;
	for (size_t i = 0; i < apps->choice->count; i++) {
		json_array_foreach(json_object_get(apps->items[i], "env"), index, addition) {
			const char *name = text_of(addition, "name");
			size_t at;

			if (text_of(addition, APP_VARIABLE_APPEND) != NULL &&
			    has(find(json_object_get(container, "env"), name, &at), "valueFrom"))
				return name;
		}
	}
	return NULL;
}
