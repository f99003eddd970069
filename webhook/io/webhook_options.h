/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of sidewire-webhook. */
#ifndef SIDEWIRE_WEBHOOK_WEBHOOK_OPTIONS_H
#define SIDEWIRE_WEBHOOK_WEBHOOK_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "webhook/core/image_volumes.h"
#include "webhook/io/certificate_issue.h"

enum webhook_action {
	WEBHOOK_SERVE,
	WEBHOOK_HELP,
	WEBHOOK_VERSION,
};

/* All strings are borrowed from the command line or the environment, or static. */
struct webhook_options {
	const char *listen;               /* address of the reviews, HTTPS */
	const char *plain_listen;         /* address of health, readiness and metrics, HTTP */
	const char *profiles;             /* directory */
	const char *default_profiles;     /* comma list, not empty */
	const char *gate_image;           /* NULL: none */
	enum image_volumes image_volumes; /* unknown: nobody said */
	const char *own_namespace;
	const char *tls_cert; /* NULL together with tls_key: a certificate of our own authority */
	const char *tls_key;
	const char *tls_names[ISSUE_NAMES_MAX]; /* of the certificate of our own */
	size_t tls_name_count;
	const char *ca_out;          /* NULL: standard output */
	bool is_in_cluster;          /* own_namespace is then $POD_NAMESPACE */
	const char *pod_name;        /* in a cluster: $POD_NAME */
	const char *service_account; /* directory; NULL: where pods have it */
	uint32_t grace_seconds;
};

/* What --help prints. */
extern const char WEBHOOK_HELP_TEXT[];

/*
 * Reads the command line, defaults included, and with --in-cluster the environment; once in a
 * process (getopt_long). -EINVAL with one sentence that says what is wrong with it.
 */
int webhook_options_parse(int argc, char **argv, struct webhook_options *ret_options,
			  enum webhook_action *ret_action, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
