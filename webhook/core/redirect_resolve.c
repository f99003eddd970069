/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/redirect_resolve.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/vocabulary.h"
#include "webhook/core/annotation.h"
#include "webhook/core/redirect_list.h"

/* A spec of its own with the profile's values. */
static int copy_spec(const struct redirect_spec *from, struct redirect_spec *to, struct err *err)
{
	int r = 0;

	to->mode = from->mode;
	to->outbound_port = from->outbound_port;
	to->inbound_port = from->inbound_port;
	to->gate_port = from->gate_port;
	to->proxy_mark = from->proxy_mark;
	to->self_call = from->self_call;
	for (size_t i = 0; r == 0 && i < from->inbound_source.count; i++)
		r = cidr_list_add(&to->inbound_source, &from->inbound_source.items[i], err);
	if (r == 0)
		r = range_list_add_all(&to->proxy_uids, &from->proxy_uids, err);
	if (r == 0)
		r = range_list_add_all(&to->proxy_gids, &from->proxy_gids, err);
	return r == 0 ? redirect_list_add_all(to, from, err) : r;
}

static int apply_lists(const json_t *annotations, struct redirect_spec *spec, struct err *err)
{
	for (size_t i = 0; i < REDIRECT_LIST_COUNT; i++) {
		const struct redirect_list *list = &REDIRECT_LISTS[i];
		const char *value = annotation_get(annotations, list->annotation);
		int r = value != NULL ? redirect_list_apply(list, value, spec, err) : 0;

		if (r == -ENOMEM)
			return r;
		if (r < 0)
			return annotation_wrap(list->annotation, value, err);
	}
	return 0;
}

static int apply_mode(const json_t *annotations, struct redirect_spec *spec, struct err *err)
{
	const char *value = annotation_get(annotations, ANNOTATION_REDIRECT_MODE);

	if (value == NULL)
		return 0;
	if (strcmp(value, "tproxy") == 0 || strcmp(value, "tproxy-both") == 0)
		return err_set(err, EINVAL,
			       "annotation '" ANNOTATION_REDIRECT_MODE
			       "' is '%s', which is not supported by this version: expected "
			       "redirect or none",
			       value);
	if (redirect_mode_parse(value, &spec->mode, err) < 0)
		return annotation_refuse(ANNOTATION_REDIRECT_MODE, value, err);
	return 0;
}

static int apply_gate(const json_t *annotations, enum gate *gate, struct err *err)
{
	const char *value = annotation_get(annotations, ANNOTATION_GATE);

	if (value != NULL && gate_parse(value, gate, err) < 0)
		return annotation_refuse(ANNOTATION_GATE, value, err);
	return 0;
}

int redirect_resolve(const struct profile *profile, const json_t *annotations,
		     struct redirect_spec *ret_spec, enum gate *ret_gate, struct err *err)
{
	CLEANUP(redirect_spec_release) struct redirect_spec spec = {0};
	enum gate gate = profile->gate;
	int r = copy_spec(&profile->redirect, &spec, err);

	if (r == 0)
		r = apply_lists(annotations, &spec, err);
	if (r == 0)
		r = apply_mode(annotations, &spec, err);
	if (r == 0)
		r = apply_gate(annotations, &gate, err);
	if (r == 0)
		r = redirect_spec_check(&spec, err);
	if (r != 0)
		return r;
	if (spec.mode == REDIRECT_MODE_NONE) {
		redirect_spec_release(&spec);
		gate = GATE_NONE;
	}
	if (gate == GATE_NONE)
		spec.gate_port = 0;
	*ret_gate = gate;
	*ret_spec = spec;
	spec = (struct redirect_spec){0};
	return 0;
}
