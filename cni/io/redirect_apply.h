/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Carries out a plan in the network namespace that the process is in: rules, by one of two
 * backends; the IPv6 addresses on lo that the plan's proxy binds; policy rules and routes of marks,
 * with the sysctls that go with them. All of it is in force, or what was before.
 *
 * IPv6 is left out where the kernel does not offer it and the pod has no IPv6 address; IPv4 never.
 */
#ifndef SIDEWIRE_CNI_REDIRECT_APPLY_H
#define SIDEWIRE_CNI_REDIRECT_APPLY_H

#include <stdbool.h>

#include "cni/core/backend_choice.h"
#include "cni/core/redirect_plan.h"
#include "common/base/err.h"

/* What is known of the pod, and wanted; the namespace's own addresses are looked up where it
 * matters. */
struct redirect_target {
	bool has_v6;      /* it was given an IPv6 address */
	bool is_v6_first; /* its first address is IPv6: the one at which a kubelet asks the gate */
	enum backend_choice backend;
};

/*
 * Puts the plan in force, in the place of what an earlier plan left by either backend. What lets
 * the gate answer comes last, so that an open gate means that all is in force; after it only come
 * tables of iptables that lose what another mode has captured until then, and what is new in these.
 * On failure all is as before; if even that fails, the message says so. -ENOPROTOOPT, -ENOENT: the
 * kernel lacks something, which the message names. -EEXIST: another mesh's chains are there, named.
 * -EAGAIN: someone else keeps changing the rules. -ENOMEM, -EIO.
 */
int redirect_apply(const struct redirect_plan *plan, const struct redirect_target *target,
		   struct err *err) __attribute__((nonnull, warn_unused_result));

/* Removes what is ours, of both backends and families, and nothing else. Goes on after a failure,
 * and reports the first. */
int redirect_remove(struct err *err) __attribute__((nonnull, warn_unused_result));

/*
 * Compares what is in force with the plan: rules, addresses, policy rules, routes, sysctls.
 * -EUCLEAN at the first difference; what redirect_apply() says of a kernel that lacks something.
 *
 * -EBUSY: it is all there, but something of another's is asked before it and shadows it: a rule of
 * another table of iptables or nftables (foreign_chain.h), or a policy rule (policy_rule.h), which
 * the message names. An apply mends only what is first for having come last (foreign_chain.h). A
 * rule before our jump in one table of iptables is a difference: an apply puts the jump in front.
 * What another's rule matches is not looked at, and chains and routing tables that it leads to are
 * not looked into, so that the rules of portmap, kube-proxy and Cilium are none that shadow.
 */
int redirect_verify(const struct redirect_plan *plan, const struct redirect_target *target,
		    struct err *err) __attribute__((nonnull, warn_unused_result));

/* Whether nothing of ours is in force. -EUCLEAN, naming the first that is. */
int redirect_verify_removed(struct err *err) __attribute__((nonnull, warn_unused_result));

#endif
