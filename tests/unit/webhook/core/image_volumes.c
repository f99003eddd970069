/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/image_volumes.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"

#define NODE(name, system, kubelet, runtime)                                               \
	"{'metadata':{'name':'" name "'},'status':{'nodeInfo':{'operatingSystem':'" system \
	"','kubeletVersion':'" kubelet "','containerRuntimeVersion':'" runtime "'}}}"
#define LINUX(name, kubelet, runtime) NODE(name, "linux", kubelet, runtime)

static const struct {
	const char *nodes;
	enum image_volumes answer;
	const char *example;
} ROWS[] = {
	{"[]", IMAGE_VOLUMES_UNKNOWN, ""},
	{"[" LINUX("a", "v1.35.0", "containerd://2.1.0") "]", IMAGE_VOLUMES_YES, ""},
	{"[" LINUX("a", "v1.35.0", "cri-o://1.31.0") "]", IMAGE_VOLUMES_YES, ""},
	{"[" LINUX("a", "v1.36.1-gke.1", "containerd://v3.0.0-rc.1") "]", IMAGE_VOLUMES_YES, ""},
	{"[" LINUX("a", "v1.34.9", "containerd://2.1.0") "]", IMAGE_VOLUMES_NO,
	 "node 'a' has kubelet 'v1.34.9' and 'containerd://2.1.0'"},
	{"[" LINUX("a", "v1.35.0", "containerd://2.0.7") "]", IMAGE_VOLUMES_NO,
	 "node 'a' has kubelet 'v1.35.0' and 'containerd://2.0.7'"},
	{"[" LINUX("a", "v1.35.0", "cri-o://1.30.9") "]", IMAGE_VOLUMES_NO,
	 "node 'a' has kubelet 'v1.35.0' and 'cri-o://1.30.9'"},
	{"[" LINUX("a", "v1.35.0", "docker://29.0.0") "]", IMAGE_VOLUMES_UNKNOWN,
	 "node 'a' has kubelet 'v1.35.0' and 'docker://29.0.0'"},
	{"[" LINUX("a", "v1.34.0", "docker://29.0.0") "]", IMAGE_VOLUMES_NO,
	 "node 'a' has kubelet 'v1.34.0' and 'docker://29.0.0'"},
	{"[" LINUX("a", "", "containerd://2.1.0") "]", IMAGE_VOLUMES_UNKNOWN,
	 "node 'a' has kubelet '' and 'containerd://2.1.0'"},
	{"[{}]", IMAGE_VOLUMES_UNKNOWN, "node '' has kubelet '' and ''"},
	{"[" LINUX("a", "v1.35.0", "containerd://2.1.0") "," LINUX("b", "v1.35.0",
								   "containerd://1.7.2") "]",
	 IMAGE_VOLUMES_NO, "node 'b' has kubelet 'v1.35.0' and 'containerd://1.7.2'"},
	{"[" LINUX("a", "x", "x") "," LINUX("b", "v1.33.0", "x") "," LINUX("c", "v1.33.0", "x") "]",
	 IMAGE_VOLUMES_NO, "node 'b' has kubelet 'v1.33.0' and 'x'"},
	{"[" NODE("w", "windows", "v1.33.0", "containerd://1.7.2") "]", IMAGE_VOLUMES_UNKNOWN, ""},
	{"[" NODE("w", "windows", "v1.33.0",
		  "containerd://1.7.2") "," LINUX("a", "v1.35.0", "containerd://2.1.0") "]",
	 IMAGE_VOLUMES_YES, ""},
};

static void test_survey(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		json_auto_t *nodes = quoted_json(ROWS[i].nodes);
		struct image_volumes_survey survey = {.nodes = 0};

		image_volumes_survey_add(&survey, nodes);
		ASSERT_ROW(ROWS[i].nodes, image_volumes_answer(&survey) == ROWS[i].answer);
		ASSERT_TEXT(ROWS[i].nodes, survey.example, ROWS[i].example);
	}
}

/* As a list comes in pages. */
static void test_pages(void)
{
	json_auto_t *able = quoted_json("[" LINUX("a", "v1.35.0", "containerd://2.1.0") "]");
	json_auto_t *unable = quoted_json("[" LINUX("b", "v1.35.0", "containerd://1.7.2") "]");
	struct image_volumes_survey survey = {.nodes = 0};

	image_volumes_survey_add(&survey, able);
	image_volumes_survey_add(&survey, unable);
	image_volumes_survey_add(&survey, able);
	image_volumes_survey_add(&survey, NULL);
	CU_ASSERT_EQUAL(survey.nodes, 3);
	CU_ASSERT_EQUAL(image_volumes_answer(&survey), IMAGE_VOLUMES_NO);
}

static void test_names(void)
{
	enum image_volumes answer = IMAGE_VOLUMES_UNKNOWN;
	struct err err = {0};

	CU_ASSERT_EQUAL(image_volumes_parse("unknown", &answer, &err), -EINVAL);
	ASSERT_TEXT("message", err.msg, "'unknown' is not yes or no");
	CU_ASSERT_EQUAL(answer, IMAGE_VOLUMES_UNKNOWN);
	CU_ASSERT_EQUAL(image_volumes_parse("yes", &answer, &err), 0);
	CU_ASSERT_EQUAL(answer, IMAGE_VOLUMES_YES);
	CU_ASSERT_EQUAL(image_volumes_parse("no", &answer, &err), 0);
	CU_ASSERT_EQUAL(answer, IMAGE_VOLUMES_NO);
	CU_ASSERT_STRING_EQUAL(image_volumes_name(IMAGE_VOLUMES_YES), "yes");
	CU_ASSERT_STRING_EQUAL(image_volumes_name(IMAGE_VOLUMES_UNKNOWN), "unknown");
}

static CU_TestInfo tests[] = {
	{"which nodes can", test_survey},
	{"several pages of nodes", test_pages},
	{"the answers' names", test_names},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/image_volumes", tests)
