/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * {"list": [...], "events": [...]}: Namespaces as a list and then a watch tell of them, an event
 * with "gone": true being a deletion. What is known of a namespace afterwards is what was said of
 * it last, or nothing.
 */
#include <stdlib.h>

#include "common/base/cleanup.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/json_mutate.h"
#include "webhook/core/annotation.h"
#include "webhook/core/namespace_defaults.h"
#include "webhook/core/namespace_set.h"

static const char *const WORDS[] = {"list",
				    "events",
				    "gone",
				    "metadata",
				    "name",
				    "shop",
				    "annotations",
				    "labels",
				    "sidewire.io/inject",
				    "enabled",
				    "sidewire.io/gate",
				    "probe",
				    "sidewire.io/exclude-uids",
				    "1000",
				    "param.sidewire.io/cpu",
				    "100m",
				    "sidewire.io/status",
				    "other.io/x",
				    "",
				    NULL};

/* What a namespace is kept as means the same as what it was kept of. */
static void check_text(const json_t *object)
{
	CLEANUP(namespace_facts_release) struct namespace_facts facts = {0};
	CLEANUP(freep) char *text = NULL;
	json_auto_t *back = NULL;
	struct err err = {0};
	int r = namespace_facts_read(object, &facts, &err);

	assert((namespace_text_encode(object, &text, &err) == 0) == (text != NULL));
	if (r < 0 || text == NULL) {
		fuzz_check_failure(&err);
		return;
	}
	assert(namespace_text_decode(text, &back, &err) == 0);
	assert((back == NULL) == (facts.annotations == NULL));
	assert(back == NULL || json_equal(back, facts.annotations));
	if (annotation_check_defaults(back, &err) < 0)
		fuzz_check_failure(&err);
}

/* What is kept of an object for a list is as good as the object. */
static void check_kept(json_t *object)
{
	json_auto_t *kept = namespace_set_keep(object);
	CLEANUP(freep) char *text = NULL;
	CLEANUP(freep) char *text_of_kept = NULL;
	struct err err = {0};
	int r = namespace_text_encode(object, &text, &err);

	assert(kept != NULL);
	assert(namespace_text_encode(kept, &text_of_kept, &err) == r);
	assert(r < 0 || strcmp(text, text_of_kept) == 0);
}

static const char *name_of(const json_t *object)
{
	return json_string_value(json_object_get(json_object_get(object, "metadata"), "name"));
}

/* The set knows of the object's namespace just what the object says. */
static void check_known(const struct namespace_set *set, const json_t *object)
{
	CLEANUP(freep) char *text = NULL;
	struct err err = {0};
	int r = namespace_text_encode(object, &text, &err);
	const char *name = name_of(object);
	const char *found = name != NULL ? namespace_set_find(set, name, 0) : NULL;

	assert((found != NULL) == (name != NULL && r == 0));
	assert(found == NULL || strcmp(found, text) == 0);
	if (name != NULL && namespace_name_check(name, &err) < 0)
		fuzz_check_failure(&err);
}

static void follow(struct namespace_set *set, json_t *event)
{
	const char *name = name_of(event);

	check_text(event);
	check_kept(event);
	if (json_is_true(json_object_get(event, "gone"))) {
		namespace_set_remove(set, event);
		assert(name == NULL || namespace_set_find(set, name, 0) == NULL);
		return;
	}
	namespace_set_put(set, event);
	check_known(set, event);
}

static void check_sorted(const struct namespace_set *set)
{
	for (size_t i = 1; i < set->texts.count; i++)
		assert(strcmp(set->texts.entries[i - 1], set->texts.entries[i]) < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_auto_t *input =
		json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	CLEANUP(namespace_set_release) struct namespace_set set = {0};
	json_t *list = json_object_get(input, "list");
	json_t *event;
	size_t index;

	/* kube_list_parse() gives an array. */
	if (!json_is_array(list))
		return 0;
	namespace_set_list(&set, list);
	check_sorted(&set);
	json_array_foreach(list, index, event)
		check_text(event);
	json_array_foreach(json_object_get(input, "events"), index, event)
		follow(&set, event);
	check_sorted(&set);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	return fuzz_mutate_json(data, size, max_size, seed, WORDS);
}
