/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A conversation with nf_tables of the network namespace that the process is in. The kernel answers
 * while it is told, so nothing here waits. */
#ifndef SIDEWIRE_CNI_NFT_SOCKET_H
#define SIDEWIRE_CNI_NFT_SOCKET_H

#include <stdint.h>

#include "cni/core/nft_message.h"
#include "common/base/err.h"
#include "common/base/strbuf.h"

/* Opens it. The caller closes *ret_fd. -ENOPROTOOPT: the kernel has no nfnetlink; -EPERM. */
int nft_socket_open(int *ret_fd, struct err *err) __attribute__((nonnull, warn_unused_result));

/* Closes it, or nothing for -1. For CLEANUP(). */
void nft_socket_closep(const int *fd) __attribute__((nonnull));

/* Is called for each thing that the kernel tells of. 0, or what ends the conversation. */
typedef int nft_listener(const struct nft_message *message, void *argument, struct err *err);

/*
 * Sends a request and hears the answer. -ENOENT: what was asked for is not there. -EINTR: the
 * ruleset was changed meanwhile, ask again. -ENOPROTOOPT: the kernel has no nf_tables. -EIO; also
 * where an answer lacks its end: a list without that is none.
 */
int nft_socket_ask(int fd, const struct strbuf *request, nft_listener *listener, void *argument,
		   struct err *err) __attribute__((nonnull(2, 3, 5), warn_unused_result));

/* Sends a batch. 0, also where the kernel refuses it: then ret_refusal has an errnum. -ENOBUFS:
 * it is more than the kernel takes at once. -EIO: it was sent, and the answer is lost. */
int nft_socket_commit(int fd, const struct strbuf *batch, struct nft_message *ret_refusal,
		      struct err *err) __attribute__((nonnull, warn_unused_result));

#endif
