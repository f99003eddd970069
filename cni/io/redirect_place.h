/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose network sidewire-redirect works on. */
#ifndef SIDEWIRE_CNI_REDIRECT_PLACE_H
#define SIDEWIRE_CNI_REDIRECT_PLACE_H

#include "cni/io/redirect_options.h"
#include "common/base/err.h"

enum redirect_place {
	REDIRECT_PLACE_HOST,
	REDIRECT_PLACE_POD,
};

/*
 * Enters the network namespace that the options name, for good; or stays, and finds out whether it
 * is a host's: the kernel's first one, or that of a process 1 that is not this process, which is an
 * init container's. Where that can not be found out it is taken for a host, which is treated with
 * more care. What netns_enter() says; -ENOTUNIQ: it is said to be a pod's, and is the kernel's
 * first.
 */
int redirect_place_enter(const struct redirect_options *options, enum redirect_place *ret_place,
			 struct err *err) __attribute__((nonnull, warn_unused_result));

#endif
