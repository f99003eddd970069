/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the nodes of a cluster can mount image volumes: a kubelet of Kubernetes 1.35 or later,
 * with containerd 2.1 or CRI-O 1.31 or later. A pod goes to a node that nobody knows yet when it is
 * injected, so every node must.
 */
#ifndef SIDEWIRE_WEBHOOK_IMAGE_VOLUMES_H
#define SIDEWIRE_WEBHOOK_IMAGE_VOLUMES_H

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

/* Whether a node of these versions can: its status.nodeInfo.kubeletVersion and
 * .containerRuntimeVersion. */
enum image_volumes image_volumes_of_node(const char *kubelet, const char *runtime)
	__attribute__((nonnull));

#endif
