/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The node agent's loop: installs the plugin, keeps it installed, and takes it out again. */
#ifndef SIDEWIRE_CNI_NODE_AGENT_H
#define SIDEWIRE_CNI_NODE_AGENT_H

#include "cni/io/node_options.h"
#include "common/base/err.h"

/*
 * Runs until SIGTERM or SIGINT, which the caller has blocked. Then it watches on for
 * NODE_AGENT_ENDING_MS, in case this is an uninstallation of which the watches have not told yet.
 * Whatever happens to the API server, the plugin is installed. 0 at that end. A failure when
 * something is missing without which it cannot work, or a directory was removed under it: a new
 * start gets the new one.
 */
int node_agent_run(const struct node_options *options, struct err *err)
	__attribute__((nonnull, warn_unused_result));

enum { NODE_AGENT_ENDING_MS = 10 * 1000 };

#endif
