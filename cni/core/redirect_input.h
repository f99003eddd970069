/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The redirect document as people and containers hand it over. */
#ifndef SIDEWIRE_CNI_REDIRECT_INPUT_H
#define SIDEWIRE_CNI_REDIRECT_INPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "common/redirect_spec.h"

enum { REDIRECT_INPUT_SIZE_MAX = 4 * 1024 * 1024 }; /* bytes: an API server's objects are smaller */

/*
 * Decodes the document itself, or that of a Pod in JSON, in its annotation sidewire.io/redirect.
 * The caller releases *ret_spec. -EINVAL: another object, a Pod without the annotation; what
 * redirect_spec_decode() says.
 */
int redirect_input_decode(const char *text, size_t length, struct redirect_spec *ret_spec,
			  struct err *err) __attribute__((nonnull, warn_unused_result));

/*
 * Makes the document one that a host can have, which others reach by SSH: inbound port 22 is
 * excluded, and *ret_is_ssh_added says whether it was not before, unless that is not wanted.
 * -EINVAL: the mode is tproxy-both, which would cut the connections that are open. -ENOMEM.
 */
int redirect_input_fit_host(struct redirect_spec *spec, bool is_ssh_wanted, bool *ret_is_ssh_added,
			    struct err *err) __attribute__((nonnull, warn_unused_result));

/*
 * Makes the document capture DNS to the servers that a resolv.conf(5) names, and to no others.
 * -EINVAL: the document captures no DNS; the text names no server, or one that is no address
 * that others can reach (a zone, loopback). -E2BIG; -ENOMEM.
 */
int redirect_input_take_dns(struct redirect_spec *spec, const char *resolv_conf, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
