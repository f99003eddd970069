/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What completes a command line: the half of command_line.h that is for shells. */
#include "common/base/command_line.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* Appends the names of all commands, a blank between two. */
static void list_commands(const struct command_table *table, struct strbuf *out)
{
	for (size_t i = 0; i < table->command_count; i++)
		strbuf_printf(out, "%s%s", i > 0 ? " " : "", table->commands[i].name);
}

/* Appends the options of a command, long and short. */
static void list_options(const struct command_table *table, size_t command, struct strbuf *out)
{
	for (size_t i = 0; i < table->option_count; i++) {
		const struct command_option_row *row = &table->options[i];

		if ((row->commands & COMMAND_MASK(command)) == 0)
			continue;
		strbuf_printf(out, " --%s", row->name);
		if (row->letter != '\0')
			strbuf_printf(out, " -%c", row->letter);
	}
}

/* Appends the branch of a `case` for what follows the options whose argument is of that kind. */
static void complete_argument(const struct command_table *table, enum command_argument kind,
			      const char *branch, struct strbuf *out)
{
	bool is_first = true;

	for (size_t i = 0; i < table->option_count; i++) {
		const struct command_option_row *row = &table->options[i];

		if (row->argument == NULL || row->kind != kind)
			continue;
		strbuf_printf(out, "%s--%s", is_first ? "\t" : "|", row->name);
		if (row->letter != '\0')
			strbuf_printf(out, "|-%c", row->letter);
		is_first = false;
	}
	strbuf_puts(out, is_first ? "" : branch);
}

static void complete_bash(const struct command_table *table, struct strbuf *out)
{
	strbuf_printf(out,
		      "# bash completion of %s\n"
		      "%s()\n"
		      "{\n"
		      "\tlocal current=${COMP_WORDS[COMP_CWORD]} words=''\n"
		      "\tCOMPREPLY=()\n"
		      "\tcase ${COMP_WORDS[COMP_CWORD - 1]} in\n",
		      table->program, table->function);
	complete_argument(table, COMMAND_ARGUMENT_DIRECTORY,
			  ")\n"
			  "\t\tcompopt -o filenames\n"
			  "\t\tmapfile -t COMPREPLY < <(compgen -d -- \"$current\")\n"
			  "\t\treturn ;;\n",
			  out);
	complete_argument(table, COMMAND_ARGUMENT_FILE,
			  ")\n"
			  "\t\tcompopt -o filenames\n"
			  "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
			  "\t\treturn ;;\n",
			  out);
	complete_argument(table, COMMAND_ARGUMENT_TEXT,
			  ")\n"
			  "\t\treturn ;;\n",
			  out);
	strbuf_puts(out, "\tesac\n"
			 "\tcase $COMP_CWORD:${COMP_WORDS[1]}:$current in\n"
			 "\t1:* | *:help:*) words='");
	list_commands(table, out);
	strbuf_puts(out, "' ;;\n"
			 "\t*:completion:*) words='bash zsh' ;;\n");
	for (size_t i = 0; i < table->command_count; i++) {
		if (i == table->completion || i == table->help)
			continue;
		strbuf_printf(out, "\t*:%s:-*) words='", table->commands[i].name);
		list_options(table, i, out);
		strbuf_puts(out, "' ;;\n");
	}
	strbuf_printf(out,
		      "\t*)\n"
		      "\t\tcompopt -o filenames\n"
		      "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
		      "\t\treturn ;;\n"
		      "\tesac\n"
		      "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
		      "}\n"
		      "complete -F %s %s\n",
		      table->function, table->program);
}

/* Appends a text for zsh's _arguments and _describe: in one line, its own signs escaped. */
static void escape_zsh(const char *text, struct strbuf *out)
{
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			strbuf_puts(out, "'\\''");
		else if (strchr("[]:\\", *text) != NULL)
			strbuf_printf(out, "\\%c", *text);
		else
			strbuf_append(out, *text == '\n' ? " " : text, 1);
	}
}

static void complete_zsh_option(const struct command_option_row *row, struct strbuf *out)
{
	static const char *const ACTIONS[] = {
		[COMMAND_ARGUMENT_TEXT] = "",
		[COMMAND_ARGUMENT_FILE] = "_files",
		[COMMAND_ARGUMENT_DIRECTORY] = "_files -/",
	};

	strbuf_puts(out, " \\\n\t\t\t'*'");
	if (row->letter != '\0')
		strbuf_printf(out, "{-%c,--%s}", row->letter, row->name);
	else
		strbuf_printf(out, "--%s", row->name);
	strbuf_puts(out, "'[");
	escape_zsh(row->help, out);
	strbuf_puts(out, "]");
	if (row->argument != NULL)
		strbuf_printf(out, ":%s:%s", row->argument, ACTIONS[row->kind]);
	strbuf_puts(out, "'");
}

static void complete_zsh(const struct command_table *table, struct strbuf *out)
{
	strbuf_printf(out,
		      "#compdef %s\n"
		      "compdef %s %s\n"
		      "%s()\n"
		      "{\n"
		      "\tlocal -a commands\n"
		      "\tcommands=(",
		      table->program, table->function, table->program, table->function);
	for (size_t i = 0; i < table->command_count; i++) {
		strbuf_printf(out, "\n\t\t'%s:", table->commands[i].name);
		escape_zsh(table->commands[i].summary, out);
		strbuf_puts(out, "'");
	}
	strbuf_puts(out, "\n\t)\n"
			 "\tif (( CURRENT == 2 )); then\n"
			 "\t\t_describe command commands\n"
			 "\t\treturn\n"
			 "\tfi\n"
			 "\tlocal command=$words[2]\n"
			 "\tshift words\n"
			 "\t(( CURRENT-- ))\n"
			 "\tcase $command in\n"
			 "\thelp) _describe command commands ;;\n"
			 "\tcompletion) _values shell bash zsh ;;\n");
	for (size_t i = 0; i < table->command_count; i++) {
		if (i == table->completion || i == table->help)
			continue;
		strbuf_printf(out, "\t%s)\n\t\t_arguments -s", table->commands[i].name);
		for (size_t j = 0; j < table->option_count; j++) {
			if ((table->options[j].commands & COMMAND_MASK(i)) != 0)
				complete_zsh_option(&table->options[j], out);
		}
		strbuf_puts(out, table->commands[i].operand != NULL
					 ? " \\\n\t\t\t'*:file:_files' ;;\n"
					 : " ;;\n");
	}
	strbuf_printf(
		out,
		"\tesac\n"
		"}\n"
		"# Read by zsh itself, from a directory of fpath, this file is the function.\n"
		"if [[ $funcstack[1] == _%s ]]; then\n"
		"\t%s \"$@\"\n"
		"fi\n",
		table->program, table->function);
}

int command_completion(const struct command_table *table, const char *shell, struct strbuf *out,
		       struct err *err)
{
	if (strcmp(shell, "bash") == 0)
		complete_bash(table, out);
	else if (strcmp(shell, "zsh") == 0)
		complete_zsh(table, out);
	else
		return err_set(err, EINVAL, "there is no completion for '%.64s': bash or zsh",
			       shell);
	return 0;
}
