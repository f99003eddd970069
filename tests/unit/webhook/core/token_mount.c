/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/token_mount.h"

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"

struct row {
	const char *name;
	const char *original;
	const char *merged;
	const char *expected; /* NULL: the merged pod itself */
};

#define PLACE "'mountPath':'/var/run/secrets/kubernetes.io/serviceaccount'"
#define TOKEN "{'name':'kube-api-access-x2k9q','readOnly':true," PLACE "}"
#define LOGS "{'name':'logs','mountPath':'/logs'}"
#define ALSO "{'name':'logs'," PLACE "}"
#define POD(containers, init) "{'spec':{'containers':[" containers "],'initContainers':[" init "]}}"
#define APP(mounts) "{'name':'app','volumeMounts':[" mounts "]}"
#define PROXY(mounts) "{'name':'proxy','volumeMounts':[" mounts "]}"

static const struct row ROWS[] = {
	{"added to both lists", POD(APP(TOKEN), ""), POD(APP(TOKEN) ",{'name':'b'}", PROXY(LOGS)),
	 POD(APP(TOKEN) ",{'name':'b','volumeMounts':[" TOKEN "]}", PROXY(LOGS "," TOKEN))},
	{"the mount is an init container's", POD("", APP(LOGS "," TOKEN)),
	 POD("", APP(LOGS "," TOKEN) "," PROXY("")), POD("", APP(LOGS "," TOKEN) "," PROXY(TOKEN))},
	{"something is there already", POD(APP(TOKEN), ""), POD(APP(TOKEN), PROXY(ALSO)), NULL},
	{"its volume is there already", POD(APP(TOKEN), ""),
	 POD(APP(TOKEN), PROXY("{'name':'kube-api-access-x2k9q'," PLACE "}")), NULL},
	{"nothing was added", POD(APP(TOKEN) ",{'name':'b'}", ""),
	 POD(APP(TOKEN) ",{'name':'b'}", ""), NULL},
	{"the pod has no token", POD(APP(LOGS), ""), POD(APP(LOGS), PROXY("")), NULL},
	{"what is there is not the API server's", POD(APP(ALSO), ""), POD(APP(ALSO), PROXY("")),
	 NULL},
	{"elsewhere it is no token",
	 POD(APP("{'name':'kube-api-access-x2k9q','mountPath':'/mine'}"), ""),
	 POD(APP("{'name':'kube-api-access-x2k9q','mountPath':'/mine'}"), PROXY("")), NULL},
	{"strange mounts", POD(APP("1,{},{" PLACE "},{'name':1," PLACE "}"), ""),
	 POD(APP("1,{},{" PLACE "},{'name':1," PLACE "}"), PROXY("")), NULL},
	{"mounts of another shape", POD("{'name':'app','volumeMounts':{}}", ""),
	 POD("{'name':'app','volumeMounts':{}}", PROXY("")), NULL},
	{"no lists", "{}", POD("", PROXY("")), NULL},
};

static void test_rows(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		const struct row *row = &ROWS[i];
		json_auto_t *original = quoted_json(row->original);
		json_auto_t *merged = quoted_json(row->merged);
		json_auto_t *added = NULL;
		struct err err = {0};

		ASSERT_ROW(row->name, token_mount_add(original, merged, &added, &err) == 0);
		ASSERT_ROW(row->name, (added == merged) == (row->expected == NULL));
		CLEANUP(freep) char *text = quoted_json_text(added);
		ASSERT_TEXT(row->name, text, row->expected != NULL ? row->expected : row->merged);
		CLEANUP(freep) char *merged_text = quoted_json_text(merged);
		ASSERT_TEXT(row->name, merged_text, row->merged);
	}
}

static int make(const void *input, char **ret_outcome, struct err *err)
{
	json_auto_t *added = NULL;
	const json_t *pods = input;
	int r = token_mount_add(json_array_get(pods, 0), json_array_get(pods, 1), &added, err);

	return r == 0 ? alloc_fail_outcome(added, ret_outcome, err) : r;
}

static void test_out_of_memory(void)
{
	json_auto_t *pods = quoted_json(
		"[" POD(APP(TOKEN), "") "," POD(APP(TOKEN) ",{'name':'b'}", PROXY(LOGS)) "]");

	alloc_fail_sweep_outcome("token", make, pods);
}

static CU_TestInfo tests[] = {
	{"the token of added containers", test_rows},
	{"out of memory", test_out_of_memory},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/token_mount", tests)
