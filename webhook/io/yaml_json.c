/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/yaml_json.h"

#include <errno.h>
#include <libfyaml.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/utf8.h"
#include "webhook/io/yaml_scalar.h"

/* A sequence or mapping that has begun and not yet ended. */
struct level {
	json_t *container; /* borrowed from its parent, or from the reader's root */
	char *key;         /* owned; of a mapping, between a key and its value */
	char *anchor;      /* owned; NULL: none */
};

struct reader {
	struct fy_parser *parser;
	struct fy_diag *diag; /* collects libfyaml's messages */
	json_t *root;
	json_t *anchors; /* object: what aliases stand for; complete values only */
	struct level levels[YAML_DEPTH_MAX];
	size_t depth;
	size_t size; /* see YAML_SIZE_MAX */
};

static void level_release(struct level *level)
{
	free(level->key);
	free(level->anchor);
	*level = (struct level){0};
}

static void reader_release(struct reader *reader)
{
	while (reader->depth > 0)
		level_release(&reader->levels[--reader->depth]);
	fy_parser_destroy(reader->parser);
	fy_diag_destroy(reader->diag);
	json_decref(reader->anchors);
	json_decref(reader->root);
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

	*reader = (struct reader){.anchors = json_object(), .diag = fy_diag_create(&diag_config)};
	if (reader->anchors == NULL || reader->diag == NULL)
		return out_of_memory(err);
	fy_diag_set_collect_errors(reader->diag, true);
	struct fy_parse_cfg config = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG,
				      .diag = reader->diag};
	reader->parser = fy_parser_create(&config);
	if (reader->parser == NULL || fy_parser_set_string(reader->parser, text, length) != 0)
		return out_of_memory(err);
	return 0;
}

/* Puts line and column, counted from 1, before the message. */
static int at_event(struct fy_event *event, struct err *err)
{
	const struct fy_mark *mark = fy_event_start_mark(event);

	if (mark == NULL || err->code == -ENOMEM)
		return err->code;
	return err_wrap(err, "line %d, column %d", mark->line + 1, mark->column + 1);
}

/* The first complaint of libfyaml. */
static int syntax_error(const struct reader *reader, struct err *err)
{
	void *iterator = NULL;
	const struct fy_diag_error *found = fy_diag_errors_iterate(reader->diag, &iterator);

	if (found == NULL)
		return err_set(err, EINVAL, "not valid YAML");
	return err_set(err, EINVAL, "line %d, column %d: not valid YAML: %s", found->line,
		       found->column, found->msg);
}

/* The text of a token as a string of our own. */
static int token_copy(struct fy_token *token, char **ret_text, struct err *err)
{
	size_t length = 0;
	const char *text = fy_token_get_text(token, &length);

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

/* Whether the next value would be the key of a mapping. */
static bool is_key_expected(struct reader *reader)
{
	const struct level *level = top(reader);

	return level != NULL && json_is_object(level->container) && level->key == NULL;
}

static int grow(struct reader *reader, size_t more, struct err *err)
{
	if (more > YAML_SIZE_MAX - reader->size)
		return err_set(err, E2BIG, "more than %d values and characters", YAML_SIZE_MAX);
	reader->size += more;
	return 0;
}

/* Puts a value, which it owns then, where the next one belongs. */
static int add(struct reader *reader, json_t *value, struct err *err)
{
	struct level *level = top(reader);

	if (value == NULL)
		return out_of_memory(err);
	if (level == NULL) {
		reader->root = value;
		return 0;
	}
	int failed = json_is_array(level->container)
			     ? json_array_append_new(level->container, value)
			     : json_object_set_new(level->container, level->key, value);
	free(TAKE(level->key));
	return failed != 0 ? out_of_memory(err) : 0;
}

/* Remembers a complete value under the anchor, if there is one. */
static int set_anchor(struct reader *reader, const char *anchor, json_t *value, struct err *err)
{
	if (anchor != NULL && json_object_set(reader->anchors, anchor, value) != 0)
		return out_of_memory(err);
	return 0;
}

static int anchor_copy(struct fy_token *token, char **ret_anchor, struct err *err)
{
	return token == NULL ? 0 : token_copy(token, ret_anchor, err);
}

static int add_key(struct level *level, const char *text, bool is_plain, struct err *err)
{
	json_auto_t *value = NULL;

	if (is_plain && strcmp(text, "<<") == 0)
		return err_set(err, EINVAL, "merge keys (<<) are no part of YAML 1.2");
	int r = is_plain ? yaml_scalar_read(text, &value, err) : 0;
	if (r < 0)
		return r;
	if (is_plain && !json_is_string(value))
		return err_set(err, EINVAL, "the key %.64s is no string: quote it", text);
	if (json_object_get(level->container, text) != NULL)
		return err_set(err, EINVAL, "the key %.64s is there already", text);
	level->key = strdup(text);
	return level->key == NULL ? out_of_memory(err) : 0;
}

static int add_scalar(struct reader *reader, const struct fy_event_scalar_data *scalar,
		      struct err *err)
{
	CLEANUP(freep) char *text = NULL;
	CLEANUP(freep) char *anchor = NULL;
	json_t *value = NULL;
	bool is_plain = fy_token_scalar_style(scalar->value) == FYSS_PLAIN;

	if (scalar->tag != NULL)
		return err_set(err, EINVAL, "tags are not supported: quote the value instead");
	int r = token_copy(scalar->value, &text, err);
	if (r == 0)
		r = grow(reader, 1 + strlen(text), err);
	if (r == 0)
		r = anchor_copy(scalar->anchor, &anchor, err);
	if (r != 0)
		return r;
	if (is_key_expected(reader))
		return add_key(top(reader), text, is_plain, err);
	if (!is_plain)
		value = json_string(text);
	else if (yaml_scalar_read(text, &value, err) < 0)
		return err->code;
	r = add(reader, value, err);
	return r < 0 ? r : set_anchor(reader, anchor, value, err);
}

/* Begins a sequence or mapping; `container` is the empty one, and is owned from here on. */
static int begin(struct reader *reader, json_t *container, struct fy_token *anchor,
		 struct fy_token *tag, struct err *err)
{
	json_auto_t *owned = container;
	CLEANUP(freep) char *name = NULL;

	if (tag != NULL)
		return err_set(err, EINVAL, "tags are not supported");
	if (is_key_expected(reader))
		return err_set(err, EINVAL, "a key must be a string");
	if (reader->depth == YAML_DEPTH_MAX)
		return err_set(err, E2BIG, "more than %d levels", YAML_DEPTH_MAX);
	int r = grow(reader, 1, err);
	if (r == 0)
		r = anchor_copy(anchor, &name, err);
	if (r == 0)
		r = add(reader, TAKE(owned), err);
	if (r < 0)
		return r;
	reader->levels[reader->depth++] =
		(struct level){.container = container, .anchor = TAKE(name)};
	return 0;
}

static int end(struct reader *reader, struct err *err)
{
	struct level *level = &reader->levels[--reader->depth];
	int r = set_anchor(reader, level->anchor, level->container, err);

	level_release(level);
	return r;
}

/* Counts values and characters of a value that stands in `depth` levels, and the levels in all. */
static void measure(const json_t *value, size_t depth, size_t *size, size_t *depth_max)
{
	const char *key;
	json_t *member;
	size_t i;

	*size += 1 + json_string_length(value);
	depth += json_is_array(value) || json_is_object(value);
	if (depth > *depth_max)
		*depth_max = depth;
	json_array_foreach(value, i, member)
		measure(member, depth, size, depth_max);
	/* Iterating changes nothing; jansson's iterators only lack the const. */
	json_object_foreach((json_t *)(uintptr_t)value, key, member) {
		*size += strlen(key);
		measure(member, depth, size, depth_max);
	}
}

static int add_alias(struct reader *reader, const struct fy_event_alias_data *alias,
		     struct err *err)
{
	CLEANUP(freep) char *name = NULL;
	size_t size = 0;
	size_t depth = 0;
	int r = token_copy(alias->anchor, &name, err);

	if (r < 0)
		return r;
	if (is_key_expected(reader))
		return err_set(err, EINVAL, "a key must be a string, not an alias");
	const json_t *value = json_object_get(reader->anchors, name);
	if (value == NULL)
		return err_set(err, EINVAL,
			       "the alias *%.64s stands for nothing that ended before it", name);
	measure(value, reader->depth, &size, &depth);
	if (depth > YAML_DEPTH_MAX)
		return err_set(err, E2BIG, "more than %d levels", YAML_DEPTH_MAX);
	r = grow(reader, size, err);
	return r < 0 ? r : add(reader, json_deep_copy(value), err);
}

static int read_event(struct reader *reader, struct fy_event *event, struct err *err)
{
	switch (event->type) {
	case FYET_SCALAR:
		return add_scalar(reader, &event->scalar, err);
	case FYET_ALIAS:
		return add_alias(reader, &event->alias, err);
	case FYET_SEQUENCE_START:
		return begin(reader, json_array(), event->sequence_start.anchor,
			     event->sequence_start.tag, err);
	case FYET_MAPPING_START:
		return begin(reader, json_object(), event->mapping_start.anchor,
			     event->mapping_start.tag, err);
	case FYET_SEQUENCE_END:
	case FYET_MAPPING_END:
		return end(reader, err);
	case FYET_DOCUMENT_START:
		if (reader->root != NULL)
			return err_set(err, EINVAL, "a second document: one is expected");
		return 0;
	case FYET_NONE:
	case FYET_STREAM_START:
	case FYET_STREAM_END:
	case FYET_DOCUMENT_END:
		return 0;
	}
	return 0;
}

static int read_all(struct reader *reader, struct err *err)
{
	struct fy_event *event;
	int r = 0;

	while (r == 0 && (event = fy_parser_parse(reader->parser)) != NULL) {
		r = read_event(reader, event, err);
		if (r < 0)
			r = at_event(event, err);
		fy_parser_event_free(reader->parser, event);
	}
	if (r == 0 && fy_parser_get_stream_error(reader->parser))
		r = syntax_error(reader, err);
	if (r == 0 && reader->root == NULL)
		r = err_set(err, EINVAL, "no document, one is expected");
	return r;
}

/* libfyaml takes bytes that are no characters, and a NUL, for the end of the text. */
static int check_characters(const char *text, size_t length, struct err *err)
{
	int line = 1;
	size_t character = 0;

	for (size_t at = 0; at < length; at += character) {
		character = utf8_length(text + at, length - at);
		if (character == 0 || text[at] == '\0')
			return err_set(err, EINVAL, "line %d: a byte that is no UTF-8 text", line);
		line += text[at] == '\n';
	}
	return 0;
}

int yaml_json_read(const char *text, size_t length, json_t **ret_value, struct err *err)
{
	CLEANUP(reader_release) struct reader reader = {0};

	if (length > YAML_SIZE_MAX)
		return err_set(err, E2BIG, "more than %d bytes", YAML_SIZE_MAX);
	int r = check_characters(text, length, err);
	if (r == 0)
		r = reader_init(&reader, text, length, err);
	if (r == 0)
		r = read_all(&reader, err);
	if (r == 0)
		*ret_value = TAKE(reader.root);
	return r;
}
