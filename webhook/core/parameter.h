/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Typed parameters of a profile, and how they are put into its overlay: into parsed scalars, never
 * into text that is parsed afterwards, so a value cannot change the structure.
 *
 * "${name}" inside a string becomes the value's text; a string that is nothing but "${name}"
 * becomes the value with its own JSON type, except where Kubernetes takes texts only: a `value`
 * (of a variable, a header, a toleration), and what is directly in args, command, labels,
 * annotations, matchLabels, nodeSelector, values and volumeAttributes. "$${" stands for the two
 * characters "${". Keys stay as they are.
 */
#ifndef SIDEWIRE_WEBHOOK_PARAMETER_H
#define SIDEWIRE_WEBHOOK_PARAMETER_H

#include <jansson.h>
#include <stddef.h>

#include "common/base/err.h"

enum {
	PARAMETER_COUNT_MAX = 128,       /* of one profile */
	PARAMETER_NAME_MAX = 63,         /* bytes of a name, as of an annotation's in Kubernetes */
	PARAMETER_VALUE_MAX = 32 * 1024, /* bytes of one value */
	PARAMETER_DEPTH_MAX = 64,        /* of nested objects and lists in an overlay */
};

enum parameter_type {
	PARAMETER_STRING,
	PARAMETER_INTEGER,
	PARAMETER_NUMBER,
	PARAMETER_BOOLEAN,
	PARAMETER_QUANTITY, /* Kubernetes resource.Quantity: "100m", "64Mi" */
	PARAMETER_DURATION, /* Go's time.ParseDuration: "1h30m", "500ms" */
	PARAMETER_ENUM,     /* one of `values` */
};

struct parameter {
	char *name; /* what follows param.sidewire.io/ in an annotation: letters, digits and,
		       between them, '-', '_', '.' */
	enum parameter_type type;
	json_t *values;   /* of PARAMETER_ENUM: array of strings; else NULL */
	json_t *fallback; /* the default, a scalar of the type; NULL: the pod must give a value */
};

/*
 * Reads one element of `spec.parameters`. The caller releases it. -EINVAL for an unknown type or
 * key, a bad name, a default that is not of the type; -ENOMEM.
 */
int parameter_read(json_t *document, struct parameter *ret_parameter, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * The text of an annotation as a value of the parameter's type; the caller owns *ret_value.
 * -EINVAL, naming the text and what was expected; -ENOMEM.
 */
int parameter_parse(const struct parameter *parameter, const char *text, json_t **ret_value,
		    struct err *err) __attribute__((nonnull, warn_unused_result));

/* Frees what the parameter owns. For CLEANUP(). */
void parameter_release(struct parameter *parameter) __attribute__((nonnull));

/*
 * The overlay with every "${name}" replaced from `values`, an object from parameter names to
 * scalars. Parts without parameters are shared with `overlay`. The caller owns *ret_rendered.
 * -EINVAL, naming the path, for a name that `values` does not have, a "${" without its "}", or a
 * number or boolean where Kubernetes takes texts only; -E2BIG over PARAMETER_DEPTH_MAX; -ENOMEM.
 */
int parameter_render(json_t *overlay, json_t *values, json_t **ret_rendered, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
