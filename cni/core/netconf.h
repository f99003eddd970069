/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The network configuration that a runtime writes to the plugin's stdin (CNI SPEC 1.1.0, section 1
 * and "Deriving execution configuration from plugin configuration"). */
#ifndef SIDEWIRE_CNI_NETCONF_H
#define SIDEWIRE_CNI_NETCONF_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "cni/core/backend_choice.h"
#include "cni/core/cni_call.h"
#include "common/base/err.h"

enum {
	/* Bytes. An object's annotations share 256 KiB, which Go may write six times as long
	 * (\u003c), and a prevResult stands beside them. */
	NETCONF_SIZE_MAX = 4 * 1024 * 1024,
};

struct netconf {
	json_t *document;        /* owned; the strings below live in it */
	const char *cni_version; /* static: one of those that cni_result_version() lists */
	const char *name;
	/*
	 * The text of the member prevResult, byte for byte: what ADD answers. It lies in the text
	 * that was decoded, which must outlive it. NULL when absent or null; never so after ADD and
	 * CHECK.
	 */
	const char *prev_result;
	size_t prev_result_length;
	const char *redirect; /* the annotation sidewire.io/redirect; NULL: nothing to do */
	/*
	 * The families of the addresses in prevResult. Read only for ADD and CHECK, and where there
	 * is something to redirect, so that a prevResult that we cannot read fails no pod but ours;
	 * both false when it lists none.
	 */
	bool has_v6;
	bool is_v6_first; /* the pod's first address is v6: the one that a kubelet probes */
	enum backend_choice backend; /* the key "backend"; read where the families are */
};

/*
 * Decodes the `length` bytes that came for `command` (any but VERSION, which reads no stdin). The
 * caller releases *ret_conf. Unknown keys are tolerated.
 * -EPROTONOSUPPORT: a cniVersion that is not supported (a missing one is 0.1.0), or one that does
 * not have the command. -EBADMSG: no JSON object, or a member of the wrong type, or an address of
 * prevResult that is none. -EINVAL: no valid network name; no prevResult on ADD or CHECK; a backend
 * that there is not. -E2BIG over NETCONF_SIZE_MAX. -ENOMEM.
 */
int netconf_decode(const char *text, size_t length, enum cni_command command,
		   struct netconf *ret_conf, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Frees the document; the netconf is zero afterwards. For CLEANUP(). */
void netconf_release(struct netconf *conf) __attribute__((nonnull));

#endif
