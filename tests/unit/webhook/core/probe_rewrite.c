/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/probe_rewrite.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"
#include "tests/unit/webhook/core/sample_profile.h"

#define PROFILE(probes)                                                                           \
	SAMPLE_DOCUMENT("p", "{'redirect':{'outboundPort':15001,'inboundPort':15006,'container':" \
			     "'proxy','proxy':{'uids':[15099]}" probes                            \
			     "},'pod':{'spec':{'initContainers':[{'name':'proxy'}]}}}")
#define SERVER ",'probes':{'port':15020,'env':'PROBES'}"

#define POD(proxy, containers) \
	"{'spec':{'initContainers':[{'name':'proxy'" proxy "}],'containers':[" containers "]}}"
/* Its JSON has \" in place of ". */
#define ENV(json) ",'env':[{'name':'PROBES','value':'" json "'}]"
#define TO_SIDECAR(path) "'httpGet':{'path':'" path "','port':15020}"
#define REFUSED "annotation 'sidewire.io/probes' is 'rewrite', but "

static const struct {
	const char *name, *pod;
	const char
		*result; /* the pod without the sidecar's list; NULL: the pod itself, or an error */
	const char *told; /* the variable's value, written with '; NULL: there is none */
	const char *error;
} ROWS[] = {
	{"nothing to do", POD("", "{'name':'a','livenessProbe':{'exec':{}}}"), NULL, NULL, ""},
	{"tcp, by a name",
	 POD("", "{'name':'a','ports':[{'name':'web','containerPort':80}],'livenessProbe':{"
		 "'tcpSocket':{'port':'web'},'timeoutSeconds':3,'periodSeconds':4}}"),
	 "[{'name':'a','ports':[{'name':'web','containerPort':80}],'livenessProbe':{"
	 "'timeoutSeconds':3,'periodSeconds':4," TO_SIDECAR("/app-health/a/livez") "}}]",
	 "{'/app-health/a/livez':{'tcpSocket':{'port':80},'timeoutSeconds':3}}", ""},
	{"https with all that it has",
	 POD("", "{'name':'a','readinessProbe':{'httpGet':{'scheme':'HTTPS','host':'b','path':'/c',"
		 "'port':80,'httpHeaders':[{'name':'d','value':'e'}]}}}"),
	 "[{'name':'a','readinessProbe':{" TO_SIDECAR("/app-health/a/readyz") "}}]",
	 "{'/app-health/a/readyz':{'httpGet':{'host':'b','httpHeaders':[{'name':'d','value':'e'}],"
	 "'path':'/c','port':80,'scheme':'HTTPS'}}}",
	 ""},
	{"grpc", POD("", "{'name':'a','startupProbe':{'grpc':{'port':80,'service':''}}}"),
	 "[{'name':'a','startupProbe':{" TO_SIDECAR("/app-health/a/startupz") "}}]",
	 "{'/app-health/a/startupz':{'grpc':{'port':80,'service':''}}}", ""},
	{"handlers",
	 POD("", "{'name':'a','lifecycle':{'postStart':{'httpGet':{'port':80}},'preStop':{"
		 "'httpGet':{'port':81}}}}"),
	 "[{'name':'a','lifecycle':{'postStart':{" TO_SIDECAR(
		 "/app-lifecycle/a/poststartz") "},'preStop':{" TO_SIDECAR("/app-lifecycle/a/"
									   "prestopz") "}}}]",
	 "{'/app-lifecycle/a/poststartz':{'httpGet':{'port':80}},'/app-lifecycle/a/prestopz':{"
	 "'httpGet':{'port':81}}}",
	 ""},
	{"what the kubelet would expand",
	 POD("", "{'name':'a','livenessProbe':{'httpGet':{'path':"
		 "'/$(A)$$','port':80}}}"),
	 "[{'name':'a','livenessProbe':{" TO_SIDECAR("/app-health/a/livez") "}}]",
	 "{'/app-health/a/livez':{'httpGet':{'path':'/\\u0024(A)\\u0024\\u0024','port':80}}}", ""},
	{"beside what the profile or the user tells the sidecar",
	 POD(ENV("{\\\"/x\\\":{}}"), "{'name':'a','livenessProbe':{'grpc':{'port':80}}}"),
	 "[{'name':'a','livenessProbe':{" TO_SIDECAR("/app-health/a/livez") "}}]",
	 "{'/app-health/a/livez':{'grpc':{'port':80}},'/x':{}}", ""},
	{"a container that came later",
	 POD(ENV("{\\\"/app-health/a/livez\\\":{}}"),
	     "{'name':'a','livenessProbe':{" TO_SIDECAR(
		     "/app-health/a/livez") "}},{'name':'b',"
					    "'livenessProbe':{'grpc':{'port':80}}}"),
	 "[{'name':'a','livenessProbe':{" TO_SIDECAR(
		 "/app-health/a/livez") "}},{'name':'b',"
					"'livenessProbe':{" TO_SIDECAR("/app-health/b/livez") "}}]",
	 "{'/app-health/a/livez':{},'/app-health/b/livez':{'grpc':{'port':80}}}", ""},
	{"the sidecar's own probes", POD(",'livenessProbe':{'grpc':{'port':80}}", ""), NULL, NULL,
	 ""},
	{"another host at the sidecar's number",
	 POD("", "{'name':'a','livenessProbe':{'tcpSocket':{'host':'b','port':15020}}}"),
	 "[{'name':'a','livenessProbe':{" TO_SIDECAR("/app-health/a/livez") "}}]",
	 "{'/app-health/a/livez':{'tcpSocket':{'host':'b','port':15020}}}", ""},
	{"a name of no port", POD("", "{'name':'a','livenessProbe':{'tcpSocket':{'port':'web'}}}"),
	 NULL, NULL,
	 REFUSED "the livenessProbe of container 'a' has a port that is no number, nor the name of "
		 "one of the container's ports"},
	{"the sidecar's port", POD("", "{'name':'a','livenessProbe':{'tcpSocket':{'port':15020}}}"),
	 NULL, NULL,
	 REFUSED "the livenessProbe of container 'a' asks the sidecar's own port for probes"},
	{"changed before, by whomever",
	 POD("", "{'name':'a','livenessProbe':{" TO_SIDECAR("/app-health/a/livez") "}}"), NULL,
	 NULL,
	 REFUSED "the livenessProbe of container 'a' is one that was changed before, and the "
		 "sidecar does not know what it was"},
	{"the path of another is no sign",
	 POD("", "{'name':'a','livenessProbe':{" TO_SIDECAR("/app-health/b/livez") "}}"), NULL,
	 NULL, REFUSED "the livenessProbe of container 'a' asks the sidecar's own port for probes"},
	{"a variable that is no JSON", POD(ENV("x"), "{'name':'a'}"), NULL, NULL,
	 REFUSED "container 'proxy' has a variable PROBES of its own that holds no JSON object: "
		 "take it away"},
	{"a variable from elsewhere", POD(",'env':[{'name':'PROBES','valueFrom':{}}]", ""), NULL,
	 NULL,
	 REFUSED "container 'proxy' has a variable PROBES of its own that holds no JSON object: "
		 "take it away"},
	{"no sidecar", "{'spec':{'containers':[{'name':'a'}]}}", NULL, NULL,
	 REFUSED "the pod has no container 'proxy' to answer"},
	{"variables that are no list",
	 POD(",'env':{}", "{'name':'a','livenessProbe':{'grpc':{'port':80}}}"), NULL, NULL,
	 "'env' must be an array, found object"},
};

static json_t *at(const json_t *pod, const char *list)
{
	return json_object_get(json_object_get(pod, "spec"), list);
}

/* The value of the sidecar's variable, " written as '. The caller frees it. */
static char *told(const json_t *pod)
{
	json_t *sidecar = json_array_get(at(pod, "initContainers"), 0);
	json_t *variable = json_array_get(json_object_get(sidecar, "env"), 0);
	const char *value = json_string_value(json_object_get(variable, "value"));
	char *text = strdup(value != NULL ? value : "(nothing)");

	for (char *c = text; c != NULL && *c != '\0'; c++) {
		if (*c == '"')
			*c = '\'';
	}
	return text;
}

static void check_result(size_t row, const json_t *pod, const json_t *result)
{
	CLEANUP(freep) char *found = quoted_json_text(at(result, "containers"));
	CLEANUP(freep) char *original = quoted_json_text(at(pod, "containers"));
	CLEANUP(freep) char *value = told(result);

	ASSERT_ROW(ROWS[row].name, (result == pod) == (ROWS[row].result == NULL));
	ASSERT_TEXT(ROWS[row].name, found, ROWS[row].result != NULL ? ROWS[row].result : original);
	ASSERT_TEXT(ROWS[row].name, value, ROWS[row].told != NULL ? ROWS[row].told : "(nothing)");
}

static void test_apply(void)
{
	CLEANUP(profile_release) struct profile profile = sample_profile(PROFILE(SERVER));

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		CLEANUP(redirect_spec_release) struct redirect_spec spec = {0};
		json_auto_t *pod = quoted_json(ROWS[i].pod);
		json_auto_t *untouched = json_deep_copy(pod);
		json_auto_t *result = NULL;
		json_auto_t *again = NULL;
		struct err err = {0};
		int r = probe_rewrite_apply(pod, &profile, &spec, &result, &err);

		ASSERT_ROW(ROWS[i].name, r == (*ROWS[i].error == '\0' ? 0 : -EINVAL));
		ASSERT_TEXT(ROWS[i].name, err.msg, ROWS[i].error);
		ASSERT_ROW(ROWS[i].name, json_equal(pod, untouched));
		if (r < 0)
			continue;
		check_result(i, pod, result);
		ASSERT_ROW(ROWS[i].name, range_list_contains(&spec.exclude_inbound_ports, 15020));
		ASSERT_ROW(ROWS[i].name,
			   probe_rewrite_apply(result, &profile, &spec, &again, &err) == 0);
		ASSERT_ROW(ROWS[i].name, again == result);
	}
}

static void test_no_server(void)
{
	CLEANUP(profile_release) struct profile profile = sample_profile(PROFILE(""));
	json_auto_t *pod = quoted_json(POD("", "{'name':'a'}"));
	struct redirect_spec spec = {0};
	json_t *result = NULL;
	struct err err = {0};

	CU_ASSERT_EQUAL(probe_rewrite_apply(pod, &profile, &spec, &result, &err), -EINVAL);
	ASSERT_TEXT("message", err.msg,
		    REFUSED "profile 'p' has no server for probes (spec.redirect.probes): expected "
			    "auto, keep, exec or exempt");
}

/* Longer than the kernel takes it. */
static void test_too_long(void)
{
	CLEANUP(profile_release) struct profile profile = sample_profile(PROFILE(SERVER));
	CLEANUP(redirect_spec_release) struct redirect_spec spec = {0};
	CLEANUP(strbuf_release) struct strbuf path = STRBUF_INIT;
	json_auto_t *pod =
		quoted_json(POD("", "{'name':'a','livenessProbe':{'httpGet':{'port':80}}}"));
	json_t *probe = json_object_get(json_array_get(at(pod, "containers"), 0), "livenessProbe");
	json_auto_t *result = NULL;
	struct err err = {0};

	/* PROBES={"/app-health/a/livez":{"httpGet":{"path":"PATH","port":80}}} and a NUL */
	for (size_t i = 0; i < PROBE_REWRITE_SIZE_MAX - 65; i++)
		strbuf_puts(&path, "x");
	json_object_set_new(json_object_get(probe, "httpGet"), "path", json_string(path.data));
	CU_ASSERT_EQUAL(probe_rewrite_apply(pod, &profile, &spec, &result, &err), 0);
	json_decref(result);
	result = NULL;
	strbuf_puts(&path, "x");
	json_object_set_new(json_object_get(probe, "httpGet"), "path", json_string(path.data));
	CU_ASSERT_EQUAL(probe_rewrite_apply(pod, &profile, &spec, &result, &err), -E2BIG);
	ASSERT_TEXT("message", err.msg,
		    REFUSED "the probes are 131065 bytes for the sidecar's variable, which has "
			    "room for 131072");
}

struct sweep {
	const struct profile *profile;
	json_t *pod;
};

static int make(const void *input, char **ret_outcome, struct err *err)
{
	const struct sweep *sweep = input;
	CLEANUP(redirect_spec_release) struct redirect_spec spec = {0};
	json_auto_t *result = NULL;
	int r = probe_rewrite_apply(sweep->pod, sweep->profile, &spec, &result, err);

	return r == 0 ? alloc_fail_outcome(result, ret_outcome, err) : r;
}

static void test_out_of_memory(void)
{
	CLEANUP(profile_release) struct profile profile = sample_profile(PROFILE(SERVER));

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		json_auto_t *pod = quoted_json(ROWS[i].pod);
		const struct sweep sweep = {&profile, pod};

		if (ROWS[i].result != NULL)
			alloc_fail_sweep_outcome(ROWS[i].name, make, &sweep);
	}
}

static CU_TestInfo tests[] = {
	{"probes and handlers are handed over, once", test_apply},
	{"a profile without a server", test_no_server},
	{"a variable that the kernel would refuse", test_too_long},
	{"memory may end anywhere", test_out_of_memory},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/probe_rewrite", tests)
