/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/undo_tree.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"
#include "webhook/core/undo_digest.h"

#define SPEC(text) "{'spec':{" text "}}"
#define APP(text) SPEC("'containers':[{'name':'app'" text "}]")

static const struct {
	const char *name, *before, *after, *tree;
} ROWS[] = {
	{"nothing", APP(",'x':[1]"), APP(",'x':[1]"), "{}"},
	{"members in another order", "{'a':1,'b':2}", "{'b':2,'a':1}", "{}"},
	{"elements added", SPEC("'containers':[{'name':'a'},{'name':'b'}]"),
	 SPEC("'containers':[{'name':'x'},{'name':'a'},{'name':'y'},{'name':'b'},{'name':'z'}]"),
	 SPEC("'containers':{'x':'added','y':'added','z':'added'}")},
	{"an annotation added", "{'metadata':{'annotations':{'a':'1'}}}",
	 "{'metadata':{'annotations':{'a':'1','b/c':'2'}}}",
	 "{'metadata':{'annotations':{'b/c':'added:#'}}}"},
	{"absent parents are taken apart", "{}",
	 "{'metadata':{'annotations':{'a':'1'}},'spec':{'volumes':[{'name':'v'}],"
	 "'securityContext':{'fsGroup':1,'sysctls':{'x':1}}}}",
	 "{'metadata':{'annotations':{'a':'added:#'}},'spec':{'volumes':{'v':'added'},"
	 "'securityContext':{'fsGroup':'added:#','sysctls':'added:#'}}}"},
	{"absent and empty", "{}", "{'metadata':{'annotations':{}},'spec':{}}",
	 "{'metadata':{'annotations':'added:#'},'spec':'added:#'}"},
	{"empty ones that stay", "{'metadata':{},'spec':{'volumes':[],'a':{'b':{}}}}",
	 "{'metadata':{'annotations':{'a':'1'}},"
	 "'spec':{'volumes':[{'name':'v'}],'a':{'b':{'c':1}}}}",
	 "{'metadata':[{},{'annotations':{'a':'added:#'}}],"
	 "'spec':{'volumes':[[],{'v':'added'}],'a':{'b':[{},{'c':'added:#'}]}}}"},
	{"nulls", "{'metadata':null,'spec':{'a':{'b':null},'volumes':null,'x':null,'y':null}}",
	 "{'metadata':{'annotations':{'a':'1'}},"
	 "'spec':{'a':{'b':{'c':1}},'volumes':[{'name':'v'}],'x':{},'y':['z']}}",
	 "{'metadata':[null,{'annotations':{'a':'added:#'}}],"
	 "'spec':{'a':{'b':[null,{'c':'added:#'}]},'volumes':[null,{'v':'added'}],'x':[null,'#'],"
	 "'y':[null,'#']}}"},
	{"what an added object holds", APP(""), APP(",'resources':{'limits':{'cpu':'1'}}"),
	 SPEC("'containers':{'app':{'resources':'added:#'}}")},
	{"what an object of both holds", APP(",'resources':{'limits':{'cpu':'1'}}"),
	 APP(",'resources':{'limits':{'cpu':'1','memory':'1'},'requests':{}}"),
	 SPEC("'containers':{'app':{'resources':{'limits':{'memory':'added:#'},"
	      "'requests':'added:#'}}}")},
	{"a list added in an element", APP(""), APP(",'env':[{'name':'A'},{'name':'B'}]"),
	 SPEC("'containers':{'app':{'env':{'A':'added:#','B':'added:#'}}}")},
	{"a container called as a handler", SPEC("'containers':[{'name':'postStart'}]"),
	 SPEC("'containers':[{'name':'postStart','env':[{'name':'A'}]}]"),
	 SPEC("'containers':{'postStart':{'env':{'A':'added:#'}}}")},
	{"ports have numbers", APP(",'ports':[{'containerPort':80}]"),
	 APP(",'ports':[{'containerPort':80},{'containerPort':15021}]"),
	 SPEC("'containers':{'app':{'ports':{'15021':'added:#'}}}")},
	{"replaced", APP(",'image':'auto','args':['a'],'tty':null,'stdin':1"),
	 APP(",'image':'i','args':['a','b'],'tty':{},'stdin':1.0"),
	 SPEC("'containers':{'app':{'image':['auto','#'],'args':[['a'],'#'],'tty':[null,'#'],"
	      "'stdin':[1,'#']}}")},
	{"taken away", SPEC("'a':{'b':[1]},'c':null"), SPEC(""),
	 SPEC("'a':[{'b':[1]},'absent'],'c':[null,'absent']")},
	{"of another type", SPEC("'volumes':[{'name':'v'}]"), SPEC("'volumes':{'name':'v'}"),
	 SPEC("'volumes':[[{'name':'v'}],'#']")},
	{"a list of what was an object", SPEC("'volumes':{'name':'v'}"),
	 SPEC("'volumes':[{'name':'v'}]"), SPEC("'volumes':[{'name':'v'},'#']")},
	{"atomic lists", APP(",'args':[],'command':['a'],'x':[]"),
	 APP(",'args':['a'],'command':[],'x':[]"),
	 SPEC("'containers':{'app':{'args':[[],'#'],'command':[['a'],'#']}}")},
	{"an element taken away", SPEC("'volumes':[{'name':'v'},{'name':'w'}]"),
	 SPEC("'volumes':[{'name':'w'}]"), SPEC("'volumes':[[{'name':'v'},{'name':'w'}],'#']")},
	{"the last element taken away", SPEC("'volumes':[{'name':'v'},{'name':'w'}]"),
	 SPEC("'volumes':[{'name':'v'}]"), SPEC("'volumes':[[{'name':'v'},{'name':'w'}],'#']")},
	{"places changed", SPEC("'volumes':[{'name':'v'},{'name':'w'}]"),
	 SPEC("'volumes':[{'name':'w'},{'name':'v'}]"),
	 SPEC("'volumes':[[{'name':'v'},{'name':'w'}],'#']")},
	{"a key twice", APP(",'ports':[{'containerPort':53}]"),
	 APP(",'ports':[{'containerPort':53},{'containerPort':53,'protocol':'UDP'}]"),
	 SPEC("'containers':{'app':{'ports':[[{'containerPort':53}],'#']}}")},
	{"a key twice in what is added", APP(""),
	 APP(",'ports':[{'containerPort':53},{'containerPort':53,'protocol':'UDP'}]"),
	 SPEC("'containers':{'app':{'ports':'added:#'}}")},
	{"a key in two types", APP(",'ports':[{'containerPort':53}]"),
	 APP(",'ports':[{'containerPort':53},{'containerPort':'53'}]"),
	 SPEC("'containers':{'app':{'ports':[[{'containerPort':53}],'#']}}")},
	{"a key that is no name", SPEC("'volumes':[]"),
	 SPEC("'volumes':[{'name':1.5},{'name':'v'}]"), SPEC("'volumes':[[],'#']")},
	{"a key with a NUL", SPEC("'volumes':[]"), SPEC("'volumes':[{'name':'v\\u0000'}]"),
	 SPEC("'volumes':[[],'#']")},
	{"no key", SPEC("'volumes':[{'x':1}]"), SPEC("'volumes':[{'x':1},{'name':'v'}]"),
	 SPEC("'volumes':[[{'x':1}],'#']")},
	{"elements of a set", "{'metadata':{'finalizers':['a']}}",
	 "{'metadata':{'finalizers':['b','a']}}", "{'metadata':{'finalizers':{'b':'added:#'}}}"},
	{"names that look like nodes", APP(",'x':{'added':1}"),
	 APP(",'x':{'added':2,'was':['added']}"),
	 SPEC("'containers':{'app':{'x':{'added':[1,'#'],'was':'added:#'}}}")},
};

/* Makes # of every digest of something: which one it is is another module's affair. */
static void hide_digests(char *text)
{
	char *to = text;

	for (const char *at = text; *at != '\0';) {
		size_t length = strspn(at, "0123456789abcdef");

		if (length == UNDO_DIGEST_SIZE - 1) {
			*to++ = '#';
			at += length;
		} else {
			*to++ = *at++;
		}
	}
	*to = '\0';
}

static void test_round_trip(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		json_auto_t *before = quoted_json(ROWS[i].before);
		json_auto_t *after = quoted_json(ROWS[i].after);
		json_auto_t *untouched = quoted_json(ROWS[i].after);
		json_auto_t *tree = NULL;
		json_auto_t *left = json_array();
		json_auto_t *result = NULL;
		struct err err = {0};

		ASSERT_ROW(ROWS[i].name, undo_tree_make(before, after, &tree, &err) == 0);
		CLEANUP(freep) char *text = quoted_json_text(tree);
		hide_digests(text);
		ASSERT_TEXT(ROWS[i].name, text, ROWS[i].tree);
		ASSERT_ROW(ROWS[i].name, undo_tree_apply(after, tree, left, &result, &err) == 0);
		ASSERT_ROW(ROWS[i].name, json_equal(result, before));
		ASSERT_ROW(ROWS[i].name, json_array_size(left) == 0);
		ASSERT_ROW(ROWS[i].name, json_equal(after, untouched));
	}
}

/* What others did to the pod in between. */
static const struct {
	const char *name, *after, *tree, *before;
} CHANGED_ROWS[] = {
	{"an addition filled in", APP(",'resources':{'limits':{'cpu':'1'},'requests':{'cpu':'1'}}"),
	 SPEC("'containers':{'app':{'resources':'added'}}"), APP("")},
	{"others beside it", "{'metadata':{'annotations':{'a':'1','b':'2'}}}",
	 "{'metadata':{'annotations':{'a':'added'}}}", "{'metadata':{'annotations':{'b':'2'}}}"},
	{"others beside it, where it was empty", SPEC("'volumes':[{'name':'v'},{'name':'w'}]"),
	 SPEC("'volumes':[[],{'v':'added'}]"), SPEC("'volumes':[{'name':'w'}]")},
	{"another place", SPEC("'volumes':[{'name':'w'},{'name':'v'}]"),
	 SPEC("'volumes':{'v':'added'}"), SPEC("'volumes':[{'name':'w'}]")},
	{"gone already", "{'metadata':{'labels':{}},'spec':{'volumes':[{'name':'w'}]}}",
	 "{'metadata':{'labels':{'a':'added'},'annotations':{'a':'added'}},"
	 "'spec':{'volumes':{'v':'added','u':{'x':'added'}}}}",
	 "{'metadata':{'labels':{}},'spec':{'volumes':[{'name':'w'}]}}"},
	{"of another type by now", SPEC("'volumes':7,'a':[{'b':1}],'c':null"),
	 SPEC("'volumes':{'v':'added'},'a':{'b':'added'},'c':{'d':'added'}"),
	 SPEC("'volumes':7,'a':[{'b':1}],'c':null")},
	{"put back", SPEC("'a':2"), SPEC("'a':[1],'b':[{}]"), SPEC("'a':1,'b':{}")},
};

static void test_changed_since(void)
{
	for (size_t i = 0; i < sizeof(CHANGED_ROWS) / sizeof(*CHANGED_ROWS); i++) {
		json_auto_t *after = quoted_json(CHANGED_ROWS[i].after);
		json_auto_t *tree = quoted_json(CHANGED_ROWS[i].tree);
		json_auto_t *left = json_array();
		json_auto_t *before = NULL;
		struct err err = {0};

		ASSERT_ROW(CHANGED_ROWS[i].name,
			   undo_tree_apply(after, tree, left, &before, &err) == 0);
		CLEANUP(freep) char *text = quoted_json_text(before);
		ASSERT_TEXT(CHANGED_ROWS[i].name, text, CHANGED_ROWS[i].before);
	}
}

#define PROBE(text) APP(",'livenessProbe':{" text "}")
#define ENV(text) APP(",'env':[" text "]")
#define JOINED ENV("{'name':'A','value':'-x'}"), ENV("{'name':'A','value':'-x -agent'}")
#define ASKED PROBE("'tcpSocket':{'port':80}"), PROBE("'exec':{'command':['ask','80']}")
#define REWRITTEN                                                                     \
	PROBE("'httpGet':{'path':'/h','port':80,'scheme':'HTTPS','httpHeaders':[]}"), \
		PROBE("'httpGet':{'path':'/ours','port':15020}")
#define FILLED "'timeoutSeconds':1,'periodSeconds':10,'successThreshold':1,'failureThreshold':3"
#define IS_LEFT(text) "['spec.containers.app" text "']"

/* A pod before injection, and as that made it; what it is by now, what comes of that, and what of
 * it is told to be left. */
static const struct {
	const char *name, *before, *written, *now, *result, *left;
} LEFT_ROWS[] = {
	{"a variable that was joined", JOINED, ENV("{'name':'A','value':'-x -agent -y'}"),
	 ENV("{'name':'A','value':'-x -agent -y'}"), IS_LEFT(".env.A.value")},
	{"a variable that was joined, in another way", JOINED, ENV("{'name':'A','valueFrom':{}}"),
	 ENV("{'name':'A','valueFrom':{}}"), IS_LEFT(".env.A.value")},
	{"a variable that was joined, taken away", JOINED, ENV(""), ENV(""), "[]"},
	{"a variable that was added", APP(""), ENV("{'name':'A','value':'-agent'}"),
	 ENV("{'name':'A','value':'-agent -y'},{'name':'B'}"),
	 ENV("{'name':'A','value':'-agent -y'},{'name':'B'}"), IS_LEFT(".env.A")},
	{"a variable that was added, filled in", APP(""),
	 ENV("{'name':'A','valueFrom':{'fieldRef':{'fieldPath':'x'}}}"),
	 ENV("{'name':'A','valueFrom':{'fieldRef':{'fieldPath':'x','apiVersion':'v1'}}}"), APP(""),
	 "[]"},
	{"a variable that is empty, as it is stored", APP(""), ENV("{'name':'A','value':''}"),
	 ENV("{'name':'A'}"), APP(""), "[]"},
	{"another argument", APP(",'args':['a']"), APP(",'args':['a','b']"),
	 APP(",'args':['b','a']"), APP(",'args':['b','a']"), IS_LEFT(".args")},
	{"arguments taken away", APP(",'args':['a']"), APP(",'args':['a','b']"), APP(""), APP(""),
	 IS_LEFT(".args")},
	{"a label", "{'metadata':{'labels':{}}}", "{'metadata':{'labels':{'a':'true'}}}",
	 "{'metadata':{'labels':{'a':'false'}}}", "{'metadata':{'labels':{'a':'false'}}}",
	 "['metadata.labels.a']"},
	{"our own", "{'metadata':{'annotations':{'sidewire.io/redirect':'x'}}}",
	 "{'metadata':{'annotations':{'sidewire.io/redirect':'y','sidewire.io/status':'z'}},"
	 "'spec':{'containers':[{'name':'app'}]}}",
	 "{'metadata':{'annotations':{'sidewire.io/redirect':'Y','sidewire.io/status':'Z'}},"
	 "'spec':{'containers':[{'name':'app','image':'i'}]}}",
	 "{'metadata':{'annotations':{'sidewire.io/redirect':'x'}}}", "[]"},
	{"a list of which something was taken away",
	 SPEC("'containers':[{'name':'a'},{'name':'b','image':'i:1'}]"),
	 SPEC("'containers':[{'name':'b','image':'i:1'},{'name':'p'}]"),
	 SPEC("'containers':[{'name':'b','image':'i:2'},{'name':'p'}]"),
	 SPEC("'containers':[{'name':'b','image':'i:2'},{'name':'p'}]"), "['spec.containers']"},
	{"the pull policy of another image", APP(",'image':'auto','imagePullPolicy':'Always'"),
	 APP(",'image':'i:1'"), APP(",'image':'i:1','imagePullPolicy':'IfNotPresent'"),
	 APP(",'image':'auto','imagePullPolicy':'Always'"), "[]"},
	{"a probe, by another action", ASKED, PROBE("'httpGet':{'port':80}"),
	 PROBE("'httpGet':{'port':80}"), IS_LEFT(".livenessProbe")},
	{"a probe, in what it asks", ASKED, PROBE("'exec':{'command':['ask','81']}"),
	 PROBE("'exec':{'command':['ask','81']}"), IS_LEFT(".livenessProbe")},
	{"a probe, beside what it asks", ASKED,
	 PROBE("'exec':{'command':['ask','80']},'periodSeconds':5"),
	 PROBE("'tcpSocket':{'port':80},'periodSeconds':5"), "[]"},
	{"a probe taken away", ASKED, APP(""), APP(""), "[]"},
	{"a probe filled in", ASKED, PROBE("'exec':{'command':['ask','80']}," FILLED),
	 PROBE("'tcpSocket':{'port':80}," FILLED), "[]"},
	{"a rewritten probe filled in", REWRITTEN,
	 PROBE("'httpGet':{'path':'/ours','port':15020,'scheme':'HTTP'}," FILLED),
	 PROBE("'httpGet':{'path':'/h','port':80,'scheme':'HTTPS','httpHeaders':[]}," FILLED),
	 "[]"},
	{"a rewritten probe, in a part of it", REWRITTEN,
	 PROBE("'httpGet':{'path':'/ours','port':81}"),
	 PROBE("'httpGet':{'path':'/ours','port':81}"), IS_LEFT(".livenessProbe")},
	{"a rewritten probe, by another action", REWRITTEN, PROBE("'grpc':{'port':81}"),
	 PROBE("'grpc':{'port':81}"), IS_LEFT(".livenessProbe")},
	{"a probe that was added, filled in", APP(""), PROBE("'grpc':{'port':1}"),
	 PROBE("'grpc':{'port':1,'service':''}," FILLED), APP(""), "[]"},
	{"a probe that was added", APP(""), PROBE("'grpc':{'port':1}"),
	 PROBE("'grpc':{'port':1},'periodSeconds':5"), PROBE("'grpc':{'port':1},'periodSeconds':5"),
	 IS_LEFT(".livenessProbe")},
};

static void test_left(void)
{
	for (size_t i = 0; i < sizeof(LEFT_ROWS) / sizeof(*LEFT_ROWS); i++) {
		json_auto_t *before = quoted_json(LEFT_ROWS[i].before);
		json_auto_t *written = quoted_json(LEFT_ROWS[i].written);
		json_auto_t *now = quoted_json(LEFT_ROWS[i].now);
		json_auto_t *expected = quoted_json(LEFT_ROWS[i].result);
		json_auto_t *left = json_array();
		json_auto_t *tree = NULL;
		json_auto_t *result = NULL;
		struct err err = {0};

		ASSERT_ROW(LEFT_ROWS[i].name, undo_tree_make(before, written, &tree, &err) == 0);
		ASSERT_ROW(LEFT_ROWS[i].name, undo_tree_apply(now, tree, left, &result, &err) == 0);
		CLEANUP(freep) char *text = quoted_json_text(left);
		ASSERT_TEXT(LEFT_ROWS[i].name, text, LEFT_ROWS[i].left);
		ASSERT_ROW(LEFT_ROWS[i].name, json_equal(result, expected));
	}
}

static const struct {
	const char *name, *tree, *message;
} ERROR_ROWS[] = {
	{"another text", "{'spec':{'volumes':{'v':'removed'}}}",
	 "spec.volumes.v: must be 'added', an object, or an array of what was"},
	{"a number", "{'spec':1}", "spec: must be 'added', an object, or an array of what was"},
	{"an empty array", "{'spec':[]}",
	 "spec: must be 'added', an object, or an array of what was"},
	{"too many", "{'spec':[{},'x',{}]}",
	 "spec: must be 'added', an object, or an array of what was"},
	{"nothing to look at", "{'spec':[{},1]}",
	 "spec: must be 'added', an object, or an array of what was"},
};

static void test_errors(void)
{
	json_auto_t *after = quoted_json(SPEC("'volumes':[{'name':'v'}]"));

	for (size_t i = 0; i < sizeof(ERROR_ROWS) / sizeof(*ERROR_ROWS); i++) {
		json_auto_t *tree = quoted_json(ERROR_ROWS[i].tree);
		json_auto_t *left = json_array();
		json_t *before = NULL;
		struct err err = {0};

		ASSERT_ROW(ERROR_ROWS[i].name,
			   undo_tree_apply(after, tree, left, &before, &err) == -EINVAL);
		ASSERT_TEXT(ERROR_ROWS[i].name, err.msg, ERROR_ROWS[i].message);
		ASSERT_ROW(ERROR_ROWS[i].name, before == NULL);
	}
}

/* `depth` objects within each other, the innermost with the value. */
static json_t *nested(unsigned int depth, json_int_t value)
{
	json_t *object = json_pack("{sI}", "a", value);

	while (--depth > 0)
		object = json_pack("{so}", "a", object); /* takes the reference */
	return object;
}

static void test_depth(void)
{
	json_auto_t *before = nested(UNDO_TREE_DEPTH_MAX + 50, 1);
	json_auto_t *after = nested(UNDO_TREE_DEPTH_MAX + 50, 2);
	json_auto_t *tree = NULL;
	json_auto_t *left = json_array();
	json_auto_t *result = NULL;
	struct err err = {0};
	unsigned int depth = 0;

	CU_ASSERT_FATAL(undo_tree_make(before, after, &tree, &err) == 0);
	for (json_t *node = tree; json_is_object(node); node = json_object_get(node, "a"))
		depth++;
	CU_ASSERT(depth == UNDO_TREE_DEPTH_MAX + 1);
	CU_ASSERT(undo_tree_apply(after, tree, left, &result, &err) == 0);
	CU_ASSERT(json_equal(result, before));
}

static int make(const void *input, char **ret_outcome, struct err *err)
{
	json_t *const *pods = input;
	json_auto_t *left = json_array();
	json_auto_t *tree = NULL;
	json_auto_t *before = NULL;

	if (left == NULL)
		return err_set(err, ENOMEM, "out of memory");
	int r = undo_tree_make(pods[0], pods[1], &tree, err);

	if (r == 0)
		r = undo_tree_apply(pods[1], tree, left, &before, err);
	return r == 0 ? alloc_fail_outcome(before, ret_outcome, err) : r;
}

static void test_out_of_memory(void)
{
	for (size_t i = 1; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		json_auto_t *before = quoted_json(ROWS[i].before);
		json_auto_t *after = quoted_json(ROWS[i].after);
		json_t *input[] = {before, after};

		alloc_fail_sweep_outcome(ROWS[i].name, make, input);
	}
}

static CU_TestInfo tests[] = {
	{"there and back", test_round_trip},
	{"what others did in between stays", test_changed_since},
	{"what others changed is left to them, and told", test_left},
	{"what is no tree is refused, naming the place", test_errors},
	{"depth is bounded", test_depth},
	{"memory may end anywhere", test_out_of_memory},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/undo_tree", tests)
