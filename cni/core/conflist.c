/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/conflist.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cni/core/cni_result.h"
#include "common/base/cleanup.h"
#include "common/base/json_read.h"
#include "common/vocabulary.h"

void conflist_release(struct conflist *list)
{
	json_decref(list->object);
	free(list->elements);
	*list = (struct conflist){0};
}

/* Finds the bytes of each plugin. */
static int slice_plugins(struct conflist *list, struct err *err)
{
	struct json_slice array;

	list->count = json_array_size(list->plugins);
	list->elements = calloc(list->count + 1, sizeof(*list->elements));
	if (list->elements == NULL)
		return err_set(err, ENOMEM, "out of memory");
	if (!json_slice_member(list->text.data, list->text.length, list->object, "plugins",
			       &array) ||
	    json_slice_elements(&array, list->elements, list->count) != list->count)
		return err_set(err, EINVAL, "'plugins' cannot be found in the text");
	return 0;
}

int conflist_read(struct conf_text text, struct conflist *ret_list, struct err *err)
{
	CLEANUP(conflist_release) struct conflist list = {.text = text};
	int r = json_read_text(text.data, text.length, &list.object, err);

	if (r == 0)
		r = json_read_array(list.object, "plugins", &list.plugins, err);
	if (r == 0 && list.plugins == NULL)
		r = err_set(err, EINVAL, "there is no 'plugins' in it: it is no conflist");
	if (r == 0)
		r = slice_plugins(&list, err);
	if (r < 0)
		return r;
	*ret_list = list;
	list = (struct conflist){0};
	return 0;
}

static int check_version(const json_t *version, struct err *err)
{
	const char *text = json_string_value(version);

	if (text == NULL || cni_result_version(text) == NULL)
		return err_set(err, EPROTONOSUPPORT,
			       "its cniVersion is '%.32s', and " CNI_PLUGIN_TYPE
			       " speaks 0.3.0 to " CNI_VERSION_NEWEST,
			       text != NULL ? text : "");
	return 0;
}

/* A runtime takes the newest that it knows of `cniVersions` and `cniVersion`. */
static int check_versions(const struct conflist *list, struct err *err)
{
	const json_t *single = json_object_get(list->object, "cniVersion");
	json_t *several = NULL;
	size_t index;
	json_t *version;
	int r = json_read_array(list->object, "cniVersions", &several, err);

	json_array_foreach(several, index, version) {
		if (r == 0)
			r = check_version(version, err);
	}
	if (r == 0 && (single != NULL || json_array_size(several) == 0))
		r = check_version(single, err);
	return r;
}

static int check_plugin(const json_t *plugin, size_t index, struct err *err)
{
	const char *type = json_string_value(json_object_get(plugin, "type"));

	if (type == NULL || *type == '\0')
		return err_set(err, EINVAL, "the plugin at place %zu has no type", index + 1);
	return 0;
}

int conflist_check(const struct conflist *list, struct err *err)
{
	const char *name = NULL;
	size_t foreign = 0;
	size_t index;
	json_t *plugin;
	int r = json_read_string(list->object, "name", &name, err);

	if (r == 0 && name == NULL)
		r = err_set(err, EINVAL, "it has no name");
	json_array_foreach(list->plugins, index, plugin) {
		if (r == 0)
			r = check_plugin(plugin, index, err);
		foreign += !conflist_is_ours(plugin);
	}
	if (r == 0 && foreign == 0)
		r = err_set(err, EINVAL, "it has no plugin to be chained to");
	return r == 0 ? check_versions(list, err) : r;
}

bool conflist_is_ours(const json_t *plugin)
{
	const char *type = json_string_value(json_object_get(plugin, "type"));

	return type != NULL && strcmp(type, CNI_PLUGIN_TYPE) == 0;
}

/* Whether the entry is what conflist_edit.c writes. */
static bool is_current(const json_t *plugin, enum backend_choice backend)
{
	const json_t *capabilities = json_object_get(plugin, "capabilities");
	const char *said = json_string_value(json_object_get(plugin, "backend"));
	bool is_said = backend != BACKEND_AUTO;

	return conflist_is_ours(plugin) && json_object_size(plugin) == (is_said ? 3 : 2) &&
	       (!is_said || (said != NULL && strcmp(said, backend_choice_name(backend)) == 0)) &&
	       json_object_size(capabilities) == 1 &&
	       json_is_true(json_object_get(capabilities, CNI_CAPABILITY_ANNOTATIONS));
}

enum conflist_entry conflist_find_entry(const struct conflist *list)
{
	size_t ours = 0;
	size_t good = 0;
	size_t index;
	json_t *plugin;

	json_array_foreach(list->plugins, index, plugin) {
		ours += conflist_is_ours(plugin);
		good += index > 0 && is_current(plugin, list->backend);
	}
	if (ours == 0)
		return CONFLIST_ENTRY_ABSENT;
	return ours == 1 && good == 1 ? CONFLIST_ENTRY_IN_PLACE : CONFLIST_ENTRY_WRONG;
}
