/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small profiles for tests. */
#ifndef SIDEWIRE_TESTS_SAMPLE_PROFILE_H
#define SIDEWIRE_TESTS_SAMPLE_PROFILE_H

#include "webhook/core/profile.h"

/* A document with that name and spec. */
#define SAMPLE_DOCUMENT(name, spec)                                         \
	"{'apiVersion': 'sidewire.io/v1alpha1', 'kind': 'SidecarProfile', " \
	"'metadata': {'name': '" name "'}, 'spec': " spec "}"

/* Redirects: native sidecar "proxy" with uid 15099, and a volume "run". */
#define SAMPLE_PROXY                                                                               \
	SAMPLE_DOCUMENT(                                                                           \
		"proxy",                                                                           \
		"{'parameters': [{'name': 'image', 'type': 'string', 'default': 'proxy:v1'},"      \
		" {'name': 'port', 'type': 'integer', 'default': 15021}],"                         \
		" 'redirect': {'outboundPort': 15001, 'inboundPort': 15006, 'container': 'proxy'," \
		"  'proxy': {'uids': [15099]}, 'excludeInboundPorts': [15021],"                    \
		"  'inboundSource': '127.0.0.6'},"                                                 \
		" 'pod': {'metadata': {'labels': {'sidecar': 'proxy'}},"                           \
		"  'spec': {'initContainers': [{'name': 'proxy', 'image': '${image}',"             \
		"   'restartPolicy': 'Always', 'ports': [{'containerPort': '${port}'}],"           \
		"   'volumeMounts': [{'name': 'run', 'mountPath': '/run/proxy'}],"                 \
		"   'securityContext': {'runAsUser': 15099}}],"                                    \
		"   'volumes': [{'name': 'run', 'emptyDir': {}}]}}}")

/* Redirects too, and is known by its group as well: container "other". */
#define SAMPLE_OTHER                                                                       \
	SAMPLE_DOCUMENT(                                                                   \
		"other",                                                                   \
		"{'redirect': {'outboundPort': 1, 'inboundPort': 2, 'container': 'other'," \
		" 'proxy': {'uids': [7], 'gids': [8]}},"                                   \
		" 'pod': {'spec': {'containers': [{'name': 'other', 'image': 'other:1'}]}}}")

/* Redirects by TPROXY with all that a redirect may say: root's container "proxy", known by its
 * group. */
#define SAMPLE_TPROXY                                                                          \
	SAMPLE_DOCUMENT(                                                                       \
		"tproxy",                                                                      \
		"{'redirect': {'mode': 'tproxy', 'outboundPort': 15001, 'inboundPort': 15006," \
		"  'container': 'proxy', 'proxy': {'gids': [15099], 'mark': 15099},"           \
		"  'dnsPort': 15053,"                                                          \
		"  'dnsServers': ['10.96.0.10'], 'excludeInterfaces': ['net1'],"               \
		"  'rerouteInterfaces': 'k6t-eth0', 'portMap': ['12220:15003'],"               \
		"  'dropInvalid': true, 'nonTcp': 'reject-quic'},"                             \
		" 'pod': {'spec': {'initContainers': [{'name': 'proxy', 'image': 'proxy:1',"   \
		"  'restartPolicy': 'Always', 'securityContext': {'runAsUser': 0,"             \
		"   'runAsGroup': 15099, 'capabilities': {'add': ['NET_RAW']}}}]}}}")

/* Redirects nothing, and needs a parameter. */
#define SAMPLE_AGENT                                                                      \
	SAMPLE_DOCUMENT("agent", "{'parameters': [{'name': 'tenant', 'type': 'string'}]," \
				 " 'pod': {'metadata': {'annotations': {'t': '${tenant}'}}}}")

/* The profile of a document that is right. The caller releases it. */
struct profile sample_profile(const char *document) __attribute__((nonnull));

/* The set of the four. The caller releases it. */
struct profile_set sample_set(void);

#endif
