/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sidewire-redirect: puts a redirect document in force on a host or in a pod, and tells of it. */
#include <jansson.h>
#include <stdio.h>

#include "cni/core/redirect_command.h"
#include "cni/io/redirect_options.h"
#include "cni/io/redirect_run.h"
#include "common/base/cleanup.h"

#define PROGRAM "sidewire-redirect"

enum {
	EXIT_FAILED = 1, /* also: it differs, it was refused */
	EXIT_USAGE = 2,
};

/* Carries the command out, and appends what there is to print. */
static int carry_out(const struct redirect_options *options, struct strbuf *out, struct err *err)
{
	switch (options->command) {
	case REDIRECT_COMMAND_HELP:
		command_help(&REDIRECT_TABLE, options->topic, PROGRAM, out);
		return 0;
	case REDIRECT_COMMAND_VERSION:
		strbuf_puts(out, PROGRAM " " SIDEWIRE_VERSION "\n");
		return 0;
	case REDIRECT_COMMAND_COMPLETION:
		return command_completion(&REDIRECT_TABLE, options->operand, out, err);
	case REDIRECT_COMMAND_PLAN:
	case REDIRECT_COMMAND_APPLY:
	case REDIRECT_COMMAND_VERIFY:
	case REDIRECT_COMMAND_STATUS:
	case REDIRECT_COMMAND_REMOVE:
	case REDIRECT_COMMAND_EXPLAIN:
	case REDIRECT_COMMAND_COUNT:
		break;
	}
	return redirect_run(options, out, err);
}

static int print(struct strbuf *text, struct err *err)
{
	CLEANUP(freep) char *finished = NULL;
	int r = strbuf_finish(text, &finished, err);

	if (r == 0 && (fputs(finished, stdout) < 0 || fflush(stdout) != 0))
		return err_set(err, EIO, "standard output: cannot be written");
	return r;
}

int main(int argc, char **argv)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	struct redirect_options options = {0};
	struct err err = {0};

	json_object_seed(0);
	if (redirect_options_parse(argc, argv, &options, &err) < 0) {
		fprintf(stderr, PROGRAM ": %s (see " PROGRAM " --help)\n", err.msg);
		return EXIT_USAGE;
	}
	int r = carry_out(&options, &out, &err);
	if (r == 0)
		r = print(&out, &err);
	if (r < 0)
		fprintf(stderr, PROGRAM ": %s\n", err.msg);
	return r == 0 ? 0 : EXIT_FAILED;
}
