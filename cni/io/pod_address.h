/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The IPv6 addresses of the network namespace that the process is in, by netlink (rtnetlink(7)).
 *
 * 127.0.0.0/8 is on lo as a whole; of IPv6 only ::1 is. A proxy that binds ::6 towards its
 * application needs it there: without it the answers find no way (ENETUNREACH).
 */
#ifndef SIDEWIRE_CNI_POD_ADDRESS_H
#define SIDEWIRE_CNI_POD_ADDRESS_H

#include <stdbool.h>

#include "common/base/cidr.h"
#include "common/base/err.h"

/*
 * Adds a single IPv6 address to lo, whether lo is up or not. *ret_is_added is false, and that is no
 * failure, where it is there already, or where IPv6 is disabled on lo. -EIO with what netlink said.
 */
int pod_address_add_to_lo(const struct cidr *address, bool *ret_is_added, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * Removes a single IPv6 address from lo, whoever has put it there: the kernel does not tell.
 * *ret_is_removed is false, and that is no failure, where it is not there. -EIO.
 */
int pod_address_remove_from_lo(const struct cidr *address, bool *ret_is_removed, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * Whether lo has IPv6 addresses, but not this one. Where it has none at all IPv6 is disabled, and
 * pod_address_add_to_lo() has added nothing. -EIO.
 */
int pod_address_is_missing_on_lo(const struct cidr *address, bool *ret_is_missing, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Whether lo has any IPv6 address: where it is up and has none, IPv6 is disabled. -EIO. */
int pod_address_is_v6_on_lo(bool *ret_is_on, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Whether any interface has an IPv6 address of global scope: traffic from or to elsewhere. -EIO. */
int pod_address_has_global_v6(bool *ret_has, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
