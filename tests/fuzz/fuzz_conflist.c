/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A configuration of another's, as a conflist and as the older form for one plugin. Whatever it is:
 * an entry that is put in is the last plugin, and all else as it was; and taking it out gives back
 * what taking out gave before.
 */
#include "cni/core/conflist.h"
#include "cni/core/conflist_edit.h"
#include "common/base/cleanup.h"
#include "common/base/json_read.h"
#include "tests/fuzz/fuzz.h"

typedef int edit(const struct conflist *list, char **ret_text, size_t *ret_length, struct err *err);

/* Our own text is always read again. */
static char *edited(edit *function, struct conf_text text)
{
	CLEANUP(conflist_release) struct conflist list = {0};
	struct err err = {0};
	char *result = NULL;
	size_t length = 0;

	assert(conflist_read(text, &list, &err) == 0);
	assert(function(&list, &result, &length, &err) == 0);
	assert(strlen(result) == length);
	return result;
}

static struct conf_text text_of(const char *text)
{
	return (struct conf_text){text, strlen(text)};
}

/* The values without our entry, and without the last plugin, which is ours. */
static void check_values(struct conf_text without, struct conf_text with)
{
	json_auto_t *expected = NULL;
	json_auto_t *found = NULL;
	struct err err = {0};

	assert(json_read_text(without.data, without.length, &expected, &err) == 0);
	assert(json_read_text(with.data, with.length, &found, &err) == 0);
	json_t *plugins = json_object_get(found, "plugins");
	size_t last = json_array_size(plugins) - 1;
	assert(conflist_is_ours(json_array_get(plugins, last)));
	json_array_remove(plugins, last);
	assert(json_equal(expected, found));
}

static void check_list(const struct conflist *list)
{
	CLEANUP(freep) char *without = edited(conflist_edit_remove, list->text);
	CLEANUP(freep) char *with = edited(conflist_edit_insert, text_of(without));
	CLEANUP(freep) char *back = edited(conflist_edit_remove, text_of(with));
	CLEANUP(conflist_release) struct conflist again = {0};
	struct err err = {0};

	assert(strcmp(without, back) == 0);
	check_values(text_of(without), text_of(with));
	if (conflist_find_entry(list) == CONFLIST_ENTRY_ABSENT)
		assert(strlen(without) == list->text.length &&
		       memcmp(without, list->text.data, list->text.length) == 0);
	assert(conflist_read(text_of(with), &again, &err) == 0 &&
	       conflist_check(&again, &err) == 0);
	assert(conflist_find_entry(&again) == CONFLIST_ENTRY_IN_PLACE);
}

static void check_conf(struct conf_text text)
{
	CLEANUP(freep) char *made = NULL;
	CLEANUP(conflist_release) struct conflist list = {0};
	struct err err = {0};
	size_t length = 0;

	if (conflist_edit_make(text, "10-fuzz.conf", BACKEND_AUTO, &made, &length, &err) < 0) {
		fuzz_check_failure(&err);
		return;
	}
	assert(conflist_read(text_of(made), &list, &err) == 0);
	assert(list.count == 2 && conflist_check(&list, &err) == 0);
	assert(conflist_find_entry(&list) == CONFLIST_ENTRY_IN_PLACE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(conflist_release) struct conflist list = {0};
	struct conf_text text = {(const char *)data, size};
	struct err err = {0};

	check_conf(text);
	if (conflist_read(text, &list, &err) < 0 || conflist_check(&list, &err) < 0)
		fuzz_check_failure(&err);
	else
		check_list(&list);
	return 0;
}
