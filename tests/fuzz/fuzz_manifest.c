/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A manifest as a user writes it, through everything that sidewire-inject does with one: it is
 * split, injected into, and what was written is injected into once more, and taken back; then
 * linted and explained, with the Namespaces that it holds. This is the target of YAML as kubectl
 * reads it, of changes of its text, and of what is read back.
 */
#include <errno.h>
#include <stdlib.h>

#include "common/base/cleanup.h"
#include "tests/fuzz/fuzz.h"
#include "webhook/core/document_split.h"
#include "webhook/core/explain.h"
#include "webhook/core/lint_manifest.h"
#include "webhook/core/lint_profile.h"
#include "webhook/core/manifest_inject.h"
#include "webhook/core/yaml_json.h"
#include "webhook/io/profile_store.h"

static const struct manifest_namespaces NO_NAMESPACES;

/* A small profile: a run is short then. */
static const struct profile_set *small_profiles(void)
{
	static struct profile_set profiles;
	struct err err = {0};

	if (profiles.count == 0) {
		int r = profile_store_load("tests/offline/profiles", &profiles, &err);
		assert(r == 0);
	}
	return &profiles;
}

static struct manifest_setting setting_of(void)
{
	return (struct manifest_setting){
		.profiles = small_profiles(),
		.options = {.default_profiles = "proxy", .gate_image = "example/sidewire:1"},
		.own_namespace = "sidewire-system",
		.namespace_name = "default",
		.namespaces = &NO_NAMESPACES,
	};
}

static int inject_object(struct manifest *manifest, const struct manifest_object *object,
			 struct err *err)
{
	const struct manifest_setting setting = setting_of();
	CLEANUP(inject_result_release) struct inject_result result = {0};
	int r = manifest_inject(manifest, object, &setting, &result, err);

	if (r == 0 && result.decision.verdict == INJECT_DENY)
		r = err_set(err, EACCES, "%s", result.decision.sentence);
	return r;
}

static int uninject_object(struct manifest *manifest, const struct manifest_object *object,
			   struct err *err)
{
	json_auto_t *left = json_array();
	bool is_changed = false;

	return manifest_uninject(manifest, object, left, &is_changed, err);
}

typedef int object_function(struct manifest *manifest, const struct manifest_object *object,
			    struct err *err);

/* Does that to all pods of a document. The caller frees *ret_text. */
static int change(const char *text, object_function *function, char **ret_text, json_t **ret_value,
		  struct err *err)
{
	CLEANUP(manifest_release) struct manifest manifest = {0};
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	bool is_anew = false;
	int r = manifest_read(text, strlen(text), 1, &manifest, err);

	for (size_t i = 0; r == 0 && i < manifest.count; i++) {
		if (manifest.objects[i].workload != NULL)
			r = function(&manifest, &manifest.objects[i], err);
	}
	if (r == 0)
		r = manifest_write(&manifest, &out, &is_anew, err);
	if (r < 0)
		return r;
	assert(manifest.is_changed || strcmp(out.data != NULL ? out.data : "", text) == 0);
	*ret_value = json_incref(manifest.value);
	return strbuf_finish(&out, ret_text, err);
}

/* What a document means; NULL for nothing. */
static json_t *meaning(const char *text)
{
	CLEANUP(yaml_tree_release) struct yaml_tree tree = {0};
	json_t *value = NULL;
	struct err err = {0};
	int r = yaml_tree_read(text, strlen(text), 1, &tree, &err);

	assert(r == 0);
	if (tree.root != NULL)
		r = yaml_json(tree.root, YAML_KUBECTL, &value, &err);
	assert(r == 0);
	return value;
}

static void check_injection(const char *text)
{
	CLEANUP(freep) char *injected = NULL;
	CLEANUP(freep) char *again = NULL;
	CLEANUP(freep) char *back = NULL;
	json_auto_t *value = NULL;
	json_auto_t *same = NULL;
	json_auto_t *original = NULL;
	struct err err = {0};
	int r = change(text, inject_object, &injected, &value, &err);

	if (r < 0) {
		fuzz_check_failure(&err);
		return;
	}
	/* No pod was in it. */
	if (value == NULL)
		return;
	r = change(injected, inject_object, &again, &same, &err);
	assert(r == 0 && strcmp(injected, again) == 0);
	/* A status that somebody forged says what it likes. */
	if (strstr(text, "sidewire.io/status") != NULL)
		return;
	r = change(injected, uninject_object, &back, &original, &err);
	json_auto_t *before = meaning(text);
	assert(r == 0 && json_equal(before, original));
}

/* Those of the document, as far as they are good. */
static void read_namespaces(const struct manifest *manifest, struct manifest_namespaces *namespaces)
{
	for (size_t i = 0; i < manifest->count; i++) {
		struct err err = {0};

		if (manifest_namespaces_add(namespaces, &manifest->objects[i], &err) < 0)
			fuzz_check_failure(&err);
	}
}

static void explain_pods(struct manifest *manifest, const struct manifest_setting *setting)
{
	for (size_t i = 0; i < manifest->count; i++) {
		const struct manifest_object *object = &manifest->objects[i];
		CLEANUP(inject_result_release) struct inject_result result = {0};
		CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
		struct inject_question question;
		struct err err = {0};
		json_t *pod = NULL;

		if (object->workload == NULL || manifest_pod(manifest, object, &pod, &err) < 0)
			continue;
		if (manifest_question(setting, object, pod, &question, &err) < 0) {
			assert(setting->namespaces->count > 0);
			fuzz_check_failure(&err);
			continue;
		}
		int r = explain(&question, setting->profiles, &setting->options, &out, &result,
				&err);
		assert(r == 0 && out.length > 0);
	}
}

static void check_lint(const char *text)
{
	CLEANUP(manifest_namespaces_release) struct manifest_namespaces namespaces = {0};
	CLEANUP(manifest_release) struct manifest manifest = {0};
	CLEANUP(lint_report_release) struct lint_report report = {0};
	struct manifest_setting setting = setting_of();
	struct err err = {0};

	if (manifest_read(text, strlen(text), 1, &manifest, &err) < 0)
		return;
	read_namespaces(&manifest, &namespaces);
	setting.namespaces = &namespaces;
	int r = manifest.tree.root != NULL && lint_is_profile(manifest.tree.root)
			? lint_profile(manifest.tree.root, &report, &err)
			: lint_manifest(&manifest, &setting, &report, &err);
	assert(r == 0);
	for (size_t i = 0; i < report.count; i++)
		assert(report.items[i].line > 0 && *report.items[i].message != '\0');
	explain_pods(&manifest, &setting);
}

static void check_document(const char *text, size_t length)
{
	/* Where it ends there is a NUL, and nothing that could be read. */
	CLEANUP(freep) char *document = strndup(text, length);

	assert(document != NULL);
	check_injection(document);
	check_lint(document);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;

	while (size > 0) {
		size_t length = document_length(text, size, true);

		assert(length > 0 && length <= size);
		check_document(text, length);
		text += length;
		size -= length;
	}
	return 0;
}
