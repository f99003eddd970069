/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole reviews while memory ends; what is answered otherwise, tests/webhook asks the program. */
#include "webhook/io/admission_handler.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/kept_log.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"
#include "tests/unit/webhook/core/sample_profile.h"

struct sweep {
	struct admission_handler *handler;
	const char *body;
};

/* The answer's body, if it is one to a review, which is logged. Without memory it is 503, and
 * nothing else. */
static int make(const void *input, char **ret_outcome, struct err *err)
{
	const struct sweep *sweep = input;
	struct http_wait wait = {.begun_ns = 0};
	const struct http_request request = {.path = "/mutate/enabled",
					     .body = sweep->body,
					     .body_length = strlen(sweep->body),
					     .wait = &wait};
	struct http_reply reply = {0};

	kept_log_begin();
	admission_answer_enabled(sweep->handler, &request, &reply);
	CU_ASSERT_EQUAL(kept_log_end(), reply.status == 200);
	if (reply.status == 200) {
		*ret_outcome = reply.body;
		return 0;
	}
	CU_ASSERT_EQUAL(reply.status, 503);
	CU_ASSERT(reply.body == NULL || strstr(reply.body, "out of memory") != NULL);
	free(reply.body);
	return err_set(err, ENOMEM, "out of memory");
}

#define REVIEW(object)                                                                       \
	"{'apiVersion':'admission.k8s.io/v1','kind':'AdmissionReview','request':{'uid':'u'," \
	"'operation':'CREATE','namespace':'shop','resource':{'group':'','version':'v1',"     \
	"'resource':'pods'},'object':" object "}}"
#define POD(annotations, spec) "{'metadata':{'annotations':{" annotations "}},'spec':{" spec "}}"

static const struct {
	const char *name, *body;
} ROWS[] = {
	{"a pod",
	 REVIEW(POD("'a':'b'", "'containers':[{'name':'app','image':'app:1','livenessProbe'"
			       ":{'tcpSocket':{'port':80}},'x':{'y':[1,2.5,null]}}],"
			       "'initContainers':[{'name':'first'}],'volumes':[]"))},
	{"an exec gate and an override",
	 REVIEW(POD("'sidewire.io/gate':'exec','sidewire.io/exclude-uids':'7'",
		    "'containers':[{'name':'app'}],'initContainers':[{'name':'proxy','image':"
		    "'auto'}]"))},
	{"denied", REVIEW(POD("'sidewire.io/exclude-uids':'x'", "'containers':[{'name':'app'}]"))},
	{"an unknown profile", REVIEW(POD("'sidewire.io/profiles':'x'", ""))},
	{"a bad parameter", REVIEW(POD("'param.sidewire.io/port':'x'", ""))},
	{"skipped", REVIEW(POD("", "'hostNetwork':true"))},
};

static void test_out_of_memory(void)
{
	CLEANUP(profile_slot_release) struct profile_slot slot = {0};
	CLEANUP(metrics_freep) struct metrics *metrics = NULL;
	struct profile_set set = sample_set();
	struct err err = {0};

	CU_ASSERT_EQUAL_FATAL(profile_slot_init(&slot, &err), 0);
	CU_ASSERT_EQUAL_FATAL(profile_slot_replace(&slot, &set, &err), 0);
	CU_ASSERT_EQUAL_FATAL(metrics_new(&metrics, &err), 0);
	struct admission_handler handler = {.profiles = &slot,
					    .default_profiles = "proxy",
					    .gate_image = "gate:1",
					    .image_volumes = IMAGE_VOLUMES_YES,
					    .own_namespace = "sidewire-system",
					    .metrics = metrics};
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		json_auto_t *review = quoted_json(ROWS[i].body);
		CLEANUP(freep) char *body = json_dumps(review, 0);
		const struct sweep sweep = {&handler, body};

		alloc_fail_sweep_outcome(ROWS[i].name, make, &sweep);
	}
}

static CU_TestInfo tests[] = {
	{"memory may end anywhere in a review", test_out_of_memory},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/io/admission_handler", tests)
