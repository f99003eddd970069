/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The merge machinery for tests in other languages. A line on stdin is an object {"pod",
 * "overlay"}, with "winner": "original" where the overlay is only a default, and "order": true
 * where added sidecars are to go to their place; a line on stdout is {"merged", "patch", "is_same"}
 * or
 * {"error"}. is_same tells that the merge gave back the very pod that it got.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/json_read.h"
#include "webhook/core/inject_order.h"
#include "webhook/core/json_diff.h"
#include "webhook/core/strategic_merge.h"

struct answer {
	json_t *merged;
	json_t *patch;
	bool is_same;
};

static void answer_release(struct answer *answer)
{
	json_decref(answer->merged);
	json_decref(answer->patch);
}

/* Merges, orders and compares as the line says. */
static int work(json_t *question, struct answer *ret_answer, struct err *err)
{
	json_auto_t *merged = NULL;
	json_t *pod, *overlay;
	const char *winner;
	bool is_ordering = false;

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
	ret_answer->is_same = merged == pod;
	if (!is_ordering)
		ret_answer->merged = TAKE(merged);
	else if (inject_order(pod, merged, &ret_answer->merged, err) < 0)
		return err->code;
	return json_diff(pod, ret_answer->merged, &ret_answer->patch, err);
}

/* Answers one line. Fails only where the test itself is wrong. */
static int answer_line(const char *line, size_t length)
{
	CLEANUP(answer_release) struct answer answer = {0};
	json_auto_t *question = NULL;
	json_auto_t *out = NULL;
	struct err err = {0};

	if (json_read_text(line, length, &question, &err) < 0) {
		fprintf(stderr, "merge-tool: %s\n", err.msg);
		return -1;
	}
	if (work(question, &answer, &err) < 0)
		out = json_pack("{ss}", "error", err.msg);
	else
		out = json_pack("{sOsOsb}", "merged", answer.merged, "patch", answer.patch,
				"is_same", answer.is_same);
	CLEANUP(freep) char *text = json_dumps(out, JSON_COMPACT | JSON_ENSURE_ASCII);
	return text == NULL || puts(text) == EOF ? -1 : 0;
}

int main(void)
{
	CLEANUP(freep) char *line = NULL;
	size_t capacity = 0;

	for (;;) {
		ssize_t length = getline(&line, &capacity, stdin);

		if (length < 0)
			return ferror(stdin) || fflush(stdout) == EOF;
		if (answer_line(line, (size_t)length) < 0)
			return 1;
	}
}
