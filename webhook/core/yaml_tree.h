/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A YAML document as a tree that knows where in the text everything stands: for messages that name
 * line and column, and for changes of the text that leave all the rest of it as it is. What a
 * scalar means is not decided here: see yaml_json.h.
 */
#ifndef SIDEWIRE_WEBHOOK_YAML_TREE_H
#define SIDEWIRE_WEBHOOK_YAML_TREE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

enum {
	YAML_DEPTH_MAX = 64,    /* sequences and mappings inside each other */
	YAML_ANCHORS_MAX = 256, /* of one document */
};

enum yaml_kind {
	YAML_SCALAR,
	YAML_SEQUENCE,
	YAML_MAPPING,
	YAML_ALIAS,
};

enum yaml_style {
	YAML_PLAIN, /* of a scalar, as the next one; an alias is plain too */
	YAML_QUOTED,
	YAML_BLOCK, /* of a scalar: | or >; of the others: made by indentation */
	YAML_FLOW,  /* made by brackets */
};

/* What yaml_patch_apply() did to an entry. */
enum yaml_change {
	YAML_KEPT,
	YAML_REMOVED,
	YAML_REPLACED, /* the entry stands in the text, and gets another value */
	YAML_ADDED,    /* the entry does not stand in the text */
};

struct yaml_node {
	enum yaml_kind kind;
	enum yaml_style style;
	bool has_anchor;
	bool has_tag;
	unsigned int line, column; /* counted from 1, columns in characters */
	size_t begin, end; /* its bytes, quotes and brackets included, anchor and tag not; a block
			      ends where its last entry does, a block scalar behind its last line.
			      Where nothing stands, the empty place behind colon or dash */
	char *text;        /* of a scalar, without quotes and escapes; owned */
	const struct yaml_node *target; /* of an alias: what it stands for */
	struct yaml_entry *entries;     /* of a sequence or mapping; owned */
	size_t count;
};

struct yaml_entry {
	struct yaml_node *key;   /* a scalar; NULL in a sequence, and when added; owned */
	struct yaml_node *value; /* NULL when added; owned */
	size_t lead; /* where it begins: its key, its dash, or its value in [ ]; YAML_NOWHERE */
	enum yaml_change change;
	char *added_key; /* of an added entry of a mapping; owned */
	json_t *fresh;   /* the value of YAML_REPLACED and YAML_ADDED; owned */
};

#define YAML_NOWHERE SIZE_MAX

struct yaml_tree {
	const char *text; /* borrowed */
	size_t length;
	struct yaml_node *root; /* NULL: no document, or an empty one; owned */
};

/*
 * Reads one document. `first_line` is the number of the text's first line in messages, from 1. The
 * text must live as long as the tree, which the caller releases. -EINVAL, with line and column, for
 * what is no YAML, for a second document, a key that is no scalar, an alias of nothing, a NUL;
 * -E2BIG over the limits above; -ENOMEM.
 */
int yaml_tree_read(const char *text, size_t length, unsigned int first_line,
		   struct yaml_tree *ret_tree, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Frees the tree. For CLEANUP(). */
void yaml_tree_release(struct yaml_tree *tree) __attribute__((nonnull));

/* What a node is or, being an alias, stands for. NULL gives NULL. */
const struct yaml_node *yaml_resolve(const struct yaml_node *node);

/* The member of a mapping; NULL when the node has none of that name, or is no mapping. */
const struct yaml_node *yaml_member(const struct yaml_node *node, const char *key)
	__attribute__((nonnull(2)));

/* The text of a scalar, however it is written; NULL for anything else. */
const char *yaml_text(const struct yaml_node *node);

/*
 * The node at a path of `length` bytes, in the form that messages have it:
 * "spec.initContainers[0].image". NULL where there is no such place, or no node to begin with.
 */
const struct yaml_node *yaml_follow(const struct yaml_node *node, const char *path, size_t length)
	__attribute__((nonnull(2)));

/* Puts line and column before the message, unless it is about memory. Returns err->code. */
int yaml_at(const struct yaml_node *node, struct err *err) __attribute__((nonnull));

#endif
