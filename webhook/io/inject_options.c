/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/inject_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "webhook/io/inject_command_table.h"

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
	return options->living_namespace == NULL ? err_set(err, ENOMEM, "out of memory") : 0;
}

/* Takes one option; see command_take. */
static int take(void *taken, size_t option, const char *value, struct err *err)
{
	struct inject_command_options *options = taken;
	const char **string = string_of(options, (enum inject_option)option);

	if (string != NULL)
		*string = value;
	if (option == INJECT_OPTION_FILENAME)
		argument_list_add(&options->inputs, value);
	if (option == INJECT_OPTION_PROFILE)
		argument_list_add(&options->profiles, value);
	if (option == INJECT_OPTION_NAMESPACE_FILE)
		argument_list_add(&options->namespaces, value);
	if (option == INJECT_OPTION_RECURSIVE)
		options->is_recursive = true;
	if (option == INJECT_OPTION_IMAGE_VOLUMES)
		options->has_image_volumes = true;
	if (option == INJECT_OPTION_QUIET)
		options->is_quiet = true;
	return option == INJECT_OPTION_FROM_CLUSTER ? take_living_pod(options, value, err) : 0;
}

static int check(const struct inject_command_options *options, struct err *err)
{
	if (options->from_cluster != NULL && options->inputs.count > 0)
		return err_set(err, EINVAL, "--from-cluster stands in place of '%.64s': give one",
			       options->inputs.items[0]);
	if (options->from_cluster != NULL || options->command == INJECT_COMMAND_HELP)
		return 0;
	return command_read_check(&INJECT_TABLE, options->command, &options->inputs, err);
}

/* Inputs are the operands too, behind those of --filename. */
static void take_operands(struct inject_command_options *options, const struct command_call *call)
{
	options->command = (enum inject_command)call->command;
	options->topic = (enum inject_command)call->topic;
	for (size_t i = 0; i < call->operands.count; i++)
		argument_list_add(&options->inputs, call->operands.items[i]);
}

int inject_options_parse(int argc, char **argv, struct inject_command_options *ret_options,
			 struct err *err)
{
	CLEANUP(inject_options_release)
	struct inject_command_options options = {.gate_image = INJECT_GATE_IMAGE};
	CLEANUP(command_call_release) struct command_call call = {0};

	if (argument_list_init(&options.inputs, argc + 1, err) < 0 ||
	    argument_list_init(&options.profiles, argc + 1, err) < 0 ||
	    argument_list_init(&options.namespaces, argc + 1, err) < 0 ||
	    command_read(&INJECT_TABLE, argc, argv, take, &options, &call, err) < 0)
		return err->code;
	take_operands(&options, &call);
	int r = check(&options, err);
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
