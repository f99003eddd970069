/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Does the node's container runtime hand pod annotations to CNI plugins? */
#ifndef SIDEWIRE_CNI_RUNTIME_SUPPORT_H
#define SIDEWIRE_CNI_RUNTIME_SUPPORT_H

#include "common/base/err.h"

enum runtime_support {
	RUNTIME_SUPPORT_UNKNOWN,
	RUNTIME_SUPPORT_NO,
	RUNTIME_SUPPORT_YES,
};

/*
 * Judges a Node's status.nodeInfo.containerRuntimeVersion, such as "containerd://1.7.2": containerd
 * does from 1.5 on, CRI-O from 1.29. For all but RUNTIME_SUPPORT_YES it writes into `reason` a
 * sentence that says what follows; for that one `reason` stays.
 */
enum runtime_support runtime_support_of(const char *version, struct err *reason)
	__attribute__((nonnull));

#endif
