/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/image_volumes.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
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

static const char *text_of(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));

	return text != NULL ? text : "";
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

static void add_node(struct image_volumes_survey *survey, const json_t *node)
{
	const json_t *info = json_object_get(json_object_get(node, "status"), "nodeInfo");
	const char *kubelet = text_of(info, "kubeletVersion");
	const char *runtime = text_of(info, "containerRuntimeVersion");
	enum image_volumes answer = both(judge(kubelet, &KUBELET_SINCE), judge_runtime(runtime));
	bool is_unable = answer == IMAGE_VOLUMES_NO;
	bool is_example = (is_unable && survey->nodes_unable == 0) ||
			  (answer == IMAGE_VOLUMES_UNKNOWN && survey->example[0] == '\0');

	if (strcmp(text_of(info, "operatingSystem"), "windows") == 0)
		return;
	survey->nodes++;
	survey->nodes_unable += is_unable ? 1 : 0;
	survey->nodes_strange += answer == IMAGE_VOLUMES_UNKNOWN ? 1 : 0;
	if (is_example)
		snprintf(survey->example, sizeof(survey->example),
			 "node '%.48s' has kubelet '%.32s' and '%.40s'",
			 text_of(json_object_get(node, "metadata"), "name"), kubelet, runtime);
}

void image_volumes_survey_add(struct image_volumes_survey *survey, json_t *nodes)
{
	json_t *node;
	size_t index;

	json_array_foreach(nodes, index, node)
		add_node(survey, node);
}

enum image_volumes image_volumes_answer(const struct image_volumes_survey *survey)
{
	if (survey->nodes_unable > 0)
		return IMAGE_VOLUMES_NO;
	return survey->nodes > 0 && survey->nodes_strange == 0 ? IMAGE_VOLUMES_YES
							       : IMAGE_VOLUMES_UNKNOWN;
}
