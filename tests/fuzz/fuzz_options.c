/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command lines of sidewire-inject, sidewire-webhook, sidewire-node and sidewire-redirect: a
 * line for each argument, the first one saying whose they are.
 */
#include <getopt.h>
#include <stdlib.h>

#include "cni/io/node_options.h"
#include "cni/io/redirect_options.h"
#include "common/base/cleanup.h"
#include "tests/fuzz/fuzz.h"
#include "webhook/io/inject_command_table.h"
#include "webhook/io/inject_options.h"
#include "webhook/io/webhook_options.h"

enum { ARGUMENTS_MAX = 64 };

static int parse_inject(int argc, char **argv, struct err *err)
{
	CLEANUP(inject_options_release) struct inject_command_options options = {.command = 0};
	CLEANUP(strbuf_release) struct strbuf help = STRBUF_INIT;
	int r = inject_options_parse(argc, argv, &options, err);

	if (r < 0)
		return r;
	assert(options.command < INJECT_COMMAND_COUNT && options.topic < INJECT_COMMAND_COUNT);
	assert(options.inputs.count + options.profiles.count + options.namespaces.count <
	       (size_t)argc);
	command_help(&INJECT_TABLE, options.topic, argv[0], &help);
	assert(help.length > 0);
	return 0;
}

static int parse_webhook(int argc, char **argv, struct err *err)
{
	struct webhook_options options = {0};
	enum webhook_action action = WEBHOOK_SERVE;
	int r = webhook_options_parse(argc, argv, &options, &action, err);

	if (r == 0 && action == WEBHOOK_SERVE)
		assert(options.profiles != NULL && *options.default_profiles != '\0' &&
		       options.tls_name_count <= ISSUE_NAMES_MAX);
	return r;
}

static int parse_node(int argc, char **argv, struct err *err)
{
	struct node_options options = {0};
	enum node_action action = NODE_RUN;
	int r = node_options_parse(argc, argv, &options, &action, err);

	if (r == 0 && action == NODE_RUN)
		assert(options.cni_bin_dir != NULL && options.cni_conf_dir != NULL);
	return r;
}

static int parse_redirect(int argc, char **argv, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf help = STRBUF_INIT;
	struct redirect_options options = {.command = 0};
	int r = redirect_options_parse(argc, argv, &options, err);

	if (r < 0)
		return r;
	assert(options.command < REDIRECT_COMMAND_COUNT && options.topic < REDIRECT_COMMAND_COUNT);
	if (options.command == REDIRECT_COMMAND_EXPLAIN)
		assert(options.packet.source.is_v6 == options.packet.destination.is_v6);
	command_help(&REDIRECT_TABLE, options.topic, argv[0], &help);
	assert(help.length > 0);
	return 0;
}

static void parse(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*parse)(int argc, char **argv, struct err *err);
	} PROGRAMS[] = {
		{"inject", parse_inject},
		{"webhook", parse_webhook},
		{"node", parse_node},
		{"redirect", parse_redirect},
	};

	for (size_t i = 0; i < sizeof(PROGRAMS) / sizeof(*PROGRAMS); i++) {
		struct err err = {0};

		if (strcmp(argv[0], PROGRAMS[i].name) != 0)
			continue;
		optind = 0; /* all anew: getopt(3) */
		if (PROGRAMS[i].parse(argc, argv, &err) < 0)
			fuzz_check_failure(&err);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(freep) char *text = strndup((const char *)data, size);
	char *argv[ARGUMENTS_MAX + 1] = {NULL};
	int argc = 0;

	assert(text != NULL);
	for (char *line = text; line != NULL && argc < ARGUMENTS_MAX;) {
		char *end = strchr(line, '\n');

		if (end != NULL)
			*end++ = '\0';
		argv[argc++] = line;
		line = end;
	}
	parse(argc, argv);
	return 0;
}
