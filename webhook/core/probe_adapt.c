/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/probe_adapt.h"

#include <errno.h>
#include <string.h>

#include "common/vocabulary.h"
#include "webhook/core/annotation.h"
#include "webhook/core/probe_exec.h"
#include "webhook/core/probe_exempt.h"
#include "webhook/core/probe_rewrite.h"

static const char *const MODE_NAMES[] = {
	[PROBE_MODE_AUTO] = "auto",       [PROBE_MODE_KEEP] = "keep",
	[PROBE_MODE_EXEC] = "exec",       [PROBE_MODE_EXEMPT] = "exempt",
	[PROBE_MODE_REWRITE] = "rewrite",
};
enum { MODE_COUNT = sizeof(MODE_NAMES) / sizeof(*MODE_NAMES) };

const char *probe_mode_name(enum probe_mode mode)
{
	return MODE_NAMES[mode];
}

int probe_mode_read(const json_t *annotations, enum probe_mode *ret_mode, struct err *err)
{
	const char *value = annotation_get(annotations, ANNOTATION_PROBES);

	if (value == NULL)
		value = MODE_NAMES[PROBE_MODE_AUTO];
	for (int i = 0; i < MODE_COUNT; i++) {
		if (strcmp(value, MODE_NAMES[i]) == 0) {
			*ret_mode = (enum probe_mode)i;
			return 0;
		}
	}
	return annotation_refuse(ANNOTATION_PROBES, value, err);
}

static int adapt_by_exec(json_t *pod, const struct probe_request *request,
			 const struct redirect_spec *spec, json_t **ret_pod, struct err *err)
{
	const struct probe_exec_request exec = {.overlay = request->profile->pod,
						.spec = spec,
						.image = request->image,
						.image_volumes = request->image_volumes,
						.is_demanded = request->mode == PROBE_MODE_EXEC};

	return probe_exec_apply(pod, &exec, ret_pod, err);
}

int probe_adapt(json_t *pod, const struct probe_request *request, struct redirect_spec *spec,
		json_t **ret_pod, struct err *err)
{
	enum probe_mode mode = spec->mode == REDIRECT_MODE_NONE ? PROBE_MODE_KEEP : request->mode;
	int r = 0;

	switch (mode) {
	case PROBE_MODE_AUTO:
	case PROBE_MODE_EXEC:
		return adapt_by_exec(pod, request, spec, ret_pod, err);
	case PROBE_MODE_REWRITE:
		return probe_rewrite_apply(pod, request->profile, spec, ret_pod, err);
	case PROBE_MODE_EXEMPT:
		r = probe_exempt_apply(pod, request->profile->pod, spec, err);
		break;
	case PROBE_MODE_KEEP:
		break;
	}
	if (r == 0)
		*ret_pod = json_incref(pod);
	return r;
}
