/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A page of Nodes as the API server lists them: what the webhook knows of what they can mount, and
 * what sidewire-node reads of its own one and of objects whose removal it watches. This is the
 * target of versions.
 */
#include "cni/core/removal_watch.h"
#include "cni/core/runtime_support.h"
#include "common/base/cleanup.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/json_mutate.h"
#include "webhook/core/node_set.h"

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

static void check_reason(const struct node_set *set)
{
	bool is_yes = node_set_answer(set) == IMAGE_VOLUMES_YES;
	char reason[NODE_SET_REASON_SIZE];

	node_set_reason(set, reason);
	assert(strnlen(reason, sizeof(reason)) < sizeof(reason));
	assert((reason[0] == '\0') == (is_yes || set->texts.count == 0));
}

/* A set to which each node was added, how often does not matter, answers as one that was listed;
 * and nothing is known of nodes that have gone. */
static void check_set(json_t *items)
{
	CLEANUP(node_set_release) struct node_set listed = {0};
	CLEANUP(node_set_release) struct node_set added = {.is_whole = true};
	json_auto_t *kept = json_array();
	json_t *node;
	size_t index;

	json_array_foreach(items, index, node) {
		json_array_append_new(kept, node_set_keep(node));
		node_set_put(&added, node);
		assert(!node_set_put(&added, node));
	}
	node_set_list(&listed, kept);
	assert(json_array_size(kept) == json_array_size(items));
	check_reason(&listed);
	/* Unless a Windows node has the name of another one. */
	if (added.texts.count == listed.texts.count)
		assert(node_set_answer(&added) == node_set_answer(&listed));
	json_array_foreach(items, index, node)
		node_set_remove(&added, node);
	assert(added.texts.count == 0);
	assert(node_set_answer(&added) == IMAGE_VOLUMES_UNKNOWN);
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
	check_set(items);
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
