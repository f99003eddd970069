/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a runtime writes to the plugin's stdin, for every command that reads it; and where that
 * holds a redirect document, on to the rules.
 */
#include "cni/core/netconf.h"
#include "cni/core/redirect_plan.h"
#include "cni/core/redirect_text.h"
#include "common/base/cleanup.h"
#include "common/redirect_spec.h"
#include "tests/fuzz/fuzz.h"

static const enum cni_command COMMANDS[] = {
	CNI_COMMAND_ADD, CNI_COMMAND_DEL, CNI_COMMAND_CHECK, CNI_COMMAND_GC, CNI_COMMAND_STATUS,
};

/* Every plan has a text in both forms. */
static void check_plan(const struct redirect_spec *spec)
{
	CLEANUP(redirect_plan_release) struct redirect_plan plan = {0};
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	struct err err = {0};
	int r = redirect_plan_build(spec, &plan, &err);

	assert(r == 0 || r == -E2BIG);
	redirect_text_plan(&plan, PLAN_V4, &text);
	redirect_text_words(&plan, &text);
	assert(!text.is_failed);
}

static void check_redirect(const char *document)
{
	CLEANUP(redirect_spec_release) struct redirect_spec spec = {0};
	struct err err = {0};

	if (redirect_spec_decode(document, strlen(document), &spec, &err) == 0)
		check_plan(&spec);
	else
		fuzz_check_failure(&err);
}

/* ADD answers with a part of the text itself. */
static void check_prev_result(const struct netconf *conf, enum cni_command command,
			      const char *text, size_t length)
{
	if (command == CNI_COMMAND_ADD || command == CNI_COMMAND_CHECK)
		assert(conf->prev_result != NULL);
	if (conf->prev_result == NULL)
		return;
	assert(conf->prev_result >= text);
	assert(conf->prev_result_length <= length - (size_t)(conf->prev_result - text));
	assert(conf->prev_result[0] == '{');
	assert(conf->prev_result[conf->prev_result_length - 1] == '}');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;

	for (size_t i = 0; i < sizeof(COMMANDS) / sizeof(*COMMANDS); i++) {
		CLEANUP(netconf_release) struct netconf conf = {0};
		struct err err = {0};

		if (netconf_decode(text, size, COMMANDS[i], &conf, &err) < 0) {
			fuzz_check_failure(&err);
			continue;
		}
		check_prev_result(&conf, COMMANDS[i], text, size);
		if (COMMANDS[i] == CNI_COMMAND_ADD && conf.redirect != NULL)
			check_redirect(conf.redirect);
	}
	return 0;
}
