/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The webhook's core for tests in other languages. Each line on stdin is an object, and so is the
 * answer to it, a line on stdout; what the core refuses is {"error": "..."}.
 *
 *   core-tool merge             {"pod", "overlay"}, with "winner": "original" where the overlay is
 *                               only a default, and "order": true where added sidecars are to go to
 *                               their place -> {"merged", "patch", "is_same"}; the last tells that
 *                               the merge gave back the very pod that it got
 *   core-tool undo              {"before", "after"} -> {"tree", "undone"}
 *   core-tool inject DIRECTORY  {"pod"}, with the profiles of the directory and the first of them
 * as the default -> {"pod", "patch", "again", "undone"}: the injected pod, the patches of the first
 * and of a second pass, and what uninject() makes of the injected pod core-tool rules reads
 * nothing; prints the lists that merge: path and key
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/json_read.h"
#include "webhook/core/inject.h"
#include "webhook/core/inject_order.h"
#include "webhook/core/json_diff.h"
#include "webhook/core/merge_keys.h"
#include "webhook/core/strategic_merge.h"
#include "webhook/core/undo_tree.h"
#include "webhook/core/uninject.h"
#include "webhook/io/profile_store.h"

enum { PATH_SIZE = 256 };

/* What injections depend on. */
struct installation {
	struct profile_set profiles; /* owned */
	struct inject_options options;
};

/* Answers one question; both are objects. `with` is NULL but for injections. The caller owns
 * *ret_answer. */
typedef int answer_function(json_t *question, const struct installation *with, json_t **ret_answer,
			    struct err *err);

static int give(json_t *answer, json_t **ret_answer, struct err *err)
{
	if (answer == NULL)
		return err_set(err, ENOMEM, "out of memory");
	*ret_answer = answer;
	return 0;
}

static int answer_merge(json_t *question, const struct installation *with, json_t **ret_answer,
			struct err *err)
{
	json_auto_t *merged = NULL;
	json_auto_t *ordered = NULL;
	json_t *patch = NULL;
	json_t *pod, *overlay;
	const char *winner = NULL;
	bool is_ordering = false;

	(void)with;
	if (json_read_object(question, "pod", &pod, err) < 0 ||
	    json_read_object(question, "overlay", &overlay, err) < 0 ||
	    json_read_string(question, "winner", &winner, err) < 0 ||
	    json_read_boolean(question, "order", &is_ordering, err) < 0)
		return err->code;
	if (strategic_merge(pod, overlay, MERGE_RULES_POD,
			    winner != NULL && strcmp(winner, "original") == 0 ? MERGE_ORIGINAL_WINS
									      : MERGE_PATCH_WINS,
			    &merged, err) < 0)
		return err->code;
	bool is_same = merged == pod;
	if (!is_ordering)
		ordered = json_incref(merged);
	else if (inject_order(pod, merged, &(struct profile_choice){0}, &ordered, err) < 0)
		return err->code;
	if (json_diff(pod, ordered, &patch, err) < 0)
		return err->code;
	return give(json_pack("{sOsosb}", "merged", ordered, "patch", patch, "is_same", is_same),
		    ret_answer, err);
}

static int answer_undo(json_t *question, const struct installation *with, json_t **ret_answer,
		       struct err *err)
{
	json_auto_t *left = json_array();
	json_auto_t *tree = NULL;
	json_t *undone = NULL;
	json_t *before, *after;

	(void)with;
	if (json_read_object(question, "before", &before, err) < 0 ||
	    json_read_object(question, "after", &after, err) < 0)
		return err->code;
	if (undo_tree_make(before, after, &tree, err) < 0 ||
	    undo_tree_apply(after, tree, left, &undone, err) < 0)
		return err->code;
	return give(json_pack("{sOso}", "tree", tree, "undone", undone), ret_answer, err);
}

/* A pod that is not injected is an error here. */
static int inject_pod(json_t *pod, const struct installation *with,
		      struct inject_result *ret_result, struct err *err)
{
	const struct inject_question question = {.operation = "CREATE",
						 .resource = "pods",
						 .subresource = "",
						 .namespace_name = "shop",
						 .namespace_label = "enabled",
						 .own_namespace = "sidewire-system",
						 .pod = pod};

	if (inject(&question, &with->profiles, &with->options, ret_result, err) < 0)
		return err->code;
	if (ret_result->decision.verdict == INJECT_YES)
		return 0;
	return err_set(err, EINVAL, "%s: %s", ret_result->decision.reason,
		       ret_result->decision.sentence);
}

static int answer_inject(json_t *question, const struct installation *with, json_t **ret_answer,
			 struct err *err)
{
	CLEANUP(inject_result_release) struct inject_result first = {0};
	CLEANUP(inject_result_release) struct inject_result second = {0};
	json_auto_t *left = json_array();
	json_t *undone = NULL;
	json_t *pod;

	if (json_read_object(question, "pod", &pod, err) < 0 ||
	    inject_pod(pod, with, &first, err) < 0)
		return err->code;
	if (inject_pod(first.pod, with, &second, err) < 0)
		return err_wrap(err, "second pass");
	if (uninject(first.pod, left, &undone, err) < 0)
		return err_wrap(err, "uninject");
	return give(json_pack("{sOsOsOso}", "pod", first.pod, "patch", first.patch, "again",
			      second.patch, "undone", undone),
		    ret_answer, err);
}

/* Answers one line. Fails only where the test itself is wrong. */
static int answer_line(const char *line, size_t length, answer_function *answer,
		       const struct installation *with)
{
	json_auto_t *question = NULL;
	json_auto_t *out = NULL;
	struct err err = {0};

	if (json_read_text(line, length, &question, &err) < 0) {
		fprintf(stderr, "core-tool: %s\n", err.msg);
		return -1;
	}
	if (answer(question, with, &out, &err) < 0)
		out = json_pack("{ss}", "error", err.msg);
	CLEANUP(freep) char *text = json_dumps(out, JSON_COMPACT | JSON_ENSURE_ASCII);
	return text == NULL || puts(text) == EOF ? -1 : 0;
}

static int answer_lines(answer_function *answer, const struct installation *with)
{
	CLEANUP(freep) char *line = NULL;
	size_t capacity = 0;

	for (;;) {
		ssize_t length = getline(&line, &capacity, stdin);

		if (length < 0)
			return ferror(stdin) || fflush(stdout) == EOF;
		if (answer_line(line, (size_t)length, answer, with) < 0)
			return 1;
	}
}

static void print_rules(const struct merge_rule *rules, const char *above)
{
	for (; rules != NULL && rules->member != NULL; rules++) {
		char path[PATH_SIZE];

		snprintf(path, sizeof(path), "%s%s%s", above, *above != '\0' ? "." : "",
			 rules->member);
		if (rules->kind != MERGE_ATOMIC)
			printf("%s %s\n", path, rules->kind == MERGE_SET ? "set" : rules->key);
		print_rules(rules->below, path);
	}
}

static void installation_release(struct installation *installation)
{
	profile_set_release(&installation->profiles);
}

static int answer_injections(const char *directory, const char *default_profiles)
{
	CLEANUP(installation_release)
	struct installation installation = {.options = {.default_profiles = default_profiles,
							.gate_image = "example/sidewire:1",
							.image_volumes = IMAGE_VOLUMES_YES}};
	struct err err = {0};

	if (profile_store_load(directory, &installation.profiles, &err) < 0) {
		fprintf(stderr, "core-tool: %s\n", err.msg);
		return 1;
	}
	return answer_lines(answer_inject, &installation);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	if (strcmp(mode, "merge") == 0)
		return answer_lines(answer_merge, NULL);
	if (strcmp(mode, "undo") == 0)
		return answer_lines(answer_undo, NULL);
	if (strcmp(mode, "inject") == 0 && argc == 4)
		return answer_injections(argv[2], argv[3]);
	if (strcmp(mode, "rules") == 0) {
		print_rules(MERGE_RULES_POD, "");
		return 0;
	}
	fprintf(stderr, "usage: core-tool merge|undo|inject DIRECTORY DEFAULT|rules\n");
	return 2;
}
