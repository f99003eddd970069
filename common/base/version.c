/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/version.h"

#include <string.h>

#include "common/base/parse_num.h"

#define DIGITS "0123456789"

bool version_read(const char *text, struct version *ret_version)
{
	struct version version;
	struct err ignored;
	const char *major = text + (*text == 'v');
	size_t length = strspn(major, DIGITS);

	if (major[length] != '.')
		return false;
	const char *minor = major + length + 1;
	if (parse_u32(major, length, 0, UINT32_MAX, &version.major, &ignored) < 0 ||
	    parse_u32(minor, strspn(minor, DIGITS), 0, UINT32_MAX, &version.minor, &ignored) < 0)
		return false;
	*ret_version = version;
	return true;
}

bool version_is_since(const struct version *version, const struct version *other)
{
	return version->major > other->major ||
	       (version->major == other->major && version->minor >= other->minor);
}
