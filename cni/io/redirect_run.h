/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What sidewire-redirect does. */
#ifndef SIDEWIRE_CNI_REDIRECT_RUN_H
#define SIDEWIRE_CNI_REDIRECT_RUN_H

#include "cni/io/redirect_options.h"
#include "common/base/err.h"
#include "common/base/strbuf.h"

/*
 * Carries a command out that is about redirecting, and appends what there is to print. Once in a
 * process: it may enter another network namespace. Any failure is one of the command: a document
 * that is none, -EUCLEAN where what is in force differs from it, -EBUSY where it is shadowed,
 * -EEXIST where another one is in force and is not to be replaced.
 */
int redirect_run(const struct redirect_options *options, struct strbuf *out, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
