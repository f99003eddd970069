/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/inject_options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "webhook/io/inject_command_table.h"

static int out_of_memory(struct err *err)
{
	return err_set(err, ENOMEM, "out of memory");
}

/* Adds an argument to a list that has room for the whole command line. */
static void add(struct argument_list *list, const char *argument)
{
	list->items[list->count++] = argument;
}

static int find_command(const char *name, enum inject_command *ret_command, struct err *err)
{
	for (size_t i = 0; i < INJECT_COMMAND_COUNT; i++) {
		if (strcmp(INJECT_COMMANDS[i].name, name) != 0)
			continue;
		*ret_command = (enum inject_command)i;
		return 0;
	}
	return err_set(err, EINVAL, "there is no command '%.64s'", name);
}

/* The place of an option that is a string and no more; NULL for all others. */
static const char **string_of(struct inject_command_options *options, enum inject_option option)
{
	switch (option) {
	case INJECT_OPTION_NAMESPACE:
		return &options->namespace_name;
	case INJECT_OPTION_PROFILES_DIR:
		return &options->profiles_directory;
	case INJECT_OPTION_DEFAULT_PROFILES:
		return &options->default_profiles;
	case INJECT_OPTION_GATE_IMAGE:
		return &options->gate_image;
	case INJECT_OPTION_FILENAME:
	case INJECT_OPTION_RECURSIVE:
	case INJECT_OPTION_FROM_CLUSTER:
	case INJECT_OPTION_PROFILE:
	case INJECT_OPTION_NAMESPACE_FILE:
	case INJECT_OPTION_IMAGE_VOLUMES:
	case INJECT_OPTION_QUIET:
	case INJECT_OPTION_HELP:
	case INJECT_OPTION_COUNT:
		break;
	}
	return NULL;
}

/* Takes NAMESPACE/POD apart. */
static int take_living_pod(struct inject_command_options *options, const char *value,
			   struct err *err)
{
	const char *slash = strchr(value, '/');

	if (slash == NULL || slash == value || slash[1] == '\0' || strchr(slash + 1, '/') != NULL)
		return err_set(err, EINVAL, "--from-cluster is '%.128s', expected NAMESPACE/POD",
			       value);
	options->from_cluster = value;
	free(options->living_namespace);
	options->living_namespace = strndup(value, (size_t)(slash - value));
	options->living_pod = slash + 1;
	return options->living_namespace == NULL ? out_of_memory(err) : 0;
}

/* Applies one option; `value` is NULL for those that take none. */
static int apply(struct inject_command_options *options, enum inject_option option,
		 const char *value, struct err *err)
{
	const char **string = string_of(options, option);

	if (string != NULL)
		*string = value;
	if (option == INJECT_OPTION_FILENAME)
		add(&options->inputs, value);
	if (option == INJECT_OPTION_PROFILE)
		add(&options->profiles, value);
	if (option == INJECT_OPTION_NAMESPACE_FILE)
		add(&options->namespaces, value);
	if (option == INJECT_OPTION_RECURSIVE)
		options->is_recursive = true;
	if (option == INJECT_OPTION_IMAGE_VOLUMES)
		options->has_image_volumes = true;
	if (option == INJECT_OPTION_QUIET)
		options->is_quiet = true;
	if (option == INJECT_OPTION_FROM_CLUSTER)
		return take_living_pod(options, value, err);
	if (option == INJECT_OPTION_HELP) {
		options->topic = options->command;
		options->command = INJECT_COMMAND_HELP;
	}
	return 0;
}

/* What getopt_long() is given: options by their places in the table, counted from 1. */
struct getopt_tables {
	struct option longs[INJECT_OPTION_COUNT + 1];
	char letters[2 * INJECT_OPTION_COUNT + 2];
};

static void make_tables(struct getopt_tables *tables)
{
	/* The colon first: getopt_long() prints nothing, and tells a missing value apart. */
	char *letter = tables->letters;

	*letter++ = ':';
	for (size_t i = 0; i < INJECT_OPTION_COUNT; i++) {
		const struct inject_option_row *row = &INJECT_OPTIONS[i];

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
	tables->longs[INJECT_OPTION_COUNT] = (struct option){0};
}

/* The option that getopt_long() has found; INJECT_OPTION_COUNT for none. */
static enum inject_option option_of(int found)
{
	if (found >= 1 && found <= INJECT_OPTION_COUNT)
		return (enum inject_option)(found - 1);
	for (size_t i = 0; i < INJECT_OPTION_COUNT; i++) {
		if (INJECT_OPTIONS[i].letter != '\0' && INJECT_OPTIONS[i].letter == found)
			return (enum inject_option)i;
	}
	return INJECT_OPTION_COUNT;
}

static int take_option(struct inject_command_options *options, int found, char *const *argv,
		       struct err *err)
{
	enum inject_option option = option_of(found);

	if (found == ':')
		return err_set(err, EINVAL, "the option %s needs a value", argv[optind - 1]);
	if (option == INJECT_OPTION_COUNT)
		return optopt > INJECT_OPTION_COUNT
			       ? err_set(err, EINVAL, "there is no option -%c", optopt)
			       : err_set(err, EINVAL, "there is no option %s", argv[optind - 1]);
	const struct inject_option_row *row = &INJECT_OPTIONS[option];
	if ((row->commands & INJECT_MASK(options->command)) == 0)
		return err_set(err, EINVAL, "--%s is no option of %s", row->name,
			       INJECT_COMMANDS[options->command].name);
	if (row->argument != NULL && *optarg == '\0')
		return err_set(err, EINVAL, "--%s needs a value that is not empty", row->name);
	return apply(options, option, optarg, err);
}

static int read_options(struct inject_command_options *options, int argc, char **argv,
			struct err *err)
{
	struct getopt_tables tables;
	int found;
	int r = 0;

	make_tables(&tables);
	while (r == 0 && options->command != INJECT_COMMAND_HELP &&
	       (found = getopt_long(argc, argv, tables.letters, tables.longs, NULL)) != -1)
		r = take_option(options, found, argv, err);
	for (int i = optind; r == 0 && i < argc; i++)
		add(&options->inputs, argv[i]);
	return r;
}

static int check(struct inject_command_options *options, struct err *err)
{
	const struct inject_command_row *command = &INJECT_COMMANDS[options->command];

	if (options->from_cluster != NULL && options->inputs.count > 0)
		return err_set(err, EINVAL, "--from-cluster stands in place of '%.64s': give one",
			       options->inputs.items[0]);
	if (options->from_cluster != NULL)
		return 0;
	if (command->operand != NULL && options->inputs.count == 0)
		return err_set(err, EINVAL, "%s needs %s", command->name, command->needs);
	if (command->operand == NULL && options->inputs.count > 0)
		return err_set(err, EINVAL, "'%.64s' is too much: %s takes nothing",
			       options->inputs.items[0], command->name);
	return 0;
}

static int allocate(struct argument_list *list, int argc, struct err *err)
{
	list->items = calloc((size_t)argc, sizeof(*list->items));
	return list->items == NULL ? out_of_memory(err) : 0;
}

/* `help` has a command as its only argument, or none. */
static int read_topic(struct inject_command_options *options, int argc, char **argv,
		      struct err *err)
{
	options->topic = INJECT_COMMAND_HELP;
	if (argc > 3)
		return err_set(err, EINVAL, "'%.64s' is too much: help takes one command", argv[3]);
	return argc == 3 ? find_command(argv[2], &options->topic, err) : 0;
}

/* The first argument: a command, or an option in place of one. */
static int read_command(const char *first, enum inject_command *ret_command, struct err *err)
{
	if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0)
		first = "help";
	if (strcmp(first, "--version") == 0)
		first = "version";
	if (*first == '-')
		return err_set(err, EINVAL, "the command comes first, before %.64s", first);
	return find_command(first, ret_command, err);
}

int inject_options_parse(int argc, char **argv, struct inject_command_options *ret_options,
			 struct err *err)
{
	CLEANUP(inject_options_release)
	struct inject_command_options options = {.gate_image = INJECT_GATE_IMAGE};
	int r;

	if (argc < 2)
		return err_set(err, EINVAL, "a command is missing");
	if (allocate(&options.inputs, argc, err) < 0 ||
	    allocate(&options.profiles, argc, err) < 0 ||
	    allocate(&options.namespaces, argc, err) < 0)
		return err->code;
	r = read_command(argv[1], &options.command, err);
	if (r == 0 && options.command == INJECT_COMMAND_HELP)
		r = read_topic(&options, argc, argv, err);
	else if (r == 0)
		r = read_options(&options, argc - 1, argv + 1, err);
	if (r == 0 && options.command != INJECT_COMMAND_HELP)
		r = check(&options, err);
	if (r < 0)
		return r;
	*ret_options = options;
	options = (struct inject_command_options){0};
	return 0;
}

void inject_options_release(struct inject_command_options *options)
{
	free(options->inputs.items);
	free(options->living_namespace);
	free(options->profiles.items);
	free(options->namespaces.items);
	*options = (struct inject_command_options){0};
}
