/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The addresses of the network namespace that one is in, read out of the kernel's answer to
 * RTM_GETADDR (rtnetlink(7)). Nothing is allocated: sidewire-gate is as small as can be. */
#ifndef SIDEWIRE_CNI_OWN_ADDRESS_H
#define SIDEWIRE_CNI_OWN_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/cidr.h"
#include "common/base/err.h"

enum { OWN_ADDRESS_MAX = 64 }; /* those that are beyond are left out */

struct own_address_list {
	struct cidr items[OWN_ADDRESS_MAX]; /* single addresses, in the kernel's order */
	size_t count;
};

/*
 * Adds the addresses that `length` bytes of the answer hold to the list; the answer is as many such
 * pieces as it takes, and *ret_is_last tells the last. Left out are those of lo, which answers for
 * everybody, and link-local ones of IPv6, which nobody can call without naming the interface. A
 * piece that is cut short is read as far as it goes. The kernel's errno, where that is the answer.
 */
int own_address_read(const void *answer, size_t length, struct own_address_list *list,
		     bool *ret_is_last, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
