/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/yaml_write.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"
#include "webhook/core/yaml_json.h"

static const struct yaml_layout INDENTED = {.step = 4, .dash_step = 2};
static const struct yaml_layout USUAL = {.step = 2, .dash_step = 0};

static const struct {
	const char *name, *json, *text;
} ROWS[] = {
	{"scalars", "{'a':1,'b':true,'c':null,'d':-2.5,'e':9223372036854775807}",
	 "k:\n  a: 1\n  b: true\n  c: null\n  d: -2.5\n  e: 9223372036854775807"},
	{"empty", "{'a':{},'b':[],'c':''}", "k:\n  a: {}\n  b: []\n  c: \"\""},
	{"a sequence of mappings", "[{'a':[1,{'b':2,'c':[3]}],'d':{}},[],[[4]]]",
	 "k:\n- a:\n  - 1\n  - b: 2\n    c:\n    - 3\n  d: {}\n- []\n- - - 4"},
	{"plain texts",
	 "['a','docker.io/envoy:v1','--flag','--flag x','/bin/sh','$(POD)','100m','64Mi','10s']",
	 "k:\n- a\n- docker.io/envoy:v1\n- --flag\n- --flag x\n- /bin/sh\n- $(POD)\n- 100m\n- "
	 "64Mi\n- 10s"},
	{"texts that look like something else",
	 "['true','Yes','off','n','null','~','1','1e3','0x1','1:30','12.5','.5','-','-1','---',"
	 "'2001-01-01','a: b','a:','a #b','#','*a','&a','!a','[a','{a','a ',' a','|','>','%a','@a',"
	 "'=','1_000','<<']",
	 "k:\n- \"true\"\n- \"Yes\"\n- \"off\"\n- \"n\"\n- \"null\"\n- \"~\"\n- \"1\"\n- \"1e3\"\n"
	 "- \"0x1\"\n- \"1:30\"\n- \"12.5\"\n- \".5\"\n- \"-\"\n- \"-1\"\n- \"---\"\n"
	 "- \"2001-01-01\"\n- \"a: b\"\n- \"a:\"\n- \"a #b\"\n- \"#\"\n- \"*a\"\n- \"&a\"\n"
	 "- \"!a\"\n- \"[a\"\n- \"{a\"\n- \"a \"\n- \" a\"\n- \"|\"\n- \">\"\n- \"%a\"\n- \"@a\"\n"
	 "- \"=\"\n- \"1_000\"\n- \"<<\""},
	{"escapes",
	 "['\\u0001\\t\\u007f\\u0085\\u2028\\ufeff','\\u00e4\\ud83d\\ude00','\\u0022\\u0001']",
	 "k:\n- \"\\u0001\\t\\u007f\\u0085\\u2028\\ufeff\"\n- \"\xc3\xa4\xf0\x9f\x98\x80\"\n- "
	 "\"\\\"\\u0001\""},
	{"quotation marks", "['{\\u0022a\\u0022:1}','\\\\','\\u0027\\u0022','\\u0027']",
	 "k:\n- '{\"a\":1}'\n- '\\'\n- \"'\\\"\"\n- \"'\""},
	{"lines", "{'a':'x\\n  y\\n\\nz: # \\n','b':'x\\ny','c':['p\\nq\\n']}",
	 "k:\n  a: |\n    x\n      y\n\n    z: # \n  b: |-\n    x\n    y\n  c:\n  - |\n    p\n    "
	 "q"},
	{"lines that need quotes", "[' x\\ny','\\nx','x\\n\\n','x\\ty\\n','x\\u0085\\ny','\\n']",
	 "k:\n- \" x\\ny\"\n- \"\\nx\"\n- \"x\\n\\n\"\n- \"x\\ty\\n\"\n- \"x\\u0085\\ny\"\n- "
	 "\"\\n\""},
	{"keys", "{'a.b/c':1,'true':2,'1':3,'a b':4,'':5}",
	 "k:\n  a.b/c: 1\n  \"true\": 2\n  \"1\": 3\n  a b: 4\n  \"\": 5"},
};

/* Reads the text in both dialects: it must be a mapping from k to the value. */
static void check_meaning(const char *row, const char *text, json_t *value)
{
	CLEANUP(yaml_tree_release) struct yaml_tree tree = {0};
	struct err err = {0};

	ASSERT_ROW(row, yaml_tree_read(text, strlen(text), 1, &tree, &err) == 0);
	for (int dialect = YAML_STRICT; dialect <= YAML_KUBECTL; dialect++) {
		json_auto_t *found = NULL;

		ASSERT_ROW(row,
			   yaml_json(tree.root, (enum yaml_dialect)dialect, &found, &err) == 0);
		ASSERT_ROW(row, json_equal(json_object_get(found, "k"), value));
	}
}

static void test_blocks(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
		CLEANUP(strbuf_release) struct strbuf indented = STRBUF_INIT;
		json_auto_t *value = quoted_json(ROWS[i].json);

		yaml_write_member(&text, &USUAL, 0, "k", value);
		yaml_write_member(&indented, &INDENTED, 0, "k", value);
		ASSERT_TEXT(ROWS[i].name, text.data, ROWS[i].text);
		check_meaning(ROWS[i].name, text.data, value);
		check_meaning(ROWS[i].name, indented.data, value);
	}
}

static void test_columns(void)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	json_auto_t *value = quoted_json("{'a':{'b':1},'c':['x\\ny',{'d':2}]}");

	yaml_write_element(&text, &INDENTED, 3, value);
	ASSERT_TEXT(
		"element", text.data,
		"- a:\n         b: 1\n     c:\n       - |-\n         x\n         y\n       - d: 2");
}

static void test_json(void)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	json_auto_t *value = quoted_json("{'a':[1,'x\\ny'],'b':{}}");

	yaml_write_json(&text, 0, 9, value);
	strbuf_puts(&text, "\n");
	yaml_write_json(&text, 2, 1, value);
	ASSERT_TEXT("json", text.data,
		    "{\"a\": [1, \"x\\ny\"], \"b\": {}}\n"
		    "{\n   \"a\": [\n     1,\n     \"x\\ny\"\n   ],\n   \"b\": {}\n }");
}

static CU_TestInfo tests[] = {
	{"blocks, and what they mean", test_blocks},
	{"columns", test_columns},
	{"JSON", test_json},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/yaml_write", tests)
