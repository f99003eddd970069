/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints the plan of the redirect document on stdin: as rules of each family,
 * or with --words for people. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cni/core/redirect_plan.h"
#include "cni/core/redirect_text.h"
#include "common/base/cleanup.h"
#include "common/io/file_read.h"
#include "common/redirect_spec.h"

/* Decodes and plans the document that the descriptor holds. */
static int plan_of(int fd, struct redirect_plan *ret_plan, struct err *err)
{
	CLEANUP(redirect_spec_release) struct redirect_spec spec = {0};
	CLEANUP(freep) char *text = NULL;
	size_t length;
	int r = file_read_fd(fd, REDIRECT_SPEC_SIZE_MAX, &text, &length, err);

	if (r < 0)
		return r;
	r = redirect_spec_decode(text, length, &spec, err);
	return r < 0 ? r : redirect_plan_build(&spec, ret_plan, err);
}

int main(int argc, char **argv)
{
	CLEANUP(redirect_plan_release) struct redirect_plan plan = {0};
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	bool is_words = argc == 2 && strcmp(argv[1], "--words") == 0;
	struct err err = {0};

	if (argc > 1 && !is_words) {
		fprintf(stderr, "usage: %s [--words] < DOCUMENT\n", argv[0]);
		return 2;
	}
	if (plan_of(STDIN_FILENO, &plan, &err) < 0) {
		fprintf(stderr, "%s: %s\n", argv[0], err.msg);
		return 1;
	}
	if (is_words) {
		redirect_text_words(&plan, &out);
	} else {
		strbuf_puts(&out, "# IPv4\n");
		redirect_text_plan(&plan, PLAN_V4, &out);
		strbuf_puts(&out, "# IPv6\n");
		redirect_text_plan(&plan, PLAN_V6, &out);
	}
	CLEANUP(freep) char *text = NULL;
	if (strbuf_finish(&out, &text, &err) < 0 || fputs(text, stdout) < 0)
		return 1;
	return 0;
}
