/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/yaml_name.h"

#include "tests/unit/suite.h"

static const struct {
	const char *name;
	bool is_document, is_json;
} ROWS[] = {
	{"a.yaml", true, false},  {"a.yml", true, false},       {"a.json", true, true},
	{"a.b.json", true, true}, {"a.yaml.bak", false, false}, {"yaml", false, false},
	{".yaml", false, false},  {".json", false, false},      {"", false, false},
	{"a.JSON", false, false},
};

static void test_names(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		ASSERT_ROW(ROWS[i].name,
			   yaml_name_is_document(ROWS[i].name) == ROWS[i].is_document);
		ASSERT_ROW(ROWS[i].name, yaml_name_is_json(ROWS[i].name) == ROWS[i].is_json);
	}
}

static CU_TestInfo tests[] = {
	{"names of documents", test_names},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/yaml_name", tests)
