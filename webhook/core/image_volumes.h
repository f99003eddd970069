/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the nodes of a cluster can mount image volumes: a kubelet of Kubernetes 1.35 or later,
 * with containerd 2.1 or CRI-O 1.31 or later. A pod goes to a node that nobody knows yet when it is
 * injected, so every node must.
 */
#ifndef SIDEWIRE_WEBHOOK_IMAGE_VOLUMES_H
#define SIDEWIRE_WEBHOOK_IMAGE_VOLUMES_H

#include <jansson.h>
#include <stddef.h>

#include "common/base/err.h"

enum image_volumes {
	IMAGE_VOLUMES_UNKNOWN,
	IMAGE_VOLUMES_YES,
	IMAGE_VOLUMES_NO,
};

/* The answer of that name, "yes" or "no". -EINVAL, naming the text and the two. */
int image_volumes_parse(const char *text, enum image_volumes *ret_answer, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* The name of an answer, "unknown" being the third. Static. */
const char *image_volumes_name(enum image_volumes answer);

/* What was seen of a cluster's nodes; zeroed at first. */
struct image_volumes_survey {
	size_t nodes;         /* that count */
	size_t nodes_unable;  /* to do it */
	size_t nodes_strange; /* of which it cannot be told */
	char example[160];    /* the first node that is unable, else the first that is strange: a
				 sentence; "" when there is none */
};

/* Adds Nodes, the items of a list, as Kubernetes has them. Those of Windows do not count: no pod
 * there is injected. */
void image_volumes_survey_add(struct image_volumes_survey *survey, json_t *nodes)
	__attribute__((nonnull(1)));

/* The answer for all nodes that were added: no, when one is unable; unknown, when there are none.
 */
enum image_volumes image_volumes_answer(const struct image_volumes_survey *survey)
	__attribute__((nonnull));

#endif
