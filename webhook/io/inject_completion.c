/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What completes the command line of sidewire-inject: the part of inject_options.h for shells. */
#include "webhook/io/inject_options.h"

#include <errno.h>
#include <string.h>

#include "webhook/io/inject_command_table.h"

/* Appends the names of all commands, a blank between two. */
static void list_commands(struct strbuf *out)
{
	for (size_t i = 0; i < INJECT_COMMAND_COUNT; i++)
		strbuf_printf(out, "%s%s", i > 0 ? " " : "", INJECT_COMMANDS[i].name);
}

/* Appends the options of a command, long and short. */
static void list_options(enum inject_command command, struct strbuf *out)
{
	for (size_t i = 0; i < INJECT_OPTION_COUNT; i++) {
		const struct inject_option_row *row = &INJECT_OPTIONS[i];

		if ((row->commands & INJECT_MASK(command)) == 0)
			continue;
		strbuf_printf(out, " --%s", row->name);
		if (row->letter != '\0')
			strbuf_printf(out, " -%c", row->letter);
	}
}

/* Appends a pattern of the options whose argument is of that kind, as `case` takes it. */
static void list_patterns(enum inject_argument kind, struct strbuf *out)
{
	bool is_first = true;

	for (size_t i = 0; i < INJECT_OPTION_COUNT; i++) {
		const struct inject_option_row *row = &INJECT_OPTIONS[i];

		if (row->argument == NULL || row->kind != kind)
			continue;
		strbuf_printf(out, "%s--%s", is_first ? "" : "|", row->name);
		if (row->letter != '\0')
			strbuf_printf(out, "|-%c", row->letter);
		is_first = false;
	}
}

static void complete_bash(struct strbuf *out)
{
	strbuf_puts(out, "# bash completion of sidewire-inject\n"
			 "_sidewire_inject()\n"
			 "{\n"
			 "\tlocal current=${COMP_WORDS[COMP_CWORD]} words=''\n"
			 "\tCOMPREPLY=()\n"
			 "\tcase ${COMP_WORDS[COMP_CWORD - 1]} in\n"
			 "\t");
	list_patterns(INJECT_ARGUMENT_DIRECTORY, out);
	strbuf_puts(out, ")\n"
			 "\t\tcompopt -o filenames\n"
			 "\t\tmapfile -t COMPREPLY < <(compgen -d -- \"$current\")\n"
			 "\t\treturn ;;\n"
			 "\t");
	list_patterns(INJECT_ARGUMENT_FILE, out);
	strbuf_puts(out, ")\n"
			 "\t\tcompopt -o filenames\n"
			 "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
			 "\t\treturn ;;\n"
			 "\t");
	list_patterns(INJECT_ARGUMENT_TEXT, out);
	strbuf_puts(out, ")\n"
			 "\t\treturn ;;\n"
			 "\tesac\n"
			 "\tcase $COMP_CWORD:${COMP_WORDS[1]}:$current in\n"
			 "\t1:* | *:help:*) words='");
	list_commands(out);
	strbuf_puts(out, "' ;;\n"
			 "\t*:completion:*) words='bash zsh' ;;\n");
	for (size_t i = 0; i < INJECT_COMMAND_COUNT; i++) {
		if (i == INJECT_COMMAND_COMPLETION || i == INJECT_COMMAND_HELP)
			continue;
		strbuf_printf(out, "\t*:%s:-*) words='", INJECT_COMMANDS[i].name);
		list_options((enum inject_command)i, out);
		strbuf_puts(out, "' ;;\n");
	}
	strbuf_puts(out, "\t*)\n"
			 "\t\tcompopt -o filenames\n"
			 "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
			 "\t\treturn ;;\n"
			 "\tesac\n"
			 "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
			 "}\n"
			 "complete -F _sidewire_inject sidewire-inject\n");
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

static void complete_zsh_option(const struct inject_option_row *row, struct strbuf *out)
{
	static const char *const ACTIONS[] = {
		[INJECT_ARGUMENT_TEXT] = "",
		[INJECT_ARGUMENT_FILE] = "_files",
		[INJECT_ARGUMENT_DIRECTORY] = "_files -/",
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

static void complete_zsh(struct strbuf *out)
{
	strbuf_puts(out, "#compdef sidewire-inject\n"
			 "compdef _sidewire_inject sidewire-inject\n"
			 "_sidewire_inject()\n"
			 "{\n"
			 "\tlocal -a commands\n"
			 "\tcommands=(");
	for (size_t i = 0; i < INJECT_COMMAND_COUNT; i++) {
		strbuf_printf(out, "\n\t\t'%s:", INJECT_COMMANDS[i].name);
		escape_zsh(INJECT_COMMANDS[i].summary, out);
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
	for (size_t i = 0; i < INJECT_COMMAND_HELP; i++) {
		if (i == INJECT_COMMAND_COMPLETION)
			continue;
		strbuf_printf(out, "\t%s)\n\t\t_arguments -s", INJECT_COMMANDS[i].name);
		for (size_t j = 0; j < INJECT_OPTION_COUNT; j++) {
			if ((INJECT_OPTIONS[j].commands & INJECT_MASK(i)) != 0)
				complete_zsh_option(&INJECT_OPTIONS[j], out);
		}
		strbuf_puts(out, INJECT_COMMANDS[i].operand != NULL
					 ? " \\\n\t\t\t'*:file:_files' ;;\n"
					 : " ;;\n");
	}
	strbuf_puts(out,
		    "\tesac\n"
		    "}\n"
		    "# Read by zsh itself, from a directory of fpath, this file is the function.\n"
		    "if [[ $funcstack[1] == _sidewire-inject ]]; then\n"
		    "\t_sidewire_inject \"$@\"\n"
		    "fi\n");
}

int inject_options_completion(const char *shell, struct strbuf *out, struct err *err)
{
	if (strcmp(shell, "bash") == 0)
		complete_bash(out);
	else if (strcmp(shell, "zsh") == 0)
		complete_zsh(out);
	else
		return err_set(err, EINVAL, "there is no completion for '%.64s': bash or zsh",
			       shell);
	return 0;
}
