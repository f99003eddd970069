/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/profile_store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "tests/unit/suite.h"

struct file {
	const char *name, *content;
};

#define PROFILE(name)                                                                    \
	"apiVersion: sidewire.io/v1alpha1\nkind: SidecarProfile\nmetadata: {name: " name \
	"}\nspec: {pod: {}}\n"
#define PROFILE_JSON(name)                                                      \
	"{\"apiVersion\":\"sidewire.io/v1alpha1\",\"kind\":\"SidecarProfile\"," \
	"\"metadata\":{\"name\":\"" name "\"},\"spec\":{\"pod\":{}}}"

/* Writes the files, ended by one without a name, into a new directory, whose path it gives. */
static void make_directory(char *path, const struct file *files)
{
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(path));
	for (; files->name != NULL; files++) {
		char file_path[128];
		snprintf(file_path, sizeof(file_path), "%s/%s", path, files->name);
		FILE *file = fopen(file_path, "we");
		CU_ASSERT_PTR_NOT_NULL_FATAL(file);
		fputs(files->content, file);
		fclose(file);
	}
}

static void remove_directory(const char *path, const struct file *files)
{
	for (; files->name != NULL; files++) {
		char file_path[128];
		snprintf(file_path, sizeof(file_path), "%s/%s", path, files->name);
		unlink(file_path);
	}
	rmdir(path);
}

/* Loads the files. What comes of it, for the table: the names, or the message behind the path. */
static int load(const struct file *files, char **ret_outcome)
{
	char path[] = "/tmp/sidewire-unit-XXXXXX";
	CLEANUP(profile_set_release) struct profile_set set = {0};
	struct err err = {0};

	make_directory(path, files);
	int r = profile_store_load(path, &set, &err);
	remove_directory(path, files);
	CU_ASSERT(r == 0 || (set.count == 0 && strncmp(err.msg, path, strlen(path)) == 0));
	if (r < 0)
		*ret_outcome = strdup(err.msg + strlen(path));
	else
		CU_ASSERT_EQUAL(profile_store_names(&set, ret_outcome, &err), 0);
	return r;
}

static void test_load(void)
{
	static const struct {
		const char *name;
		struct file files[6];
		int code;
		const char *outcome;
	} ROWS[] = {
		{"every suffix, sorted by profile name",
		 {{"1.yaml", PROFILE("c")}, {"2.yml", PROFILE("a")}, {"3.json", PROFILE_JSON("b")}},
		 0,
		 "a,b,c"},
		{"what is no profile is passed over",
		 {{"a.yaml", PROFILE("a")},
		  {".hidden.yaml", "]"},
		  {"..data.yaml", "]"},
		  {"README.md", "]"},
		  {"yaml", "]"}},
		 0,
		 "a"},
		{"nothing",
		 {{"README.md", ""}},
		 -ENOENT,
		 ": no profile in it (*.yaml, *.yml or *.json)"},
		{"one bad file spoils the set",
		 {{"a.yaml", PROFILE("a")}, {"b.yaml", "a: [1"}},
		 -EINVAL,
		 "/b.yaml: line 2, column 1: not valid YAML: flow sequence without a closing "
		 "bracket"},
		{"the first bad file is named",
		 {{"b.yaml", "]"}, {"a.yaml", "a: yes"}},
		 -EINVAL,
		 "/a.yaml: line 1, column 4: yes is a boolean for some readers and a string for "
		 "others: "
		 "quote it, or write true or false"},
		{"JSON is read as JSON", {{"a.json", PROFILE("a")}}, -EINVAL, NULL},
		{"another kind", {{"a.yaml", "kind: Pod"}}, -EINVAL, NULL},
		{"a name twice",
		 {{"a.yaml", PROFILE("a")}, {"b.yaml", PROFILE("a")}},
		 -EEXIST,
		 "/b.yaml: there are two profiles named 'a'"},
		{"an empty file",
		 {{"a.yaml", ""}},
		 -EINVAL,
		 "/a.yaml: no document, one is expected"},
	};

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		CLEANUP(freep) char *outcome = NULL;
		ASSERT_ROW(ROWS[i].name, load(ROWS[i].files, &outcome) == ROWS[i].code);
		if (ROWS[i].outcome != NULL)
			ASSERT_TEXT(ROWS[i].name, outcome, ROWS[i].outcome);
	}
}

static void test_too_big(void)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	CLEANUP(freep) char *outcome = NULL;

	while (text.length <= PROFILE_SIZE_MAX)
		strbuf_puts(&text, "# ten bytes\n");
	struct file files[] = {{"a.yaml", text.data}, {NULL, NULL}};
	CU_ASSERT_EQUAL(load(files, &outcome), -EFBIG);
	ASSERT_TEXT("message", outcome, "/a.yaml: has more than 1048576 bytes");
}

static void test_no_directory(void)
{
	struct profile_set set = {0};
	struct err err = {0};

	CU_ASSERT_EQUAL(profile_store_load("/nonexistent", &set, &err), -ENOENT);
	ASSERT_TEXT("message", err.msg,
		    "/nonexistent: cannot be listed: No such file or directory");
}

/* A mounted ConfigMap: only what is behind `..data` counts, not the links beside it. */
static void test_mounted_config_map(void)
{
	static const struct file FILES[] = {{"a.yaml", PROFILE("a")}, {NULL, NULL}};
	char data[] = "/tmp/sidewire-unit-XXXXXX";
	char mount[] = "/tmp/sidewire-unit-XXXXXX";
	char link_path[64], stale_path[64];
	char version[PROFILE_VERSION_SIZE];
	CLEANUP(profile_set_release) struct profile_set set = {0};
	struct err err = {0};

	make_directory(data, FILES);
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(mount));
	profile_store_version(mount, version);
	CU_ASSERT_STRING_EQUAL(version, "");
	snprintf(link_path, sizeof(link_path), "%s/..data", mount);
	snprintf(stale_path, sizeof(stale_path), "%s/stale.yaml", mount);
	CU_ASSERT_EQUAL(symlink(data, link_path), 0);
	CU_ASSERT_EQUAL(symlink("..data/stale.yaml", stale_path), 0);
	profile_store_version(mount, version);
	CU_ASSERT_STRING_EQUAL(version, data);
	CU_ASSERT_EQUAL(profile_store_load(mount, &set, &err), 0);
	CU_ASSERT_EQUAL(set.count, 1);
	remove_directory(data, FILES);
	unlink(link_path);
	unlink(stale_path);
	rmdir(mount);
	profile_store_version(mount, version);
	CU_ASSERT_STRING_EQUAL(version, "");
}

/* Fills a set from documents in memory. */
static void add_profile(struct profile_set *set, const char *name, const char *image)
{
	CLEANUP(profile_release) struct profile profile = {0};
	struct err err = {0};
	json_auto_t *document = json_pack(
		"{s:s,s:s,s:{s:s},s:{s:{s:{s:s}}}}", "apiVersion", "sidewire.io/v1alpha1", "kind",
		"SidecarProfile", "metadata", "name", name, "spec", "pod", "spec", "x", image);

	CU_ASSERT_EQUAL_FATAL(profile_read(document, &profile, &err), 0);
	CU_ASSERT_EQUAL_FATAL(profile_set_add(set, &profile, &err), 0);
}

static void test_hash(void)
{
	CLEANUP(profile_set_release) struct profile_set one = {0};
	CLEANUP(profile_set_release) struct profile_set same = {0};
	CLEANUP(profile_set_release) struct profile_set other = {0};
	char hash[PROFILE_HASH_SIZE], same_hash[PROFILE_HASH_SIZE], other_hash[PROFILE_HASH_SIZE];

	add_profile(&one, "a", "1");
	add_profile(&one, "b", "2");
	add_profile(&same, "b", "2");
	add_profile(&same, "a", "1");
	add_profile(&other, "a", "1");
	add_profile(&other, "b", "3");
	profile_store_hash(&one, hash);
	profile_store_hash(&same, same_hash);
	profile_store_hash(&other, other_hash);
	CU_ASSERT_EQUAL(strlen(hash), PROFILE_HASH_SIZE - 1);
	CU_ASSERT_STRING_EQUAL(hash, same_hash);
	CU_ASSERT_STRING_NOT_EQUAL(hash, other_hash);
}

static CU_TestInfo tests[] = {
	{"load", test_load},
	{"too big", test_too_big},
	{"no directory", test_no_directory},
	{"a mounted ConfigMap", test_mounted_config_map},
	{"hash", test_hash},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/io/profile_store", tests)
