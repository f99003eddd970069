/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/image_volumes.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "common/base/version.h"

enum { SHOWN_MAX = 64 }; /* bytes of foreign text that a message repeats */

/* The first versions that do, by the scheme of status.nodeInfo.containerRuntimeVersion. */
static const struct {
	const char *scheme;
	struct version since;
} RUNTIMES[] = {
	{"containerd://", {2, 1}},
	{"cri-o://", {1, 31}},
};
static const struct version KUBELET_SINCE = {1, 35};

static const char *const NAMES[] = {
	[IMAGE_VOLUMES_UNKNOWN] = "unknown",
	[IMAGE_VOLUMES_YES] = "yes",
	[IMAGE_VOLUMES_NO] = "no",
};

int image_volumes_parse(const char *text, enum image_volumes *ret_answer, struct err *err)
{
	for (int i = IMAGE_VOLUMES_YES; i <= IMAGE_VOLUMES_NO; i++) {
		if (strcmp(text, NAMES[i]) == 0) {
			*ret_answer = (enum image_volumes)i;
			return 0;
		}
	}
	return err_set(err, EINVAL, "'%.*s' is not yes or no", SHOWN_MAX, text);
}

const char *image_volumes_name(enum image_volumes answer)
{
	return NAMES[answer];
}

static enum image_volumes judge(const char *text, const struct version *since)
{
	struct version version;

	if (!version_read(text, &version))
		return IMAGE_VOLUMES_UNKNOWN;
	return version_is_since(&version, since) ? IMAGE_VOLUMES_YES : IMAGE_VOLUMES_NO;
}

static enum image_volumes judge_runtime(const char *runtime)
{
	for (size_t i = 0; i < sizeof(RUNTIMES) / sizeof(*RUNTIMES); i++) {
		size_t length = strlen(RUNTIMES[i].scheme);

		if (strncmp(runtime, RUNTIMES[i].scheme, length) == 0)
			return judge(runtime + length, &RUNTIMES[i].since);
	}
	return IMAGE_VOLUMES_UNKNOWN;
}

/* The answer of two that must both be yes. */
static enum image_volumes both(enum image_volumes a, enum image_volumes b)
{
	if (a == IMAGE_VOLUMES_NO || b == IMAGE_VOLUMES_NO)
		return IMAGE_VOLUMES_NO;
	return a == IMAGE_VOLUMES_YES ? b : IMAGE_VOLUMES_UNKNOWN;
}

enum image_volumes image_volumes_of_node(const char *kubelet, const char *runtime)
{
	return both(judge(kubelet, &KUBELET_SINCE), judge_runtime(runtime));
}
