/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/node_set.h"

#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"

enum {
	TEXT_SIZE = 128,
	/* How the text of a node begins, unless it is empty. */
	IS_UNABLE = '-',
	IS_STRANGE = '?',
};

static const char *text_of(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));

	return text != NULL ? text : "";
}

static const char *name_of(const json_t *node)
{
	return text_of(json_object_get(node, "metadata"), "name");
}

/* The text of a node; NULL when it does not count. Borrowed from the buffer. */
static const char *describe(const json_t *node, char buffer[static TEXT_SIZE])
{
	const json_t *info = json_object_get(json_object_get(node, "status"), "nodeInfo");
	const char *kubelet = text_of(info, "kubeletVersion");
	const char *runtime = text_of(info, "containerRuntimeVersion");
	enum image_volumes answer = image_volumes_of_node(kubelet, runtime);

	if (strcmp(text_of(info, "operatingSystem"), "windows") == 0)
		return NULL;
	if (answer == IMAGE_VOLUMES_YES)
		return "";
	snprintf(buffer, TEXT_SIZE, "%ckubelet '%.32s' and '%.40s'",
		 answer == IMAGE_VOLUMES_NO ? IS_UNABLE : IS_STRANGE, kubelet, runtime);
	return buffer;
}

void node_set_release(struct node_set *set)
{
	named_texts_release(&set->texts);
	*set = (struct node_set){0};
}

json_t *node_set_keep(json_t *node)
{
	CLEANUP(strbuf_release) struct strbuf kept = STRBUF_INIT;
	char buffer[TEXT_SIZE];
	const char *name = name_of(node);
	const char *text = describe(node, buffer);

	if (text == NULL)
		return json_null();
	/* As an entry of the texts is. As JSON each node would take 2 KB. */
	strbuf_append(&kept, name, strlen(name) + 1);
	strbuf_append(&kept, text, strlen(text));
	return kept.is_failed ? NULL : json_stringn_nocheck(kept.data, kept.length);
}

/* Whether what is known changed. */
static bool put(struct node_set *set, const char *name, const char *text)
{
	const char *before = named_texts_find(&set->texts, name);

	if (before != NULL && strcmp(before, text) == 0)
		return false;
	if (!named_texts_put(&set->texts, name, text))
		set->is_whole = false;
	return true;
}

void node_set_list(struct node_set *set, json_t *kept)
{
	struct node_set listed = {.is_whole = true};
	size_t index;
	json_t *item;

	json_array_foreach(kept, index, item) {
		const char *entry = json_string_value(item);

		if (entry != NULL)
			put(&listed, entry, named_texts_text(entry));
	}
	node_set_release(set);
	*set = listed;
}

bool node_set_put(struct node_set *set, const json_t *node)
{
	char buffer[TEXT_SIZE];
	const char *text = describe(node, buffer);

	return text != NULL ? put(set, name_of(node), text) : node_set_remove(set, node);
}

bool node_set_remove(struct node_set *set, const json_t *node)
{
	return named_texts_remove(&set->texts, name_of(node));
}

/* The entry of the first node whose text begins so; NULL when there is none. */
static const char *first(const struct node_set *set, char begin)
{
	for (size_t i = 0; i < set->texts.count; i++) {
		if (*named_texts_text(set->texts.entries[i]) == begin)
			return set->texts.entries[i];
	}
	return NULL;
}

enum image_volumes node_set_answer(const struct node_set *set)
{
	if (!set->is_whole || set->texts.count == 0)
		return IMAGE_VOLUMES_UNKNOWN;
	if (first(set, IS_UNABLE) != NULL)
		return IMAGE_VOLUMES_NO;
	return first(set, IS_STRANGE) != NULL ? IMAGE_VOLUMES_UNKNOWN : IMAGE_VOLUMES_YES;
}

void node_set_reason(const struct node_set *set, char ret_reason[static NODE_SET_REASON_SIZE])
{
	const char *entry = first(set, IS_UNABLE);

	if (entry == NULL)
		entry = first(set, IS_STRANGE);
	ret_reason[0] = '\0';
	if (entry != NULL)
		snprintf(ret_reason, NODE_SET_REASON_SIZE, "node '%.48s' has %s", entry,
			 named_texts_text(entry) + 1);
}
