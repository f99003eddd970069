/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every label, annotation and well-known name of sidewire, once. */
#ifndef SIDEWIRE_VOCABULARY_H
#define SIDEWIRE_VOCABULARY_H

#define VOCABULARY_PREFIX "sidewire.io/"
#define VOCABULARY_PARAM_PREFIX "param.sidewire.io/"

/* Label: on a namespace "enabled" or "disabled", on a pod "true" or "false". */
#define LABEL_INJECT "sidewire.io/inject"

/* Annotations that users write. */
#define ANNOTATION_PROFILES "sidewire.io/profiles"
#define ANNOTATION_REDIRECT_MODE "sidewire.io/redirect-mode"
#define ANNOTATION_INCLUDE_INBOUND_PORTS "sidewire.io/include-inbound-ports"
#define ANNOTATION_EXCLUDE_INBOUND_PORTS "sidewire.io/exclude-inbound-ports"
#define ANNOTATION_EXCLUDE_INBOUND_CIDRS "sidewire.io/exclude-inbound-cidrs"
#define ANNOTATION_INCLUDE_OUTBOUND_PORTS "sidewire.io/include-outbound-ports"
#define ANNOTATION_EXCLUDE_OUTBOUND_PORTS "sidewire.io/exclude-outbound-ports"
#define ANNOTATION_INCLUDE_OUTBOUND_CIDRS "sidewire.io/include-outbound-cidrs"
#define ANNOTATION_EXCLUDE_OUTBOUND_CIDRS "sidewire.io/exclude-outbound-cidrs"
#define ANNOTATION_EXCLUDE_UIDS "sidewire.io/exclude-uids"
#define ANNOTATION_EXCLUDE_GIDS "sidewire.io/exclude-gids"
#define ANNOTATION_EXCLUDE_INTERFACES "sidewire.io/exclude-interfaces"
#define ANNOTATION_REROUTE_INTERFACES "sidewire.io/reroute-interfaces"
#define ANNOTATION_PORT_MAP "sidewire.io/port-map"
#define ANNOTATION_DNS_CAPTURE "sidewire.io/dns-capture"
#define ANNOTATION_DROP_INVALID "sidewire.io/drop-invalid"
#define ANNOTATION_NON_TCP "sidewire.io/non-tcp"
#define ANNOTATION_GATE "sidewire.io/gate"
#define ANNOTATION_PROBES "sidewire.io/probes"

/* Annotations that the webhook writes. */
#define ANNOTATION_STATUS "sidewire.io/status"
#define ANNOTATION_REDIRECT "sidewire.io/redirect"

/* kubectl's own: which container `kubectl logs` and `kubectl exec` take. */
#define ANNOTATION_DEFAULT_CONTAINER "kubectl.kubernetes.io/default-container"

/* The plugin's `type` in a conflist, which is its file's name; and the capability by which a
 * runtime hands annotations over. */
#define CNI_PLUGIN_TYPE "sidewire-cni"
#define CNI_CAPABILITY_ANNOTATIONS "io.kubernetes.cri.pod-annotations"

/* The gate: nobody listens on GATE_PORT_DEFAULT; sidewire-gate asks from GATE_SOURCE_PORT. */
enum {
	GATE_PORT_DEFAULT = 15999,
	GATE_SOURCE_PORT = 15998,
};

#endif
