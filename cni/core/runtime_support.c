/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/runtime_support.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "common/base/parse_num.h"

#define DIGITS "0123456789"

/* The first version of each runtime that does. */
static const struct {
	const char *scheme;
	uint32_t major;
	uint32_t minor;
} RUNTIMES[] = {
	{"containerd://", 1, 5},
	{"cri-o://", 1, 29},
};

/* Reads "1.7..." or "v1.7...". */
static bool parse_version(const char *text, uint32_t *ret_major, uint32_t *ret_minor)
{
	struct err ignored;
	const char *major = text + (*text == 'v');
	size_t length = strspn(major, DIGITS);
	const char *minor = major + length + 1;

	return major[length] == '.' &&
	       parse_u32(major, length, 0, UINT32_MAX, ret_major, &ignored) == 0 &&
	       parse_u32(minor, strspn(minor, DIGITS), 0, UINT32_MAX, ret_minor, &ignored) == 0;
}

enum runtime_support runtime_support_of(const char *version, struct err *reason)
{
	static const char CONSEQUENCE[] =
		"injected pods wait at their gate, and pods with the gate 'none' run unredirected";

	for (size_t i = 0; i < sizeof(RUNTIMES) / sizeof(*RUNTIMES); i++) {
		size_t length = strlen(RUNTIMES[i].scheme);
		uint32_t major;
		uint32_t minor;

		if (strncmp(version, RUNTIMES[i].scheme, length) != 0 ||
		    !parse_version(version + length, &major, &minor))
			continue;
		if (major > RUNTIMES[i].major ||
		    (major == RUNTIMES[i].major && minor >= RUNTIMES[i].minor))
			return RUNTIME_SUPPORT_YES;
		err_set(reason, ENOTSUP,
			"the runtime '%.64s' hands no pod annotations to CNI plugins, %s%u.%u and "
			"later do: %s",
			version, RUNTIMES[i].scheme, RUNTIMES[i].major, RUNTIMES[i].minor,
			CONSEQUENCE);
		return RUNTIME_SUPPORT_NO;
	}
	err_set(reason, ENOTSUP,
		"it is not known whether the runtime '%.64s' hands pod annotations to CNI plugins, "
		"as containerd 1.5 and CRI-O 1.29 do: if it does not, %s",
		version, CONSEQUENCE);
	return RUNTIME_SUPPORT_UNKNOWN;
}
