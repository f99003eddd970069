/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of the cluster's nodes, in little memory: names, and why image volumes cannot be
 * mounted where they cannot. What a watch tells is put in. Windows nodes are left out: no pod there
 * is injected.
 */
#ifndef SIDEWIRE_WEBHOOK_NODE_SET_H
#define SIDEWIRE_WEBHOOK_NODE_SET_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "webhook/core/image_volumes.h"
#include "webhook/core/named_texts.h"

enum { NODE_SET_REASON_SIZE = 160 };

/* Begins zeroed. */
struct node_set {
	struct named_texts texts; /* by the nodes' names: what is in their way, "" for nothing */
	bool is_whole;            /* all that there are have been put in, and none was lost since */
};

/* Frees what is in it, and zeroes it. */
void node_set_release(struct node_set *set) __attribute__((nonnull));

/* What a watch's list needs to keep of a Node for node_set_list(): a new reference, NULL without
 * memory. */
json_t *node_set_keep(json_t *node);

/* These are all nodes that there are: an array of what node_set_keep() made of them. */
void node_set_list(struct node_set *set, json_t *kept) __attribute__((nonnull));

/*
 * There is a new node, or it has changed: a Node object. Whether what is known changed; most often
 * it does not, since nodes tell every few minutes that they are alive. Without memory the node is
 * lost, and the set is whole no longer until the next list.
 */
bool node_set_put(struct node_set *set, const json_t *node) __attribute__((nonnull));

/* A node is no more: the object as it was last. Whether what is known changed. */
bool node_set_remove(struct node_set *set, const json_t *node) __attribute__((nonnull));

/* The answer for all nodes: no, when one is unable; unknown, when one is of a kind that nobody
 * knows, there are none, or the set is not whole. */
enum image_volumes node_set_answer(const struct node_set *set) __attribute__((nonnull));

/* Why it is not yes, a sentence about the first node that is unable, else the first that nobody
 * knows; "" when there is none. */
void node_set_reason(const struct node_set *set, char ret_reason[static NODE_SET_REASON_SIZE])
	__attribute__((nonnull));

#endif
