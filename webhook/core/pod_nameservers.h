/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The DNS servers that a pod has of its own. */
#ifndef SIDEWIRE_WEBHOOK_POD_NAMESERVERS_H
#define SIDEWIRE_WEBHOOK_POD_NAMESERVERS_H

#include <jansson.h>

#include "common/base/cidr.h"
#include "common/base/err.h"

/*
 * Adds the pod's `dnsConfig.nameservers` (core/v1, PodDNSConfig), which are all that it asks with
 * dnsPolicy None, to the servers whose DNS is captured, unless these are all of their family.
 * -EINVAL for one that is no address; -ENOMEM.
 */
int pod_nameservers_add(const json_t *pod, struct cidr_list *servers, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
