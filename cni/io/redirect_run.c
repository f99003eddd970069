/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/io/redirect_run.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cni/core/nft_text.h"
#include "cni/core/packet_question.h"
#include "cni/core/plan_evaluate.h"
#include "cni/core/plan_json.h"
#include "cni/core/redirect_input.h"
#include "cni/core/redirect_plan.h"
#include "cni/core/redirect_text.h"
#include "cni/io/redirect_place.h"
#include "cni/io/rules_backend.h"
#include "common/base/cleanup.h"
#include "common/io/file_read.h"
#include "common/redirect_spec.h"

/* A document, and where it is about. */
struct work {
	struct redirect_spec spec; /* owned */
	struct redirect_plan plan; /* owned */
	bool is_ssh_added;         /* port 22 was left out, which the document did not say */
};

static void work_release(struct work *work)
{
	redirect_plan_release(&work->plan);
	redirect_spec_release(&work->spec);
}

/* The text that the options name; the caller frees it. */
static int read_input(const struct redirect_options *options, char **ret_text, size_t *ret_length,
		      struct err *err)
{
	const char *path = options->operand;

	if (path == NULL) {
		*ret_text = strdup(options->annotation);
		if (*ret_text == NULL)
			return err_set(err, ENOMEM, "out of memory");
		*ret_length = strlen(*ret_text);
		return 0;
	}
	if (strcmp(path, "-") != 0)
		return file_read_path(path, REDIRECT_INPUT_SIZE_MAX, ret_text, ret_length, err);
	if (file_read_fd(STDIN_FILENO, REDIRECT_INPUT_SIZE_MAX, ret_text, ret_length, err) < 0)
		return err_wrap(err, "standard input");
	return 0;
}

/* What messages call the document. */
static const char *input_name(const struct redirect_options *options)
{
	if (options->operand == NULL)
		return "--annotation";
	return strcmp(options->operand, "-") == 0 ? "standard input" : options->operand;
}

static int take_dns(const struct redirect_options *options, struct redirect_spec *spec,
		    struct err *err)
{
	CLEANUP(freep) char *text = NULL;
	size_t length = 0;

	if (options->dns_from == NULL)
		return 0;
	if (file_read_path(options->dns_from, REDIRECT_INPUT_SIZE_MAX, &text, &length, err) < 0)
		return err->code;
	if (redirect_input_take_dns(spec, text, err) < 0)
		return err_wrap(err, "--dns-from %s", options->dns_from);
	return 0;
}

static int read_document(const struct redirect_options *options, struct redirect_spec *ret_spec,
			 struct err *err)
{
	CLEANUP(freep) char *text = NULL;
	size_t length = 0;

	if (read_input(options, &text, &length, err) < 0)
		return err->code;
	if (redirect_input_decode(text, length, ret_spec, err) < 0)
		return err_wrap(err, "%s", input_name(options));
	return take_dns(options, ret_spec, err);
}

/* The plan of the document as it stands. */
static int plan_document(const struct redirect_options *options, struct work *work, struct err *err)
{
	int r = read_document(options, &work->spec, err);

	return r < 0 ? r : redirect_plan_build(&work->spec, &work->plan, err);
}

static int run_plan(const struct redirect_options *options, struct strbuf *out, struct err *err)
{
	CLEANUP(work_release) struct work work = {0};
	int r = plan_document(options, &work, err);

	if (r < 0)
		return r;
	switch (options->output) {
	case REDIRECT_OUTPUT_WORDS:
		redirect_text_words(&work.plan, out);
		return 0;
	case REDIRECT_OUTPUT_JSON:
		plan_json(&work.plan, out);
		return 0;
	case REDIRECT_OUTPUT_IPTABLES:
		redirect_text_plan(&work.plan, PLAN_V4, out);
		return 0;
	case REDIRECT_OUTPUT_IP6TABLES:
		redirect_text_plan(&work.plan, PLAN_V6, out);
		return 0;
	case REDIRECT_OUTPUT_NFT:
		return redirect_text_nft(&work.plan, out, err);
	}
	return 0;
}

static int run_explain(const struct redirect_options *options, struct strbuf *out, struct err *err)
{
	CLEANUP(work_release) struct work work = {0};
	int r = plan_document(options, &work, err);

	if (r < 0)
		return r;
	struct packet_verdict verdict = plan_evaluate(&work.plan, &options->packet);
	if (options->output == REDIRECT_OUTPUT_JSON)
		packet_answer_json(&verdict, out);
	else
		packet_answer_words(&verdict, out);
	return 0;
}

/* Reads the document, goes where it is about, and fits it to what is there. */
static int go(const struct redirect_options *options, struct work *work, struct err *err)
{
	enum redirect_place place = REDIRECT_PLACE_POD;
	int r = read_document(options, &work->spec, err);

	if (r == 0)
		r = redirect_place_enter(options, &place, err);
	if (r == 0 && place == REDIRECT_PLACE_HOST)
		r = redirect_input_fit_host(&work->spec, !options->has_no_ssh_exception,
					    &work->is_ssh_added, err);
	return r < 0 ? r : redirect_plan_build(&work->spec, &work->plan, err);
}

/* What is in force, seen from a document. */
enum in_force {
	IN_FORCE_NOTHING,
	IN_FORCE_SAME,
	IN_FORCE_SHADOWED, /* the same, but something of another's is asked before it */
	IN_FORCE_OTHER,
};

/* `difference` says what differs, or shadows. */
static int find_in_force(const struct redirect_plan *plan, const struct redirect_target *target,
			 enum in_force *ret_found, struct err *difference, struct err *err)
{
	int r = redirect_verify_removed(difference);

	if (r == 0) {
		*ret_found = plan->count == 0 ? IN_FORCE_SAME : IN_FORCE_NOTHING;
		return 0;
	}
	if (r == -EUCLEAN && plan->count > 0)
		r = redirect_verify(plan, target, difference);
	if (r < 0 && r != -EUCLEAN && r != -EBUSY) {
		*err = *difference;
		return r;
	}
	*ret_found = r == 0 ? IN_FORCE_SAME : r == -EBUSY ? IN_FORCE_SHADOWED : IN_FORCE_OTHER;
	return 0;
}

/* What apply is to do. */
enum step {
	STEP_NOTHING,
	STEP_REFUSE,
	STEP_SAY,
	STEP_REMOVE,
	STEP_APPLY,
};

static enum step decide(const struct redirect_options *options, const struct redirect_plan *plan,
			enum in_force found)
{
	if (found == IN_FORCE_SAME || (found == IN_FORCE_SHADOWED && !options->is_replacing))
		return STEP_NOTHING;
	if (found == IN_FORCE_OTHER && !options->is_replacing)
		return STEP_REFUSE;
	if (options->is_dry_run)
		return STEP_SAY;
	return plan->count == 0 ? STEP_REMOVE : STEP_APPLY;
}

static int carry_out(enum step step, const struct redirect_plan *plan,
		     const struct redirect_target *target, const struct err *difference,
		     struct err *err)
{
	switch (step) {
	case STEP_NOTHING:
	case STEP_SAY:
		return 0;
	case STEP_REFUSE:
		return err_set(err, EEXIST,
			       "another document is in force, which --replace would replace (%s)",
			       difference->msg);
	case STEP_REMOVE:
		return redirect_remove(err);
	case STEP_APPLY:
		return redirect_apply(plan, target, err);
	}
	return 0;
}

static void say_applied(enum step step, enum in_force found, const struct err *difference,
			const struct work *work, struct strbuf *out)
{
	bool is_replaced = found == IN_FORCE_OTHER || found == IN_FORCE_SHADOWED;

	if (work->is_ssh_added)
		strbuf_puts(out, "inbound port 22 of this host is left out of the redirect "
				 "(--no-ssh-exception: it is not)\n");
	if (step == STEP_NOTHING && found == IN_FORCE_SHADOWED) {
		strbuf_printf(out, "in force already, but shadowed (%s): nothing was done\n",
			      difference->msg);
		return;
	}
	if (step == STEP_NOTHING) {
		strbuf_puts(out, "in force already: nothing was done\n");
		return;
	}
	if (step != STEP_SAY) {
		strbuf_puts(out, is_replaced ? "replaced\n" : "applied\n");
		return;
	}
	strbuf_puts(out, is_replaced ? "would replace what is in force by:\n" : "would apply:\n");
	redirect_text_words(&work->plan, out);
}

static int run_apply(const struct redirect_options *options, struct strbuf *out, struct err *err)
{
	CLEANUP(work_release) struct work work = {0};
	const struct redirect_target target = {.backend = options->backend};
	enum in_force found = IN_FORCE_NOTHING;
	struct err difference = {0};
	int r = go(options, &work, err);

	if (r == 0)
		r = find_in_force(&work.plan, &target, &found, &difference, err);
	if (r < 0)
		return r;
	enum step step = decide(options, &work.plan, found);
	r = carry_out(step, &work.plan, &target, &difference, err);
	if (r == 0)
		say_applied(step, found, &difference, &work, out);
	return r;
}

static int run_verify(const struct redirect_options *options, struct strbuf *out, struct err *err)
{
	CLEANUP(work_release) struct work work = {0};
	const struct redirect_target target = {.backend = options->backend};
	int r = go(options, &work, err);

	if (r < 0)
		return r;
	r = work.plan.count == 0 ? redirect_verify_removed(err)
				 : redirect_verify(&work.plan, &target, err);
	if (r == 0)
		strbuf_puts(out, "equal\n");
	if (r == -EBUSY)
		return err_wrap(err, "it is in force, but shadowed");
	return r == -EUCLEAN ? err_wrap(err, "it differs") : r;
}

static int run_remove(const struct redirect_options *options, struct strbuf *out, struct err *err)
{
	enum redirect_place place = REDIRECT_PLACE_POD;
	struct err first;
	int r = redirect_place_enter(options, &place, err);

	if (r < 0)
		return r;
	r = redirect_verify_removed(&first);
	if (r == 0) {
		strbuf_puts(out, "nothing is in force: nothing was done\n");
		return 0;
	}
	if (options->is_dry_run && r == -EUCLEAN) {
		strbuf_printf(out, "would remove what is in force (%s)\n", first.msg);
		return 0;
	}
	r = redirect_remove(err);
	if (r == 0)
		strbuf_puts(out, "removed\n");
	return r;
}

static const struct rules_backend *const BACKENDS[] = {&IPTABLES_BACKEND, &NFTABLES_BACKEND, NULL};

/* The names of the backends that have something of ours, in quotes or not, with commas between. */
static void list_backends(const char *quote, struct strbuf *out)
{
	bool is_first = true;

	for (size_t i = 0; BACKENDS[i] != NULL; i++) {
		if (!BACKENDS[i]->is_used())
			continue;
		strbuf_printf(out, "%s%s%s%s", is_first ? "" : ",", quote, BACKENDS[i]->name,
			      quote);
		is_first = false;
	}
}

static void status_words(enum redirect_place place, bool is_something, struct strbuf *out)
{
	strbuf_printf(out, "network: %s\nredirect: ",
		      place == REDIRECT_PLACE_HOST ? "this host's" : "a pod's");
	if (!is_something) {
		strbuf_puts(out, "nothing is in force\n");
		return;
	}
	strbuf_puts(out, "in force, by ");
	list_backends("", out);
	strbuf_puts(out, "\n");
}

static void status_json(enum redirect_place place, bool is_something, struct strbuf *out)
{
	strbuf_printf(out, "{\"network\":\"%s\",\"inForce\":%s,\"backends\":[",
		      place == REDIRECT_PLACE_HOST ? "host" : "pod",
		      is_something ? "true" : "false");
	list_backends("\"", out);
	strbuf_puts(out, "]}\n");
}

static int run_status(const struct redirect_options *options, struct strbuf *out, struct err *err)
{
	enum redirect_place place = REDIRECT_PLACE_POD;
	int r = redirect_place_enter(options, &place, err);

	if (r == 0)
		r = redirect_verify_removed(err);
	if (r < 0 && r != -EUCLEAN)
		return r;
	if (options->output == REDIRECT_OUTPUT_JSON)
		status_json(place, r != 0, out);
	else
		status_words(place, r != 0, out);
	return 0;
}

int redirect_run(const struct redirect_options *options, struct strbuf *out, struct err *err)
{
	switch (options->command) {
	case REDIRECT_COMMAND_PLAN:
		return run_plan(options, out, err);
	case REDIRECT_COMMAND_APPLY:
		return run_apply(options, out, err);
	case REDIRECT_COMMAND_VERIFY:
		return run_verify(options, out, err);
	case REDIRECT_COMMAND_STATUS:
		return run_status(options, out, err);
	case REDIRECT_COMMAND_REMOVE:
		return run_remove(options, out, err);
	case REDIRECT_COMMAND_EXPLAIN:
		return run_explain(options, out, err);
	case REDIRECT_COMMAND_COMPLETION:
	case REDIRECT_COMMAND_VERSION:
	case REDIRECT_COMMAND_HELP:
	case REDIRECT_COMMAND_COUNT:
		break;
	}
	return err_set(err, EINVAL, "it is no command about redirecting");
}
