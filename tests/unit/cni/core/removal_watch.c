/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/removal_watch.h"

#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"

#define ALIVE "{'metadata':{'name':'x'}}"
#define DYING "{'metadata':{'name':'x','deletionTimestamp':'2026-01-01T00:00:00Z'}}"

enum { EVENTS_MAX = 4 };

struct event {
	enum { NONE, LIST, OBJECT, GONE } kind;
	const char *object;
};

static const struct {
	const char *name;
	struct event events[EVENTS_MAX];
	bool is_leaving; /* after the last */
} ROWS[] = {
	{"nothing heard", {{NONE, NULL}}, false},
	{"there", {{LIST, "[" ALIVE "]"}}, false},
	{"never there", {{LIST, "[]"}}, false},
	{"dying when first seen", {{LIST, "[" DYING "]"}}, true},
	{"changed", {{LIST, "[" ALIVE "]"}, {OBJECT, ALIVE}}, false},
	{"begins to die", {{LIST, "[" ALIVE "]"}, {OBJECT, DYING}}, true},
	{"deleted without having been dying", {{LIST, "[" ALIVE "]"}, {GONE, ALIVE}}, true},
	{"gone from a later list", {{LIST, "[" ALIVE "]"}, {LIST, "[]"}}, true},
	{"gone, and listed again as gone", {{OBJECT, ALIVE}, {GONE, ALIVE}, {LIST, "[]"}}, true},
	{"there again", {{OBJECT, ALIVE}, {GONE, ALIVE}, {OBJECT, ALIVE}}, false},
	{"there again in a list", {{OBJECT, DYING}, {GONE, DYING}, {LIST, "[" ALIVE "]"}}, false},
	{"deletionTimestamp is null", {{OBJECT, "{'metadata':{'deletionTimestamp':null}}"}}, false},
	{"no metadata", {{OBJECT, "{}"}}, false},
};

static void see(struct removal_watch *watch, const struct event *event)
{
	if (event->kind == NONE)
		return;
	json_auto_t *object = quoted_json(event->object);
	if (event->kind == LIST)
		removal_watch_list(watch, object);
	else
		removal_watch_object(watch, object, event->kind == GONE);
}

static void test_sequences(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		struct removal_watch watch = {0};

		for (size_t j = 0; j < EVENTS_MAX; j++)
			see(&watch, &ROWS[i].events[j]);
		ASSERT_ROW(ROWS[i].name, watch.is_leaving == ROWS[i].is_leaving);
	}
}

static CU_TestInfo tests[] = {{"sequences of events", test_sequences}, CU_TEST_INFO_NULL};
SUITE("cni/core/removal_watch", tests)
