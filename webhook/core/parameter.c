/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/parameter.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/json_read.h"
#include "common/base/strbuf.h"
#include "webhook/core/scalar_text.h"

enum {
	SHOWN_MAX = 64, /* bytes of foreign text that a message repeats */
};

/* Makes a type's value from text. 0, -EINVAL when the text is none, -ENOMEM. */
typedef int (*parse_function)(const char *text, json_t **ret_value);

static int parse_text(const char *text, json_t **ret_value)
{
	json_t *value = json_string(text);

	/* Annotations come from parsed JSON, so the text is UTF-8, and only memory can fail. */
	if (value == NULL)
		return -ENOMEM;
	*ret_value = value;
	return 0;
}

static int parse_number(const char *text, json_t **ret_value)
{
	json_error_t where;

	/* The parser allows blanks around a value; the annotation may not have them. */
	if (strpbrk(text, " \t\r\n") != NULL)
		return -EINVAL;
	json_auto_t *value = json_loads(text, JSON_DECODE_ANY, &where);
	if (value == NULL && json_read_lacked_memory(&where))
		return -ENOMEM;
	if (!json_is_number(value))
		return -EINVAL;
	*ret_value = json_incref(value);
	return 0;
}

static int parse_integer(const char *text, json_t **ret_value)
{
	json_auto_t *value = NULL;
	int r = parse_number(text, &value);

	if (r < 0 || !json_is_integer(value))
		return r < 0 ? r : -EINVAL;
	*ret_value = json_incref(value);
	return 0;
}

static int parse_boolean(const char *text, json_t **ret_value)
{
	bool is_true = strcmp(text, "true") == 0;

	if (!is_true && strcmp(text, "false") != 0)
		return -EINVAL;
	*ret_value = json_boolean(is_true);
	return 0;
}

static int parse_quantity(const char *text, json_t **ret_value)
{
	return is_quantity_text(text) ? parse_text(text, ret_value) : -EINVAL;
}

static int parse_duration(const char *text, json_t **ret_value)
{
	return is_duration_text(text) ? parse_text(text, ret_value) : -EINVAL;
}

struct type_rule {
	const char *name;
	const char *expected; /* completes "... is not " */
	parse_function parse;
};

static const struct type_rule TYPES[] = {
	[PARAMETER_STRING] = {"string", "a text in quotes", parse_text},
	[PARAMETER_INTEGER] = {"integer", "an integer such as 8080", parse_integer},
	[PARAMETER_NUMBER] = {"number", "a number such as 0.5", parse_number},
	[PARAMETER_BOOLEAN] = {"boolean", "true or false", parse_boolean},
	[PARAMETER_QUANTITY] = {"quantity", "a quantity such as \"100m\" or \"64Mi\"",
				parse_quantity},
	[PARAMETER_DURATION] = {"duration", "a duration such as \"500ms\" or \"1h30m\"",
				parse_duration},
	[PARAMETER_ENUM] = {"enum", "one of its values", parse_text},
};
enum { TYPE_COUNT = sizeof(TYPES) / sizeof(*TYPES) };

static int out_of_memory(struct err *err)
{
	return err_set(err, ENOMEM, "out of memory");
}

static int parse_type(const char *name, enum parameter_type *ret_type, struct err *err)
{
	for (int i = 0; i < TYPE_COUNT; i++) {
		if (strcmp(name, TYPES[i].name) == 0) {
			*ret_type = (enum parameter_type)i;
			return 0;
		}
	}
	return err_set(err, EINVAL,
		       "type '%.*s' is not string, integer, number, boolean, quantity, duration or "
		       "enum",
		       SHOWN_MAX, name);
}

static int check_name(const char *name, struct err *err)
{
	static const char ALLOWED[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789-_.";
	size_t length = strlen(name);

	/* As the names of annotations (k8s.io/apimachinery, IsQualifiedName). */
	if (length == 0 || length > PARAMETER_NAME_MAX || name[strspn(name, ALLOWED)] != '\0' ||
	    strchr("-_.", name[0]) != NULL || strchr("-_.", name[length - 1]) != NULL)
		return err_set(err, EINVAL,
			       "name '%.*s' is not 1 to %d letters, digits and, between them, "
			       "'-', '_' and '.'",
			       SHOWN_MAX, name, PARAMETER_NAME_MAX);
	return 0;
}

/* Reads `values`, which an enum must have and no other type may have. */
static int read_values(json_t *document, struct parameter *parameter, struct err *err)
{
	json_t *values = NULL;
	json_t *value;
	size_t index;
	int r = json_read_array(document, "values", &values, err);

	if (r < 0)
		return r;
	if ((parameter->type == PARAMETER_ENUM) != (json_array_size(values) > 0))
		return err_set(err, EINVAL,
			       parameter->type == PARAMETER_ENUM
				       ? "an enum needs 'values'"
				       : "'values' belong to the type enum only");
	json_array_foreach(values, index, value) {
		if (!json_is_string(value) || json_string_length(value) == 0)
			return err_set(err, EINVAL, "'values' must be texts");
	}
	parameter->values = json_incref(values);
	return 0;
}

/* "one of fast, slow", bounded. */
static int not_of_values(const struct parameter *parameter, const char *text, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf known = STRBUF_INIT;
	json_t *value;
	size_t index;

	json_array_foreach(parameter->values, index, value)
		strbuf_printf(&known, "%s%s", index > 0 ? ", " : "", json_string_value(value));
	if (known.is_failed)
		return out_of_memory(err);
	return err_set(err, EINVAL, "'%.*s' is not one of %s", SHOWN_MAX, text,
		       known.data != NULL ? known.data : "its values");
}

static bool is_of_values(const struct parameter *parameter, const char *text)
{
	json_t *value;
	size_t index;

	json_array_foreach(parameter->values, index, value) {
		if (strcmp(json_string_value(value), text) == 0)
			return true;
	}
	return false;
}

int parameter_parse(const struct parameter *parameter, const char *text, json_t **ret_value,
		    struct err *err)
{
	const struct type_rule *rule = &TYPES[parameter->type];

	if (strlen(text) > PARAMETER_VALUE_MAX)
		return err_set(err, EINVAL, "a value has at most %d bytes", PARAMETER_VALUE_MAX);
	if (parameter->type == PARAMETER_ENUM && !is_of_values(parameter, text))
		return not_of_values(parameter, text, err);
	int r = rule->parse(text, ret_value);
	if (r == -ENOMEM)
		return out_of_memory(err);
	if (r < 0)
		return err_set(err, EINVAL, "'%.*s' is not %s", SHOWN_MAX, text, rule->expected);
	return 0;
}

/* Whether a default is JSON of the type's own kind. A quantity may be a bare integer ("cpu: 2"), as
 * in Kubernetes. */
static bool has_json_type(enum parameter_type type, const json_t *value)
{
	switch (type) {
	case PARAMETER_INTEGER:
		return json_is_integer(value);
	case PARAMETER_NUMBER:
		return json_is_number(value);
	case PARAMETER_BOOLEAN:
		return json_is_boolean(value);
	case PARAMETER_QUANTITY:
		return json_is_string(value) || json_is_integer(value);
	case PARAMETER_STRING:
	case PARAMETER_DURATION:
	case PARAMETER_ENUM:
		return json_is_string(value);
	}
	return false;
}

/* Reads `default`. */
static int read_fallback(json_t *document, struct parameter *parameter, struct err *err)
{
	json_t *fallback = json_object_get(document, "default");
	json_auto_t *parsed = NULL;
	const char *text = NULL;

	if (fallback == NULL || json_is_null(fallback))
		return 0;
	if (!has_json_type(parameter->type, fallback))
		return err_set(err, EINVAL, "the default must be written as %s, found %s",
			       TYPES[parameter->type].expected, json_type_name(fallback));
	if (json_is_string(fallback)) {
		int r = json_read_string(document, "default", &text, err);

		if (r == 0)
			r = parameter_parse(parameter, text, &parsed, err);
		if (r < 0)
			return r;
	}
	parameter->fallback = json_incref(fallback);
	return 0;
}

/* Reads what follows once the name is known. */
static int read_rest(json_t *document, struct parameter *parameter, struct err *err)
{
	const char *type = NULL;
	int r = json_read_string(document, "type", &type, err);

	if (r == 0 && type == NULL)
		r = err_set(err, EINVAL, "'type' is missing");
	if (r == 0)
		r = parse_type(type, &parameter->type, err);
	if (r == 0)
		r = read_values(document, parameter, err);
	if (r == 0)
		r = read_fallback(document, parameter, err);
	return r < 0 ? err_wrap(err, "parameter '%.*s'", SHOWN_MAX, parameter->name) : 0;
}

int parameter_read(json_t *document, struct parameter *ret_parameter, struct err *err)
{
	static const char *const KEYS[] = {"name", "type", "values", "default", NULL};
	CLEANUP(parameter_release) struct parameter parameter = {0};
	const char *name = NULL;

	if (json_typeof(document) != JSON_OBJECT)
		return err_set(err, EINVAL, "a parameter must be an object, found %s",
			       json_type_name(document));
	int r = json_read_only_keys(document, KEYS, err);
	if (r == 0)
		r = json_read_string(document, "name", &name, err);
	if (r == 0)
		r = check_name(name != NULL ? name : "", err);
	if (r != 0)
		return r;
	parameter.name = strdup(name);
	if (parameter.name == NULL)
		return out_of_memory(err);
	r = read_rest(document, &parameter, err);
	if (r < 0)
		return r;
	*ret_parameter = parameter;
	parameter = (struct parameter){0};
	return 0;
}

void parameter_release(struct parameter *parameter)
{
	free(parameter->name);
	json_decref(parameter->values);
	json_decref(parameter->fallback);
	*parameter = (struct parameter){0};
}
