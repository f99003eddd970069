/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/ca_bundle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"

/*
 * Certificates are letters here: lower case is no authority's. A bundle is a word of them, '?' is a
 * foreign one. "NEW" is the Secret's authority N, O is an old one.
 */
enum {
	ENTRIES = 2,
	NOW = 1000 * 1000,
	OVER = NOW - 1, /* 'V' ends here */
};

static void make_bundle(const char *word, struct ca_bundle *bundle)
{
	*bundle = (struct ca_bundle){.is_foreign = strcmp(word, "?") == 0};
	for (; *word != '\0' && !bundle->is_foreign; word++) {
		struct ca_certificate *certificate = &bundle->certificates[bundle->count++];
		char *pem = calloc(1, 2);

		CU_ASSERT_PTR_NOT_NULL_FATAL(pem);
		pem[0] = *word;
		certificate->pem = pem;
		certificate->is_authority = *word >= 'A' && *word <= 'Z';
		certificate->validity.not_after = *word == 'V' ? OVER : NOW + 1;
	}
}

#define TEST "{'op':'test','path':'/metadata/resourceVersion','value':'7'}"
#define ADD(entry, base64) \
	"{'op':'add','path':'/webhooks/" entry "/clientConfig/caBundle','value':'" base64 "'}"

/* printf N | base64: Tg==, NO: Tk8=, NX: Tlg=, NOX: Tk9Y, NXO: TlhP, NOABCDEG: Tk9BQkNERUc= */
static const struct {
	const char *name, *entries[ENTRIES], *served, *patch;
	bool is_trusted;
} ROWS[] = {
	{"empty", {"", ""}, "N", "[" TEST "," ADD("0", "Tg==") "," ADD("1", "Tg==") "]", false},
	{"as wanted", {"N", "N"}, "N", "(nothing)", true},
	{"one is empty", {"N", ""}, "N", "[" TEST "," ADD("1", "Tg==") "]", false},
	{"foreign", {"?", "N"}, "N", "[" TEST "," ADD("0", "Tg==") "]", false},
	{"twice the same", {"NN", "N"}, "N", "[" TEST "," ADD("0", "Tg==") "]", true},
	{"no authority", {"Nn", "N"}, "N", "[" TEST "," ADD("0", "Tg==") "]", true},
	{"one that is over", {"NV", "N"}, "N", "[" TEST "," ADD("0", "Tg==") "]", true},
	{"only the old one, which is served",
	 {"O", "O"},
	 "O",
	 "[" TEST "," ADD("0", "Tk8=") "," ADD("1", "Tk8=") "]",
	 false},
	{"both, and the old one is served", {"NO", "NO"}, "O", "(nothing)", true},
	{"both, and the new one is served", {"NO", "NO"}, "N", "(nothing)", true},
	{"the order does not matter", {"ON", "NO"}, "O", "(nothing)", true},
	{"the old one was taken out while it is served",
	 {"N", "N"},
	 "O",
	 "[" TEST "," ADD("0", "Tk8=") "," ADD("1", "Tk8=") "]",
	 true},
	{"another one stays, and goes everywhere",
	 {"NX", "N"},
	 "N",
	 "[" TEST "," ADD("1", "Tlg=") "]",
	 true},
	{"another one alone stays beside ours",
	 {"X", "X"},
	 "N",
	 "[" TEST "," ADD("0", "Tlg=") "," ADD("1", "Tlg=") "]",
	 false},
	{"different others",
	 {"NX", "NO"},
	 "O",
	 "[" TEST "," ADD("0", "Tk9Y") "," ADD("1", "Tk9Y") "]",
	 true},
	{"as many others as it can keep", {"NOABCDEF", "NOABCDEF"}, "O", "(nothing)", true},
	{"more others than it could keep",
	 {"NABCDEG", "NOFHIJ"},
	 "O",
	 "[" TEST "," ADD("0", "Tk9BQkNERUc=") "," ADD("1", "Tk9BQkNERUc=") "]",
	 true},
};

struct world {
	struct ca_bundle bundles[ENTRIES];
	struct ca_bundle_question question;
	struct ca_formers formers;
};

static void world_release(struct world *world)
{
	for (size_t i = 0; i < ENTRIES; i++)
		ca_bundle_release(&world->bundles[i]);
	ca_formers_release(&world->formers);
}

static void set_entries(struct world *world, const char *const entries[ENTRIES])
{
	for (size_t i = 0; i < ENTRIES; i++) {
		ca_bundle_release(&world->bundles[i]);
		make_bundle(entries[i], &world->bundles[i]);
	}
	world->question = (struct ca_bundle_question){world->bundles, ENTRIES, "7", "N", "N"};
}

/* The patch as text; the caller frees it. */
static char *decide(struct world *world, time_t now)
{
	json_auto_t *patch = NULL;
	struct err err = {0};

	CU_ASSERT(ca_bundle_decide(&world->question, now, &world->formers, &patch, &err) == 0);
	return quoted_json_text(patch);
}

static void test_decide(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		CLEANUP(world_release) struct world world = {.bundles = {{.count = 0}}};

		set_entries(&world, ROWS[i].entries);
		world.question.served = ROWS[i].served;
		CLEANUP(freep) char *patch = decide(&world, NOW);
		ASSERT_TEXT(ROWS[i].name, patch, ROWS[i].patch);
		ASSERT_ROW(ROWS[i].name,
			   ca_bundle_is_trusted(&world.question, "N") == ROWS[i].is_trusted);
	}
}

static void test_no_entry(void)
{
	CLEANUP(world_release)
	struct world world = {
		.question = {NULL, 0, "7", "N", "N"},
	};

	world.question.in_force = world.bundles;
	CLEANUP(freep) char *patch = decide(&world, NOW);
	CU_ASSERT_STRING_EQUAL(patch, "(nothing)");
	CU_ASSERT_FALSE(ca_bundle_is_trusted(&world.question, "N"));
}

/* One life of a replica: what stands in both entries at which second, and what it does. */
static const struct {
	const char *name, *entries[ENTRIES];
	time_t second;
	const char *patch;
} LIFE[] = {
	{"a former one is noted", {"NO", "NO"}, 0, "(nothing)"},
	{"it stays until its leaves are over",
	 {"NO", "NO"},
	 LEAF_VALIDITY_SECONDS - 1,
	 "(nothing)"},
	{"it goes",
	 {"NO", "NO"},
	 LEAF_VALIDITY_SECONDS,
	 "[" TEST "," ADD("0", "Tg==") "," ADD("1", "Tg==") "]"},
	{"it goes, and another has come",
	 {"NO", "NOX"},
	 LEAF_VALIDITY_SECONDS + 1,
	 "[" TEST "," ADD("0", "Tlg=") "," ADD("1", "Tlg=") "]"},
	{"who is taken out is forgotten", {"NX", "NX"}, LEAF_VALIDITY_SECONDS + 2, "(nothing)"},
	{"and is new when it comes again", {"NXO", "NXO"}, LEAF_VALIDITY_SECONDS + 3, "(nothing)"},
	{"it is not put back", {"NX", "NX"}, LEAF_VALIDITY_SECONDS + 4, "(nothing)"},
};

static void test_formers(void)
{
	CLEANUP(world_release) struct world world = {.bundles = {{.count = 0}}};

	for (size_t i = 0; i < sizeof(LIFE) / sizeof(*LIFE); i++) {
		set_entries(&world, LIFE[i].entries);
		for (size_t j = 0; j < ENTRIES; j++)
			for (size_t k = 0; k < world.bundles[j].count; k++)
				world.bundles[j].certificates[k].validity.not_after *= 2;
		CLEANUP(freep) char *patch = decide(&world, NOW + LIFE[i].second);
		ASSERT_TEXT(LIFE[i].name, patch, LIFE[i].patch);
	}
}

static int attempt(const void *input, struct err *err)
{
	const struct ca_bundle_question *question = input;
	CLEANUP(ca_formers_release) struct ca_formers formers = {.count = 0};
	json_auto_t *patch = NULL;

	return ca_bundle_decide(question, NOW, &formers, &patch, err);
}

static void test_without_memory(void)
{
	static const char *const ENTRIES_OF_ALL_KINDS[ENTRIES] = {"NX", "?"};
	CLEANUP(world_release) struct world world = {.bundles = {{.count = 0}}};

	set_entries(&world, ENTRIES_OF_ALL_KINDS);
	alloc_fail_sweep("decide", attempt, &world.question);
}

static CU_TestInfo tests[] = {
	{"what is written", test_decide},
	{"a configuration without entries", test_no_entry},
	{"former authorities come and go", test_formers},
	{"without memory", test_without_memory},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/ca_bundle", tests)
