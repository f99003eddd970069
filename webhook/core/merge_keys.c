/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/merge_keys.h"

#include <string.h>

/* metadata of the pod, and of the claim that an ephemeral volume makes. */
static const struct merge_rule METADATA[] = {
	{"finalizers", MERGE_SET, NULL, NULL},
	{"ownerReferences", MERGE_KEYED, "uid", NULL},
	{0},
};

static const struct merge_rule CLAIM_TEMPLATE[] = {
	{"metadata", MERGE_ATOMIC, NULL, METADATA},
	{0},
};

static const struct merge_rule EPHEMERAL[] = {
	{"volumeClaimTemplate", MERGE_ATOMIC, NULL, CLAIM_TEMPLATE},
	{0},
};

static const struct merge_rule VOLUME[] = {
	{"ephemeral", MERGE_ATOMIC, NULL, EPHEMERAL},
	{0},
};

/* Containers, init containers and ephemeral containers are tagged alike. */
const struct merge_rule MERGE_RULES_CONTAINER[] = {
	{"env", MERGE_KEYED, "name", NULL},
	{"ports", MERGE_KEYED, "containerPort", NULL},
	{"volumeDevices", MERGE_KEYED, "devicePath", NULL},
	{"volumeMounts", MERGE_KEYED, "mountPath", NULL},
	{0},
};

static const struct merge_rule SPEC[] = {
	{"containers", MERGE_KEYED, "name", MERGE_RULES_CONTAINER},
	{"ephemeralContainers", MERGE_KEYED, "name", MERGE_RULES_CONTAINER},
	{"evictionResponders", MERGE_KEYED, "name", NULL},
	{"hostAliases", MERGE_KEYED, "ip", NULL},
	{"imagePullSecrets", MERGE_KEYED, "name", NULL},
	{"initContainers", MERGE_KEYED, "name", MERGE_RULES_CONTAINER},
	{"resourceClaims", MERGE_KEYED, "name", NULL},
	{"schedulingGates", MERGE_KEYED, "name", NULL},
	{"topologySpreadConstraints", MERGE_KEYED, "topologyKey", NULL},
	{"volumes", MERGE_KEYED, "name", VOLUME},
	{0},
};

const struct merge_rule MERGE_RULES_POD[] = {
	{"metadata", MERGE_ATOMIC, NULL, METADATA},
	{"spec", MERGE_ATOMIC, NULL, SPEC},
	{0},
};

const struct merge_rule *merge_rule_of(const struct merge_rule *rules, const char *member)
{
	static const struct merge_rule ORDINARY = {.kind = MERGE_ATOMIC};

	/* At most ten rules to compare, most of them different in the first letter. */
	for (; rules != NULL && rules->member != NULL; rules++) {
		if (strcmp(rules->member, member) == 0)
			return rules;
	}
	return &ORDINARY;
}

json_t *merge_identity_of(const struct merge_rule *rule, json_t *element)
{
	json_t *key = NULL;

	if (rule->kind == MERGE_SET)
		return element;
	if (rule->kind == MERGE_KEYED)
		key = json_object_get(element, rule->key);
	return json_is_null(key) ? NULL : key;
}
