/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lint_report, lint_profile, lint_container, lint_annotation and lint_manifest. */
#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/suite.h"
#include "tests/unit/webhook/core/sample_profile.h"
#include "webhook/core/lint_manifest.h"
#include "webhook/core/lint_profile.h"

static const struct manifest_namespaces NO_NAMESPACES;

static int look(const char *text, const struct profile_set *set, struct lint_report *report,
		struct err *err)
{
	const struct manifest_setting setting = {.profiles = set,
						 .options = {.default_profiles = "proxy"},
						 .own_namespace = "ours",
						 .namespace_name = "shop",
						 .namespaces = &NO_NAMESPACES};
	CLEANUP(manifest_release) struct manifest manifest = {0};
	int r = manifest_read(text, strlen(text), 1, &manifest, err);

	if (r < 0)
		return r;
	return lint_is_profile(manifest.tree.root)
		       ? lint_profile(manifest.tree.root, report, err)
		       : lint_manifest(&manifest, &setting, report, err);
}

/* The findings of a text, a line each: "E 3:4 message". The caller frees it. */
static int find(const char *text, const struct profile_set *set, char **ret_lines, struct err *err)
{
	CLEANUP(lint_report_release) struct lint_report report = {0};
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	int r = look(text, set, &report, err);

	if (r < 0)
		return r;
	lint_report_sort(&report);
	for (size_t i = 0; i < report.count; i++) {
		const struct lint_finding *finding = &report.items[i];

		strbuf_printf(&out, "%s%c %u:%u %s", i > 0 ? "\n" : "",
			      finding->severity == LINT_ERROR ? 'E' : 'W', finding->line,
			      finding->column, finding->message);
	}
	return strbuf_finish(&out, ret_lines, err);
}

/* The same, for rows. The caller frees it. */
static char *findings(const char *text, const struct profile_set *set)
{
	struct err err = {0};
	char *lines = NULL;

	CU_ASSERT_EQUAL_FATAL(find(text, set, &lines, &err), 0);
	return lines;
}

struct row {
	const char *text, *expected;
};

static void check_rows(const struct row *rows, size_t count, const struct profile_set *set)
{
	for (size_t i = 0; i < count; i++) {
		CLEANUP(freep) char *found = findings(rows[i].text, set);
		ASSERT_TEXT(rows[i].text, found, rows[i].expected);
	}
}

#define CHECK_ROWS(rows, set) check_rows(rows, sizeof(rows) / sizeof(*(rows)), set)

#define POD(metadata)                                                                         \
	"{apiVersion: v1, kind: Pod,\nmetadata: {" metadata "},\nspec: {containers: [{name: " \
	"app}]}}"
#define ANNOTATIONS(annotations) POD("annotations: {\n" annotations "}")

static void test_pods(void)
{
	CLEANUP(profile_set_release) struct profile_set set = sample_set();
	static const struct row ROWS[] = {
		{POD(""), ""},
		{POD("labels: {sidewire.io/inject: 'false'}, annotations: {sidewire.io/gate: "
		     "none}"),
		 ""},
		{POD("labels: {sidewire.io/inject: 'no'}"),
		 "E 2:41 label 'sidewire.io/inject' is 'no': expected \"true\" or \"false\""},
		{POD("labels: {sidewire.io/inject: true}"),
		 "E 2:41 label 'sidewire.io/inject' is no text (boolean): write \"true\", with "
		 "quotes"},
		{POD("labels: {sidewire.io/injekt: x}"),
		 "E 2:21 'sidewire.io/injekt' is no label: did you mean 'sidewire.io/inject'?"},
		{POD("labels: {sidewire.io/profiles: x}"),
		 "E 2:21 'sidewire.io/profiles' is no label, but it may be an annotation"},
		{ANNOTATIONS("sidewire.io/exclude-uids: [5]"),
		 "E 3:27 annotation 'sidewire.io/exclude-uids' is no text (array)"},
		{ANNOTATIONS("sidewire.io/exclude-uids: 5"),
		 "E 3:27 annotation 'sidewire.io/exclude-uids' is no text (integer): write \"5\", "
		 "with "
		 "quotes"},
		{ANNOTATIONS("sidewire.io/exclude-uids: {a: 1, a: 2}"),
		 "E 3:34 the key a is there already"},
		{ANNOTATIONS("sidewire.io/exclude-uids: ''"),
		 "E 3:27 annotation 'sidewire.io/exclude-uids' is empty: expected numbers and "
		 "ranges "
		 "such as 1000,2000-2010"},
		{ANNOTATIONS("sidewire.io/profiles: nobody"),
		 "E 3:23 annotation 'sidewire.io/profiles' is 'nobody': there is no profile "
		 "'nobody', "
		 "known are: agent, other, proxy, tproxy"},
		{ANNOTATIONS("sidewire.io/profiles: agent, sidewire.io/gate: none"),
		 "E 3:48 annotation 'sidewire.io/gate' has no effect: none of the pod's profiles "
		 "redirects traffic"},
		{ANNOTATIONS("sidewire.io/profiles: agent"),
		 "E 1:1 annotation 'param.sidewire.io/tenant' is missing: it has no default"},
		{ANNOTATIONS("param.sidewire.io/port: x, param.sidewire.io/prt: '5'"),
		 "E 3:25 annotation 'param.sidewire.io/port': 'x' is not an integer such as 8080\n"
		 "E 3:51 annotation 'param.sidewire.io/prt': none of the pod's profiles has such a "
		 "parameter: did you mean 'param.sidewire.io/port'?"},
		{"{apiVersion: v1, kind: Pod,\nspec: {containers: [{name: a},\n {name: a}]}}",
		 "E 3:2 the pod cannot be read: spec: containers[1]: there is another one named "
		 "'a'"},
		{"{apiVersion: v1, kind: Pod,\nspec: {containers: [{name: a, livenessProbe: "
		 "{tcpSocket: "
		 "{port: 1}}}]}}",
		 "W 1:1 the tcpSocket livenessProbe of 'a' will be answered by the proxy; use "
		 "http, grpc "
		 "or exec"},
		{ANNOTATIONS("sidewire.io/redirect-mode: tproxy, sidewire.io/profiles: tproxy"),
		 "W 3:28 annotation 'sidewire.io/redirect-mode' is 'tproxy': the Pod Security "
		 "Standards baseline and restricted refuse its pods"},
		{ANNOTATIONS("sidewire.io/redirect-mode: tproxy-both"),
		 "E 3:28 annotation 'sidewire.io/redirect-mode' is 'tproxy-both': mode tproxy-both "
		 "needs proxyMark (in a profile proxy.mark), the mark that the proxy itself sets "
		 "on its sockets by SO_MARK: what a closed one has still to send has no owner to "
		 "know it by, and would be lost"},
		{ANNOTATIONS("sidewire.io/redirect-mode: tproxy"),
		 "E 3:1 annotation 'sidewire.io/redirect-mode' is 'tproxy': the proxy's "
		 "container 'proxy' lacks the capability NET_RAW, which TPROXY takes: expected it "
		 "in securityContext.capabilities.add\n"
		 "W 3:28 annotation 'sidewire.io/redirect-mode' is 'tproxy': the Pod Security "
		 "Standards baseline and restricted refuse its pods"},
#define BOTH "sidewire.io/redirect-mode: tproxy-both, sidewire.io/profiles: tproxy"
		{ANNOTATIONS(BOTH ", sidewire.io/drop-invalid: 'false'"),
		 "W 3:28 annotation 'sidewire.io/redirect-mode' is 'tproxy-both': the Pod Security "
		 "Standards baseline and restricted refuse its pods"},
		{ANNOTATIONS(BOTH),
		 "E 3:1 annotation 'sidewire.io/redirect-mode' is 'tproxy-both': dropInvalid needs "
		 "conntrack, which mode tproxy-both does without\n"
		 "W 3:28 annotation 'sidewire.io/redirect-mode' is 'tproxy-both': the Pod Security "
		 "Standards baseline and restricted refuse its pods"},
		{ANNOTATIONS("sidewire.io/dns-capture: 'true', sidewire.io/non-tcp: drop"),
		 "E 3:26 annotation 'sidewire.io/dns-capture' is 'true', but profile 'proxy' has "
		 "no "
		 "dnsPort: its proxy answers no DNS\n"
		 "E 3:55 annotation 'sidewire.io/non-tcp' is 'drop', expected allow, reject-quic "
		 "or "
		 "reject"},
		{ANNOTATIONS("sidewire.io/drop-invalid: true"),
		 "E 3:27 annotation 'sidewire.io/drop-invalid' is no text (boolean): write "
		 "\"true\", with quotes"},
		{ANNOTATIONS("sidewire.io/exclude-interface: x"),
		 "E 3:1 annotation 'sidewire.io/exclude-interface' is not known: did you mean "
		 "'sidewire.io/exclude-interfaces'?"},
		{"{apiVersion: v1, kind: Pod}", "E 1:1 the pod cannot be read: it has no 'spec'"},
		{"{apiVersion: v1, kind: Pod, spec: {a: 1, a: 2}}",
		 "E 1:42 the key a is there already"},
	};

	CHECK_ROWS(ROWS, &set);
}

/* Without profiles annotations are looked at as far as that goes, and pods are not. */
static void test_no_profiles(void)
{
	static const struct profile_set NO_PROFILES;
	static const struct row ROWS[] = {
		{POD(""), ""},
		{ANNOTATIONS("sidewire.io/profiles: any, param.sidewire.io/any: x"), ""},
		{ANNOTATIONS("sidewire.io/gate: x"),
		 "E 3:19 annotation 'sidewire.io/gate' is 'x', expected probe, exec or none"},
		{ANNOTATIONS("sidewire.io/probes: exempt"), ""},
		{ANNOTATIONS("sidewire.io/dns-capture: 'true', sidewire.io/port-map: '80:1'"), ""},
		{ANNOTATIONS("sidewire.io/redirect-mode: tproxy"),
		 "W 3:28 annotation 'sidewire.io/redirect-mode' is 'tproxy': the Pod Security "
		 "Standards baseline and restricted refuse its pods"},
		{ANNOTATIONS("sidewire.io/probes: x"),
		 "E 3:21 annotation 'sidewire.io/probes' is 'x', expected auto, keep, exec, exempt "
		 "or rewrite"},
		{"{apiVersion: v1, kind: Pod}", ""},
	};

	CHECK_ROWS(ROWS, &NO_PROFILES);
}

static void test_others(void)
{
	CLEANUP(profile_set_release) struct profile_set set = sample_set();
	static const struct row ROWS[] = {
		{"# nothing\n---\n", ""},
		{"a: b", ""},
		{"{apiVersion: v1, kind: Service, metadata: {annotations: {sidewire.io/gate: x, "
		 "sidewire.io/other: y}}}",
		 "W 1:58 'sidewire.io/gate' has no effect on a Service"},
		{"{apiVersion: batch/v1, kind: CronJob, metadata: {labels: {sidewire.io/inject: "
		 "x}},\n"
		 "spec: {jobTemplate: {spec: {template: {spec: {}}}}}}",
		 "W 1:59 'sidewire.io/inject' has no effect on a CronJob: move it to "
		 "spec.jobTemplate.spec.template.metadata.labels"},
		{"{apiVersion: v1, kind: Namespace, metadata: {labels: {sidewire.io/inject: "
		 "'true'},\n"
		 "annotations: {sidewire.io/gat: x, param.sidewire.io/any: z}}}",
		 "E 1:75 label 'sidewire.io/inject' is 'true': expected enabled or disabled\n"
		 "E 2:15 annotation 'sidewire.io/gat' is not known: did you mean "
		 "'sidewire.io/gate'?"},
		{"{apiVersion: v1, kind: Namespace, metadata: {\n"
		 "annotations: {sidewire.io/redirect-mode: tproxy, sidewire.io/profiles: tproxy}}}",
		 "W 2:42 annotation 'sidewire.io/redirect-mode' is 'tproxy': the Pod Security "
		 "Standards baseline and restricted refuse its pods"},
		{"{apiVersion: v1, kind: Namespace, metadata: {\n"
		 "annotations: {sidewire.io/probes: keep, sidewire.io/status: x}}}",
		 "E 2:41 annotation 'sidewire.io/status' is no default: the webhook writes it, on "
		 "pods"},
	};

	CHECK_ROWS(ROWS, &set);
}

#define PROFILE(spec)                                                               \
	"apiVersion: sidewire.io/v1alpha1\nkind: SidecarProfile\nmetadata: {name: " \
	"p}\nspec:\n" spec
#define REDIRECT "  redirect: {outboundPort: 1, inboundPort: 2, container: p, proxy: {uids: [7]}}\n"
#define SAFE                                                                             \
	"resources: {requests: {cpu: a, memory: b}, limits: {cpu: c, memory: d}}, "      \
	"securityContext: {runAsUser: 7, runAsNonRoot: true, allowPrivilegeEscalation: " \
	"false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}, "             \
	"seccompProfile: {type: RuntimeDefault}}"
#define SIDECAR(rest)                                                    \
	"  parameters: [{name: x, type: string, default: e}]\n" REDIRECT \
	"  pod: {spec: {initContainers: [\n    {name: p, restartPolicy: Always, " rest "}]}}\n"

#define TPROXY(ids, more)                                                                   \
	"  redirect: {mode: tproxy, outboundPort: 1, inboundPort: 2, container: p, proxy: " \
	"{gids: [8]}}\n"                                                                    \
	"  pod: {spec: {initContainers: [{name: p, restartPolicy: Always, "                 \
	"resources: {requests: {cpu: a, memory: b}, limits: {cpu: c, memory: d}}, "         \
	"securityContext: {" ids ", runAsNonRoot: false, allowPrivilegeEscalation: "        \
	"false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]" more "}, "        \
	"seccompProfile: {type: RuntimeDefault}}}]}}\n"

static void test_profiles(void)
{
	static const struct profile_set NO_PROFILES;
	static const struct row ROWS[] = {
		{PROFILE(SIDECAR(SAFE)), ""},
		{PROFILE(SIDECAR("resources: {requests: {cpu: '${x}', memory: '${x}'}, limits: "
				 "{cpu: '${x}', memory: '${x}'}}, "
				 "securityContext: {runAsUser: 7, runAsNonRoot: '${x}', "
				 "allowPrivilegeEscalation: '${x}', "
				 "readOnlyRootFilesystem: '${x}', capabilities: {drop: ['${x}']}, "
				 "seccompProfile: {type: '${x}'}}")),
		 ""},
		{"apiVersion: sidewire.io/v2\nkind: X",
		 "E 1:1 'apiVersion' must be sidewire.io/v1alpha1, found 'sidewire.io/v2'"},
		{PROFILE("  redirct: {}\n"), "E 5:3 spec: unknown key 'redirct', expected one of "
					     "parameters, redirect, pod, apps, first: did you "
					     "mean 'redirect'?"},
		{PROFILE("  zzz: {}\n"), "E 5:3 spec: unknown key 'zzz', expected one of "
					 "parameters, redirect, pod, apps, first"},
		{PROFILE("  first: x\n"),
		 "E 5:3 spec: 'first' must name one of the overlay's initContainers, found 'x'"},
		{PROFILE("  redirect: {outboundPort: 70000}\n"),
		 "E 5:14 spec: redirect: 'outboundPort' must be in 1 to 65535, found 70000"},
		{PROFILE("  parameters:\n  - {name: a, type: string}\n  - 5\n"),
		 "E 7:5 spec: parameters[1]: a parameter must be an object, found integer"},
		{PROFILE("  pod: {spec: {containers: [{name: a}, {name: b, x: {w: '${z}'}}]}}\n"),
		 "E 5:57 spec: pod: spec.containers[1].x.w: '${z}' names no parameter that is "
		 "declared"},
		{PROFILE("  pod: {a: yes}\n"), "E 5:12 yes is a boolean for some readers and a "
					       "string for others: quote it, or write "
					       "true or false"},
		{PROFILE(SIDECAR(SAFE ", startupProbe: {exec: {}}")),
		 "W 8:310 container 'p' has a startupProbe of its own: it stays, and there is no "
		 "gate: "
		 "the application starts before its traffic is redirected"},
		{PROFILE(SIDECAR(SAFE
				 ", ports: [{containerPort: 53, protocol: UDP}, {containerPort: "
				 "53}]")),
		 "W 8:340 container 'p' has port 53 twice: ports are merged by containerPort "
		 "alone, "
		 "whatever their protocol, and the last one stays"},
		{PROFILE("  parameters: [{name: x, type: string, default: e}]\n  pod: {spec: "
			 "{initContainers: [{name: r, image: r, "
			 "resources: {requests: {cpu: 1, memory: 1}, limits: {cpu: 1, memory: 1}}, "
			 "securityContext: {runAsUser: 0, runAsNonRoot: false, "
			 "allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, "
			 "seccompProfile: {type: RuntimeDefault}, "
			 "capabilities: {drop: [ALL],\n    add: [CHOWN, '${x}', NET_ADMIN, "
			 "NET_RAW]}}}]}}\n"),
		 "W 7:26 container 'r' adds the capability NET_ADMIN: the Pod Security Standards "
		 "baseline and restricted refuse its pods"},
		{PROFILE(TPROXY("runAsUser: 0, runAsGroup: 8", ", add: [NET_RAW]")),
		 "W 6:33 container 'p' runs as root with a capability, as TPROXY takes: the Pod "
		 "Security Standards baseline and restricted refuse its pods"},
		{PROFILE("  redirect: {mode: tproxy-both, outboundPort: 1, inboundPort: 2,\n"
			 "    container: p, proxy: {gids: [8]}}\n  pod: {spec: "
			 "{initContainers: [{name: p, restartPolicy: Always, " SAFE "}]}}\n"),
		 "E 5:13 spec: redirect: mode tproxy-both needs proxyMark (in a profile "
		 "proxy.mark), the mark that the proxy itself sets on its sockets by SO_MARK: what "
		 "a closed one has still to send has no owner to know it by, and would be lost"},
		{PROFILE("  redirect: {mode: tproxy, outboundPort: 1, inboundPort: 2, "
			 "container: "
			 "p, proxy: {gids: [8]},\n    selfCall: inbound}\n  pod: {spec: "
			 "{initContainers: [{name: p, restartPolicy: Always, " SAFE "}]}}\n"),
		 "W 6:15 selfCall is inbound, and there is no inboundSource: a proxy that calls "
		 "the "
		 "application in its caller's name would call itself, without end\n"
		 "W 7:33 container 'p' has no securityContext.runAsGroup: its image decides which "
		 "group it is, and the redirect knows it by its group\n"
		 "W 7:33 the proxy's container 'p' lacks the capability NET_RAW, which TPROXY "
		 "takes: expected it in securityContext.capabilities.add: no pod will be let in "
		 "with it"},
		{PROFILE(TPROXY("runAsUser: 0", ", add: [NET_RAW]")),
		 "W 6:33 container 'p' has no securityContext.runAsGroup: its image decides which "
		 "group it is, and the redirect knows it by its group\n"
		 "W 6:33 container 'p' runs as root with a capability, as TPROXY takes: the Pod "
		 "Security Standards baseline and restricted refuse its pods"},
		{PROFILE(TPROXY("runAsUser: 0, runAsGroup: 8", "")),
		 "W 6:33 the proxy's container 'p' lacks the capability NET_RAW, which TPROXY "
		 "takes: expected it in securityContext.capabilities.add: no pod will be let in "
		 "with it"},
		{PROFILE("  redirect: {outboundPort: 1, inboundPort: 2, container: p,\n    proxy: "
			 "{uids: ['0-7'], gids: [0]}}\n  pod: {spec: {initContainers: [{name: p, "
			 "restartPolicy: Always, " SAFE "}]}}\n"),
		 "W 6:12 proxy.gids has 0: an application whose image runs as root's group would "
		 "bypass the proxy\n"
		 "W 6:12 proxy.uids has 0: an application whose image runs as root's user would "
		 "bypass the proxy"},
		{PROFILE("  pod: {spec: {containers: [{name: q, " SAFE "}]}}\n"), ""},
		/* It changes what another profile adds. */
		{PROFILE("  pod: {spec: {initContainers: [{name: q, env: [{name: a, value: "
			 "b}]}]}}\n"
			 "  apps: {env: [{name: JAVA_TOOL_OPTIONS, value: -x, append: ' '}]}\n"),
		 ""},
		{PROFILE(REDIRECT "  pod: {spec: {containers: [{name: p, " SAFE "}]}}\n"),
		 "W 6:29 container 'p' is the proxy, and no native sidecar: put it among the "
		 "initContainers, with restartPolicy: Always"},
	};

	CHECK_ROWS(ROWS, &NO_PROFILES);
}

static void test_demands(void)
{
	static const struct profile_set NO_PROFILES;
	CLEANUP(freep)
	char *found = findings(
		PROFILE("  pod: {spec: {containers: [{name: q, image: i,\n    securityContext: "
			"{runAsNonRoot: false}}]}}\n"),
		&NO_PROFILES);

	CU_ASSERT_PTR_NOT_NULL(strstr(found,
				      "W 5:29 container 'q' has no resources.limits.cpu: "
				      "a namespace with a ResourceQuota refuses its pods\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(found, "W 6:37 container 'q' has no "
					     "securityContext.runAsNonRoot: true: the Pod Security "
					     "Standard restricted refuses its pods"));
	size_t lines = 1;
	for (const char *c = found; *c != '\0'; c++)
		lines += *c == '\n';
	CU_ASSERT_EQUAL(lines, 10);
}

struct sweep {
	const struct profile_set *set;
	const char *text;
};

static int make(const void *input, char **ret_outcome, struct err *err)
{
	const struct sweep *sweep = input;

	return find(sweep->text, sweep->set, ret_outcome, err);
}

static void test_out_of_memory(void)
{
	CLEANUP(profile_set_release) struct profile_set set = sample_set();
	static const char *const TEXTS[] = {
		ANNOTATIONS("param.sidewire.io/port: '5', sidewire.io/exclude-uids: '5', "
			    "sidewire.io/gat: x"),
		"{apiVersion: v1, kind: Namespace, metadata: {labels: {sidewire.io/inject: x}}}",
		PROFILE(SIDECAR(SAFE)),
		PROFILE("  redirct: {}\n"),
		ANNOTATIONS("sidewire.io/redirect-mode: tproxy-both"),
		PROFILE(TPROXY("runAsUser: 0", "")),
		PROFILE("  redirect: {outboundPort: 1, inboundPort: 2, container: p, proxy: "
			"{uids: [0]}}\n  pod: {spec: {initContainers: [{name: p}]}}\n"),
	};

	for (size_t i = 0; i < sizeof(TEXTS) / sizeof(*TEXTS); i++) {
		const struct sweep sweep = {&set, TEXTS[i]};

		alloc_fail_sweep_outcome(TEXTS[i], make, &sweep);
	}
}

static CU_TestInfo tests[] = {
	{"pods", test_pods},
	{"without profiles", test_no_profiles},
	{"other objects", test_others},
	{"profiles", test_profiles},
	{"what a container should say", test_demands},
	{"memory may end anywhere", test_out_of_memory},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/lint", tests)
