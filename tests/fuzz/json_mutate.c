/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/fuzz/json_mutate.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum {
	PLACES_MAX = 4096, /* of one text that may be changed */
	CHANGES_MAX = 3,   /* at once */
	BYTES_ONE_IN = 16, /* mutations are of bytes */
	TEXT_SIZE = 256,   /* longer texts are not changed inside */
};

const char *const FUZZ_POD_WORDS[] = {
	"pod",
	"metadata",
	"labels",
	"annotations",
	"spec",
	"containers",
	"initContainers",
	"volumes",
	"name",
	"app",
	"envoy",
	"image",
	"auto",
	"env",
	"value",
	"valueFrom",
	"volumeMounts",
	"mountPath",
	"/sidewire",
	"sidewire-gate",
	"ports",
	"containerPort",
	"port",
	"protocol",
	"UDP",
	"livenessProbe",
	"readinessProbe",
	"startupProbe",
	"tcpSocket",
	"httpGet",
	"grpc",
	"exec",
	"command",
	"lifecycle",
	"postStart",
	"restartPolicy",
	"Always",
	"securityContext",
	"runAsUser",
	"emptyDir",
	"configMap",
	"hostNetwork",
	"os",
	"JAVA_TOOL_OPTIONS",
	"SW_AGENT_NAME",
	"kubectl.kubernetes.io/default-container",
	"sidewire.io/inject",
	"true",
	"sidewire.io/profiles",
	"envoy,skywalking",
	"haproxy",
	"istio-proxy",
	"sidewire.io/gate",
	"none",
	"probe",
	"sidewire.io/probes",
	"keep",
	"exempt",
	"rewrite",
	"sidewire.io/exclude-uids",
	"sidewire.io/redirect-mode",
	"tproxy",
	"sidewire.io/exclude-interfaces",
	"sidewire.io/port-map",
	"sidewire.io/dns-capture",
	"dnsConfig",
	"nameservers",
	"runAsGroup",
	"capabilities",
	"NET_RAW",
	"sidewire.io/exclude-inbound-ports",
	"param.sidewire.io/cpu",
	"100m",
	"$patch",
	"delete",
	"replace",
	"merge",
	"$retainKeys",
	"k8s.v1.cni.cncf.io/networks",
	"second-network",
	"xUnknown",
	"a~/b",
	"",
	NULL,
};

const char *const FUZZ_DOCUMENT_WORDS[] = {"version",
					   "mode",
					   "redirect",
					   "tproxy",
					   "tproxy-both",
					   "none",
					   "selfCall",
					   "inbound",
					   "passthrough",
					   "inboundSource",
					   "127.0.0.6,::6",
					   "proxyUids",
					   "proxyMark",
					   "excludeUids",
					   "excludeGids",
					   "1-65535",
					   "53,80,443,8000-8010",
					   "0.0.0.0/0,::/0",
					   "10.0.0.0/8,fd00::/8",
					   "127.0.0.0/8",
					   "portMap",
					   "53:15003,80:15003,81:15004",
					   "dnsPort",
					   "dnsServers",
					   "rerouteInterfaces",
					   "vnet0,vnet1",
					   "excludeInterfaces",
					   "net1",
					   "nonTcp",
					   "reject",
					   "reject-quic",
					   "dropInvalid",
					   "",
					   NULL};

/* One value, and where it is. */
struct place {
	json_t *parent;  /* an object or an array */
	const char *key; /* in an object */
	size_t index;    /* in an array */
	json_t *value;
};

struct mutation {
	struct place places[PLACES_MAX];
	size_t count;
	const char *const *words;
	uint32_t state;
};

/* Any number below `limit` (xorshift32). */
static size_t below(struct mutation *mutation, size_t limit)
{
	mutation->state ^= mutation->state << 13;
	mutation->state ^= mutation->state >> 17;
	mutation->state ^= mutation->state << 5;
	return mutation->state % limit;
}

static void collect(struct mutation *mutation, json_t *parent)
{
	const char *key;
	size_t index;
	json_t *value;

	json_object_foreach(parent, key, value) {
		if (mutation->count < PLACES_MAX)
			mutation->places[mutation->count++] =
				(struct place){.parent = parent, .key = key, .value = value};
		collect(mutation, value);
	}
	json_array_foreach(parent, index, value) {
		if (mutation->count < PLACES_MAX)
			mutation->places[mutation->count++] =
				(struct place){.parent = parent, .index = index, .value = value};
		collect(mutation, value);
	}
}

static const struct place *any_place(struct mutation *mutation)
{
	return &mutation->places[below(mutation, mutation->count)];
}

static const char *any_word(struct mutation *mutation)
{
	size_t count = 0;

	while (mutation->words[count] != NULL)
		count++;
	return mutation->words[below(mutation, count)];
}

/* A new reference. */
static json_t *any_value(struct mutation *mutation)
{
	switch (below(mutation, 12)) {
	case 0:
		return json_null();
	case 1:
		return json_boolean(below(mutation, 2));
	case 2:
		return json_integer((json_int_t)below(mutation, 70000) - 1);
	case 3:
		return json_integer(INT64_MAX);
	case 4:
		return json_object();
	case 5:
		return json_array();
	case 6:
	case 7:
	case 8:
		return json_string(any_word(mutation));
	default:
		return json_deep_copy(any_place(mutation)->value);
	}
}

/* A text with other bytes, if these are UTF-8; the same one otherwise. A new reference. */
static json_t *changed_text(const json_t *value)
{
	uint8_t text[TEXT_SIZE];
	size_t length = json_string_length(value);

	if (length < sizeof(text)) {
		memcpy(text, json_string_value(value), length);
		length = LLVMFuzzerMutate(text, length, sizeof(text));
		json_t *changed = json_stringn((const char *)text, length);
		if (changed != NULL)
			return changed;
	}
	return json_deep_copy(value);
}

static void put(const struct place *place, json_t *value)
{
	/* _new takes the value. */
	if (place->key != NULL)
		json_object_set_new(place->parent, place->key, value);
	else
		json_array_set_new(place->parent, place->index, value);
}

static void take_out(const struct place *place)
{
	if (place->key != NULL)
		json_object_del(place->parent, place->key);
	else
		json_array_remove(place->parent, place->index);
}

/* Adds a value to an object, under a word or a key from elsewhere; or somewhere in an array. */
static void put_in(struct mutation *mutation, json_t *parent)
{
	const char *key = any_place(mutation)->key;

	if (json_is_object(parent))
		json_object_set_new(parent,
				    key != NULL && below(mutation, 2) ? key : any_word(mutation),
				    any_value(mutation));
	else if (json_is_array(parent))
		json_array_insert_new(parent, below(mutation, json_array_size(parent) + 1),
				      any_value(mutation));
}

static void change_once(struct mutation *mutation, json_t *root)
{
	mutation->count = 0;
	collect(mutation, root);
	if (mutation->count == 0) {
		json_object_set_new(root, any_word(mutation), json_object());
		return;
	}
	const struct place *place = any_place(mutation);
	switch (below(mutation, 6)) {
	case 0:
		take_out(place);
		break;
	case 1:
		put_in(mutation, place->parent);
		break;
	case 2:
		put_in(mutation, place->value);
		break;
	case 3:
		put(place, any_value(mutation));
		break;
	case 4:
		if (place->key == NULL)
			json_array_insert(place->parent, below(mutation, place->index + 1),
					  place->value);
		break;
	default:
		if (json_is_string(place->value))
			put(place, changed_text(place->value));
	}
}

size_t fuzz_mutate_json(uint8_t *data, size_t size, size_t max_size, unsigned int seed,
			const char *const *words)
{
	static struct mutation mutation;
	json_auto_t *root = json_loadb((const char *)data, size, JSON_ALLOW_NUL, NULL);

	mutation.words = words;
	mutation.state = (seed * 2654435761u) | 1; /* small seeds differ much then */
	if (!json_is_object(root) || below(&mutation, BYTES_ONE_IN) == 0)
		return LLVMFuzzerMutate(data, size, max_size);
	for (size_t i = below(&mutation, CHANGES_MAX) + 1; i > 0; i--)
		change_once(&mutation, root);
	size_t length = json_dumpb(root, NULL, 0, JSON_COMPACT);
	if (length == 0 || length > max_size)
		return LLVMFuzzerMutate(data, size, max_size);
	return json_dumpb(root, (char *)data, max_size, JSON_COMPACT);
}
