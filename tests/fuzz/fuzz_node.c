/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A page of Nodes as the API server lists them: the webhook's survey of what they can mount, and
 * what sidewire-node reads of its own one and of objects whose removal it watches. This is the
 * target of versions.
 */
#include "cni/core/removal_watch.h"
#include "cni/core/runtime_support.h"
#include "common/base/cleanup.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/json_mutate.h"
#include "webhook/core/image_volumes.h"

static const char *const WORDS[] = {"items",
				    "metadata",
				    "name",
				    "deletionTimestamp",
				    "status",
				    "nodeInfo",
				    "kubeletVersion",
				    "v1.35.0",
				    "v1.34.9+k3s1",
				    "1.35",
				    "containerRuntimeVersion",
				    "containerd://2.1.4",
				    "containerd://1.7.2",
				    "cri-o://1.31.0",
				    "docker://20.10",
				    "operatingSystem",
				    "windows",
				    "v4294967295.4294967296",
				    "",
				    NULL};

static void check_survey(json_t *items)
{
	struct image_volumes_survey survey = {0};
	struct image_volumes_survey twice = {0};

	image_volumes_survey_add(&survey, items);
	assert(survey.nodes <= json_array_size(items));
	assert(survey.nodes_unable + survey.nodes_strange <= survey.nodes);
	assert((survey.example[0] != '\0') == (survey.nodes_unable + survey.nodes_strange > 0));
	assert(strnlen(survey.example, sizeof(survey.example)) < sizeof(survey.example));
	assert(image_volumes_name(image_volumes_answer(&survey)) != NULL);
	/* A second page with the same nodes changes numbers, and not the answer. */
	image_volumes_survey_add(&twice, items);
	image_volumes_survey_add(&twice, items);
	assert(twice.nodes == 2 * survey.nodes && twice.nodes_unable == 2 * survey.nodes_unable);
	assert(image_volumes_answer(&twice) == image_volumes_answer(&survey));
}

static void check_runtime(const json_t *node)
{
	const json_t *info = json_object_get(json_object_get(node, "status"), "nodeInfo");
	const char *version = json_string_value(json_object_get(info, "containerRuntimeVersion"));
	struct err reason = {0};

	if (version == NULL)
		return;
	bool is_fine = runtime_support_of(version, &reason) == RUNTIME_SUPPORT_YES;
	assert(is_fine == (reason.msg[0] == '\0'));
	assert(strnlen(reason.msg, sizeof(reason.msg)) < sizeof(reason.msg));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_auto_t *list =
		json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	json_t *items = json_object_get(list, "items");
	struct removal_watch watch = {0};
	json_t *node;
	size_t index;

	/* json_read_array() and kube_list_parse() give one. */
	if (!json_is_array(items))
		return 0;
	check_survey(items);
	removal_watch_list(&watch, items);
	json_array_foreach(items, index, node) {
		check_runtime(node);
		removal_watch_object(&watch, node, false);
	}
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	return fuzz_mutate_json(data, size, max_size, seed, WORDS);
}
