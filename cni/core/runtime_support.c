/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/runtime_support.h"

#include <errno.h>
#include <string.h>

#include "common/base/version.h"

/* The first version of each runtime that does. */
static const struct {
	const char *scheme;
	struct version since;
} RUNTIMES[] = {
	{"containerd://", {1, 5}},
	{"cri-o://", {1, 29}},
};

enum runtime_support runtime_support_of(const char *version, struct err *reason)
{
	static const char CONSEQUENCE[] =
		"injected pods wait at their gate, and pods with the gate 'none' run unredirected";

	for (size_t i = 0; i < sizeof(RUNTIMES) / sizeof(*RUNTIMES); i++) {
		size_t length = strlen(RUNTIMES[i].scheme);
		struct version found;

		if (strncmp(version, RUNTIMES[i].scheme, length) != 0 ||
		    !version_read(version + length, &found))
			continue;
		if (version_is_since(&found, &RUNTIMES[i].since))
			return RUNTIME_SUPPORT_YES;
		err_set(reason, ENOTSUP,
			"the runtime '%.64s' hands no pod annotations to CNI plugins, %s%u.%u and "
			"later do: %s",
			version, RUNTIMES[i].scheme, RUNTIMES[i].since.major,
			RUNTIMES[i].since.minor, CONSEQUENCE);
		return RUNTIME_SUPPORT_NO;
	}
	err_set(reason, ENOTSUP,
		"it is not known whether the runtime '%.64s' hands pod annotations to CNI plugins, "
		"as containerd 1.5 and CRI-O 1.29 do: if it does not, %s",
		version, CONSEQUENCE);
	return RUNTIME_SUPPORT_UNKNOWN;
}
