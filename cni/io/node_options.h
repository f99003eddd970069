/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of sidewire-node. */
#ifndef SIDEWIRE_CNI_NODE_OPTIONS_H
#define SIDEWIRE_CNI_NODE_OPTIONS_H

#include "cni/core/backend_choice.h"
#include "common/base/err.h"

enum node_action {
	NODE_RUN,
	NODE_HELP,
	NODE_VERSION,
};

/* All strings are borrowed: from the command line, the environment, or static. */
struct node_options {
	const char *cni_bin_dir;
	const char *cni_conf_dir;
	const char *plugin;
	const char *listen;
	enum backend_choice backend; /* that the plugin is told to take */
	/* The API server of a pod's environment, unless all three are given. */
	const char *api_server;
	const char *api_ca;
	const char *api_token;
	const char *node_name;     /* $NODE_NAME; NULL: not set */
	const char *pod_namespace; /* $POD_NAMESPACE; NULL: not set */
};

extern const char NODE_HELP_TEXT[];

/*
 * Reads the command line and the two variables. -EINVAL, in a sentence, when something is not as
 * NODE_HELP_TEXT says.
 */
int node_options_parse(int argc, char **argv, struct node_options *ret_options,
		       enum node_action *ret_action, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
