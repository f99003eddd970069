/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Carries out a plan in the network namespace that the process is in: the nat tables of both
 * families, and the IPv6 addresses on lo that the plan's proxy binds. All of it is in force, or
 * what was before.
 *
 * IPv6 is left out where the kernel does not offer it and the pod has no IPv6 address; IPv4 never.
 */
#ifndef SIDEWIRE_CNI_IPTABLES_APPLY_H
#define SIDEWIRE_CNI_IPTABLES_APPLY_H

#include <stdbool.h>

#include "cni/core/redirect_plan.h"
#include "common/base/err.h"

/* What is known of the pod's addresses; the namespace's own are looked up where it matters. */
struct pod_families {
	bool has_v6;      /* it was given an IPv6 address */
	bool is_v6_first; /* its first address is IPv6: the one at which a kubelet asks the gate */
};

/*
 * Puts the plan in force, in the place of what an earlier plan left. One commit a family: the
 * family at which the gate is asked comes last, so that an open gate means that all is in force.
 * On failure rules and addresses are as before; if even that fails, the message says so.
 * -ENOPROTOOPT, -ENOENT: the kernel lacks something, which the message names. -EEXIST: another
 * mesh's chains are there, named. -EAGAIN: someone else keeps changing the table. -ENOMEM, -EIO.
 */
int iptables_apply(const struct redirect_plan *plan, const struct pod_families *pod,
		   struct err *err) __attribute__((nonnull, warn_unused_result));

/*
 * Removes what is ours, in both families, and nothing else; a table that has nothing of ours is not
 * written. Goes on after a failure, and reports the first.
 */
int iptables_remove(struct err *err) __attribute__((nonnull, warn_unused_result));

/*
 * Compares what is in force with the plan: rules, then addresses. -EUCLEAN at the first difference,
 * see ipt_rules_compare(); what iptables_apply() says of a kernel that lacks something.
 */
int iptables_verify(const struct redirect_plan *plan, const struct pod_families *pod,
		    struct err *err) __attribute__((nonnull, warn_unused_result));

/* Whether nothing of ours is in force. -EUCLEAN, naming the first that is. */
int iptables_verify_removed(struct err *err) __attribute__((nonnull, warn_unused_result));

#endif
