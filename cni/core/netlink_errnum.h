/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Error numbers as netlink tells them: negated, in struct nlmsgerr and behind NLMSG_DONE. */
#ifndef SIDEWIRE_CNI_NETLINK_ERRNUM_H
#define SIDEWIRE_CNI_NETLINK_ERRNUM_H

#include <errno.h>

/* The number as errno has it; 0: no error. EIO for what is no error number of the kernel's, which
 * go to 4095 (linux/err.h, MAX_ERRNO). */
static inline int netlink_errnum(int told)
{
	return told >= -4095 && told <= 0 ? -told : EIO;
}

#endif
