/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/yaml_patch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "webhook/core/yaml_json.h"

enum verb {
	VERB_ADD,
	VERB_REPLACE,
	VERB_REMOVE,
};

/* One operation on its way down. */
struct operation {
	enum verb verb;
	json_t *value;    /* borrowed; NULL for VERB_REMOVE */
	char *pointer;    /* owned */
	const char *rest; /* of the pointer, what is not yet walked; "" at the end */
	char *token;      /* the part that was walked last, unescaped; owned */
};

static void operation_release(struct operation *operation)
{
	free(operation->pointer);
	free(operation->token);
}

static int out_of_memory(struct err *err)
{
	return err_set(err, ENOMEM, "out of memory");
}

static int no_such_place(struct err *err)
{
	return err_set(err, ENOTSUP, "the patch has a place that the text has not");
}

/* Takes the next part of the pointer (RFC 6901, 3 and 4). */
static int next_token(struct operation *operation, struct err *err)
{
	const char *from = operation->rest + (*operation->rest == '/');
	size_t length = strcspn(from, "/");
	char *token = malloc(length + 1);
	size_t written = 0;

	if (token == NULL)
		return out_of_memory(err);
	for (size_t i = 0; i < length; i++) {
		char c = from[i];

		/* ~1 is a slash, ~0 a tilde. */
		if (c == '~' && i + 1 < length && from[++i] == '1')
			c = '/';
		token[written++] = c;
	}
	token[written] = '\0';
	free(operation->token);
	operation->token = token;
	operation->rest = from + length;
	return 0;
}

static bool is_last(const struct operation *operation)
{
	return *operation->rest == '\0';
}

/* An array's index; `count` for what is none, and for one behind the end. */
static size_t index_of(const char *token, size_t count)
{
	char *end;
	unsigned long long index = strtoull(token, &end, 10);

	return end == token || *end != '\0' || index > count ? count : (size_t)index;
}

/* The last step in a value that is no longer text. */
static int change_value(json_t *parent, const struct operation *operation, struct err *err)
{
	const char *token = operation->token;
	size_t index = index_of(token, json_array_size(parent));
	int r;

	if (json_is_object(parent))
		r = operation->verb == VERB_REMOVE
			    ? json_object_del(parent, token)
			    : json_object_set(parent, token, operation->value);
	else if (operation->verb == VERB_REMOVE)
		r = json_array_remove(parent, index);
	else if (operation->verb == VERB_ADD)
		r = json_array_insert(parent, index, operation->value);
	else
		r = json_array_set(parent, index, operation->value);
	return r < 0 ? no_such_place(err) : 0;
}

/* Goes on in a value that is no longer text, and is ours alone. */
static int walk_value(json_t *value, struct operation *operation, struct err *err)
{
	while (!is_last(operation)) {
		int r = next_token(operation, err);

		if (r < 0)
			return r;
		if (is_last(operation))
			return change_value(value, operation, err);
		value = json_is_object(value)
				? json_object_get(value, operation->token)
				: json_array_get(value, index_of(operation->token,
								 json_array_size(value)));
		if (value == NULL)
			return no_such_place(err);
	}
	return no_such_place(err);
}

static bool is_live(const struct yaml_entry *entry)
{
	return entry->change != YAML_REMOVED;
}

static bool has_name(const struct yaml_entry *entry, const char *name)
{
	return strcmp(entry->key != NULL ? entry->key->text : entry->added_key, name) == 0;
}

/* The place in `entries` of what the token names; `count` when there is none. */
static size_t find(const struct yaml_node *node, const char *token)
{
	size_t live = node->kind == YAML_SEQUENCE ? index_of(token, node->count) : 0;
	size_t i = 0;

	for (; i < node->count; i++) {
		const struct yaml_entry *entry = &node->entries[i];

		if (!is_live(entry))
			continue;
		if (node->kind == YAML_SEQUENCE ? live-- == 0 : has_name(entry, token))
			break;
	}
	return i;
}

/* A new entry at that place. */
static int insert(struct yaml_node *node, size_t at, const struct operation *operation,
		  struct err *err)
{
	bool is_mapping = node->kind == YAML_MAPPING;
	CLEANUP(freep) char *name = is_mapping ? strdup(operation->token) : NULL;
	CLEANUP(freep) struct yaml_entry *entries = calloc(node->count + 1, sizeof(*entries));

	if (entries == NULL || (is_mapping && name == NULL))
		return out_of_memory(err);
	for (size_t i = 0; i < node->count; i++)
		entries[i < at ? i : i + 1] = node->entries[i];
	entries[at] = (struct yaml_entry){.lead = YAML_NOWHERE,
					  .change = YAML_ADDED,
					  .added_key = TAKE(name),
					  .fresh = json_incref(operation->value)};
	/* The old ones are freed in place of the new. */
	struct yaml_entry *old = node->entries;
	node->entries = entries;
	entries = old;
	node->count++;
	return 0;
}

static void set_value(struct yaml_entry *entry, json_t *taken)
{
	json_decref(entry->fresh);
	entry->fresh = taken;
	if (entry->change == YAML_KEPT)
		entry->change = YAML_REPLACED;
}

/* The last step. */
static int change_entry(struct yaml_node *node, const struct operation *operation, struct err *err)
{
	size_t at = find(node, operation->token);
	bool is_there = at < node->count;

	if (operation->verb == VERB_REMOVE) {
		if (!is_there)
			return no_such_place(err);
		node->entries[at].change = YAML_REMOVED;
		return 0;
	}
	if (!is_there || (operation->verb == VERB_ADD && node->kind == YAML_SEQUENCE))
		return insert(node, at, operation, err);
	set_value(&node->entries[at], json_incref(operation->value));
	return 0;
}

/* What is to be changed below an alias is written out in its place. */
static int write_out(struct yaml_entry *entry, struct err *err)
{
	json_t *value = NULL;
	int r = yaml_json(entry->value, YAML_KUBECTL, &value, err);

	if (r == 0)
		set_value(entry, value);
	return r;
}

static int walk(struct yaml_node *node, struct operation *operation, struct err *err)
{
	while (node->kind == YAML_MAPPING || node->kind == YAML_SEQUENCE) {
		int r = next_token(operation, err);

		if (r < 0)
			return r;
		if (is_last(operation))
			return change_entry(node, operation, err);
		size_t at = find(node, operation->token);
		struct yaml_entry *entry = at < node->count ? &node->entries[at] : NULL;
		if (entry == NULL || entry->value == NULL)
			return no_such_place(err);
		bool is_alias = entry->value->kind == YAML_ALIAS;
		if (is_alias && entry->change == YAML_KEPT && write_out(entry, err) < 0)
			return err->code;
		if (is_alias)
			return walk_value(entry->fresh, operation, err);
		if (entry->change != YAML_KEPT)
			return no_such_place(err);
		node = entry->value;
	}
	return no_such_place(err);
}

static int read_operation(const char *pointer, const json_t *document, struct operation *operation,
			  struct err *err)
{
	static const char *const VERBS[] = {
		[VERB_ADD] = "add", [VERB_REPLACE] = "replace", [VERB_REMOVE] = "remove"};
	CLEANUP(strbuf_release) struct strbuf whole = STRBUF_INIT;
	const char *name = json_string_value(json_object_get(document, "op"));
	const char *path = json_string_value(json_object_get(document, "path"));
	size_t verb = 0;

	while (verb <= VERB_REMOVE && name != NULL && strcmp(VERBS[verb], name) != 0)
		verb++;
	if (name == NULL || verb > VERB_REMOVE || path == NULL || *path != '/')
		return no_such_place(err);
	operation->verb = (enum verb)verb;
	operation->value = json_object_get(document, "value");
	strbuf_printf(&whole, "%s%s", pointer, path);
	int r = strbuf_finish(&whole, &operation->pointer, err);
	operation->rest = operation->pointer;
	return r;
}

int yaml_patch_apply(struct yaml_tree *tree, const char *pointer, const json_t *patch,
		     struct err *err)
{
	size_t index;
	json_t *document;

	json_array_foreach(patch, index, document) {
		CLEANUP(operation_release) struct operation operation = {0};
		int r = read_operation(pointer, document, &operation, err);

		if (r == 0)
			r = walk(tree->root, &operation, err);
		if (r < 0)
			return r;
	}
	return 0;
}
