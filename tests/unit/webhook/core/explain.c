/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/explain.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"
#include "tests/unit/webhook/core/sample_profile.h"
#include "webhook/core/explain_patch.h"

static const struct inject_options OPTIONS = {.default_profiles = "proxy"};

static struct inject_question question_of(json_t *pod)
{
	return (struct inject_question){.operation = "CREATE",
					.resource = "pods",
					.subresource = "",
					.namespace_name = "shop",
					.namespace_label = "enabled",
					.own_namespace = "ours",
					.pod = pod};
}

/* The explanation of a pod. The caller frees it. */
static char *explained(const char *text, const char *namespace_label, json_t *of_namespace)
{
	CLEANUP(profile_set_release) struct profile_set set = sample_set();
	CLEANUP(inject_result_release) struct inject_result result = {0};
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	json_auto_t *pod = quoted_json(text);
	struct inject_question question = question_of(pod);
	struct err err = {0};
	char *explanation = NULL;

	question.namespace_label = namespace_label;
	question.namespace_annotations = of_namespace;
	CU_ASSERT_EQUAL_FATAL(explain(&question, &set, &OPTIONS, &out, &result, &err), 0);
	CU_ASSERT_EQUAL_FATAL(strbuf_finish(&out, &explanation, &err), 0);
	return explanation;
}

/* Asserts that the explanation has the line; blanks within count once. */
static void check_line(const char *explanation, const char *line)
{
	CLEANUP(strbuf_release) struct strbuf squeezed = STRBUF_INIT;

	for (const char *c = explanation; *c != '\0'; c++) {
		if (*c != ' ' || c[1] != ' ')
			strbuf_append(&squeezed, c, 1);
	}
	ASSERT_ROW(line, strstr(squeezed.data, line) != NULL);
}

static void test_decisions(void)
{
	CLEANUP(freep) char *skipped = explained("{'spec':{'hostNetwork':true}}", "enabled", NULL);
	CLEANUP(freep) char *not_asked = explained("{'spec':{}}", NULL, NULL);
	CLEANUP(freep)
	char *denied = explained("{'metadata':{'annotations':{'sidewire.io/gate':'x'}},'spec':{}}",
				 "enabled", NULL);

	check_line(skipped, " 2 mirror pod no\n 3 host network skip (HostNetwork): ");
	CU_ASSERT_PTR_NULL(strstr(skipped, "Windows"));
	check_line(skipped, "Warning: not injected: the pod has hostNetwork");
	check_line(not_asked, " 8 enabled namespace skip (NotAsked): neither");
	CU_ASSERT_PTR_NULL(strstr(not_asked, "Values"));
	check_line(denied, " 8 enabled namespace inject (NamespaceEnabled): ");
	check_line(denied, "Refused (BadAnnotation): annotation 'sidewire.io/gate' is 'x'");
	CU_ASSERT_PTR_NULL(strstr(denied, "Values"));
}

static void test_values(void)
{
	json_auto_t *of_namespace = quoted_json("{'sidewire.io/exclude-inbound-ports':'90',"
						"'sidewire.io/gate':'none',"
						"'sidewire.io/include-outbound-ports':'443',"
						"'param.sidewire.io/port':'7'}");
	CLEANUP(freep)
	char *text = explained(
		"{'metadata':{'annotations':{'sidewire.io/gate':'probe',"
		"'param.sidewire.io/image':'p:2','sidewire.io/exclude-uids':'5'}},'spec':{}}",
		"enabled", of_namespace);
	CLEANUP(freep)
	char *none = explained(
		"{'metadata':{'annotations':{'sidewire.io/redirect-mode':'none'}},'spec':{}}",
		"enabled", NULL);

	check_line(text, " profiles default proxy\n redirect-mode profile redirect\n");
	check_line(text, " include-inbound-ports default 1-65535\n");
	check_line(text, " exclude-inbound-ports profile, namespace 90,15021\n");
	check_line(text, " include-outbound-ports namespace 443\n");
	check_line(text, " exclude-outbound-cidrs default none\n exclude-uids pod 5\n");
	check_line(text, " gate pod probe\n");
	check_line(text,
		   " param.sidewire.io/image pod \"p:2\"\n param.sidewire.io/port namespace 7\n");
	check_line(text, "Adds\n");
	check_line(text, " probes default auto\n");
	check_line(none, " redirect-mode pod none\n gate profile none\n");
}

static void test_values_of_all_modes(void)
{
	CLEANUP(freep) char *plain = explained("{'spec':{}}", "enabled", NULL);
	CLEANUP(freep)
	char *text = explained("{'metadata':{'annotations':{'sidewire.io/profiles':'tproxy',"
			       "'sidewire.io/exclude-interfaces':'net2',"
			       "'sidewire.io/port-map':'80:1'}},'spec':{}}",
			       "enabled", NULL);
	CLEANUP(freep)
	char *less = explained("{'metadata':{'annotations':{'sidewire.io/dns-capture':'false',"
			       "'sidewire.io/drop-invalid':'true'}},'spec':{}}",
			       "enabled", NULL);

	CU_ASSERT_PTR_NULL(strstr(plain, "interfaces"));
	CU_ASSERT_PTR_NULL(strstr(plain, "dns-capture"));
	check_line(text, " redirect-mode profile tproxy\n");
	check_line(text, " exclude-interfaces profile, pod net1,net2\n"
			 " reroute-interfaces profile k6t-eth0\n"
			 " port-map profile, pod 80:1,12220:15003\n"
			 " dns-capture profile true: to port 15053 what is for 10.96.0.10\n"
			 " drop-invalid profile true\n non-tcp profile reject-quic\n gate ");
	check_line(less, " port-map default none\n dns-capture pod false\n"
			 " drop-invalid pod true\n gate ");
}

/* Ports of the redirect document that are there because of probes; defaults for other pods. */
static void test_probes(void)
{
	static const char POD[] =
		"{'metadata':{'annotations':{'sidewire.io/exclude-inbound-ports':'90'}},'spec':{"
		"'containers':[{'name':'app','readinessProbe':{'httpGet':{'port':8086}}}]}}";
	json_auto_t *of_namespace =
		quoted_json("{'sidewire.io/probes':'exempt','param.sidewire.io/tenant':'t'}");
	CLEANUP(freep) char *text = explained(POD, "enabled", of_namespace);
	CLEANUP(freep)
	char *bare = explained("{'spec':{'containers':[{'name':'app','readinessProbe':{'httpGet':{"
			       "'port':8086}}}]}}",
			       "enabled", of_namespace);

	check_line(text, " exclude-inbound-ports profile, pod, probes 90,8086,15021\n");
	check_line(text, " probes namespace exempt\n");
	CU_ASSERT_PTR_NULL(strstr(text, "tenant"));
	check_line(bare, " exclude-inbound-ports profile, probes 8086,15021\n");
}

static void test_injected_already(void)
{
	CLEANUP(profile_set_release) struct profile_set set = sample_set();
	json_auto_t *pod = quoted_json("{'spec':{}}");
	const struct inject_question question = question_of(pod);
	CLEANUP(inject_result_release) struct inject_result first = {0};
	struct err err = {0};

	CU_ASSERT_EQUAL_FATAL(inject(&question, &set, &OPTIONS, &first, &err), 0);
	CLEANUP(freep) char *injected = json_dumps(first.pod, 0);
	/* quoted_json() takes double quotes as well. */
	CLEANUP(freep) char *text = explained(injected, "enabled", NULL);
	check_line(text, "Adds nothing: it is injected already\n");
}

static void test_patch(void)
{
	json_auto_t *patch =
		quoted_json("[{'op':'add','path':'/metadata','value':{'labels':{'a/"
			    "b':'c'},'annotations':{},'x':5}},"
			    "{'op':'add','path':'/metadata/annotations/d~1e~0','value':'f'},"
			    "{'op':'replace','path':'/spec/containers/10/image','value':'g:1'},"
			    "{'op':'remove','path':'/spec/x'},"
			    "{'op':'add','path':'/spec/"
			    "initContainers','value':[{'name':'p','image':'i'},{'name':'q'}]},"
			    "{'op':'add','path':'/spec/volumes/"
			    "0','value':{'name':'v','image':{'reference':'r'}}},"
			    "{'op':'add','path':'/spec/"
			    "l','value':['\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
			    "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82"
			    "\xac\xe2\x82\xac"
			    "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82"
			    "\xac\xe2\x82\xac"
			    "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac']}]");
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;

	explain_patch(patch, &out);
	ASSERT_TEXT("patch", out.data,
		    "  + metadata.labels.a/b: c\n"
		    "  + metadata.annotations: {}\n"
		    "  + metadata.x: 5\n"
		    "  + metadata.annotations.d/e~: f\n"
		    "  ~ spec.containers[10].image: g:1\n"
		    "  - spec.x\n"
		    "  + spec.initContainers: p, image i\n"
		    "  + spec.initContainers: q\n"
		    "  + spec.volumes[0]: v, image {\"reference\":\"r\"}\n"
		    "  + spec.l: [\"\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
		    "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
		    "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
		    "\xe2\x82\xac\xe2\x82\xac...\n");
}

/* What an annotation may hold, and a terminal obeys. */
static void test_control_characters(void)
{
	json_auto_t *patch = quoted_json(
		"[{'op':'add','path':'/metadata/annotations/x','value':'a\\nb'},"
		"{'op':'add','path':'/metadata/annotations/y','value':'\\u001b[31m'},"
		"{'op':'add','path':'/metadata/annotations/z','value':'\\u009b31m'},"
		"{'op':'add','path':'/spec/volumes/0','value':{'name':'\\r','emptyDir':{}}},"
		"{'op':'add','path':'/spec/l','value':{'m':'\\u009b\xe2\x82\xac'}}]");
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;

	explain_patch(patch, &out);
	ASSERT_TEXT("patch", out.data,
		    "  + metadata.annotations.x: \"a\\nb\"\n"
		    "  + metadata.annotations.y: \"\\u001B[31m\"\n"
		    "  + metadata.annotations.z: \"\\u009B31m\"\n"
		    "  + spec.volumes[0]: \"\\r\", emptyDir {}\n"
		    "  + spec.l: {\"m\":\"\\u009B\\u20AC\"}\n");
}

struct sweep {
	const struct profile_set *set;
	json_t *pod, *of_namespace;
};

static int make(const void *input, char **ret_outcome, struct err *err)
{
	const struct sweep *sweep = input;
	CLEANUP(inject_result_release) struct inject_result result = {0};
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	struct inject_question question = question_of(sweep->pod);

	question.namespace_annotations = sweep->of_namespace;
	int r = explain(&question, sweep->set, &OPTIONS, &out, &result, err);
	return r == 0 ? strbuf_finish(&out, ret_outcome, err) : r;
}

static void test_out_of_memory(void)
{
	CLEANUP(profile_set_release) struct profile_set set = sample_set();
	json_auto_t *pod = quoted_json("{'spec':{'containers':[{'name':'app'}]}}");
	json_auto_t *of_namespace = quoted_json("{'sidewire.io/exclude-inbound-ports':'90'}");
	const struct sweep sweep = {&set, pod, of_namespace};

	alloc_fail_sweep_outcome("explain", make, &sweep);
}

static CU_TestInfo tests[] = {
	{"decisions", test_decisions},
	{"values, and where they are from", test_values},
	{"values of all modes", test_values_of_all_modes},
	{"what probes add", test_probes},
	{"a pod that is injected already", test_injected_already},
	{"a patch", test_patch},
	{"control characters are written as JSON", test_control_characters},
	{"memory may end anywhere", test_out_of_memory},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/explain", tests)
