/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/io/redirect_options.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/parse_num.h"
#include "common/io/command_read.h"

/* The place of an option that is a string and no more; NULL for all others. */
static const char **string_of(struct redirect_options *options, enum redirect_option option)
{
	const char **const STRINGS[REDIRECT_OPTION_COUNT] = {
		[REDIRECT_OPTION_ANNOTATION] = &options->annotation,
		[REDIRECT_OPTION_DNS_FROM] = &options->dns_from,
		[REDIRECT_OPTION_POD_NETNS] = &options->pod_netns,
		[REDIRECT_OPTION_SRC] = &options->question.source,
		[REDIRECT_OPTION_DST] = &options->question.destination,
		[REDIRECT_OPTION_PROTOCOL] = &options->question.protocol,
		[REDIRECT_OPTION_UID] = &options->question.uid,
		[REDIRECT_OPTION_GID] = &options->question.gid,
		[REDIRECT_OPTION_MARK] = &options->question.mark,
		[REDIRECT_OPTION_INTERFACE] = &options->question.interface,
		[REDIRECT_OPTION_OWN] = &options->question.own,
		[REDIRECT_OPTION_ICMP_TYPE] = &options->question.icmp_type,
	};

	return STRINGS[option];
}

/* The same for options that are there or not. */
static bool *flag_of(struct redirect_options *options, enum redirect_option option)
{
	bool *const FLAGS[REDIRECT_OPTION_COUNT] = {
		[REDIRECT_OPTION_IN_POD] = &options->is_in_pod,
		[REDIRECT_OPTION_REPLACE] = &options->is_replacing,
		[REDIRECT_OPTION_DRY_RUN] = &options->is_dry_run,
		[REDIRECT_OPTION_NO_SSH_EXCEPTION] = &options->has_no_ssh_exception,
		[REDIRECT_OPTION_INBOUND] = &options->question.is_inbound,
	};

	return FLAGS[option];
}

static int take_output(const char *value, enum redirect_output *ret_output, struct err *err)
{
	static const char *const NAMES[] = {
		[REDIRECT_OUTPUT_WORDS] = "words",       [REDIRECT_OUTPUT_JSON] = "json",
		[REDIRECT_OUTPUT_IPTABLES] = "iptables", [REDIRECT_OUTPUT_IP6TABLES] = "ip6tables",
		[REDIRECT_OUTPUT_NFT] = "nft",
	};

	for (size_t i = 0; i < sizeof(NAMES) / sizeof(*NAMES); i++) {
		if (strcmp(value, NAMES[i]) != 0)
			continue;
		*ret_output = (enum redirect_output)i;
		return 0;
	}
	return err_set(err, EINVAL,
		       "--output is '%.64s', expected words, json, iptables, ip6tables or nft",
		       value);
}

/* Takes one option; see command_take. */
static int take(void *taken, size_t number, const char *value, struct err *err)
{
	struct redirect_options *options = taken;
	enum redirect_option option = (enum redirect_option)number;
	const char **string = string_of(options, option);
	bool *flag = flag_of(options, option);

	if (string != NULL)
		*string = value;
	if (flag != NULL)
		*flag = true;
	if (option == REDIRECT_OPTION_OUTPUT)
		return take_output(value, &options->output, err);
	if (option == REDIRECT_OPTION_BACKEND &&
	    backend_choice_parse(value, &options->backend, err) < 0)
		return err_wrap(err, "--backend");
	if (option == REDIRECT_OPTION_PID &&
	    parse_u32(value, strlen(value), 1, INT32_MAX, &options->pid, err) < 0)
		return err_wrap(err, "--pid");
	return 0;
}

static bool is_reading(enum redirect_command command)
{
	return command == REDIRECT_COMMAND_PLAN || command == REDIRECT_COMMAND_APPLY ||
	       command == REDIRECT_COMMAND_VERIFY || command == REDIRECT_COMMAND_EXPLAIN;
}

static int check_document(const struct redirect_options *options, struct err *err)
{
	if (options->operand != NULL && options->annotation != NULL)
		return err_set(err, EINVAL, "--annotation stands in place of '%.64s': give one",
			       options->operand);
	if (options->operand == NULL && options->annotation == NULL)
		return err_set(err, EINVAL,
			       "%s needs a document: a file, - for standard input, or --annotation",
			       REDIRECT_TABLE.commands[options->command].name);
	return 0;
}

static int check(struct redirect_options *options, struct err *err)
{
	int places = (options->pod_netns != NULL) + (options->pid != 0) + options->is_in_pod;

	if (places > 1)
		return err_set(err, EINVAL,
			       "--pod-netns, --pid and --in-pod name one network: give one");
	if (options->output > REDIRECT_OUTPUT_JSON && options->command != REDIRECT_COMMAND_PLAN)
		return err_set(err, EINVAL, "--output is words or json of %s",
			       REDIRECT_TABLE.commands[options->command].name);
	if (is_reading(options->command) && check_document(options, err) < 0)
		return err->code;
	return options->command == REDIRECT_COMMAND_EXPLAIN
		       ? packet_question_read(&options->question, &options->packet, err)
		       : 0;
}

static int take_operands(const struct command_call *call, struct redirect_options *options,
			 struct err *err)
{
	int r = command_read_check(&REDIRECT_TABLE, call->command, &call->operands, err);

	if (r < 0)
		return r;
	if (call->operands.count > 1)
		return err_set(err, EINVAL, "'%.64s' is too much: %s takes one",
			       call->operands.items[1],
			       REDIRECT_TABLE.commands[call->command].name);
	options->command = (enum redirect_command)call->command;
	options->operand = call->operands.count > 0 ? call->operands.items[0] : NULL;
	return check(options, err);
}

int redirect_options_parse(int argc, char **argv, struct redirect_options *ret_options,
			   struct err *err)
{
	CLEANUP(command_call_release) struct command_call call = {0};
	struct redirect_options options = {0};

	if (command_read(&REDIRECT_TABLE, argc, argv, take, &options, &call, err) < 0)
		return err->code;
	options.topic = (enum redirect_command)call.topic;
	options.command = (enum redirect_command)call.command;
	if (options.command != REDIRECT_COMMAND_HELP && take_operands(&call, &options, err) < 0)
		return err->code;
	*ret_options = options;
	return 0;
}
