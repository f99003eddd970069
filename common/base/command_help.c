/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a program says of its command line: the half of command_line.h that is for people. */
#include "common/base/command_line.h"

#include <stdio.h>
#include <string.h>

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

static void append_option(struct strbuf *out, const struct command_option_row *row)
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

static void help_command(const struct command_table *table, size_t command, const char *program,
			 struct strbuf *out)
{
	const struct command_row *row = &table->commands[command];

	strbuf_printf(out, "Usage: %s %s [OPTION...]%s%s\n\n", program, row->name,
		      row->operand != NULL ? " " : "", row->operand != NULL ? row->operand : "");
	strbuf_puts(out, row->help);
	strbuf_puts(out, *row->help != '\0' ? "\nOptions:\n" : "Options:\n");
	for (size_t i = 0; i < table->option_count; i++) {
		if ((table->options[i].commands & COMMAND_MASK(command)) != 0)
			append_option(out, &table->options[i]);
	}
	if (*row->examples != '\0')
		strbuf_puts(out, "\n");
	append_named(out, row->examples, program);
}

static void help_all(const struct command_table *table, const char *program, struct strbuf *out)
{
	append_named(out, table->intro, program);
	for (size_t i = 0; i < table->command_count; i++)
		strbuf_printf(out, "  %-12s%s\n", table->commands[i].name,
			      table->commands[i].summary);
	append_named(out, table->conclusion, program);
}

void command_help(const struct command_table *table, size_t topic, const char *program,
		  struct strbuf *out)
{
	if (topic == table->help)
		help_all(table, program, out);
	else
		help_command(table, topic, program, out);
}
