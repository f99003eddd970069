/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/parameter.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"

struct read_row {
	const char *name;
	const char *document;
	const char *error; /* "" : it is read */
};

static const struct read_row READ_ROWS[] = {
	{"string", "{'name': 'image', 'type': 'string', 'default': 'envoy:v1'}", ""},
	{"empty string", "{'name': 'x', 'type': 'string', 'default': ''}", ""},
	{"no default", "{'name': 'image', 'type': 'string'}", ""},
	{"null default", "{'name': 'image', 'type': 'string', 'default': null}", ""},
	{"integer", "{'name': 'a.b-c_D', 'type': 'integer', 'default': -7}", ""},
	{"number", "{'name': 'n', 'type': 'number', 'default': 0.5}", ""},
	{"number, whole", "{'name': 'n', 'type': 'number', 'default': 5}", ""},
	{"boolean", "{'name': 'n', 'type': 'boolean', 'default': false}", ""},
	{"quantity", "{'name': 'cpu', 'type': 'quantity', 'default': '100m'}", ""},
	{"bare quantity", "{'name': 'cpu', 'type': 'quantity', 'default': 2}", ""},
	{"duration", "{'name': 'd', 'type': 'duration', 'default': '1m30s'}", ""},
	{"enum", "{'name': 'e', 'type': 'enum', 'values': ['a', 'b'], 'default': 'b'}", ""},
	{"no object", "'image'", "a parameter must be an object, found string"},
	{"unknown key", "{'name': 'x', 'typo': 1}",
	 "unknown key 'typo', expected one of name, type, values, default"},
	{"no name", "{'type': 'string'}",
	 "name '' is not 1 to 63 letters, digits and, between them, '-', '_' and '.'"},
	{"bad name", "{'name': 'a b', 'type': 'string'}",
	 "name 'a b' is not 1 to 63 letters, digits and, between them, '-', '_' and '.'"},
	{"name that begins as no annotation's may", "{'name': '-a', 'type': 'string'}",
	 "name '-a' is not 1 to 63 letters, digits and, between them, '-', '_' and '.'"},
	{"name that ends as no annotation's may", "{'name': 'a.', 'type': 'string'}",
	 "name 'a.' is not 1 to 63 letters, digits and, between them, '-', '_' and '.'"},
	{"no type", "{'name': 'x'}", "parameter 'x': 'type' is missing"},
	{"unknown type", "{'name': 'x', 'type': 'int'}",
	 "parameter 'x': type 'int' is not string, integer, number, boolean, quantity, duration or "
	 "enum"},
	{"type of the wrong type", "{'name': 'x', 'type': 7}",
	 "parameter 'x': 'type' must be a string, found integer"},
	{"default of another type", "{'name': 'x', 'type': 'integer', 'default': '7'}",
	 "parameter 'x': the default must be written as an integer such as 8080, found string"},
	{"a real as a quantity", "{'name': 'x', 'type': 'quantity', 'default': 0.5}",
	 "parameter 'x': the default must be written as a quantity such as \"100m\" or \"64Mi\", "
	 "found number"},
	{"bad quantity", "{'name': 'x', 'type': 'quantity', 'default': '64 MB'}",
	 "parameter 'x': '64 MB' is not a quantity such as \"100m\" or \"64Mi\""},
	{"bad duration", "{'name': 'x', 'type': 'duration', 'default': '10'}",
	 "parameter 'x': '10' is not a duration such as \"500ms\" or \"1h30m\""},
	{"default with NUL", "{'name': 'x', 'type': 'string', 'default': 'a\\u0000b'}",
	 "parameter 'x': 'default' must not hold a NUL character"},
	{"object as default", "{'name': 'x', 'type': 'string', 'default': {}}",
	 "parameter 'x': the default must be written as a text in quotes, found object"},
	{"enum without values", "{'name': 'x', 'type': 'enum'}",
	 "parameter 'x': an enum needs 'values'"},
	{"values without enum", "{'name': 'x', 'type': 'string', 'values': ['a']}",
	 "parameter 'x': 'values' belong to the type enum only"},
	{"values of another type", "{'name': 'x', 'type': 'enum', 'values': [1]}",
	 "parameter 'x': 'values' must be texts"},
	{"default outside the values",
	 "{'name': 'x', 'type': 'enum', 'values': ['a', 'b'], 'default': 'c'}",
	 "parameter 'x': 'c' is not one of a, b"},
};

static void test_read(void)
{
	for (size_t i = 0; i < sizeof(READ_ROWS) / sizeof(*READ_ROWS); i++) {
		const struct read_row *row = &READ_ROWS[i];
		CLEANUP(parameter_release) struct parameter parameter = {0};
		json_auto_t *document = quoted_json(row->document);
		struct err err = {0};
		int r = parameter_read(document, &parameter, &err);

		ASSERT_ROW(row->name, r == (*row->error == '\0' ? 0 : -EINVAL));
		ASSERT_TEXT(row->name, err.msg, row->error);
		ASSERT_ROW(row->name, (parameter.name != NULL) == (r == 0));
	}
}

struct parse_row {
	const char *document;
	const char *text;
	const char *value; /* as JSON; NULL: refused */
	const char *error;
};

static const struct parse_row PARSE_ROWS[] = {
	{"{'name': 'p', 'type': 'string'}", "a {b}: 'c'", "'a {b}: 'c''", ""},
	{"{'name': 'p', 'type': 'integer'}", "-12", "-12", ""},
	{"{'name': 'p', 'type': 'integer'}", "012", NULL, "'012' is not an integer such as 8080"},
	{"{'name': 'p', 'type': 'integer'}", "1.0", NULL, "'1.0' is not an integer such as 8080"},
	{"{'name': 'p', 'type': 'integer'}", " 1", NULL, "' 1' is not an integer such as 8080"},
	{"{'name': 'p', 'type': 'integer'}", "99999999999999999999", NULL,
	 "'99999999999999999999' is not an integer such as 8080"},
	{"{'name': 'p', 'type': 'number'}", "2.5", "2.5", ""},
	{"{'name': 'p', 'type': 'number'}", "3", "3", ""},
	{"{'name': 'p', 'type': 'number'}", "1e999", NULL, "'1e999' is not a number such as 0.5"},
	{"{'name': 'p', 'type': 'number'}", "[1]", NULL, "'[1]' is not a number such as 0.5"},
	{"{'name': 'p', 'type': 'number'}", "", NULL, "'' is not a number such as 0.5"},
	{"{'name': 'p', 'type': 'boolean'}", "true", "true", ""},
	{"{'name': 'p', 'type': 'boolean'}", "false", "false", ""},
	{"{'name': 'p', 'type': 'boolean'}", "yes", NULL, "'yes' is not true or false"},
	{"{'name': 'p', 'type': 'quantity'}", "100m", "'100m'", ""},
	{"{'name': 'p', 'type': 'quantity'}", "2", "'2'", ""},
	{"{'name': 'p', 'type': 'quantity'}", "lots", NULL,
	 "'lots' is not a quantity such as \"100m\" or \"64Mi\""},
	{"{'name': 'p', 'type': 'duration'}", "1h30m", "'1h30m'", ""},
	{"{'name': 'p', 'type': 'duration'}", "1 h", NULL,
	 "'1 h' is not a duration such as \"500ms\" or \"1h30m\""},
	{"{'name': 'p', 'type': 'enum', 'values': ['a', 'b']}", "b", "'b'", ""},
	{"{'name': 'p', 'type': 'enum', 'values': ['a', 'b']}", "B", NULL,
	 "'B' is not one of a, b"},
};

static void test_parse(void)
{
	for (size_t i = 0; i < sizeof(PARSE_ROWS) / sizeof(*PARSE_ROWS); i++) {
		const struct parse_row *row = &PARSE_ROWS[i];
		CLEANUP(parameter_release) struct parameter parameter = {0};
		json_auto_t *document = quoted_json(row->document);
		json_auto_t *value = NULL;
		struct err err = {0};

		CU_ASSERT_EQUAL_FATAL(parameter_read(document, &parameter, &err), 0);
		int r = parameter_parse(&parameter, row->text, &value, &err);
		CLEANUP(freep) char *found = quoted_json_text(value);
		ASSERT_ROW(row->text, r == (row->value != NULL ? 0 : -EINVAL));
		ASSERT_TEXT(row->text, found, row->value != NULL ? row->value : "(nothing)");
		ASSERT_TEXT(row->text, err.msg, row->error);
	}
}

static void test_parse_bounds(void)
{
	static char text[PARAMETER_VALUE_MAX + 2];
	struct parameter parameter = {.type = PARAMETER_STRING};
	json_auto_t *value = NULL;
	struct err err = {0};

	memset(text, 'x', PARAMETER_VALUE_MAX + 1);
	CU_ASSERT_EQUAL(parameter_parse(&parameter, text, &value, &err), -EINVAL);
	CU_ASSERT_STRING_EQUAL(err.msg, "a value has at most 32768 bytes");
	text[PARAMETER_VALUE_MAX] = '\0';
	CU_ASSERT_EQUAL(parameter_parse(&parameter, text, &value, &err), 0);
}

struct render_row {
	const char *overlay;
	const char *rendered; /* NULL: refused */
	const char *error;
};

#define VALUES "{'s': 'text', 'i': 80, 'r': 0.1, 'b': true, 'e': '', 'nested': '${s}'}"

static const struct render_row RENDER_ROWS[] = {
	{"{'a': 'plain', 'n': 1, 'z': null}", "{'a':'plain','n':1,'z':null}", ""},
	{"'${s}'", "'text'", ""},
	{"'${i}'", "80", ""},
	{"'${b}'", "true", ""},
	{"{'a': {'b': ['x', '${i}', {'c': '${b}'}]}}", "{'a':{'b':['x',80,{'c':true}]}}", ""},
	{"'--port=${i}'", "'--port=80'", ""},
	{"'${s}${i}${r}${b}${e}.'", "'text800.1true.'", ""},
	{"'${e}${e}'", "''", ""},
	{"'${nested}'", "'${s}'", ""},
	{"'a$${s}b'", "'a${s}b'", ""},
	{"'$${'", "'${'", ""},
	{"'$(POD_NAME) 5$ $'", "'$(POD_NAME) 5$ $'", ""},
	{"'$ ${s} $'", "'$ text $'", ""},
	{"{'${s}': 1}", "{'${s}':1}", ""},
	{"{'env': [{'name': 'A', 'value': '${i}'}, {'name': 'B', 'value': '${b}'}]}",
	 "{'env':[{'name':'A','value':'80'},{'name':'B','value':'true'}]}", ""},
	{"{'args': ['--ratio', '${r}'], 'exec': {'command': ['${i}', '${s}']}}",
	 "{'args':['--ratio','0.1'],'exec':{'command':['80','text']}}", ""},
	{"{'metadata': {'labels': {'a': '${i}'}, 'annotations': {'b': '${b}'}}}",
	 "{'metadata':{'labels':{'a':'80'},'annotations':{'b':'true'}}}", ""},
	{"{'nodeSelector': {'a': '${i}'}, 'matchLabels': {'a': '${i}'}, 'values': ['${i}']}",
	 "{'nodeSelector':{'a':'80'},'matchLabels':{'a':'80'},'values':['80']}", ""},
	{"{'volumeAttributes': {'a': '${i}'}, 'args': null, 'env': [{'value': null}]}",
	 "{'volumeAttributes':{'a':'80'},'args':null,'env':[{'value':null}]}", ""},
	{"{'ports': [{'containerPort': '${i}'}], 'tty': '${b}', 'args': [['${i}']]}",
	 "{'ports':[{'containerPort':80}],'tty':true,'args':[[80]]}", ""},
	{"{'args': ['--port', 80]}", NULL, "args[1]: must be a string, found integer"},
	{"{'env': [{'name': 'A', 'value': true}]}", NULL,
	 "env[0].value: must be a string, found boolean"},
	{"{'a': [0, {'b': 'x${nobody}'}]}", NULL,
	 "a[1].b: '${nobody}' names no parameter that is declared"},
	{"{'a': '${}'}", NULL, "a: '${}' names no parameter that is declared"},
	{"{'a': 'x ${s'}", NULL, "a: '${' without its '}' (a literal '${' is written '$${')"},
	{"{'a': '${'}", NULL, "a: '${' without its '}' (a literal '${' is written '$${')"},
};

static void test_render(void)
{
	json_auto_t *values = quoted_json(VALUES);

	for (size_t i = 0; i < sizeof(RENDER_ROWS) / sizeof(*RENDER_ROWS); i++) {
		const struct render_row *row = &RENDER_ROWS[i];
		json_auto_t *overlay = quoted_json(row->overlay);
		json_auto_t *rendered = NULL;
		struct err err = {0};
		int r = parameter_render(overlay, values, &rendered, &err);
		CLEANUP(freep) char *found = quoted_json_text(rendered);
		CLEANUP(freep) char *after = quoted_json_text(overlay);
		json_auto_t *again = quoted_json(after);

		ASSERT_ROW(row->overlay, r == (row->rendered != NULL ? 0 : -EINVAL));
		ASSERT_TEXT(row->overlay, found,
			    row->rendered != NULL ? row->rendered : "(nothing)");
		ASSERT_TEXT(row->overlay, err.msg, row->error);
		ASSERT_ROW(row->overlay, json_equal(overlay, again));
	}
}

static void test_render_shares(void)
{
	json_auto_t *values = quoted_json(VALUES);
	json_auto_t *overlay = quoted_json("{'same': {'a': ['b']}, 'other': ['${i}', {'c': 1}]}");
	json_auto_t *plain = quoted_json("{'a': ['b']}");
	json_auto_t *rendered = NULL;
	json_auto_t *unchanged = NULL;
	struct err err = {0};

	CU_ASSERT_EQUAL_FATAL(parameter_render(overlay, values, &rendered, &err), 0);
	CU_ASSERT_PTR_EQUAL(json_object_get(rendered, "same"), json_object_get(overlay, "same"));
	CU_ASSERT_PTR_EQUAL(json_array_get(json_object_get(rendered, "other"), 1),
			    json_array_get(json_object_get(overlay, "other"), 1));
	CU_ASSERT_EQUAL_FATAL(parameter_render(plain, values, &unchanged, &err), 0);
	CU_ASSERT_PTR_EQUAL(unchanged, plain);
}

static CU_TestInfo tests[] = {
	{"a declaration is read, or refused with its reason", test_read},
	{"an annotation's text becomes a value of the type", test_parse},
	{"a value has a largest size", test_parse_bounds},
	{"parameters are put into scalars", test_render},
	{"what has no parameter is shared", test_render_shares},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/parameter", tests)
