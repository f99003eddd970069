/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the plugin answers on stdout: errors and versions (CNI SPEC 1.1.0, section 5). ADD's answer
 * is the prevResult itself, see netconf.h. */
#ifndef SIDEWIRE_CNI_CNI_RESULT_H
#define SIDEWIRE_CNI_CNI_RESULT_H

#include <stdbool.h>

#include "common/base/err.h"

/* The version that an error names where the network configuration was not decoded. */
#define CNI_VERSION_NEWEST "1.1.0"

/* Error codes: to 99 the SPEC's, from 100 ours. */
enum cni_code {
	CNI_CODE_VERSION = 1,      /* cniVersion not supported */
	CNI_CODE_ENVIRONMENT = 4,  /* a variable is missing or malformed */
	CNI_CODE_IO = 5,           /* stdin could not be read */
	CNI_CODE_DECODING = 6,     /* stdin is no network configuration */
	CNI_CODE_CONFIG = 7,       /* the network configuration is not valid */
	CNI_CODE_TRY_LATER = 11,   /* a passing condition: no memory, the table changed meanwhile */
	CNI_CODE_DOCUMENT = 100,   /* the redirect document is not valid */
	CNI_CODE_RULES = 101,      /* the rules could not be programmed or read */
	CNI_CODE_HOST = 102,       /* the network namespace is the host's */
	CNI_CODE_DIFFERENCE = 103, /* CHECK: what is in force is not what should be */
	CNI_CODE_KERNEL = 104,     /* the kernel lacks what the rules need */
};

/* Where in its work the plugin failed. */
enum cni_stage {
	CNI_STAGE_ENVIRONMENT, /* cni_call_decode() */
	CNI_STAGE_STDIN,       /* reading the network configuration */
	CNI_STAGE_NETCONF,     /* netconf_decode() */
	CNI_STAGE_DOCUMENT,    /* redirect_spec_decode(), redirect_plan_build() */
	CNI_STAGE_NETNS,       /* entering the namespace; -ENOTUNIQ: it is the host's */
	CNI_STAGE_RULES, /* programming; -ENOPROTOOPT, -ENOENT, -EAFNOSUPPORT: the kernel lacks
			  * something */
	CNI_STAGE_CHECK, /* reading and comparing; the same, and -EUCLEAN, -EBUSY: a difference */
};

/* The one place that makes a CNI error code of an errno: `errnum` is negative, as in struct err.
 * -ENOMEM and -EAGAIN are CNI_CODE_TRY_LATER in every stage. */
enum cni_code cni_result_code(enum cni_stage stage, int errnum);

/* The supported version equal to `version`, static, or NULL. */
const char *cni_result_version(const char *version) __attribute__((nonnull));

/*
 * The error object, one line with its newline: `msg` is what `failure` says (runtimes drop stderr,
 * so it must carry everything), `details` what the code means. `cni_version` is that of
 * the network configuration, or CNI_VERSION_NEWEST. The caller frees *ret_text. -ENOMEM.
 */
int cni_result_error(const char *cni_version, enum cni_code code, const struct err *failure,
		     char **ret_text, struct err *err) __attribute__((nonnull, warn_unused_result));

/* VERSION's answer, one line with its newline: the versions that are supported. Static. */
const char *cni_result_versions(void);

#endif
