/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel's x_tables can do: which matches and targets it has. Asking may make the kernel
 * load a module, and changes nothing else in any namespace. */
#ifndef SIDEWIRE_CNI_XT_SUPPORT_H
#define SIDEWIRE_CNI_XT_SUPPORT_H

#include "cni/core/ipt_rules.h"
#include "common/base/err.h"

/*
 * Asks for every match and target of the rules. -ENOENT at the first one that the kernel lacks,
 * with its name and what to load. What the kernel does not answer is taken for there.
 */
int xt_support_check_rules(const struct ipt_rules *rules, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
