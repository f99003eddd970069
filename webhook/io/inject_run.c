/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/inject_run.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "webhook/core/explain.h"
#include "webhook/core/lint_manifest.h"
#include "webhook/core/lint_profile.h"
#include "webhook/core/manifest_inject.h"
#include "webhook/io/inject_output.h"
#include "webhook/io/manifest_stream.h"
#include "webhook/io/offline_setting.h"

struct run {
	const struct inject_command_options *options;
	struct offline_setting offline;
	struct inject_output output;
	bool is_refused; /* something was */
};

static void run_release(struct run *run)
{
	offline_setting_release(&run->offline);
}

/* What a command does to an object that makes pods. 1 where it was refused. */
typedef int object_action(struct run *run, struct manifest *manifest,
			  const struct inject_place *place, struct err *err);

/* Tells what became of an object. */
static void tell_result(const struct run *run, const struct inject_place *place,
			const struct inject_result *result)
{
	const struct inject_decision *decision = &result->decision;

	if (decision->verdict == INJECT_DENY)
		inject_output_tell(place, "refused: %s", decision->sentence);
	else if (decision->verdict == INJECT_SKIP)
		inject_output_tell(place, "skipped: %s", decision->sentence);
	else if (!run->options->is_quiet && json_array_size(result->patch) > 0)
		inject_output_tell(place, "injected: profiles %s", result->profiles);
	else if (!run->options->is_quiet)
		inject_output_tell(place, "unchanged: it is injected already, profiles %s",
				   result->profiles);
	/* A pod that is left alone is warned of that, which is told already. */
	for (size_t i = 0; decision->verdict == INJECT_YES && i < result->warning_count; i++)
		inject_output_tell(place, "warning: %s", inject_warning_text(result->warnings[i]));
}

static int inject_object(struct run *run, struct manifest *manifest,
			 const struct inject_place *place, struct err *err)
{
	CLEANUP(inject_result_release) struct inject_result result = {0};
	int r = manifest_inject(manifest, place->object, &run->offline.setting, &result, err);

	if (r < 0)
		return r;
	tell_result(run, place, &result);
	return result.decision.verdict == INJECT_DENY;
}

static int uninject_object(struct run *run, struct manifest *manifest,
			   const struct inject_place *place, struct err *err)
{
	json_auto_t *left = json_array();
	bool is_changed = false;
	json_t *what;
	size_t i;

	if (left == NULL)
		return err_set(err, ENOMEM, "out of memory");
	int r = manifest_uninject(manifest, place->object, left, &is_changed, err);
	if (r < 0)
		return r;
	if (!run->options->is_quiet)
		inject_output_tell(place, "%s",
				   is_changed ? "uninjected" : "skipped: it is not injected");
	json_array_foreach(left, i, what) {
		inject_output_tell(place,
				   "warning: %.300s is left as it is: changed since the injection",
				   json_string_value(what));
	}
	return 0;
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

static int explain_object(struct run *run, struct manifest *manifest,
			  const struct inject_place *place, struct err *err)
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
	if (r != 0)
		return r;
	strbuf_printf(&text, "%s%s:%u: %s \"%s\" in namespace %s\n",
		      run->output.last != '\0' ? "\n" : "", place->path, place->line, object->kind,
		      object->name, question.namespace_name);
	assume_enabled(run, &question, &text);
	r = explain(&question, setting->profiles, &setting->options, &text, &result, err);
	if (r == 0)
		r = inject_output_text(&run->output, text.data, text.length, err);
	return r < 0 ? r : result.decision.verdict == INJECT_DENY;
}

/* Does that to every object of a document that makes pods. 1 where one was refused. */
static int each_object(struct run *run, const struct manifest_source *source,
		       struct manifest *manifest, object_action *action, struct err *err)
{
	int refused = 0;

	for (size_t i = 0; i < manifest->count; i++) {
		const struct manifest_object *object = &manifest->objects[i];
		struct inject_place place = {source->path, object->node->line, object};
		struct err failure = {0};

		if (object->is_list) {
			inject_output_tell(&place,
					   "skipped: a list inside of a list; put its items "
					   "into the outer one");
			continue;
		}
		if (object->workload == NULL) {
			if (!run->options->is_quiet && *object->kind != '\0')
				inject_output_tell(&place, "skipped: no kind that makes pods");
			continue;
		}
		int r = action(run, manifest, &place, &failure);
		if (r == -ENOMEM || ferror(stdout)) {
			*err = failure;
			return r;
		}
		if (r < 0)
			inject_output_tell(&place, "refused: %s", failure.msg);
		if (r != 0)
			refused = 1;
	}
	return refused;
}

/* Writes a document. 1 where it cannot be written. */
static int write_manifest(struct run *run, const struct inject_place *place,
			  const struct manifest *manifest, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	bool is_anew = false;
	int r = manifest_write(manifest, &text, &is_anew, err);

	if (r == -ENOTSUP) {
		inject_output_tell(place, "refused: %s", err->msg);
		return 1;
	}
	if (r < 0)
		return r;
	if (is_anew)
		inject_output_tell(place,
				   "warning: written anew, its comments are lost: it has anchors, "
				   "or a form that the changes do not fit into");
	return inject_output_document(&run->output, text.data, text.length, err);
}

/* 1 where the document was refused. */
static int handle_manifest(struct run *run, const struct manifest_source *source,
			   struct manifest *manifest, struct err *err)
{
	static object_action *const ACTIONS[] = {
		[INJECT_COMMAND_INJECT] = inject_object,
		[INJECT_COMMAND_UNINJECT] = uninject_object,
		[INJECT_COMMAND_EXPLAIN] = explain_object,
	};
	const struct inject_place place = {source->path, source->document.line, NULL};
	int r = each_object(run, source, manifest, ACTIONS[run->options->command], err);

	if (r != 0 || run->options->command == INJECT_COMMAND_EXPLAIN)
		return r;
	return write_manifest(run, &place, manifest, err);
}

/* Prints what was found in a document. 1 where there is an error. */
static int print_report(struct run *run, const char *path, struct lint_report *report,
			struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	CLEANUP(freep) char *lines = NULL;
	int has_errors = 0;

	if (report->count == 0)
		return 0;
	lint_report_sort(report);
	for (size_t i = 0; i < report->count; i++) {
		const struct lint_finding *finding = &report->items[i];
		bool is_error = finding->severity == LINT_ERROR;

		strbuf_printf(&text, "%s:%u:", path, finding->line);
		if (finding->column > 0)
			strbuf_printf(&text, "%u:", finding->column);
		strbuf_printf(&text, " %s: %s\n", is_error ? "error" : "warning", finding->message);
		has_errors = has_errors || is_error;
	}
	int r = strbuf_finish(&text, &lines, err);
	if (r == 0)
		r = inject_output_text(&run->output, lines, strlen(lines), err);
	return r < 0 ? r : has_errors;
}

static int lint_document(struct run *run, const struct manifest_source *source,
			 struct manifest *manifest, struct err *err)
{
	CLEANUP(lint_report_release) struct lint_report report = {0};
	const struct yaml_node *root = manifest->tree.root;
	int r = root != NULL && lint_is_profile(root)
			? lint_profile(root, &report, err)
			: lint_manifest(manifest, &run->offline.setting, &report, err);

	return r < 0 ? r : print_report(run, source->path, &report, err);
}

/* What the command says of a document that is no YAML. */
static int handle_failure(struct run *run, const struct manifest_source *source,
			  const struct err *failure, struct err *err)
{
	CLEANUP(lint_report_release) struct lint_report report = {0};
	const struct inject_place place = {source->path, source->document.line, NULL};

	if (failure->code == -ENOMEM) {
		*err = *failure;
		return failure->code;
	}
	if (run->options->command != INJECT_COMMAND_LINT) {
		inject_output_tell(&place, "refused: %s", failure->msg);
		return 1;
	}
	int r = lint_report_add_failure(&report, failure, place.line, err);
	return r < 0 ? r : print_report(run, source->path, &report, err);
}

/* Reads a document, and does what the command does. */
static int handle_document(void *context, const struct manifest_source *source, struct err *err)
{
	CLEANUP(manifest_release) struct manifest manifest = {0};
	const struct document *document = &source->document;
	struct run *run = context;
	struct err failure = {0};
	int r = manifest_read(document->text, document->length, document->line, &manifest,
			      &failure);

	if (r < 0)
		r = handle_failure(run, source, &failure, err);
	else if (run->options->command == INJECT_COMMAND_LINT)
		r = lint_document(run, source, &manifest, err);
	else
		r = handle_manifest(run, source, &manifest, err);
	if (r < 0)
		return r;
	run->is_refused = run->is_refused || r > 0;
	return 0;
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
	run->output.has_several = files.count > 1;
	for (size_t i = 0; i < files.count; i++) {
		struct err failure = {0};

		run->output.is_begun = false;
		r = manifest_stream_file(files.paths[i], handle_document, run, &failure);
		if (r == -ENOMEM || ferror(stdout)) {
			*err = failure;
			return r;
		}
		if (r < 0) {
			fprintf(stderr, "%s\n", failure.msg);
			run->is_refused = true;
		}
	}
	return 0;
}

/* Explains the pod that is in the cluster. */
static int living_pod(struct run *run, struct err *err)
{
	const struct inject_command_options *options = run->options;
	CLEANUP(freep) char *text = NULL;
	struct manifest_source source = {.path = options->from_cluster, .document = {.line = 1}};
	int r = living_cluster_pod(options->living_namespace, options->living_pod, &text,
				   &source.document.length, err);

	if (r < 0)
		return r;
	source.document.text = text;
	return handle_document(run, &source, err);
}

int inject_run(const struct inject_command_options *options, struct err *err)
{
	CLEANUP(run_release) struct run run = {.options = options};
	int r = offline_setting_load(options, &run.offline, err);

	if (r == 0)
		r = options->from_cluster != NULL ? living_pod(&run, err) : each_input(&run, err);
	if (r == 0)
		r = inject_output_end(err);
	return r < 0 ? r : run.is_refused;
}
