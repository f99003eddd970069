/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sidewire-node: keeps sidewire-cni installed on a node. */
#include <jansson.h>
#include <signal.h>
#include <stdio.h>

#include "cni/io/node_agent.h"
#include "cni/io/node_options.h"
#include "common/io/log.h"

static void block_signals(void)
{
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGINT);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int run(const struct node_options *options)
{
	struct log_line line;
	struct err err;

	if (node_agent_run(options, &err) == 0)
		return 0;
	log_begin(&line, LOG_ERROR, "cannot go on");
	log_text(&line, "detail", err.msg);
	log_end(&line);
	return 1;
}

int main(int argc, char **argv)
{
	struct node_options options;
	enum node_action action;
	struct err err;

	if (node_options_parse(argc, argv, &options, &action, &err) < 0) {
		fprintf(stderr, "sidewire-node: %s (see --help)\n", err.msg);
		return 2;
	}
	if (action != NODE_RUN) {
		fputs(action == NODE_HELP ? NODE_HELP_TEXT : "sidewire-node " SIDEWIRE_VERSION "\n",
		      stdout);
		return fflush(stdout) == 0 ? 0 : 1;
	}
	json_object_seed(0);
	block_signals();
	return run(&options);
}
