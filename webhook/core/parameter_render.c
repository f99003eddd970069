/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Putting parameters into an overlay: the half of parameter.h that works on trees. */
#include "webhook/core/parameter.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/json_read.h"
#include "common/base/json_text.h"
#include "common/base/strbuf.h"
#include "common/base/word_list.h"
#include "webhook/core/json_edit.h"
#include "webhook/core/json_path.h"

enum {
	NAME_SHOWN_MAX = 64,
	REAL_DIGITS_MIN = 15, /* any number of so few digits survives a double */
	REAL_DIGITS_MAX = 17, /* and any double survives so many */
};

struct render {
	json_t *values;
	struct err *err;
};

static int out_of_memory(struct err *err)
{
	return err_set(err, ENOMEM, "out of memory");
}

/* A number's text with as few digits as it needs: 0.1 and not 0.10000000000000001. */
static void append_real(const json_t *value, struct strbuf *out)
{
	double number = json_real_value(value);

	for (size_t digits = REAL_DIGITS_MIN; digits <= REAL_DIGITS_MAX; digits++) {
		CLEANUP(freep)
		char *text = json_text(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(digits));

		if (text == NULL) {
			out->is_failed = true;
			return;
		}
		if (strtod(text, NULL) == number || digits == REAL_DIGITS_MAX) {
			strbuf_puts(out, text);
			return;
		}
	}
}

/* A scalar's text inside a longer one. */
static void append_scalar(const json_t *value, struct strbuf *out)
{
	if (json_is_string(value))
		strbuf_append(out, json_string_value(value), json_string_length(value));
	else if (json_is_integer(value))
		strbuf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		append_real(value, out);
	else
		strbuf_puts(out, json_is_true(value) ? "true" : "false");
}

/*
 * Looks up the reference at `text`, which begins with "${". *ret_length is that of all of
 * "${name}". The value is borrowed.
 */
static int look_up(const struct render *render, const char *text, size_t length, json_t **ret_value,
		   size_t *ret_length)
{
	const char *name = text + 2;
	const char *end = memchr(name, '}', length - 2);

	if (end == NULL)
		return err_set(render->err, EINVAL,
			       "'${' without its '}' (a literal '${' is written '$${')");
	size_t name_length = (size_t)(end - name);
	json_t *value = json_object_getn(render->values, name, name_length);
	if (value == NULL)
		return err_set(render->err, EINVAL, "'${%.*s}' names no parameter that is declared",
			       name_length > NAME_SHOWN_MAX ? NAME_SHOWN_MAX : (int)name_length,
			       name);
	*ret_value = value;
	*ret_length = (size_t)(end - text) + 1;
	return 0;
}

static bool starts_with(const char *text, size_t length, const char *token)
{
	size_t token_length = strlen(token);

	return length >= token_length && memcmp(text, token, token_length) == 0;
}

/* Appends what the '$' at `text` stands for. *ret_used is how much of the text that was. */
static int expand_dollar(const struct render *render, const char *text, size_t length,
			 struct strbuf *out, size_t *ret_used)
{
	json_t *value = NULL;

	if (starts_with(text, length, "$${")) {
		strbuf_puts(out, "${");
		*ret_used = strlen("$${");
		return 0;
	}
	if (!starts_with(text, length, "${")) {
		strbuf_puts(out, "$");
		*ret_used = 1;
		return 0;
	}
	int r = look_up(render, text, length, &value, ret_used);
	if (r == 0)
		append_scalar(value, out);
	return r;
}

/* Appends the text with its references replaced. */
static int expand(const struct render *render, const char *text, size_t length, struct strbuf *out)
{
	const char *end = text + length;

	while (text < end) {
		const char *dollar = memchr(text, '$', (size_t)(end - text));
		const char *plain_end = dollar != NULL ? dollar : end;
		size_t used = 0;

		strbuf_append(out, text, (size_t)(plain_end - text));
		text = plain_end;
		if (text == end)
			break;
		int r = expand_dollar(render, text, (size_t)(end - text), out, &used);
		if (r < 0)
			return r;
		text += used;
	}
	return 0;
}

/* Whether Kubernetes takes nothing but a text there (k8s.io/api core/v1, meta/v1). */
static bool is_text_place(const struct json_path *path)
{
	static const char *const HOLDERS[] = {
		"annotations",  "args",   "command",          "labels", "matchLabels",
		"nodeSelector", "values", "volumeAttributes", NULL};

	if (path == NULL)
		return false;
	if (path->member != NULL && strcmp(path->member, "value") == 0)
		return true;
	return path->parent != NULL && path->parent->member != NULL &&
	       word_list_has(HOLDERS, path->parent->member);
}

/* A string: itself when it has no reference, the value when it is nothing but one and need not be a
 * text, else new text. */
static int render_string(const struct render *render, json_t *string, bool is_text,
			 json_t **ret_rendered)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	const char *text = json_string_value(string);
	size_t length = json_string_length(string);
	json_t *value = NULL;
	size_t used = 0;
	int r = 0;

	if (memmem(text, length, "${", 2) == NULL) {
		*ret_rendered = json_incref(string);
		return 0;
	}
	if (starts_with(text, length, "${"))
		r = look_up(render, text, length, &value, &used);
	if (r == 0 && used == length && (!is_text || json_is_string(value))) {
		*ret_rendered = json_incref(value);
		return 0;
	}
	if (r == 0)
		r = expand(render, text, length, &out);
	if (r < 0)
		return r;
	/* Texts of JSON, one behind the other: UTF-8, and not to be looked at once more. */
	json_t *rendered = out.is_failed ? NULL : json_stringn_nocheck(out.data, out.length);
	if (rendered == NULL)
		return out_of_memory(render->err);
	*ret_rendered = rendered;
	return 0;
}

/* What is no string stays, a null too: it takes away. */
static int render_scalar(const struct render *render, json_t *scalar, bool is_text,
			 json_t **ret_rendered)
{
	if (json_is_string(scalar))
		return render_string(render, scalar, is_text, ret_rendered);
	if (is_text && !json_is_null(scalar))
		return err_set(render->err, EINVAL, "must be a string, found %s",
			       json_type_name(scalar));
	*ret_rendered = json_incref(scalar);
	return 0;
}

static int render_any(const struct render *render, json_t *overlay, const struct json_path *path,
		      json_t **ret_rendered);

static int render_members(const struct render *render, json_t *object, const struct json_path *path,
			  json_t **rendered)
{
	const char *key;
	json_t *member;

	json_object_foreach(object, key, member) {
		struct json_path here = {.parent = path, .member = key};
		json_t *value = NULL;
		int r = render_any(render, member, &here, &value);

		/* takes the value */
		if (r < 0 || json_edit_set(rendered, object, key, value, render->err) < 0)
			return render->err->code;
	}
	return 0;
}

static int render_elements(const struct render *render, json_t *array, const struct json_path *path,
			   json_t **rendered)
{
	json_t *element;
	size_t index;

	json_array_foreach(array, index, element) {
		struct json_path here = {.parent = path, .index = index};
		json_t *value = NULL;
		int r = render_any(render, element, &here, &value);

		/* takes the value */
		if (r < 0 || json_edit_set_element(rendered, array, index, value, render->err) < 0)
			return render->err->code;
	}
	return 0;
}

static size_t depth_of(const struct json_path *path)
{
	size_t depth = 0;

	for (; path != NULL; path = path->parent)
		depth++;
	return depth;
}

static int render_any(const struct render *render, json_t *overlay, const struct json_path *path,
		      json_t **ret_rendered)
{
	json_auto_t *rendered = json_incref(overlay);
	int r = 0;

	if (!json_is_object(overlay) && !json_is_array(overlay)) {
		r = render_scalar(render, overlay, is_text_place(path), ret_rendered);
		return r < 0 && r != -ENOMEM ? json_path_wrap(path, render->err) : r;
	}
	if (depth_of(path) >= PARAMETER_DEPTH_MAX)
		return err_set(render->err, E2BIG, "the overlay is nested over %d values deep",
			       PARAMETER_DEPTH_MAX);
	if (json_is_object(overlay))
		r = render_members(render, overlay, path, &rendered);
	else
		r = render_elements(render, overlay, path, &rendered);
	if (r < 0)
		return r;
	*ret_rendered = TAKE(rendered);
	return 0;
}

int parameter_render(json_t *overlay, json_t *values, json_t **ret_rendered, struct err *err)
{
	const struct render render = {values, err};

	return render_any(&render, overlay, NULL, ret_rendered);
}
