/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/json_edit.h"

#include <errno.h>

#include "common/base/cleanup.h"

static int out_of_memory(struct err *err)
{
	return err_set(err, ENOMEM, "out of memory");
}

/* Makes the value the caller's own, so that it may be changed. */
static int make_own(json_t **edited, const json_t *shared, struct err *err)
{
	if (*edited != shared)
		return 0;
	json_auto_t *copy = json_copy(*edited);
	/* Where memory ends midway, json_copy() leaves members out, and does not say so. */
	if (copy == NULL || json_object_size(copy) != json_object_size(*edited) ||
	    json_array_size(copy) != json_array_size(*edited))
		return out_of_memory(err);
	json_decref(*edited);
	*edited = TAKE(copy);
	return 0;
}

int json_edit_set(json_t **edited, const json_t *shared, const char *key, json_t *member,
		  struct err *err)
{
	json_auto_t *taken = member;

	if (taken == NULL)
		return out_of_memory(err);
	if (json_object_get(*edited, key) == taken)
		return 0;
	if (make_own(edited, shared, err) < 0)
		return err->code;
	/* _new takes the reference. */
	return json_object_set_new_nocheck(*edited, key, TAKE(taken)) < 0 ? out_of_memory(err) : 0;
}

int json_edit_remove(json_t **edited, const json_t *shared, const char *key, struct err *err)
{
	if (json_object_get(*edited, key) == NULL)
		return 0;
	if (make_own(edited, shared, err) < 0)
		return err->code;
	json_object_del(*edited, key);
	return 0;
}

int json_edit_set_element(json_t **edited, const json_t *shared, size_t index, json_t *element,
			  struct err *err)
{
	json_auto_t *taken = element;

	if (taken == NULL)
		return out_of_memory(err);
	if (json_array_get(*edited, index) == taken)
		return 0;
	if (make_own(edited, shared, err) < 0)
		return err->code;
	/* _new takes the reference; at an index that exists nothing is allocated. */
	json_array_set_new(*edited, index, TAKE(taken));
	return 0;
}

int json_edit_append(json_t **edited, const json_t *shared, json_t *element, struct err *err)
{
	json_auto_t *taken = element;

	if (taken == NULL)
		return out_of_memory(err);
	if (make_own(edited, shared, err) < 0)
		return err->code;
	/* _new takes the reference. */
	return json_array_append_new(*edited, TAKE(taken)) < 0 ? out_of_memory(err) : 0;
}

int json_edit_remove_element(json_t **edited, const json_t *shared, size_t index, struct err *err)
{
	if (make_own(edited, shared, err) < 0)
		return err->code;
	json_array_remove(*edited, index);
	return 0;
}
