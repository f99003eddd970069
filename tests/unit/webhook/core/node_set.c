/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/node_set.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"

#define NODE(name, system, kubelet, runtime)                                               \
	"{'metadata':{'name':'" name "'},'status':{'nodeInfo':{'operatingSystem':'" system \
	"','kubeletVersion':'" kubelet "','containerRuntimeVersion':'" runtime "'}}}"
#define LINUX(name, kubelet, runtime) NODE(name, "linux", kubelet, runtime)
#define ABLE(name) LINUX(name, "v1.35.0", "containerd://2.1.0")
#define UNABLE(name) LINUX(name, "v1.34.2", "containerd://2.1.0")
#define STRANGE(name) LINUX(name, "v1.35.0", "docker://29.0.0")
#define WINDOWS(name) NODE(name, "windows", "v1.33.0", "containerd://1.7.2")
#define IS_UNABLE(name) "node '" name "' has kubelet 'v1.34.2' and 'containerd://2.1.0'"
#define IS_STRANGE(name) "node '" name "' has kubelet 'v1.35.0' and 'docker://29.0.0'"
#define LONG_16 "0123456789abcdef"
#define LONG_64 LONG_16 LONG_16 LONG_16 LONG_16

static void list(struct node_set *set, const char *nodes)
{
	json_auto_t *items = quoted_json(nodes);
	json_auto_t *kept = json_array();
	json_t *node;
	size_t index;

	json_array_foreach(items, index, node)
		CU_ASSERT_EQUAL(json_array_append_new(kept, node_set_keep(node)), 0);
	node_set_list(set, kept);
}

static bool put(struct node_set *set, const char *node)
{
	json_auto_t *object = quoted_json(node);

	return node_set_put(set, object);
}

static bool take_away(struct node_set *set, const char *node)
{
	json_auto_t *object = quoted_json(node);

	return node_set_remove(set, object);
}

static void assert_set(const char *row, const struct node_set *set, enum image_volumes answer,
		       const char *reason)
{
	char found[NODE_SET_REASON_SIZE];

	node_set_reason(set, found);
	ASSERT_TEXT(row, image_volumes_name(node_set_answer(set)), image_volumes_name(answer));
	ASSERT_TEXT(row, found, reason);
}

static const struct {
	const char *nodes;
	enum image_volumes answer;
	const char *reason;
} ROWS[] = {
	{"[]", IMAGE_VOLUMES_UNKNOWN, ""},
	{"[" ABLE("a") "]", IMAGE_VOLUMES_YES, ""},
	{"[" UNABLE("a") "]", IMAGE_VOLUMES_NO, IS_UNABLE("a")},
	{"[" STRANGE("a") "]", IMAGE_VOLUMES_UNKNOWN, IS_STRANGE("a")},
	{"[{}]", IMAGE_VOLUMES_UNKNOWN, "node '' has kubelet '' and ''"},
	{"[7]", IMAGE_VOLUMES_UNKNOWN, "node '' has kubelet '' and ''"},
	{"[" ABLE("a") "," UNABLE("b") "," ABLE("c") "]", IMAGE_VOLUMES_NO, IS_UNABLE("b")},
	{"[" STRANGE("a") "," UNABLE("c") "," UNABLE("b") "]", IMAGE_VOLUMES_NO, IS_UNABLE("b")},
	{"[" ABLE("a") "," STRANGE("c") "," STRANGE("b") "]", IMAGE_VOLUMES_UNKNOWN,
	 IS_STRANGE("b")},
	{"[" WINDOWS("w") "]", IMAGE_VOLUMES_UNKNOWN, ""},
	{"[" WINDOWS("w") "," ABLE("a") "]", IMAGE_VOLUMES_YES, ""},
	{"[" LINUX(LONG_64, LONG_64, LONG_64) "]", IMAGE_VOLUMES_UNKNOWN,
	 "node '" LONG_16 LONG_16 LONG_16 "' has kubelet '" LONG_16 LONG_16
	 "' and '" LONG_16 LONG_16 "01234567'"},
	/* What is cut may be no text any more, and is kept nevertheless. */
	{"[" LINUX("a", "0123456789abcdef0123456789abcde\xc3\xa4", "x") "]", IMAGE_VOLUMES_UNKNOWN,
	 "node 'a' has kubelet '0123456789abcdef0123456789abcde\xc3' and 'x'"},
};

static void test_lists(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		CLEANUP(node_set_release) struct node_set set = {0};

		list(&set, ROWS[i].nodes);
		assert_set(ROWS[i].nodes, &set, ROWS[i].answer, ROWS[i].reason);
	}
}

static const struct {
	const char *row, *node;
	bool is_gone, has_changed;
	enum image_volumes answer;
	const char *reason;
} CHANGES[] = {
	{"one is alive", ABLE("a"), false, false, IMAGE_VOLUMES_YES, ""},
	{"one joins that can", ABLE("c"), false, true, IMAGE_VOLUMES_YES, ""},
	{"one joins that cannot", UNABLE("b"), false, true, IMAGE_VOLUMES_NO, IS_UNABLE("b")},
	{"it is alive", UNABLE("b"), false, false, IMAGE_VOLUMES_NO, IS_UNABLE("b")},
	{"another one", UNABLE("d"), false, true, IMAGE_VOLUMES_NO, IS_UNABLE("b")},
	{"the first is upgraded", ABLE("b"), false, true, IMAGE_VOLUMES_NO, IS_UNABLE("d")},
	{"the other one gets a strange runtime", STRANGE("d"), false, true, IMAGE_VOLUMES_UNKNOWN,
	 IS_STRANGE("d")},
	{"it leaves", STRANGE("d"), true, true, IMAGE_VOLUMES_YES, ""},
	{"it has left", STRANGE("d"), true, false, IMAGE_VOLUMES_YES, ""},
	{"one of Windows joins", WINDOWS("w"), false, false, IMAGE_VOLUMES_YES, ""},
	{"it leaves", WINDOWS("w"), true, false, IMAGE_VOLUMES_YES, ""},
	{"one comes back as it was", UNABLE("d"), false, true, IMAGE_VOLUMES_NO, IS_UNABLE("d")},
	{"Windows is installed on it", WINDOWS("d"), false, true, IMAGE_VOLUMES_YES, ""},
	{"one leaves that can", ABLE("a"), true, true, IMAGE_VOLUMES_YES, ""},
	{"one more", ABLE("b"), true, true, IMAGE_VOLUMES_YES, ""},
	{"the last one", ABLE("c"), true, true, IMAGE_VOLUMES_UNKNOWN, ""},
	{"one joins an empty cluster", ABLE("a"), false, true, IMAGE_VOLUMES_YES, ""},
};

static void test_changes(void)
{
	CLEANUP(node_set_release) struct node_set set = {0};

	list(&set, "[" ABLE("a") "]");
	for (size_t i = 0; i < sizeof(CHANGES) / sizeof(*CHANGES); i++) {
		bool has_changed = CHANGES[i].is_gone ? take_away(&set, CHANGES[i].node)
						      : put(&set, CHANGES[i].node);

		ASSERT_ROW(CHANGES[i].row, has_changed == CHANGES[i].has_changed);
		assert_set(CHANGES[i].row, &set, CHANGES[i].answer, CHANGES[i].reason);
	}
}

/* Thousands of them lie in memory until a list is whole. */
static void test_what_is_kept_is_small(void)
{
	static const struct {
		const char *node;
		size_t length;
	} KEPT[] = {
		{ABLE("a"), sizeof("a")},
		{UNABLE("a"),
		 sizeof("a") + sizeof("-kubelet 'v1.34.2' and 'containerd://2.1.0'") - 1},
		{WINDOWS("a"), 0},
	};

	for (size_t i = 0; i < sizeof(KEPT) / sizeof(*KEPT); i++) {
		json_auto_t *node = quoted_json(KEPT[i].node);
		json_auto_t *kept = node_set_keep(node);

		ASSERT_ROW(KEPT[i].node, json_is_string(kept) == (KEPT[i].length > 0));
		ASSERT_ROW(KEPT[i].node, json_string_length(kept) == KEPT[i].length);
	}
}

static void test_a_list_replaces_all(void)
{
	CLEANUP(node_set_release) struct node_set set = {0};

	list(&set, "[" UNABLE("a") "," ABLE("b") "]");
	list(&set, "[" ABLE("b") "," STRANGE("c") "]");
	assert_set("listed anew", &set, IMAGE_VOLUMES_UNKNOWN, IS_STRANGE("c"));
	CU_ASSERT_EQUAL(set.texts.count, 2);
}

static void test_before_the_list(void)
{
	CLEANUP(node_set_release) struct node_set set = {0};

	put(&set, ABLE("a"));
	assert_set("one node of some", &set, IMAGE_VOLUMES_UNKNOWN, "");
}

/* Where memory ends the answer is the right one, or unknown. */
static int attempt(const void *input, struct err *err)
{
	json_t *const *nodes = input;
	CLEANUP(node_set_release) struct node_set set = {.is_whole = true};
	json_auto_t *kept = node_set_keep(nodes[0]);

	node_set_put(&set, nodes[0]);
	node_set_put(&set, nodes[1]);
	node_set_put(&set, nodes[2]);
	enum image_volumes answer = node_set_answer(&set);
	CU_ASSERT(answer == IMAGE_VOLUMES_NO || (answer == IMAGE_VOLUMES_UNKNOWN && !set.is_whole));
	return kept == NULL || !set.is_whole ? err_set(err, ENOMEM, "out of memory") : 0;
}

static int attempt_list(const void *input, struct err *err)
{
	json_t *kept = json_incref(*(json_t *const *)input);
	CLEANUP(node_set_release) struct node_set set = {0};

	node_set_list(&set, kept);
	json_decref(kept);
	enum image_volumes answer = node_set_answer(&set);
	CU_ASSERT(answer == IMAGE_VOLUMES_NO || (answer == IMAGE_VOLUMES_UNKNOWN && !set.is_whole));
	return !set.is_whole ? err_set(err, ENOMEM, "out of memory") : 0;
}

static void test_out_of_memory(void)
{
	json_auto_t *unable = quoted_json(UNABLE("a"));
	json_auto_t *able = quoted_json(ABLE("b"));
	json_auto_t *worse = quoted_json(LINUX("a", "v1.33.0", "containerd://2.1.0"));
	json_t *const nodes[] = {unable, able, worse};
	json_auto_t *kept = json_pack("[o, o]", node_set_keep(unable), node_set_keep(able));
	json_t *const lists[] = {kept};

	alloc_fail_sweep("changes", attempt, nodes);
	alloc_fail_sweep("a list", attempt_list, lists);
}

static CU_TestInfo tests[] = {
	{"lists", test_lists},
	{"changes", test_changes},
	{"what is kept is small", test_what_is_kept_is_small},
	{"a list replaces all", test_a_list_replaces_all},
	{"before the list", test_before_the_list},
	{"memory may end anywhere", test_out_of_memory},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/node_set", tests)
