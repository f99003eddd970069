/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/metric_text.h"

#include "common/base/cleanup.h"
#include "tests/unit/suite.h"

static void test_head(void)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;

	metric_text_head(&out, "x_total", "counter", "How many.");
	ASSERT_TEXT("head", out.data, "# HELP x_total How many.\n# TYPE x_total counter\n");
}

static const struct {
	const char *value, *text;
} LABELS[] = {
	{"", ""},           {"plain 1.2", "plain 1.2"}, {"a\"b", "a\\\"b"},
	{"a\\b", "a\\\\b"}, {"a\nb", "a\\nb"},
};

static void test_label(void)
{
	for (size_t i = 0; i < sizeof(LABELS) / sizeof(*LABELS); i++) {
		CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;

		strbuf_puts(&out, "");
		metric_text_label(&out, LABELS[i].value);
		ASSERT_TEXT(LABELS[i].value, out.data, LABELS[i].text);
	}
}

static CU_TestInfo tests[] = {
	{"the lines before samples", test_head},
	{"values of labels", test_label},
	CU_TEST_INFO_NULL,
};
SUITE("common/base/metric_text", tests)
