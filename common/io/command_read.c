/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/io/command_read.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"

enum { OPTIONS_MAX = 32 }; /* of one program */

int argument_list_init(struct argument_list *list, int argc, struct err *err)
{
	list->count = 0;
	list->items = calloc((size_t)argc, sizeof(*list->items));
	return list->items == NULL ? err_set(err, ENOMEM, "out of memory") : 0;
}

void argument_list_add(struct argument_list *list, const char *argument)
{
	list->items[list->count++] = argument;
}

static int find_command(const struct command_table *table, const char *name, size_t *ret_command,
			struct err *err)
{
	for (size_t i = 0; i < table->command_count; i++) {
		if (strcmp(table->commands[i].name, name) != 0)
			continue;
		*ret_command = i;
		return 0;
	}
	return err_set(err, EINVAL, "there is no command '%.64s'", name);
}

/* What getopt_long() is given: options by their places in the table, counted from 1. */
struct getopt_tables {
	struct option longs[OPTIONS_MAX + 1];
	char letters[2 * OPTIONS_MAX + 2];
};

static void make_tables(const struct command_table *table, struct getopt_tables *tables)
{
	/* The colon first: getopt_long() prints nothing, and tells a missing value apart. */
	char *letter = tables->letters;

	assert(table->option_count <= OPTIONS_MAX);
	*letter++ = ':';
	for (size_t i = 0; i < table->option_count; i++) {
		const struct command_option_row *row = &table->options[i];

		tables->longs[i] = (struct option){
			row->name, row->argument != NULL ? required_argument : no_argument, NULL,
			(int)i + 1};
		if (row->letter == '\0')
			continue;
		*letter++ = row->letter;
		if (row->argument != NULL)
			*letter++ = ':';
	}
	*letter = '\0';
	tables->longs[table->option_count] = (struct option){0};
}

/* The option that getopt_long() has found; the count of options for none. */
static size_t option_of(const struct command_table *table, int found)
{
	if (found >= 1 && (size_t)found <= table->option_count)
		return (size_t)found - 1;
	for (size_t i = 0; i < table->option_count; i++) {
		if (table->options[i].letter != '\0' && table->options[i].letter == found)
			return i;
	}
	return table->option_count;
}

/* What is being read. */
struct reading {
	const struct command_table *table;
	struct command_call *call;
	command_take *take;
	void *options;
};

/* The option that getopt_long() has found, if it is one, and one of the command. */
static int check_option(const struct reading *reading, int found, char *const *argv,
			struct err *err)
{
	const struct command_table *table = reading->table;
	size_t option = option_of(table, found);

	if (found == ':')
		return err_set(err, EINVAL, "the option %s needs a value", argv[optind - 1]);
	if (option == table->option_count)
		return optopt > (int)table->option_count
			       ? err_set(err, EINVAL, "there is no option -%c", optopt)
			       : err_set(err, EINVAL, "there is no option %s", argv[optind - 1]);
	if ((table->options[option].commands & COMMAND_MASK(reading->call->command)) == 0)
		return err_set(err, EINVAL, "--%s is no option of %s", table->options[option].name,
			       table->commands[reading->call->command].name);
	if (table->options[option].argument != NULL && *optarg == '\0')
		return err_set(err, EINVAL, "--%s needs a value that is not empty",
			       table->options[option].name);
	return 0;
}

static int take_option(const struct reading *reading, int found, char *const *argv, struct err *err)
{
	struct command_call *call = reading->call;
	size_t option = option_of(reading->table, found);
	int r = check_option(reading, found, argv, err);

	if (r < 0)
		return r;
	if (strcmp(reading->table->options[option].name, "help") != 0)
		return reading->take(reading->options, option, optarg, err);
	call->topic = call->command;
	call->command = reading->table->help;
	return 0;
}

static int read_options(const struct reading *reading, int argc, char **argv, struct err *err)
{
	struct getopt_tables tables = {0};
	int found;
	int r = 0;

	make_tables(reading->table, &tables);
	while (r == 0 && reading->call->command != reading->table->help &&
	       (found = getopt_long(argc, argv, tables.letters, tables.longs, NULL)) != -1)
		r = take_option(reading, found, argv, err);
	for (int i = optind; r == 0 && i < argc; i++)
		argument_list_add(&reading->call->operands, argv[i]);
	return r;
}

/* `help` has a command as its only argument, or none. */
static int read_topic(const struct reading *reading, int argc, char **argv, struct err *err)
{
	reading->call->topic = reading->table->help;
	if (argc > 3)
		return err_set(err, EINVAL, "'%.64s' is too much: help takes one command", argv[3]);
	return argc == 3 ? find_command(reading->table, argv[2], &reading->call->topic, err) : 0;
}

/* The first argument: a command, or an option in place of one. */
static int read_command(const struct command_table *table, const char *first, size_t *ret_command,
			struct err *err)
{
	if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0)
		first = "help";
	if (strcmp(first, "--version") == 0)
		first = "version";
	if (*first == '-')
		return err_set(err, EINVAL, "the command comes first, before %.64s", first);
	return find_command(table, first, ret_command, err);
}

int command_read(const struct command_table *table, int argc, char **argv, command_take *take,
		 void *options, struct command_call *ret_call, struct err *err)
{
	CLEANUP(command_call_release) struct command_call call = {0};
	const struct reading reading = {table, &call, take, options};
	int r;

	if (argc < 2)
		return err_set(err, EINVAL, "a command is missing");
	r = argument_list_init(&call.operands, argc, err);
	if (r == 0)
		r = read_command(table, argv[1], &call.command, err);
	if (r == 0 && call.command == table->help)
		r = read_topic(&reading, argc, argv, err);
	else if (r == 0)
		r = read_options(&reading, argc - 1, argv + 1, err);
	if (r < 0)
		return r;
	*ret_call = call;
	call = (struct command_call){0};
	return 0;
}

int command_read_check(const struct command_table *table, size_t command,
		       const struct argument_list *operands, struct err *err)
{
	const struct command_row *row = &table->commands[command];

	if (row->needs != NULL && operands->count == 0)
		return err_set(err, EINVAL, "%s needs %s", row->name, row->needs);
	if (row->operand == NULL && operands->count > 0)
		return err_set(err, EINVAL, "'%.64s' is too much: %s takes nothing",
			       operands->items[0], row->name);
	return 0;
}

void command_call_release(struct command_call *call)
{
	free(call->operands.items);
	*call = (struct command_call){0};
}
