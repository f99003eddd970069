/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/probe_adapt.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"
#include "tests/unit/webhook/core/sample_profile.h"

#define VALUE(mode) "{'sidewire.io/probes':'" mode "'}"

static const struct {
	const char *annotations;
	enum probe_mode mode;
	const char *error;
} READS[] = {
	{"{}", PROBE_MODE_AUTO, ""},
	{VALUE("auto"), PROBE_MODE_AUTO, ""},
	{VALUE("keep"), PROBE_MODE_KEEP, ""},
	{VALUE("exec"), PROBE_MODE_EXEC, ""},
	{VALUE("exempt"), PROBE_MODE_EXEMPT, ""},
	{VALUE("rewrite"), PROBE_MODE_REWRITE, ""},
	{VALUE("Auto"), PROBE_MODE_AUTO,
	 "annotation 'sidewire.io/probes' is 'Auto', expected auto, keep, exec, exempt or rewrite"},
};

static void test_read(void)
{
	for (size_t i = 0; i < sizeof(READS) / sizeof(*READS); i++) {
		json_auto_t *annotations = quoted_json(READS[i].annotations);
		enum probe_mode mode = PROBE_MODE_AUTO;
		struct err err = {0};
		int r = probe_mode_read(annotations, &mode, &err);

		ASSERT_ROW(READS[i].annotations, r == (*READS[i].error == '\0' ? 0 : -EINVAL));
		ASSERT_ROW(READS[i].annotations, mode == READS[i].mode);
		ASSERT_TEXT(READS[i].annotations, err.msg, READS[i].error);
	}
}

/* The form of the probe that each mode leaves behind, and whether the port is excluded. */
static const struct {
	const char *name;
	enum probe_mode mode;
	enum redirect_mode redirect;
	const char *form;
	bool is_excluded;
	enum image_volumes image_volumes;
} ROWS[] = {
	{"auto", PROBE_MODE_AUTO, REDIRECT_MODE_REDIRECT, "exec", false, IMAGE_VOLUMES_YES},
	{"keep", PROBE_MODE_KEEP, REDIRECT_MODE_REDIRECT, "tcpSocket", false, IMAGE_VOLUMES_YES},
	{"exec", PROBE_MODE_EXEC, REDIRECT_MODE_REDIRECT, "exec", false, IMAGE_VOLUMES_YES},
	{"exec on the user's word", PROBE_MODE_EXEC, REDIRECT_MODE_REDIRECT, "exec", false,
	 IMAGE_VOLUMES_UNKNOWN},
	{"auto where nobody knows", PROBE_MODE_AUTO, REDIRECT_MODE_REDIRECT, "tcpSocket", false,
	 IMAGE_VOLUMES_UNKNOWN},
	{"exempt", PROBE_MODE_EXEMPT, REDIRECT_MODE_REDIRECT, "tcpSocket", true, IMAGE_VOLUMES_YES},
	{"rewrite", PROBE_MODE_REWRITE, REDIRECT_MODE_REDIRECT, "httpGet", false,
	 IMAGE_VOLUMES_YES},
	{"without a redirect", PROBE_MODE_REWRITE, REDIRECT_MODE_NONE, "tcpSocket", false,
	 IMAGE_VOLUMES_YES},
};

static void test_adapt(void)
{
	CLEANUP(profile_release)
	struct profile profile = sample_profile(SAMPLE_DOCUMENT(
		"p", "{'redirect':{'outboundPort':15001,'inboundPort':15006,'container':'proxy',"
		     "'proxy':{'uids':[15099]},'probes':{'port':15020,'env':'P'}},'pod':{'spec':{"
		     "'containers':[{'name':'proxy'}]}}}"));
	json_auto_t *pod = quoted_json("{'spec':{'containers':[{'name':'a','livenessProbe':{"
				       "'tcpSocket':{'port':80}}},{'name':'proxy'}]}}");
	struct range included = {80, 80};

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		const struct probe_request request = {ROWS[i].mode, &profile, "gate:1",
						      ROWS[i].image_volumes};
		struct redirect_spec spec = {.mode = ROWS[i].redirect};
		json_auto_t *result = NULL;
		struct err err = {0};

		spec.include_inbound_ports = (struct range_list){&included, 1};
		ASSERT_ROW(ROWS[i].name, probe_adapt(pod, &request, &spec, &result, &err) == 0);
		json_t *containers = json_object_get(json_object_get(result, "spec"), "containers");
		json_t *probe = json_object_get(json_array_get(containers, 0), "livenessProbe");
		ASSERT_ROW(ROWS[i].name, json_object_size(probe) == 1);
		ASSERT_ROW(ROWS[i].name, json_object_get(probe, ROWS[i].form) != NULL);
		ASSERT_ROW(ROWS[i].name, range_list_contains(&spec.exclude_inbound_ports, 80) ==
						 ROWS[i].is_excluded);
		range_list_release(&spec.exclude_inbound_ports);
	}
}

static CU_TestInfo tests[] = {
	{"the annotation", test_read},
	{"what each mode does", test_adapt},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/probe_adapt", tests)
