/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sidewire-inject: does to manifests what the webhook does to pods. */
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "webhook/io/inject_command_table.h"
#include "webhook/io/inject_options.h"
#include "webhook/io/inject_run.h"

#define PROGRAM "sidewire-inject"
#define PLUGIN "kubectl-sidewire"

enum {
	EXIT_REFUSED = 1, /* an input was refused, or could not be read */
	EXIT_USAGE = 2,
};

/* What the user types: kubectl runs kubectl-sidewire for `kubectl sidewire`. */
static const char *typed_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strcmp(slash != NULL ? slash + 1 : path, PLUGIN) == 0 ? "kubectl sidewire" : PROGRAM;
}

static int print(struct strbuf *text)
{
	CLEANUP(freep) char *finished = NULL;
	struct err err;

	if (strbuf_finish(text, &finished, &err) < 0 || fputs(finished, stdout) < 0 ||
	    fflush(stdout) != 0)
		return EXIT_REFUSED;
	return 0;
}

/* Carries the command out. 0 or 1, as inject_run() says. */
static int carry_out(const struct inject_command_options *options, const char *name,
		     struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	switch (options->command) {
	case INJECT_COMMAND_HELP:
		command_help(&INJECT_TABLE, options->topic, name, &text);
		return print(&text);
	case INJECT_COMMAND_VERSION:
		strbuf_puts(&text, PROGRAM " " SIDEWIRE_VERSION "\n");
		return print(&text);
	case INJECT_COMMAND_COMPLETION:
		if (command_completion(&INJECT_TABLE, options->inputs.items[0], &text, err) < 0)
			return err->code;
		return print(&text);
	case INJECT_COMMAND_INJECT:
	case INJECT_COMMAND_UNINJECT:
	case INJECT_COMMAND_EXPLAIN:
	case INJECT_COMMAND_LINT:
	case INJECT_COMMAND_COUNT:
		break;
	}
	return inject_run(options, err);
}

int main(int argc, char **argv)
{
	CLEANUP(inject_options_release) struct inject_command_options options = {0};
	const char *name = typed_name(argc > 0 ? argv[0] : PROGRAM);
	struct err err = {0};

	if (inject_options_parse(argc, argv, &options, &err) < 0) {
		fprintf(stderr, "%s: %s (see %s --help)\n", name, err.msg, name);
		return EXIT_USAGE;
	}
	int status = carry_out(&options, name, &err);
	if (status < 0)
		fprintf(stderr, "%s: %s\n", name, err.msg);
	return status == 0 ? 0 : EXIT_REFUSED;
}
