/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/inject_run.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "webhook/core/explain.h"
#include "webhook/core/manifest_inject.h"
#include "webhook/io/manifest_stream.h"
#include "webhook/io/offline_setting.h"

struct run {
	const struct inject_command_options *options;
	struct offline_setting offline;
	bool has_several; /* inputs: their documents are told apart by --- */
	bool is_begun;    /* something of this input was written */
	bool is_refused;  /* something was */
	char last;        /* character that was written */
};

static void run_release(struct run *run)
{
	offline_setting_release(&run->offline);
}

/* A place in an input. */
struct place {
	const char *path;
	unsigned int line;
	const struct manifest_object *object; /* NULL: the document */
};

__attribute__((format(printf, 2, 3))) static void tell(const struct place *place,
						       const char *format, ...)
{
	const struct manifest_object *object = place->object;
	char what[ERR_MSG_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	if (object == NULL || *object->kind == '\0')
		fprintf(stderr, "%s:%u: %s\n", place->path, place->line, what);
	else
		fprintf(stderr, "%s:%u: %s \"%s\" %s\n", place->path, place->line, object->kind,
			object->name, what);
}

static int write_out(struct run *run, const char *text, size_t length, struct err *err)
{
	if (length == 0)
		return 0;
	run->last = text[length - 1];
	return fwrite(text, 1, length, stdout) == length
		       ? 0
		       : err_set(err, errno, "standard output: cannot be written: %s",
				 strerror(errno));
}

/* Writes a document. Where there are several inputs, each begins with a `---` of its own. */
static int write_document(struct run *run, const char *text, size_t length, struct err *err)
{
	bool is_first = !run->is_begun;
	bool has_marker = strncmp(text, "---", 3) == 0;
	int r = 0;

	run->is_begun = true;
	if (is_first && run->last != '\0' && run->last != '\n')
		r = write_out(run, "\n", 1, err);
	if (r == 0 && is_first && run->has_several && !has_marker)
		r = write_out(run, "---\n", 4, err);
	return r < 0 ? r : write_out(run, text, length, err);
}

static void tell_warnings(const struct place *place, const struct inject_result *result)
{
	for (size_t i = 0; i < result->warning_count; i++)
		tell(place, "warning: %s", result->warnings[i]);
}

/* Tells what became of an object, and notes whether it was refused. */
static void tell_result(struct run *run, const struct place *place,
			const struct inject_result *result)
{
	const struct inject_decision *decision = &result->decision;

	if (decision->verdict == INJECT_DENY) {
		run->is_refused = true;
		tell(place, "refused: %s", decision->sentence);
	} else if (decision->verdict == INJECT_SKIP) {
		tell(place, "skipped: %s", decision->sentence);
	} else if (!run->options->is_quiet && json_array_size(result->patch) > 0) {
		tell(place, "injected: profiles %s", result->profiles);
	} else if (!run->options->is_quiet) {
		tell(place, "unchanged: it is injected already, profiles %s", result->profiles);
	}
	tell_warnings(place, result);
}

/* What a command does to an object. 1 where it was refused. */
typedef int object_action(struct run *run, struct manifest *manifest, const struct place *place,
			  struct err *err);

static int inject_object(struct run *run, struct manifest *manifest, const struct place *place,
			 struct err *err)
{
	CLEANUP(inject_result_release) struct inject_result result = {0};
	int r = manifest_inject(manifest, place->object, &run->offline.setting, &result, err);

	if (r < 0)
		return r;
	tell_result(run, place, &result);
	return result.decision.verdict == INJECT_DENY;
}

/* What is taken for granted where no file tells of namespaces. */
static void assume_enabled(const struct run *run, struct inject_question *question,
			   struct strbuf *out)
{
	if (run->offline.namespaces.count > 0)
		return;
	question->namespace_label = "enabled";
	strbuf_puts(out, "  taken for granted: its namespace has the label sidewire.io/inject: "
			 "enabled (--namespace-file FILE tells)\n");
}

static int explain_object(struct run *run, struct manifest *manifest, const struct place *place,
			  struct err *err)
{
	CLEANUP(inject_result_release) struct inject_result result = {0};
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	const struct manifest_setting *setting = &run->offline.setting;
	const struct manifest_object *object = place->object;
	struct inject_question question;
	json_t *pod = NULL;
	int r = manifest_pod(manifest, object, &pod, err);

	if (r == 0)
		r = manifest_question(setting, object, pod, &question, err);
	if (r < 0)
		return r;
	strbuf_printf(&text, "%s%s:%u: %s \"%s\" in namespace %s\n", run->last != '\0' ? "\n" : "",
		      place->path, place->line, object->kind, object->name,
		      question.namespace_name);
	assume_enabled(run, &question, &text);
	r = explain(&question, setting->profiles, &setting->options, &text, &result, err);
	if (r == 0)
		r = write_out(run, text.data, text.length, err);
	return r < 0 ? r : result.decision.verdict == INJECT_DENY;
}

/* Does that to every object of a document that makes pods. 1 where one was refused. */
static int each_object(struct run *run, const struct manifest_source *source,
		       struct manifest *manifest, object_action *action, struct err *err)
{
	int refused = 0;

	for (size_t i = 0; i < manifest->count; i++) {
		const struct manifest_object *object = &manifest->objects[i];
		struct place place = {source->path, object->node->line, object};
		struct err failure = {0};

		if (object->workload == NULL) {
			if (!run->options->is_quiet && *object->kind != '\0')
				tell(&place, "skipped: no kind that makes pods");
			continue;
		}
		int r = action(run, manifest, &place, &failure);
		if (r == -ENOMEM || ferror(stdout)) {
			*err = failure;
			return r;
		}
		if (r < 0)
			tell(&place, "refused: %s", failure.msg);
		if (r != 0)
			refused = 1;
	}
	return refused;
}

static int write_manifest(struct run *run, const struct place *place,
			  const struct manifest *manifest, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	bool is_anew = false;
	int r = manifest_write(manifest, &text, &is_anew, err);

	if (r == -ENOTSUP) {
		tell(place, "refused: %s", err->msg);
		run->is_refused = true;
		return 0;
	}
	if (r < 0)
		return r;
	if (is_anew)
		tell(place, "warning: written anew, its comments are lost: it has anchors or a "
			    "form that the changes do not fit into");
	return write_document(run, text.data, text.length, err);
}

/* Reads a document, and does what the command does. */
static int handle_document(void *context, const struct manifest_source *source, struct err *err)
{
	static object_action *const ACTIONS[] = {
		[INJECT_COMMAND_INJECT] = inject_object,
		[INJECT_COMMAND_EXPLAIN] = explain_object,
	};
	CLEANUP(manifest_release) struct manifest manifest = {0};
	const struct document *document = &source->document;
	struct place place = {.path = source->path, .line = document->line};
	struct run *run = context;
	struct err failure = {0};
	int r = manifest_read(document->text, document->length, document->line, &manifest,
			      &failure);

	if (r == -ENOMEM) {
		*err = failure;
		return r;
	}
	if (r < 0) {
		tell(&place, "refused: %s", failure.msg);
		run->is_refused = true;
		return 0;
	}
	r = each_object(run, source, &manifest, ACTIONS[run->options->command], err);
	if (r < 0)
		return r;
	run->is_refused = run->is_refused || r > 0;
	if (r > 0 || run->options->command == INJECT_COMMAND_EXPLAIN)
		return 0;
	return write_manifest(run, &place, &manifest, err);
}

/* Reads one input after the other. One that cannot be read counts as refused. */
static int each_input(struct run *run, struct err *err)
{
	CLEANUP(path_list_release) struct path_list files = {0};
	const struct argument_list *inputs = &run->options->inputs;
	int r = 0;

	for (size_t i = 0; r == 0 && i < inputs->count; i++)
		r = manifest_stream_find(inputs->items[i], run->options->is_recursive, &files, err);
	if (r < 0)
		return r;
	run->has_several = files.count > 1;
	for (size_t i = 0; i < files.count; i++) {
		struct err failure = {0};

		run->is_begun = false;
		r = manifest_stream_file(files.paths[i], handle_document, run, &failure);
		if (r == 0)
			continue;
		if (r == -ENOMEM || ferror(stdout)) {
			*err = failure;
			return r;
		}
		fprintf(stderr, "%s\n", failure.msg);
		run->is_refused = true;
	}
	return 0;
}

int inject_run(const struct inject_command_options *options, struct err *err)
{
	CLEANUP(run_release) struct run run = {.options = options};
	int r = offline_setting_load(options, &run.offline, err);

	if (r == 0)
		r = each_input(&run, err);
	if (r == 0 && fflush(stdout) != 0)
		r = err_set(err, errno, "standard output: cannot be written: %s", strerror(errno));
	return r < 0 ? r : run.is_refused;
}
