/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The annotation by which a pod asks for further networks (Network Plumbing Working Group, network
 * custom resource definition, 4.1): "[NAMESPACE/]NAME[@INTERFACE]" with commas between, or a JSON
 * list of objects. What a profile asks for is added to it, and takes nothing from the pod.
 */
#ifndef SIDEWIRE_WEBHOOK_NETWORK_LIST_H
#define SIDEWIRE_WEBHOOK_NETWORK_LIST_H

#include "common/base/err.h"

#define NETWORK_LIST_ANNOTATION "k8s.v1.cni.cncf.io/networks"

/*
 * Adds to the pod's list, `own`, what it does not have of the profile's. The caller frees
 * *ret_joined, which is NULL when there is nothing to add. -EINVAL where a list cannot be read, or
 * the two are not of one form; -ENOMEM.
 */
int network_list_join(const char *own, const char *profiles, char **ret_joined, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
