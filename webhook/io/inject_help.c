/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What sidewire-inject says of itself: the half of inject_options.h that writes. */
#include "webhook/io/inject_options.h"

#include <stdio.h>
#include <string.h>

#include "webhook/io/inject_command_table.h"

enum { OPTION_COLUMN = 29 }; /* where the help of an option begins */

/* Appends a text with the program's name in place of every %s. */
static void append_named(struct strbuf *out, const char *text, const char *program)
{
	const char *mark;

	while ((mark = strstr(text, "%s")) != NULL) {
		strbuf_append(out, text, (size_t)(mark - text));
		strbuf_puts(out, program);
		text = mark + 2;
	}
	strbuf_puts(out, text);
}

static void append_option(struct strbuf *out, const struct inject_option_row *row)
{
	char left[2 * OPTION_COLUMN];
	char letter[] = {'-', row->letter, ',', ' ', '\0'};

	snprintf(left, sizeof(left), "  %s--%s%s%s", row->letter != '\0' ? letter : "    ",
		 row->name, row->argument != NULL ? " " : "",
		 row->argument != NULL ? row->argument : "");
	strbuf_printf(out, "%-*s", OPTION_COLUMN, left);
	/* Where the option takes all the room, its help begins below. */
	if (strlen(left) >= OPTION_COLUMN)
		strbuf_printf(out, "\n%*s", OPTION_COLUMN, "");
	for (const char *line = row->help; *line != '\0';) {
		size_t length = strcspn(line, "\n");

		strbuf_append(out, line, length);
		strbuf_puts(out, "\n");
		line += length + (line[length] == '\n');
		if (*line != '\0')
			strbuf_printf(out, "%*s", OPTION_COLUMN, "");
	}
}

static void help_command(enum inject_command command, const char *program, struct strbuf *out)
{
	const struct inject_command_row *row = &INJECT_COMMANDS[command];

	strbuf_printf(out, "Usage: %s %s [OPTION...]%s%s\n\n", program, row->name,
		      row->operand != NULL ? " " : "", row->operand != NULL ? row->operand : "");
	strbuf_puts(out, row->help);
	strbuf_puts(out, *row->help != '\0' ? "\nOptions:\n" : "Options:\n");
	for (size_t i = 0; i < INJECT_OPTION_COUNT; i++) {
		if ((INJECT_OPTIONS[i].commands & INJECT_MASK(command)) != 0)
			append_option(out, &INJECT_OPTIONS[i]);
	}
	if (*row->examples != '\0')
		strbuf_puts(out, "\n");
	append_named(out, row->examples, program);
}

static void help_all(const char *program, struct strbuf *out)
{
	append_named(
		out,
		"Usage: %s COMMAND [OPTION...] [FILE...]\n"
		"\n"
		"Does offline, with the same code, what sidewire's webhook does in a cluster: it\n"
		"puts the sidecar of a profile into the pods of manifests. No cluster is asked,\n"
		"but for explain --from-cluster.\n"
		"\n"
		"Commands:\n",
		program);
	for (size_t i = 0; i < INJECT_COMMAND_COUNT; i++)
		strbuf_printf(out, "  %-12s%s\n", INJECT_COMMANDS[i].name,
			      INJECT_COMMANDS[i].summary);
	append_named(
		out,
		"\n"
		"Begin with:\n"
		"  %s help inject                                 options of a command\n"
		"  %s explain deployment.yaml                     what would be added, and why\n"
		"  %s inject deployment.yaml | kubectl apply -f - put it in, and send it\n"
		"The latter is linkerd inject, or istioctl kube-inject -f, for sidewire.\n"
		"\n"
		"Linked as kubectl-sidewire into a directory of PATH it is kubectl sidewire.\n"
		"\n"
		"Exit status: 0; 1 where an input was refused or could not be read; 2 for a bad\n"
		"command line.\n",
		program);
}

void inject_options_help(enum inject_command topic, const char *program, struct strbuf *out)
{
	if (topic == INJECT_COMMAND_HELP)
		help_all(program, out);
	else
		help_command(topic, program, out);
}
