/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/yaml_tree.h"

#include <assert.h>
#include <errno.h>
#include <libfyaml.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/utf8.h"
#include "webhook/core/yaml_place.h"

enum { ENTRIES_FIRST = 4 }; /* room of a sequence or mapping; it doubles */

/* What an alias may stand for. */
struct anchor {
	char *name;                   /* owned */
	const struct yaml_node *node; /* complete */
};

/* A sequence or mapping that has begun and not yet ended. */
struct level {
	struct yaml_node *node; /* owned by its parent, or the root */
	char *anchor;           /* owned; NULL: none */
	size_t room;            /* entries that are allocated */
	size_t last_end;        /* of the entry before */
};

struct reader {
	struct yaml_tree tree;
	struct fy_parser *parser;
	struct fy_diag *diag; /* collects libfyaml's messages */
	unsigned int first_line;
	bool has_document;
	struct level levels[YAML_DEPTH_MAX];
	size_t depth;
	struct anchor anchors[YAML_ANCHORS_MAX];
	size_t anchor_count;
};

static void node_free(struct yaml_node *node)
{
	if (node == NULL)
		return;
	for (size_t i = 0; i < node->count; i++) {
		struct yaml_entry *entry = &node->entries[i];

		node_free(entry->key);
		node_free(entry->value);
		free(entry->added_key);
		json_decref(entry->fresh);
	}
	free(node->entries);
	free(node->text);
	free(node);
}

static void node_freep(struct yaml_node **node)
{
	node_free(*node);
}

static void reader_release(struct reader *reader)
{
	while (reader->depth > 0)
		free(reader->levels[--reader->depth].anchor);
	while (reader->anchor_count > 0)
		free(reader->anchors[--reader->anchor_count].name);
	fy_parser_destroy(reader->parser);
	fy_diag_destroy(reader->diag);
	yaml_tree_release(&reader->tree);
}

static void print_nothing(struct fy_diag *diag, void *user, const char *text, size_t length)
{
	(void)diag;
	(void)user;
	(void)text;
	(void)length;
}

static int out_of_memory(struct err *err)
{
	return err_set(err, ENOMEM, "out of memory");
}

static int reader_init(struct reader *reader, const char *text, size_t length, struct err *err)
{
	struct fy_diag_cfg diag_config = {.output_fn = print_nothing, .level = FYET_ERROR};

	reader->tree.text = text;
	reader->tree.length = length;
	reader->diag = fy_diag_create(&diag_config);
	if (reader->diag == NULL)
		return out_of_memory(err);
	fy_diag_set_collect_errors(reader->diag, true);
	struct fy_parse_cfg config = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG,
				      .diag = reader->diag};
	reader->parser = fy_parser_create(&config);
	if (reader->parser == NULL || fy_parser_set_string(reader->parser, text, length) != 0)
		return out_of_memory(err);
	return 0;
}

/* The first complaint of libfyaml. */
static int syntax_error(const struct reader *reader, struct err *err)
{
	void *iterator = NULL;
	const struct fy_diag_error *found = fy_diag_errors_iterate(reader->diag, &iterator);

	if (found == NULL)
		return err_set(err, EINVAL, "not valid YAML");
	return err_set(err, EINVAL, "line %u, column %d: not valid YAML: %s",
		       (unsigned int)found->line + reader->first_line - 1, found->column,
		       found->msg);
}

/* The text of a token as a string of our own; "" for no token. */
static int token_copy(struct fy_token *token, char **ret_text, struct err *err)
{
	size_t length = 0;
	const char *text = token != NULL ? fy_token_get_text(token, &length) : "";

	if (text == NULL)
		return out_of_memory(err);
	if (memchr(text, '\0', length) != NULL)
		return err_set(err, EINVAL, "a NUL character has no place here");
	char *copy = strndup(text, length);
	if (copy == NULL)
		return out_of_memory(err);
	*ret_text = copy;
	return 0;
}

/* The innermost sequence or mapping; NULL outside of all. */
static struct level *top(struct reader *reader)
{
	return reader->depth > 0 ? &reader->levels[reader->depth - 1] : NULL;
}

/* The entry of a mapping whose key is read and whose value is not; NULL when there is none. */
static struct yaml_entry *pending(const struct level *level)
{
	struct yaml_node *node = level->node;
	struct yaml_entry *last = node->count > 0 ? &node->entries[node->count - 1] : NULL;

	return last != NULL && last->value == NULL ? last : NULL;
}

/* Whether the next value would be the key of a mapping. */
static bool is_key_expected(struct reader *reader)
{
	const struct level *level = top(reader);

	return level != NULL && level->node->kind == YAML_MAPPING && pending(level) == NULL;
}

/* A new entry at the end; NULL without memory. */
static struct yaml_entry *append_entry(struct level *level)
{
	struct yaml_node *node = level->node;

	if (node->count == level->room) {
		size_t room = level->room > 0 ? 2 * level->room : ENTRIES_FIRST;
		struct yaml_entry *entries =
			realloc(node->entries, room * sizeof(struct yaml_entry));

		if (entries == NULL)
			return NULL;
		node->entries = entries;
		level->room = room;
	}
	struct yaml_entry *entry = &node->entries[node->count++];
	*entry = (struct yaml_entry){.lead = YAML_NOWHERE};
	return entry;
}

/* Where the value of the next entry can begin: behind the colon, or the dash. */
static size_t value_from(const struct reader *reader, const struct level *level)
{
	const struct yaml_tree *tree = &reader->tree;
	const struct yaml_entry *entry = level != NULL ? pending(level) : NULL;
	size_t dash;

	if (level == NULL)
		return 0;
	if (entry != NULL)
		return yaml_place_after_colon(tree->text, tree->length, entry->key->end);
	if (level->node->style == YAML_FLOW)
		return level->last_end;
	dash = yaml_place_dash(tree->text, tree->length, level->last_end);
	return dash == YAML_NOWHERE ? level->last_end : dash + 1;
}

/* Puts a value, which it owns then, where the next one belongs. */
static int add(struct reader *reader, struct yaml_node *value, struct err *err)
{
	CLEANUP(node_freep) struct yaml_node *owned = value;
	const struct yaml_tree *tree = &reader->tree;
	struct level *level = top(reader);
	struct yaml_entry *entry;

	if (level == NULL) {
		reader->tree.root = TAKE(owned);
		return 0;
	}
	entry = pending(level);
	if (entry == NULL) {
		entry = append_entry(level);
		if (entry == NULL)
			return out_of_memory(err);
		entry->lead = level->node->style == YAML_FLOW
				      ? value->begin
				      : yaml_place_dash(tree->text, tree->length, level->last_end);
	}
	entry->value = TAKE(owned);
	level->last_end = value->end;
	return 0;
}

static int add_key(struct reader *reader, struct yaml_node *key, struct err *err)
{
	struct yaml_entry *entry = append_entry(top(reader));

	if (entry == NULL) {
		node_free(key);
		return out_of_memory(err);
	}
	entry->key = key;
	entry->lead = key->begin;
	return 0;
}

/* Remembers a complete value under the anchor, if there is one. */
static int set_anchor(struct reader *reader, char **anchor, const struct yaml_node *node,
		      struct err *err)
{
	if (*anchor == NULL)
		return 0;
	if (reader->anchor_count == YAML_ANCHORS_MAX)
		return err_set(err, E2BIG, "more than %d anchors", YAML_ANCHORS_MAX);
	reader->anchors[reader->anchor_count++] =
		(struct anchor){.name = TAKE(*anchor), .node = node};
	return 0;
}

static int anchor_copy(struct fy_token *token, char **ret_anchor, struct err *err)
{
	return token == NULL ? 0 : token_copy(token, ret_anchor, err);
}

/* Line and column of the event; where it has none, of the key whose empty value it is. */
static void set_position(struct reader *reader, struct fy_event *event, struct yaml_node *node)
{
	const struct fy_mark *mark = fy_event_start_mark(event);
	const struct level *level = top(reader);
	const struct yaml_entry *entry = level != NULL ? pending(level) : NULL;
	const struct yaml_node *near = entry != NULL   ? entry->key
				       : level != NULL ? level->node
						       : NULL;

	if (mark != NULL) {
		node->line = (unsigned int)mark->line + reader->first_line;
		node->column = (unsigned int)mark->column + 1;
	} else {
		node->line = near != NULL ? near->line : reader->first_line;
		node->column = near != NULL ? near->column : 1;
	}
}

/* A node for the event, its place not yet known; NULL without memory. */
static struct yaml_node *new_node(struct reader *reader, struct fy_event *event,
				  enum yaml_kind kind)
{
	struct yaml_node *node = calloc(1, sizeof(*node));

	if (node == NULL)
		return NULL;
	node->kind = kind;
	set_position(reader, event, node);
	return node;
}

static enum yaml_style style_of(const struct fy_event_scalar_data *scalar)
{
	if (scalar->value == NULL)
		return YAML_PLAIN;
	switch (fy_token_scalar_style(scalar->value)) {
	case FYSS_SINGLE_QUOTED:
	case FYSS_DOUBLE_QUOTED:
		return YAML_QUOTED;
	case FYSS_LITERAL:
	case FYSS_FOLDED:
		return YAML_BLOCK;
	case FYSS_ANY:
	case FYSS_PLAIN:
	case FYSS_MAX:
		break;
	}
	return YAML_PLAIN;
}

/* libfyaml's marks leave out quotes and the header of a block, and a block's has blank lines, and
 * the blanks before whatever follows, at its end. */
static void place_scalar(const struct reader *reader, struct fy_event *event, size_t from,
			 struct yaml_node *node)
{
	const struct yaml_tree *tree = &reader->tree;
	const struct fy_mark *start = fy_event_start_mark(event);
	const struct fy_mark *stop = fy_event_end_mark(event);

	if (start == NULL || stop == NULL) {
		node->begin = from;
		node->end = from;
		return;
	}
	node->begin = start->input_pos;
	node->end = stop->input_pos;
	if (node->style == YAML_QUOTED) {
		node->begin--;
		node->end++;
		node->column--;
	}
	if (node->style == YAML_BLOCK) {
		node->begin = yaml_place_block_header(tree->text, tree->length, from);
		node->end = yaml_place_block_end(tree->text, node->begin, start->input_pos,
						 stop->input_pos);
	}
}

static int add_scalar(struct reader *reader, struct fy_event *event, struct err *err)
{
	const struct fy_event_scalar_data *scalar = &event->scalar;
	bool is_key = is_key_expected(reader);
	size_t from = is_key ? 0 : value_from(reader, top(reader));
	CLEANUP(node_freep) struct yaml_node *node = new_node(reader, event, YAML_SCALAR);
	CLEANUP(freep) char *anchor = NULL;

	if (node == NULL)
		return out_of_memory(err);
	node->style = style_of(scalar);
	node->has_tag = scalar->tag != NULL;
	node->has_anchor = scalar->anchor != NULL;
	place_scalar(reader, event, from, node);
	int r = token_copy(scalar->value, &node->text, err);
	if (r == 0)
		r = anchor_copy(scalar->anchor, &anchor, err);
	if (r < 0)
		return r;
	const struct yaml_node *complete = node;
	r = is_key ? add_key(reader, TAKE(node), err) : add(reader, TAKE(node), err);
	return r < 0 ? r : set_anchor(reader, &anchor, complete, err);
}

static int add_alias(struct reader *reader, struct fy_event *event, struct err *err)
{
	CLEANUP(node_freep) struct yaml_node *node = new_node(reader, event, YAML_ALIAS);
	CLEANUP(freep) char *name = NULL;
	const struct fy_mark *stop = fy_event_end_mark(event);

	if (node == NULL)
		return out_of_memory(err);
	if (is_key_expected(reader))
		return err_set(err, EINVAL, "a key must be a string, not an alias");
	int r = token_copy(event->alias.anchor, &name, err);
	if (r < 0)
		return r;
	for (size_t i = reader->anchor_count; i-- > 0 && node->target == NULL;) {
		if (strcmp(reader->anchors[i].name, name) == 0)
			node->target = reader->anchors[i].node;
	}
	if (node->target == NULL)
		return err_set(err, EINVAL,
			       "the alias *%.64s stands for nothing that ended before it", name);
	node->begin = stop->input_pos - strlen(name) - 1;
	node->end = stop->input_pos;
	return add(reader, TAKE(node), err);
}

/* Begins a sequence or mapping. */
static int begin(struct reader *reader, struct fy_event *event, enum yaml_kind kind,
		 struct err *err)
{
	struct fy_token *anchor = fy_event_get_anchor_token(event);
	CLEANUP(node_freep) struct yaml_node *node = new_node(reader, event, kind);
	CLEANUP(freep) char *name = NULL;

	if (node == NULL)
		return out_of_memory(err);
	if (is_key_expected(reader))
		return err_set(err, EINVAL, "a key must be a string");
	if (reader->depth == YAML_DEPTH_MAX)
		return err_set(err, E2BIG, "more than %d levels", YAML_DEPTH_MAX);
	const struct fy_mark *start = fy_event_start_mark(event);
	const struct fy_mark *stop = fy_event_end_mark(event);
	node->begin = start->input_pos;
	node->end = stop->input_pos;
	node->style = stop->input_pos > start->input_pos ? YAML_FLOW : YAML_BLOCK;
	node->has_anchor = anchor != NULL;
	node->has_tag = fy_event_get_tag_token(event) != NULL;
	int r = anchor_copy(anchor, &name, err);
	struct level level = {.node = node, .last_end = node->end};
	if (r == 0)
		r = add(reader, TAKE(node), err);
	if (r < 0)
		return r;
	level.anchor = TAKE(name);
	reader->levels[reader->depth++] = level;
	return 0;
}

static int end(struct reader *reader, struct fy_event *event, struct err *err)
{
	/* libfyaml ends what it has begun. */
	assert(reader->depth > 0);
	struct level *level = &reader->levels[--reader->depth];
	const struct yaml_node *node = level->node;
	const struct fy_mark *stop = fy_event_end_mark(event);

	level->node->end = node->style == YAML_FLOW ? stop->input_pos : level->last_end;
	if (node->style == YAML_BLOCK && node->kind == YAML_MAPPING && node->count > 0)
		level->node->begin = node->entries[0].lead;
	if (top(reader) != NULL)
		top(reader)->last_end = node->end;
	int r = set_anchor(reader, &level->anchor, node, err);
	free(TAKE(level->anchor));
	return r;
}

static int read_event(struct reader *reader, struct fy_event *event, struct err *err)
{
	switch (event->type) {
	case FYET_SCALAR:
		return add_scalar(reader, event, err);
	case FYET_ALIAS:
		return add_alias(reader, event, err);
	case FYET_SEQUENCE_START:
		return begin(reader, event, YAML_SEQUENCE, err);
	case FYET_MAPPING_START:
		return begin(reader, event, YAML_MAPPING, err);
	case FYET_SEQUENCE_END:
	case FYET_MAPPING_END:
		return end(reader, event, err);
	case FYET_DOCUMENT_START:
		if (reader->has_document)
			return err_set(err, EINVAL, "a second document: one is expected");
		reader->has_document = true;
		return 0;
	case FYET_NONE:
	case FYET_STREAM_START:
	case FYET_STREAM_END:
	case FYET_DOCUMENT_END:
		return 0;
	}
	return 0;
}

/* Puts line and column of the event before the message. */
static int at_event(struct reader *reader, struct fy_event *event, struct err *err)
{
	struct yaml_node place = {.kind = YAML_SCALAR};

	if (fy_event_start_mark(event) == NULL)
		return err->code;
	set_position(reader, event, &place);
	return yaml_at(&place, err);
}

static int read_all(struct reader *reader, struct err *err)
{
	struct fy_event *event;
	int r = 0;

	while (r == 0 && (event = fy_parser_parse(reader->parser)) != NULL) {
		r = read_event(reader, event, err);
		if (r < 0)
			r = at_event(reader, event, err);
		fy_parser_event_free(reader->parser, event);
	}
	if (r == 0 && fy_parser_get_stream_error(reader->parser))
		r = syntax_error(reader, err);
	return r;
}

/* libfyaml takes bytes that are no characters, and a NUL, for the end of the text. */
static int check_characters(const char *text, size_t length, unsigned int line, struct err *err)
{
	size_t character = 0;

	for (size_t at = 0; at < length; at += character) {
		character = utf8_length(text + at, length - at);
		if (character == 0 || text[at] == '\0')
			return err_set(err, EINVAL, "line %u: a byte that is no UTF-8 text", line);
		line += text[at] == '\n';
	}
	return 0;
}

int yaml_tree_read(const char *text, size_t length, unsigned int first_line,
		   struct yaml_tree *ret_tree, struct err *err)
{
	CLEANUP(reader_release) struct reader reader = {.first_line = first_line};
	int r = check_characters(text, length, first_line, err);

	if (r == 0)
		r = reader_init(&reader, text, length, err);
	if (r == 0)
		r = read_all(&reader, err);
	if (r < 0)
		return r;
	*ret_tree = reader.tree;
	reader.tree.root = NULL;
	return 0;
}

void yaml_tree_release(struct yaml_tree *tree)
{
	node_free(tree->root);
	*tree = (struct yaml_tree){0};
}
