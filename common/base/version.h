/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Versions of Kubernetes and of container runtimes, as far as they matter: "v1.35.0", "2.1.4". */
#ifndef SIDEWIRE_BASE_VERSION_H
#define SIDEWIRE_BASE_VERSION_H

#include <stdbool.h>
#include <stdint.h>

struct version {
	uint32_t major;
	uint32_t minor;
};

/* Reads the two numbers that a text begins with, after a "v" or not. false where it does not. */
bool version_read(const char *text, struct version *ret_version)
	__attribute__((nonnull, warn_unused_result));

/* Whether the version is the other one, or later. */
bool version_is_since(const struct version *version, const struct version *other)
	__attribute__((nonnull));

#endif
