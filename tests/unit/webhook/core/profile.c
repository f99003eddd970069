/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/profile.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"
#include "tests/unit/webhook/core/sample_profile.h"

#define DOCUMENT(spec)                                                      \
	"{'apiVersion': 'sidewire.io/v1alpha1', 'kind': 'SidecarProfile', " \
	"'metadata': {'name': 'p'}, 'spec': " spec "}"
#define PROXY(more) "{'name': 'proxy', 'image': '${image}'" more "}"
#define POD(more) "'pod': {'spec': {'initContainers': [" PROXY(more) "]}}"
#define PARAMETERS "'parameters': [{'name': 'image', 'type': 'string', 'default': 'proxy:v1'}]"
#define REDIRECT(more)                    \
	DOCUMENT("{" PARAMETERS ", " POD( \
		"") ", 'redirect': {"     \
		    "'outboundPort': 15001, 'inboundPort': 15006, 'container': 'proxy'" more "}}")
#define UIDS ", 'proxy': {'uids': [15099]}"
#define APPS(apps) DOCUMENT("{'apps': " apps "}")
#define NOT_KNOWN(ids)                                   \
	"spec: redirect: container 'proxy' runs as " ids \
	", which is neither in proxy.uids nor in proxy.gids"
#define OVERLAY(pod) DOCUMENT("{" PARAMETERS ", 'pod': " pod "}")

struct refusal {
	const char *name;
	const char *document;
	const char *error;
};

static const struct refusal REFUSALS[] = {
	{"no object", "[]", "a profile must be an object, found array"},
	{"other version", "{'apiVersion': 'sidewire.io/v2'}",
	 "'apiVersion' must be sidewire.io/v1alpha1, found 'sidewire.io/v2'"},
	{"other kind", "{'apiVersion': 'sidewire.io/v1alpha1'}",
	 "'kind' must be SidecarProfile, found ''"},
	{"unknown key", "{'apiVersion': 'sidewire.io/v1alpha1', 'kind': 'SidecarProfile', 'x': 1}",
	 "unknown key 'x', expected one of apiVersion, kind, metadata, spec"},
	{"no metadata", "{'apiVersion': 'sidewire.io/v1alpha1', 'kind': 'SidecarProfile'}",
	 "'metadata' is missing"},
	{"bad name",
	 "{'apiVersion': 'sidewire.io/v1alpha1', 'kind': 'SidecarProfile', "
	 "'metadata': {'name': 'a,b'}}",
	 "metadata: 'name' must be 1 to 63 lower case letters, digits, '-' and '.', found 'a,b'"},
	{"name that ends in a dash",
	 "{'apiVersion': 'sidewire.io/v1alpha1', 'kind': 'SidecarProfile', "
	 "'metadata': {'name': 'a-'}}",
	 "metadata: 'name' must be 1 to 63 lower case letters, digits, '-' and '.', found 'a-'"},
	{"no spec",
	 "{'apiVersion': 'sidewire.io/v1alpha1', 'kind': 'SidecarProfile', "
	 "'metadata': {'name': 'a'}}",
	 "'spec' is missing"},
	{"unknown key of spec", DOCUMENT("{'pods': {}}"),
	 "spec: unknown key 'pods', expected one of parameters, redirect, pod, apps, first, "
	 "needsRedirect"},
	{"needsRedirect of another type", DOCUMENT("{'needsRedirect': 1}"),
	 "spec: 'needsRedirect' must be true or false, found integer"},
	{"parameters of another type", DOCUMENT("{'parameters': {}}"),
	 "spec: 'parameters' must be an array, found object"},
	{"bad parameter", DOCUMENT("{'parameters': [{'name': 'a', 'type': 'string'}, 7]}"),
	 "spec: parameters[1]: a parameter must be an object, found integer"},
	{"parameter twice",
	 DOCUMENT("{'parameters': [{'name': 'a', 'type': 'string'}, "
		  "{'name': 'a', 'type': 'string'}]}"),
	 "spec: parameters[1]: parameter 'a' is declared twice"},
	{"undeclared parameter", DOCUMENT("{" POD("") "}"),
	 "spec: pod: spec.initContainers[0].image: '${image}' names no parameter that is "
	 "declared"},
	{"pod of another type", OVERLAY("[]"), "spec: 'pod' must be an object, found array"},
	{"unknown key of pod", OVERLAY("{'status': {}}"),
	 "spec: pod: unknown key 'status', expected one of metadata, spec"},
	{"container without name", OVERLAY("{'spec': {'containers': [{'image': 'x'}]}}"),
	 "spec: pod: spec: containers[0]: 'name' is missing"},
	{"container name twice",
	 OVERLAY("{'spec': {'containers': [{'name': 'x'}], 'initContainers': [{'name': 'x'}]}}"),
	 "spec: pod: spec: containers[0]: there is another one named 'x'"},
	{"parameter in a name", OVERLAY("{'spec': {'volumes': [{'name': 'v-${image}'}]}}"),
	 "spec: pod: spec: volumes[0]: 'name' must not have parameters"},
	{"parameter in a container's name",
	 OVERLAY("{'spec': {'containers': [{'name': '${image}'}]}}"),
	 "spec: pod: spec: containers[0]: 'name' must not have parameters"},
	{"metadata that is not merged", OVERLAY("{'metadata': {'name': 'x'}}"),
	 "spec: pod: metadata: unknown key 'name', expected one of labels, annotations"},
	{"own annotation", OVERLAY("{'metadata': {'annotations': {'sidewire.io/gate': 'none'}}}"),
	 "spec: pod: metadata: annotations: 'sidewire.io/gate' is not for a profile to set"},
	{"parameter's annotation",
	 OVERLAY("{'metadata': {'annotations': {'param.sidewire.io/image': 'x'}}}"),
	 "spec: pod: metadata: annotations: 'param.sidewire.io/image' is not for a profile to set"},
	{"own label", OVERLAY("{'metadata': {'labels': {'sidewire.io/inject': 'true'}}}"),
	 "spec: pod: metadata: labels: 'sidewire.io/inject' is not for a profile to set"},
	{"label that is no text", OVERLAY("{'metadata': {'labels': {'a': 7}}}"),
	 "spec: pod: metadata: labels: 'a' must be a string, found integer"},
	{"argument that is no text",
	 OVERLAY("{'spec': {'containers': [{'name': 'x', 'args': ['-p', 80]}]}}"),
	 "spec: pod: spec.containers[0].args[1]: must be a string, found integer"},
	{"apps of another type", DOCUMENT("{'apps': []}"),
	 "spec: 'apps' must be an object, found array"},
	{"first of another type", DOCUMENT("{'first': []}"),
	 "spec: 'first' must be a string, found array"},
	{"first that is nowhere", DOCUMENT("{'first': 'proxy'}"),
	 "spec: 'first' must name one of the overlay's initContainers, found 'proxy'"},
	{"first that is a container",
	 DOCUMENT("{'pod': {'spec': {'containers': [{'name': 'x'}]}}, 'first': 'x'}"),
	 "spec: 'first' must name one of the overlay's initContainers, found 'x'"},
	{"apps with a name", APPS("{'name': 'x'}"),
	 "spec: apps: 'name' must not be there: this is put on every application container"},
	{"apps with an undeclared parameter", APPS("{'workingDir': '${x}'}"),
	 "spec: apps: workingDir: '${x}' names no parameter that is declared"},
	{"apps with a mount of nothing", APPS("{'volumeMounts': [{'name': 'x'}]}"),
	 "spec: apps: volumeMounts[0]: has no 'mountPath'"},
	{"apps that take away", APPS("{'resources': {'limits': null}}"),
	 "spec: apps: resources.limits: has no effect: what an application's container has stays"},
	{"apps with a directive", APPS("{'env': [{'name': 'X', '$patch': 'delete'}]}"),
	 "spec: apps: env[0].$patch: has no effect: what an application's container has stays"},
	{"a variable whose name is no text", APPS("{'env': [{'name': 7}]}"),
	 "spec: apps: env[0]: 'name' must be a string, found integer"},
	{"append of another type", APPS("{'env': [{'name': 'X', 'value': '1', 'append': true}]}"),
	 "spec: apps: env[0]: 'append' must be a string, found boolean"},
	{"append by nothing", APPS("{'env': [{'name': 'X', 'value': '1', 'append': ''}]}"),
	 "spec: apps: env[0]: 'append' is empty: expected what stands between the container's own "
	 "value and this one"},
	{"append of nothing", APPS("{'env': [{'name': 'X', 'valueFrom': {}, 'append': ' '}]}"),
	 "spec: apps: env[0]: 'append' needs a 'value' to append"},
	{"directive that nobody would follow",
	 OVERLAY("{'metadata': {'labels': {'$patch': 'delete'}}}"),
	 "spec: pod: metadata.labels: an overlay must not have '$patch' here: what the pod has of "
	 "this stays"},
	{"list key twice", OVERLAY("{'spec': {'hostAliases': [{'ip': 'a'}, {'ip': 'a'}]}}"),
	 "spec: pod: spec.hostAliases[1]: there is another one with this 'ip'"},
	{"unknown mode", REDIRECT(UIDS ", 'mode': 'beam'"),
	 "spec: redirect: 'mode': 'beam' is no mode: expected redirect, tproxy, tproxy-both or "
	 "none"},
	{"mode none", REDIRECT(UIDS ", 'mode': 'none'"),
	 "spec: redirect: 'mode': a profile that redirects nothing has no 'redirect'; pods can "
	 "have the annotation sidewire.io/redirect-mode: none"},
	{"dnsPort out of range", REDIRECT(UIDS ", 'dnsPort': 65536"),
	 "spec: redirect: 'dnsPort' must be in 0 to 65535, found 65536"},
	{"dnsPort of the proxy", REDIRECT(UIDS ", 'dnsPort': 15001"),
	 "spec: redirect: dnsPort 15001 is another port of the redirect"},
	{"a server that is no address", REDIRECT(UIDS ", 'dnsPort': 53, 'dnsServers': 'dns'"),
	 "spec: redirect: 'dnsServers': 'dns' is not a CIDR such as 10.0.0.0/8 or fd00::/8"},
	{"no servers at all", REDIRECT(UIDS ", 'dnsPort': 53, 'dnsServers': []"),
	 "spec: redirect: dnsPort is 53, but dnsServers names none: 0.0.0.0/0,::/0 is all"},
	{"servers without a port", REDIRECT(UIDS ", 'dnsServers': '1.1.1.1'"),
	 "spec: redirect: dnsServers needs a dnsPort to send DNS to"},
	{"capture without a port", REDIRECT(UIDS ", 'dnsCapture': true"),
	 "spec: redirect: 'dnsCapture' needs a dnsPort to send DNS to"},
	{"capture of another type", REDIRECT(UIDS ", 'dnsPort': 53, 'dnsCapture': 'yes'"),
	 "spec: redirect: 'dnsCapture' must be true or false, found string"},
	{"dropping of another type", REDIRECT(UIDS ", 'dropInvalid': 1"),
	 "spec: redirect: 'dropInvalid' must be true or false, found integer"},
	{"dropping without conntrack",
	 REDIRECT(UIDS ", 'dropInvalid': true, 'mode': 'tproxy-both'"),
	 "spec: redirect: dropInvalid needs conntrack, which mode tproxy-both does without"},
	{"unknown treatment", REDIRECT(UIDS ", 'nonTcp': 'drop'"),
	 "spec: redirect: 'nonTcp': 'drop' is not allow, reject-quic or reject"},
	{"an interface that is none", REDIRECT(UIDS ", 'excludeInterfaces': ['net1', 'a/b']"),
	 "spec: redirect: 'excludeInterfaces': 'a/b' is no interface: expected a name such as "
	 "eth1, of at most 15 characters"},
	{"an interface that is both",
	 REDIRECT(UIDS ", 'excludeInterfaces': 'a', 'rerouteInterfaces': ['b', 'a']"),
	 "spec: redirect: the interface a is in excludeInterfaces and in rerouteInterfaces: it can "
	 "not be both"},
	{"half a mapping", REDIRECT(UIDS ", 'portMap': [12220]"),
	 "spec: redirect: 'portMap': '12220' is no pair of ports: expected DESTINATION:PROXY, "
	 "such as 12220:15003"},
	{"unknown key of redirect", REDIRECT(UIDS ", 'outbound': 1"),
	 "spec: redirect: unknown key 'outbound', expected one of includeInboundPorts, "
	 "excludeInboundPorts, excludeInboundCidrs, includeOutboundPorts, excludeOutboundPorts, "
	 "includeOutboundCidrs, excludeOutboundCidrs, excludeUids, excludeGids, "
	 "excludeInterfaces, rerouteInterfaces, portMap, mode, outboundPort, inboundPort, "
	 "container, proxy, selfCall, gate, gatePort, dnsPort, dnsServers, nonTcp, dropInvalid, "
	 "dnsCapture, inboundSource, probes"},
	{"no port", DOCUMENT("{'redirect': {'inboundPort': 15006}}"),
	 "spec: redirect: 'outboundPort' is missing"},
	{"port out of range", DOCUMENT("{'redirect': {'outboundPort': 65536}}"),
	 "spec: redirect: 'outboundPort' must be in 1 to 65535, found 65536"},
	{"no proxy", REDIRECT(""), "spec: redirect: 'proxy' is missing"},
	{"proxy without identity", REDIRECT(", 'proxy': {}"),
	 "spec: redirect: one of proxyUids, proxyGids and proxyMark must say who the proxy is: its "
	 "own traffic would be sent back to it"},
	{"unknown key of proxy", REDIRECT(", 'proxy': {'uid': 1}"),
	 "spec: redirect: proxy: unknown key 'uid', expected one of uids, gids, mark"},
	{"bad uid", REDIRECT(", 'proxy': {'uids': [-1]}"),
	 "spec: redirect: proxy: 'uids': id: '' is not a number from 0 to 4294967294"},
	{"uids of another type", REDIRECT(", 'proxy': {'uids': {}}"),
	 "spec: redirect: proxy: 'uids': a list holds numbers and texts, found object"},
	{"empty text in a list", REDIRECT(", 'proxy': {'uids': ['']}"),
	 "spec: redirect: proxy: 'uids': a list must not hold empty texts or NUL characters"},
	{"bad gate", REDIRECT(UIDS ", 'gate': 'yes'"),
	 "spec: redirect: 'gate': 'yes' is not probe, exec or none"},
	{"bad self call", REDIRECT(UIDS ", 'selfCall': 'loop'"),
	 "spec: redirect: 'selfCall': 'loop' is not passthrough or inbound"},
	{"bad list", REDIRECT(UIDS ", 'excludeInboundPorts': [80, '90-80']"),
	 "spec: redirect: 'excludeInboundPorts': port range '90-80' ends before it begins"},
	{"star where nothing is included", REDIRECT(UIDS ", 'excludeOutboundPorts': ['*']"),
	 "spec: redirect: 'excludeOutboundPorts': '*' may only stand in an include list"},
	{"inbound source is a prefix", REDIRECT(UIDS ", 'inboundSource': '127.0.0.0/8'"),
	 "spec: redirect: inboundSource must be single addresses, not prefixes"},
	{"the gate on the proxy's port", REDIRECT(UIDS ", 'gatePort': 15006"),
	 "spec: redirect: gatePort 15006 is one of the proxy's own ports"},
	{"unknown key of probes", REDIRECT(UIDS ", 'probes': {'path': '/'}"),
	 "spec: redirect: probes: unknown key 'path', expected one of port, env"},
	{"probes without a port", REDIRECT(UIDS ", 'probes': {'env': 'P'}"),
	 "spec: redirect: probes: 'port' is missing"},
	{"probes at a port of the redirect",
	 REDIRECT(UIDS ", 'probes': {'port': 15999, 'env': 'P'}"),
	 "spec: redirect: probes: 'port' is 15999, which is a port of the redirect"},
	{"probes at the port that the gate is asked from",
	 REDIRECT(UIDS ", 'probes': {'port': 15998, 'env': 'P'}"),
	 "spec: redirect: probes: 'port' is 15998, which is a port of the redirect"},
	{"probes without a variable", REDIRECT(UIDS ", 'probes': {'port': 15020}"),
	 "spec: redirect: probes: 'env' must be the name of a variable"},
	{"probes with a variable that has no name",
	 REDIRECT(UIDS ", 'probes': {'port': 15020, 'env': ''}"),
	 "spec: redirect: probes: 'env' must be the name of a variable"},
	{"probes with a variable that has a value",
	 REDIRECT(UIDS ", 'probes': {'port': 15020, 'env': 'P=1'}"),
	 "spec: redirect: probes: 'env' must be the name of a variable"},
	{"container that is not there",
	 DOCUMENT("{'redirect': {'outboundPort': 15001, 'inboundPort': 15006, 'container': 'x'" UIDS
		  "}}"),
	 "spec: redirect: 'container': the overlay has no container named 'x'"},
	{"proxy runs as another uid",
	 DOCUMENT("{" PARAMETERS ", " POD(
		 ", 'securityContext': {'runAsUser': 101}") ", 'redirect': {'outboundPort': 1, "
							    "'inboundPort': 2, 'container': "
							    "'proxy'" UIDS "}}"),
	 NOT_KNOWN("uid 101")},
	{"proxy runs as another gid",
	 DOCUMENT("{" PARAMETERS ", " POD(
		 ", 'securityContext': {'runAsUser': 0, 'runAsGroup': 0}") ", 'redirect': "
									   "{'outboundPort': 1, "
									   "'inboundPort': "
									   "2, 'container': "
									   "'proxy', 'proxy': "
									   "{'uids': [1], 'gids': "
									   "[15099]}}}"),
	 NOT_KNOWN("uid 0 and gid 0")},
};

static void test_refusals(void)
{
	for (size_t i = 0; i < sizeof(REFUSALS) / sizeof(*REFUSALS); i++) {
		const struct refusal *row = &REFUSALS[i];
		CLEANUP(profile_release) struct profile profile = {0};
		json_auto_t *document = quoted_json(row->document);
		struct err err = {0};

		ASSERT_ROW(row->name, profile_read(document, &profile, &err) < 0);
		ASSERT_TEXT(row->name, err.msg, row->error);
		ASSERT_ROW(row->name, profile.name == NULL && profile.pod == NULL);
	}
}

/* Reads a document that must be right. */
static struct profile read(const char *text)
{
	json_auto_t *document = quoted_json(text);
	struct profile profile = {0};
	struct err err = {0};
	int r = profile_read(document, &profile, &err);

	ASSERT_TEXT(text, err.msg, "");
	CU_ASSERT_EQUAL_FATAL(r, 0);
	return profile;
}

/* A proxy is known by its group as well as by its user. */
static void test_known_by_gid(void)
{
	CLEANUP(profile_release) struct profile profile = read(SAMPLE_TPROXY);

	CU_ASSERT_EQUAL(profile.redirect.mode, REDIRECT_MODE_TPROXY);
	CU_ASSERT_EQUAL(profile.redirect.proxy_uids.count, 0);
	CU_ASSERT_TRUE(range_list_contains(&profile.redirect.proxy_gids, 15099));
}

static void test_dns(void)
{
	CLEANUP(profile_release) struct profile all = read(REDIRECT(UIDS ", 'dnsPort': 15053"));
	CLEANUP(profile_release)
	struct profile asked =
		read(REDIRECT(UIDS ", 'dnsPort': 15053, 'dnsServers': ['10.96.0.10', 'fd00::a'], "
				   "'dnsCapture': false"));
	CLEANUP(profile_release) struct profile none = read(REDIRECT(UIDS ", 'dnsPort': 0"));

	CU_ASSERT_TRUE(all.is_capturing_dns);
	CU_ASSERT_EQUAL(all.redirect.dns_port, 15053);
	CU_ASSERT_EQUAL_FATAL(all.redirect.dns_servers.count, 2);
	CU_ASSERT_TRUE(cidr_is_all(&all.redirect.dns_servers.items[1]));
	CU_ASSERT_FALSE(asked.is_capturing_dns);
	CU_ASSERT_EQUAL(asked.redirect.dns_port, 15053);
	CU_ASSERT_EQUAL_FATAL(asked.redirect.dns_servers.count, 2);
	CU_ASSERT_TRUE(asked.redirect.dns_servers.items[1].is_v6);
	CU_ASSERT_FALSE(none.is_capturing_dns);
	CU_ASSERT_EQUAL(none.redirect.dns_servers.count, 0);
}

static void test_whole(void)
{
	CLEANUP(profile_release)
	struct profile profile = read(REDIRECT(
		", 'proxy': {'uids': [15099, '200-201'], 'gids': [7], 'mark': 4294967295}, "
		"'selfCall': 'inbound', 'inboundSource': ['127.0.0.6', '::6'], 'gate': 'exec', "
		"'gatePort': 16000, 'excludeInboundPorts': [15021, '80-90'], "
		"'includeOutboundCidrs': ['10.0.0.0/8'], 'includeInboundPorts': '*', "
		"'excludeUids': '5,6', 'probes': {'port': 15020, 'env': 'PROBES'}"));
	CLEANUP(freep) char *document = NULL;
	struct err err = {0};

	CU_ASSERT_STRING_EQUAL(profile.name, "p");
	CU_ASSERT_EQUAL(profile.parameter_count, 1);
	CU_ASSERT_STRING_EQUAL(profile.parameters[0].name, "image");
	CU_ASSERT_TRUE(profile.is_redirecting);
	CU_ASSERT_STRING_EQUAL(profile.container, "proxy");
	CU_ASSERT_EQUAL(profile.gate, GATE_EXEC);
	CU_ASSERT_EQUAL(profile.probe_port, 15020);
	CU_ASSERT_STRING_EQUAL(profile.probe_env, "PROBES");
	CU_ASSERT_EQUAL_FATAL(redirect_spec_encode(&profile.redirect, &document, &err), 0);
	ASSERT_TEXT("document", document,
		    "{\"version\":1,\"mode\":\"redirect\",\"outboundPort\":15001,"
		    "\"inboundPort\":15006,\"gatePort\":16000,\"proxyUids\":\"200-201,15099\","
		    "\"proxyGids\":\"7\",\"proxyMark\":4294967295,\"selfCall\":\"inbound\","
		    "\"inboundSource\":\"127.0.0.6,::6\",\"includeInboundPorts\":\"1-65535\","
		    "\"excludeInboundPorts\":\"80-90,15021\",\"excludeInboundCidrs\":\"\","
		    "\"includeOutboundPorts\":\"1-65535\",\"excludeOutboundPorts\":\"\","
		    "\"includeOutboundCidrs\":\"10.0.0.0/8\",\"excludeOutboundCidrs\":\"\","
		    "\"excludeUids\":\"5-6\",\"excludeGids\":\"\"}");
}

static void test_defaults(void)
{
	CLEANUP(profile_release) struct profile profile = read(REDIRECT(UIDS));
	CLEANUP(profile_release) struct profile agent = read(DOCUMENT("{}"));

	CU_ASSERT_EQUAL(profile.gate, GATE_PROBE);
	CU_ASSERT_EQUAL(profile.redirect.mode, REDIRECT_MODE_REDIRECT);
	CU_ASSERT_FALSE(profile.is_capturing_dns);
	CU_ASSERT_EQUAL(profile.redirect.gate_port, 15999);
	CU_ASSERT_EQUAL(profile.redirect.self_call, SELF_CALL_PASSTHROUGH);
	CU_ASSERT_EQUAL(profile.redirect.inbound_source.count, 0);
	CU_ASSERT_EQUAL(profile.probe_port, 0);
	CU_ASSERT_PTR_NULL(profile.probe_env);
	CU_ASSERT_FALSE(agent.is_redirecting);
	CU_ASSERT_PTR_NULL(agent.apps);
	CU_ASSERT_PTR_NULL(agent.first);
	CU_ASSERT_TRUE(json_is_object(agent.pod));
}

static void test_first(void)
{
	CLEANUP(profile_release)
	struct profile profile = read(DOCUMENT("{" PARAMETERS ", " POD("") ", 'first': 'proxy'}"));

	CU_ASSERT_STRING_EQUAL(profile.first, "proxy");
}

static void test_proxy_uid_of_a_parameter(void)
{
	CLEANUP(profile_release)
	struct profile profile = read(DOCUMENT(
		"{'parameters': [{'name': 'image', 'type': 'string'}, "
		"{'name': 'uid', 'type': 'integer'}], " POD(
			", 'securityContext': {'runAsUser': '${uid}'}") ", 'redirect': {"
									"'outboundPort': 1, "
									"'inboundPort': 2, "
									"'container': 'proxy'" UIDS
									"}}"));

	CU_ASSERT_STRING_EQUAL(profile.container, "proxy");
}

static void test_hash(void)
{
	CLEANUP(profile_release)
	struct profile one = read(DOCUMENT("{'pod': {}, 'parameters': []}"));
	CLEANUP(profile_release)
	struct profile same = read(DOCUMENT("{'parameters': [], 'pod': {}}"));
	CLEANUP(profile_release) struct profile other = read(DOCUMENT("{'pod': {}}"));

	/* printf '%s' TEXT | sha256sum, of the text with sorted keys and without blanks. */
	CU_ASSERT_STRING_EQUAL(one.hash, "7216d0fb08c9");
	CU_ASSERT_STRING_EQUAL(one.hash, same.hash);
	CU_ASSERT_STRING_NOT_EQUAL(one.hash, other.hash);
}

static int add(struct profile_set *set, const char *name, struct err *err)
{
	CLEANUP(profile_release) struct profile profile = {.name = strdup(name)};

	return profile_set_add(set, &profile, err);
}

static void test_set(void)
{
	CLEANUP(profile_set_release) struct profile_set set = {0};
	struct err err = {0};

	CU_ASSERT_EQUAL(add(&set, "m", &err), 0);
	CU_ASSERT_EQUAL(add(&set, "z", &err), 0);
	CU_ASSERT_EQUAL(add(&set, "a", &err), 0);
	CU_ASSERT_EQUAL(add(&set, "m", &err), -EEXIST);
	CU_ASSERT_STRING_EQUAL(err.msg, "there are two profiles named 'm'");
	CU_ASSERT_EQUAL_FATAL(set.count, 3);
	CU_ASSERT_STRING_EQUAL(set.profiles[0].name, "a");
	CU_ASSERT_STRING_EQUAL(set.profiles[1].name, "m");
	CU_ASSERT_STRING_EQUAL(set.profiles[2].name, "z");
	CU_ASSERT_PTR_EQUAL(profile_set_find(&set, "z,a", 1), &set.profiles[2]);
	CU_ASSERT_PTR_NULL(profile_set_find(&set, "za", 2));
	CU_ASSERT_PTR_NULL(profile_set_find(&set, "", 0));
}

static void test_set_bounds(void)
{
	CLEANUP(profile_set_release) struct profile_set set = {0};
	struct err err = {0};
	char name[16];

	for (int i = 0; i < PROFILE_COUNT_MAX; i++) {
		snprintf(name, sizeof(name), "p%d", i);
		CU_ASSERT_EQUAL(add(&set, name, &err), 0);
	}
	CU_ASSERT_EQUAL(add(&set, "q", &err), -E2BIG);
	CU_ASSERT_STRING_EQUAL(err.msg, "there are more than 256 profiles");
}

/* An overlay of nested objects. */
static json_t *nested(size_t depth)
{
	json_t *value = json_object();

	for (size_t i = 1; i < depth; i++) {
		json_t *outer = json_object();

		json_object_set_new(outer, "a", value);
		value = outer;
	}
	return value;
}

static void test_depth(void)
{
	json_auto_t *document = quoted_json(DOCUMENT("{'pod': {}}"));
	json_t *pod = json_object_get(json_object_get(document, "spec"), "pod");
	struct profile profile = {0};
	struct err err = {0};

	json_object_set_new(pod, "spec", nested(PARAMETER_DEPTH_MAX - 1));
	CU_ASSERT_EQUAL(profile_read(document, &profile, &err), 0);
	profile_release(&profile);
	json_object_set_new(pod, "spec", nested(PARAMETER_DEPTH_MAX));
	CU_ASSERT_EQUAL(profile_read(document, &profile, &err), -E2BIG);
	CU_ASSERT_STRING_EQUAL(err.msg, "spec: pod: the overlay is nested over 64 values deep");
}

static int attempt_read(const void *input, struct err *err)
{
	CLEANUP(profile_release) struct profile profile = {0};
	json_t *document = *(json_t *const *)input;

	return profile_read(document, &profile, err);
}

static void test_out_of_memory(void)
{
	json_auto_t *proxy = quoted_json(
		REDIRECT(UIDS ", 'inboundSource': '127.0.0.6', 'excludeInboundPorts': [15021]"));
	json_auto_t *agent = quoted_json(DOCUMENT(
		"{" PARAMETERS
		", 'apps': {'env': [{'name': 'X', 'value': '${image}', 'append': ','}]}}"));
	const json_t *input = proxy;

	alloc_fail_sweep("proxy", attempt_read, &input);
	input = agent;
	alloc_fail_sweep("agent", attempt_read, &input);
}

static CU_TestInfo tests[] = {
	{"what is wrong is refused by its path", test_refusals},
	{"a whole profile is read", test_whole},
	{"a proxy that is known by its group", test_known_by_gid},
	{"where DNS goes", test_dns},
	{"what is left out has its default", test_defaults},
	{"the container that is first", test_first},
	{"the proxy's uid may be a parameter", test_proxy_uid_of_a_parameter},
	{"the hash is of the content", test_hash},
	{"a set is sorted, and has a name once", test_set},
	{"a set has bounds", test_set_bounds},
	{"an overlay is not too deep", test_depth},
	{"memory may end anywhere", test_out_of_memory},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/profile", tests)
