/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/io/log.h"

#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "tests/unit/suite.h"

/* Ends the line into a pipe in stderr's place, and parses what came out; NULL when it is no JSON.
 */
static json_t *written(struct log_line *line)
{
	char text[LOG_LINE_SIZE + 1];
	int ends[2];
	int stderr_copy = dup(STDERR_FILENO);

	if (stderr_copy < 0 || pipe(ends) != 0)
		return NULL;
	dup2(ends[1], STDERR_FILENO);
	log_end(line);
	dup2(stderr_copy, STDERR_FILENO);
	close(stderr_copy);
	close(ends[1]);
	ssize_t got = read(ends[0], text, sizeof(text));
	close(ends[0]);
	if (got < 1 || (size_t)got > LOG_LINE_SIZE || text[got - 1] != '\n' ||
	    memchr(text, '\n', (size_t)got - 1) != NULL)
		return NULL;
	return json_loadb(text, (size_t)got, JSON_REJECT_DUPLICATES, NULL);
}

static const char *member(const json_t *line, const char *key)
{
	return json_string_value(json_object_get(line, key));
}

static void test_a_line(void)
{
	struct log_line line;

	log_begin(&line, LOG_WARNING, "review");
	log_text(&line, "pod", "web-1");
	log_text(&line, "none", NULL);
	log_number(&line, "microseconds", -12);
	json_auto_t *found = written(&line);

	CU_ASSERT_EQUAL(json_object_size(found), 5);
	ASSERT_TEXT("level", member(found, "level"), "warning");
	ASSERT_TEXT("msg", member(found, "msg"), "review");
	ASSERT_TEXT("pod", member(found, "pod"), "web-1");
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(found, "microseconds")), -12);
	const char *time = member(found, "time");
	CU_ASSERT(time != NULL && strlen(time) == strlen("2026-01-02T03:04:05.678901Z") &&
		  time[10] == 'T' && time[19] == '.' && time[26] == 'Z');
}

static void test_escapes(void)
{
	static const struct {
		const char *name, *value, *expected;
	} ROWS[] = {
		{"plain", "web-1", NULL},
		{"empty", "", NULL},
		{"quote and backslash", "a\"b\\c", NULL},
		{"controls", "a\nb\tc\x01\x1f\x7f", NULL},
		{"characters of many bytes", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", NULL},
		{"no UTF-8",
		 "a\xff\xfe"
		 "b",
		 "a\xef\xbf\xbd\xef\xbf\xbd"
		 "b"},
		{"a cut character", "\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"},
		{"forged field", "x\",\"level\":\"error", NULL},
	};

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		struct log_line line;
		log_begin(&line, LOG_INFO, "m");
		log_text(&line, "value", ROWS[i].value);
		json_auto_t *found = written(&line);
		ASSERT_TEXT(ROWS[i].name, member(found, "value"),
			    ROWS[i].expected != NULL ? ROWS[i].expected : ROWS[i].value);
	}
}

/* A value of every length around the end of the line, of bytes that are escaped and not. */
static void test_bounds(void)
{
	char value[LOG_LINE_SIZE * 2];

	for (size_t length = LOG_LINE_SIZE - 140; length < LOG_LINE_SIZE + 10; length++) {
		struct log_line line;
		memset(value, length % 2 == 0 ? 'x' : '"', length);
		value[length] = '\0';
		log_begin(&line, LOG_INFO, "m");
		log_text(&line, "value", value);
		log_text(&line, "late", "text");
		log_number(&line, "later", 5);
		json_auto_t *found = written(&line);
		CU_ASSERT_PTR_NOT_NULL(found);
		CU_ASSERT(strncmp(member(found, "value"), value, LOG_LINE_SIZE / 2 - 100) == 0);
	}
}

static void test_a_cut_value_says_so(void)
{
	char value[LOG_LINE_SIZE * 2] = "";
	struct log_line line;

	memset(value, 'x', sizeof(value) - 1);
	log_begin(&line, LOG_INFO, "m");
	log_text(&line, "value", value);
	json_auto_t *found = written(&line);
	const char *cut = member(found, "value");
	CU_ASSERT(cut != NULL && strcmp(cut + strlen(cut) - 4, "x...") == 0);
}

static CU_TestInfo tests[] = {
	{"a line", test_a_line}, {"escapes", test_escapes},
	{"bounds", test_bounds}, {"a cut value says so", test_a_cut_value_says_so},
	CU_TEST_INFO_NULL,
};
SUITE("common/io/log", tests)
