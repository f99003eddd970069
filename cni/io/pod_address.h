/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The IPv6 addresses of the network namespace that the process is in, by netlink (rtnetlink(7)).
 *
 * 127.0.0.0/8 is on lo as a whole; of IPv6 only ::1 is. A proxy that binds ::6 towards its
 * application needs it there: without it the answers find no way (ENETUNREACH). What was added here
 * has a metric of ours (IFA_RT_PRIORITY) and is known by that. Linux before 4.18 does not keep it:
 * nothing there is ours, and so what was added stays.
 */
#ifndef SIDEWIRE_CNI_POD_ADDRESS_H
#define SIDEWIRE_CNI_POD_ADDRESS_H

#include <stdbool.h>

#include "common/base/cidr.h"
#include "common/base/err.h"

struct rtnetlink;

/* The IPv6 addresses of lo, as full-length prefixes. */
struct lo_addresses {
	struct cidr_list all;  /* owned; empty where lo is up: IPv6 is disabled on it */
	struct cidr_list ours; /* owned; those of them that pod_address_add_to_lo() has added */
};

/* Lists them. The caller releases them. -ENOMEM; -EIO with what netlink said. */
int pod_address_list_lo(struct rtnetlink *rtnetlink, struct lo_addresses *ret_addresses,
			struct err *err) __attribute__((nonnull, warn_unused_result));

/*
 * Adds a single IPv6 address to lo, whether lo is up or not. Where it is there already, or IPv6 is
 * disabled on lo, nothing is done, and that is no failure. -EIO.
 */
int pod_address_add_to_lo(struct rtnetlink *rtnetlink, const struct cidr *address, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Removes a single IPv6 address from lo, whoever has put it there. One that is not there is no
 * failure. -EIO. */
int pod_address_remove_from_lo(struct rtnetlink *rtnetlink, const struct cidr *address,
			       struct err *err) __attribute__((nonnull, warn_unused_result));

/* Frees the lists; they are empty afterwards. For CLEANUP(). */
void lo_addresses_release(struct lo_addresses *addresses) __attribute__((nonnull));

/* Whether any interface has an IPv6 address of global scope: traffic from or to elsewhere. -EIO. */
int pod_address_has_global_v6(struct rtnetlink *rtnetlink, bool *ret_has, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
