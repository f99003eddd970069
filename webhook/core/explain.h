/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An injection, explained for people: by which rule it was decided, where every value came from
 * that took effect, and what would be added.
 */
#ifndef SIDEWIRE_WEBHOOK_EXPLAIN_H
#define SIDEWIRE_WEBHOOK_EXPLAIN_H

#include "common/base/err.h"
#include "common/base/strbuf.h"
#include "webhook/core/inject.h"

/*
 * Appends the explanation of a question, in lines, and gives what inject() says to it, which the
 * caller releases. -ENOMEM.
 */
int explain(const struct inject_question *question, const struct profile_set *profiles,
	    const struct inject_options *options, struct strbuf *out,
	    struct inject_result *ret_result, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
