/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/backend_choice.h"

#include <errno.h>
#include <string.h>

static const char *const NAMES[BACKEND_CHOICE_COUNT] = {
	[BACKEND_AUTO] = "auto",
	[BACKEND_IPTABLES] = "iptables",
	[BACKEND_NFTABLES] = "nftables",
};

const char *backend_choice_name(enum backend_choice choice)
{
	return NAMES[choice];
}

int backend_choice_parse(const char *text, enum backend_choice *ret_choice, struct err *err)
{
	for (enum backend_choice choice = 0; choice < BACKEND_CHOICE_COUNT; choice++) {
		if (strcmp(NAMES[choice], text) == 0) {
			*ret_choice = choice;
			return 0;
		}
	}
	return err_set(err, EINVAL, "'%.32s' is no backend: auto, iptables or nftables is expected",
		       text);
}
