/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/profile_choice.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"
#include "tests/unit/webhook/core/sample_profile.h"

static const struct {
	const char *annotations, *defaults;
	const char *chosen; /* NULL: refused */
	const char *redirecting, *error;
} ROWS[] = {
	{"{}", "proxy", "proxy", "proxy", ""},
	{"{}", "agent, proxy", "agent,proxy", "proxy", ""},
	{"{'sidewire.io/profiles': 'agent'}", "proxy", "agent", "", ""},
	{"{'sidewire.io/profiles': ' other , agent '}", "proxy", "other,agent", "other", ""},
	{"{}", "", NULL, NULL, "no profile is chosen, and there is no default"},
	{"{}", "nobody", NULL, NULL,
	 "default profiles 'nobody': there is no profile 'nobody', known are: agent, other, proxy, "
	 "tproxy"},
	{"{'sidewire.io/profiles': 'Proxy'}", "proxy", NULL, NULL,
	 "annotation 'sidewire.io/profiles' is 'Proxy': there is no profile 'Proxy', known are: "
	 "agent, other, proxy, tproxy"},
	{"{'sidewire.io/profiles': 'proxy,'}", "proxy", NULL, NULL,
	 "annotation 'sidewire.io/profiles' is 'proxy,': there is no profile '', known are: agent, "
	 "other, proxy, tproxy"},
	{"{'sidewire.io/profiles': 'agent,agent'}", "proxy", NULL, NULL,
	 "annotation 'sidewire.io/profiles' is 'agent,agent': profile 'agent' stands there twice"},
	{"{'sidewire.io/profiles': 'proxy,other'}", "proxy", NULL, NULL,
	 "annotation 'sidewire.io/profiles' is 'proxy,other': profiles 'proxy' and 'other' both "
	 "redirect traffic, only one may"},
};

/* The names of a choice; the caller frees them. */
static char *names_of(const struct profile_choice *choice)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	char *names = NULL;
	struct err err = {0};

	for (size_t i = 0; i < choice->count; i++)
		strbuf_printf(&out, "%s%s", i > 0 ? "," : "", choice->profiles[i]->name);
	CU_ASSERT_EQUAL(strbuf_finish(&out, &names, &err), 0);
	return names;
}

static void test_choose(void)
{
	CLEANUP(profile_set_release) struct profile_set set = sample_set();

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		json_auto_t *annotations = quoted_json(ROWS[i].annotations);
		struct profile_choice choice = {.count = 0};
		struct err err = {0};
		int r = profile_choose(&set, ROWS[i].defaults, annotations, &choice, &err);

		ASSERT_ROW(ROWS[i].annotations, r == (ROWS[i].chosen != NULL ? 0 : -EINVAL));
		ASSERT_TEXT(ROWS[i].annotations, err.msg, ROWS[i].error);
		if (r < 0)
			continue;
		CLEANUP(freep) char *names = names_of(&choice);
		ASSERT_TEXT(ROWS[i].annotations, names, ROWS[i].chosen);
		ASSERT_TEXT(ROWS[i].annotations,
			    choice.redirecting != NULL ? choice.redirecting->name : "",
			    ROWS[i].redirecting);
	}
}

#define CARRIER(name) SAMPLE_DOCUMENT(name, "{'needsRedirect': true}")

static const struct {
	const char *names, *error;
} CARRIER_ROWS[] = {
	{"proxy,carrier", ""},
	{"carrier,proxy", ""},
	{"carrier,porter,proxy", ""},
	{"agent", ""},
	{"agent,carrier",
	 "default profiles 'agent,carrier': profile 'carrier' needs one beside it that redirects: "
	 "expected its name too, as in 'envoy,carrier'"},
	{"porter,carrier",
	 "default profiles 'porter,carrier': profile 'porter' needs one beside it that redirects: "
	 "expected its name too, as in 'envoy,porter'"},
};

static void test_needs_redirect(void)
{
	static const char *const CARRIERS[] = {CARRIER("carrier"), CARRIER("porter")};
	CLEANUP(profile_set_release) struct profile_set set = sample_set();
	struct profile_choice choice = {.count = 0};
	struct err err = {0};

	for (size_t i = 0; i < sizeof(CARRIERS) / sizeof(*CARRIERS); i++) {
		CLEANUP(profile_release) struct profile profile = sample_profile(CARRIERS[i]);
		CU_ASSERT_EQUAL_FATAL(profile_set_add(&set, &profile, &err), 0);
	}
	for (size_t i = 0; i < sizeof(CARRIER_ROWS) / sizeof(*CARRIER_ROWS); i++) {
		const char *error = CARRIER_ROWS[i].error;

		*err.msg = '\0';
		int r = profile_choose(&set, CARRIER_ROWS[i].names, NULL, &choice, &err);
		ASSERT_ROW(CARRIER_ROWS[i].names, r == (*error == '\0' ? 0 : -EINVAL));
		ASSERT_TEXT(CARRIER_ROWS[i].names, err.msg, error);
	}
}

static void test_bounds(void)
{
	CLEANUP(profile_set_release) struct profile_set set = {0};
	CLEANUP(strbuf_release) struct strbuf names = STRBUF_INIT;
	struct profile_choice choice = {.count = 0};
	struct err err = {0};
	char name[16];

	for (int i = 0; i < PROFILE_CHOICE_MAX + 1; i++) {
		snprintf(name, sizeof(name), "p%d", i);
		CLEANUP(profile_release) struct profile profile = {.name = strdup(name)};
		CU_ASSERT_EQUAL(profile_set_add(&set, &profile, &err), 0);
		if (i == PROFILE_CHOICE_MAX)
			CU_ASSERT_EQUAL(profile_choose(&set, names.data, NULL, &choice, &err), 0);
		strbuf_printf(&names, "%s%s", i > 0 ? "," : "", name);
	}
	CU_ASSERT_EQUAL(choice.count, PROFILE_CHOICE_MAX);
	CU_ASSERT_EQUAL(profile_choose(&set, names.data, NULL, &choice, &err), -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "more than 16 profiles for one pod"));
}

static const struct {
	const char *annotations, *error;
} PARAMETER_ROWS[] = {
	{"{'param.sidewire.io/image': 'x', 'param.sidewire.io/tenant': 'y', 'a': 'b'}", ""},
	{"{'param.sidewire.io/Image': 'x'}",
	 "annotation 'param.sidewire.io/Image': none of the pod's profiles has such a parameter: "
	 "did you mean 'param.sidewire.io/image'?"},
	{"{'param.sidewire.io/': 'x'}",
	 "annotation 'param.sidewire.io/': none of the pod's profiles has such a parameter"},
};

static void test_parameters(void)
{
	CLEANUP(profile_set_release) struct profile_set set = sample_set();
	struct profile_choice choice = {.count = 0};
	struct err err = {0};

	CU_ASSERT_EQUAL_FATAL(profile_choose(&set, "proxy,agent", NULL, &choice, &err), 0);
	for (size_t i = 0; i < sizeof(PARAMETER_ROWS) / sizeof(*PARAMETER_ROWS); i++) {
		json_auto_t *annotations = quoted_json(PARAMETER_ROWS[i].annotations);

		err = (struct err){0};
		int r = profile_choice_check_parameters(&choice, annotations, &err);
		ASSERT_ROW(PARAMETER_ROWS[i].annotations,
			   r == (*PARAMETER_ROWS[i].error == '\0' ? 0 : -EINVAL));
		ASSERT_TEXT(PARAMETER_ROWS[i].annotations, err.msg, PARAMETER_ROWS[i].error);
	}
}

/* "image" of one profile is not "image" of another. */
static void test_parameter_of_two(void)
{
	CLEANUP(profile_set_release) struct profile_set set = sample_set();
	CLEANUP(profile_release)
	struct profile tool = sample_profile(SAMPLE_DOCUMENT(
		"tool", "{'parameters': [{'name': 'image', 'type': 'string', 'default': 'x'}]}"));
	json_auto_t *annotations = quoted_json("{'param.sidewire.io/image': 'y'}");
	struct profile_choice choice = {.count = 0};
	struct err err = {0};

	CU_ASSERT_EQUAL_FATAL(profile_set_add(&set, &tool, &err), 0);
	CU_ASSERT_EQUAL_FATAL(profile_choose(&set, "proxy,tool", NULL, &choice, &err), 0);
	CU_ASSERT_EQUAL(profile_choice_check_parameters(&choice, NULL, &err), 0);
	CU_ASSERT_EQUAL(profile_choice_check_parameters(&choice, annotations, &err), -EINVAL);
	ASSERT_TEXT("message", err.msg,
		    "annotation 'param.sidewire.io/image' could mean profile 'proxy' or profile "
		    "'tool', which both have such a parameter: rename it in one of them");
}

static const struct {
	const char *profile, *annotations, *values, *error;
} VALUE_ROWS[] = {
	{"proxy", "{}", "{'image':'proxy:v1','port':15021}", ""},
	{"proxy", "{'param.sidewire.io/port': '80', 'param.sidewire.io/image': '80'}",
	 "{'image':'80','port':80}", ""},
	{"other", "{'param.sidewire.io/port': '80'}", "{}", ""},
	{"agent", "{'param.sidewire.io/tenant': 't'}", "{'tenant':'t'}", ""},
	{"agent", "{}", "(nothing)",
	 "annotation 'param.sidewire.io/tenant' is missing: it has no default"},
	{"proxy", "{'param.sidewire.io/port': 'http'}", "(nothing)",
	 "annotation 'param.sidewire.io/port': 'http' is not an integer such as 8080"},
};

static void test_values(void)
{
	CLEANUP(profile_set_release) struct profile_set set = sample_set();

	for (size_t i = 0; i < sizeof(VALUE_ROWS) / sizeof(*VALUE_ROWS); i++) {
		const char *name = VALUE_ROWS[i].profile;
		json_auto_t *annotations = quoted_json(VALUE_ROWS[i].annotations);
		json_auto_t *values = NULL;
		struct err err = {0};
		int r = profile_values(profile_set_find(&set, name, strlen(name)), annotations,
				       &values, &err);
		CLEANUP(freep) char *found = quoted_json_text(values);

		ASSERT_ROW(VALUE_ROWS[i].annotations, (r == 0) == (*VALUE_ROWS[i].error == '\0'));
		ASSERT_TEXT(VALUE_ROWS[i].annotations, err.msg, VALUE_ROWS[i].error);
		ASSERT_TEXT(VALUE_ROWS[i].annotations, found, VALUE_ROWS[i].values);
	}
}

static const struct {
	const char *profiles, *key;
	bool is_heeded;
} DEFAULTS[] = {
	{"proxy", "sidewire.io/gate", true},
	{"agent", "sidewire.io/gate", false},
	{"agent,proxy", "sidewire.io/gate", true},
	{"agent", "sidewire.io/profiles", true},
	{"agent", "sidewire.io/misspelt", true},
	{"agent", "param.sidewire.io/tenant", true},
	{"proxy", "param.sidewire.io/tenant", false},
	{"proxy,agent", "param.sidewire.io/tenant", true},
	{"proxy", "param.sidewire.io/misspelt", true},
	{"agent", "param.sidewire.io/misspelt", true},
};

static void test_defaults(void)
{
	CLEANUP(profile_set_release) struct profile_set set = sample_set();

	for (size_t i = 0; i < sizeof(DEFAULTS) / sizeof(*DEFAULTS); i++) {
		const char *key = DEFAULTS[i].key;
		json_auto_t *own = json_pack("{s:s}", key, "x");
		json_auto_t *mine = json_pack("{s:s}", key, "x");
		json_auto_t *defaults = json_pack("{s:s}", key, "x");
		struct profile_choice choice = {.count = 0};
		struct err err = {0};

		CU_ASSERT_EQUAL_FATAL(
			profile_choose(&set, DEFAULTS[i].profiles, NULL, &choice, &err), 0);
		profile_choice_drop_defaults(&choice, &set, NULL, defaults);
		ASSERT_ROW(key, (json_object_size(defaults) == 1) == DEFAULTS[i].is_heeded);
		profile_choice_drop_defaults(&choice, &set, own, mine);
		ASSERT_ROW(key, json_object_size(mine) == 1);
	}
}

static CU_TestInfo tests[] = {
	{"profiles are chosen by annotation or default", test_choose},
	{"who carries out a redirect needs one", test_needs_redirect},
	{"a pod has a largest number of profiles", test_bounds},
	{"parameters that nobody has are refused", test_parameters},
	{"a parameter that two profiles have is nobody's", test_parameter_of_two},
	{"defaults of other profiles are not heeded", test_defaults},
	{"values come from annotations, then from defaults", test_values},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/profile_choice", tests)
