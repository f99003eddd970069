/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/merge_keys.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"

/* What the tags of Kubernetes 1.37 say; a list that is not here must have no rule. */
static const char EXPECTED[] =
	"metadata.finalizers set\n"
	"metadata.ownerReferences uid\n"
	"spec.containers name\n"
	"spec.containers.env name\n"
	"spec.containers.ports containerPort\n"
	"spec.containers.volumeDevices devicePath\n"
	"spec.containers.volumeMounts mountPath\n"
	"spec.ephemeralContainers name\n"
	"spec.ephemeralContainers.env name\n"
	"spec.ephemeralContainers.ports containerPort\n"
	"spec.ephemeralContainers.volumeDevices devicePath\n"
	"spec.ephemeralContainers.volumeMounts mountPath\n"
	"spec.evictionResponders name\n"
	"spec.hostAliases ip\n"
	"spec.imagePullSecrets name\n"
	"spec.initContainers name\n"
	"spec.initContainers.env name\n"
	"spec.initContainers.ports containerPort\n"
	"spec.initContainers.volumeDevices devicePath\n"
	"spec.initContainers.volumeMounts mountPath\n"
	"spec.resourceClaims name\n"
	"spec.schedulingGates name\n"
	"spec.topologySpreadConstraints topologyKey\n"
	"spec.volumes name\n"
	"spec.volumes.ephemeral.volumeClaimTemplate.metadata.finalizers set\n"
	"spec.volumes.ephemeral.volumeClaimTemplate.metadata.ownerReferences "
	"uid\n";

/* Writes every list rule of the tree, with its path. */
static void list_rules(const struct merge_rule *rules, const char *parent, struct strbuf *out)
{
	for (; rules != NULL && rules->member != NULL; rules++) {
		CLEANUP(strbuf_release) struct strbuf path = STRBUF_INIT;

		strbuf_printf(&path, "%s%s%s", parent, *parent != '\0' ? "." : "", rules->member);
		if (rules->kind != MERGE_ATOMIC)
			strbuf_printf(out, "%s %s\n", path.data,
				      rules->kind == MERGE_SET ? "set" : rules->key);
		list_rules(rules->below, path.data, out);
	}
}

static void test_table(void)
{
	CLEANUP(strbuf_release) struct strbuf found = STRBUF_INIT;

	list_rules(MERGE_RULES_POD, "", &found);
	ASSERT_TEXT("table", found.data, EXPECTED);
}

static void test_look_up(void)
{
	const struct merge_rule *rule = merge_rule_of(MERGE_RULES_CONTAINER, "volumeMounts");

	CU_ASSERT(rule->kind == MERGE_KEYED);
	ASSERT_TEXT("key", rule->key, "mountPath");
	CU_ASSERT(merge_rule_of(MERGE_RULES_CONTAINER, "args")->kind == MERGE_ATOMIC);
	CU_ASSERT(merge_rule_of(MERGE_RULES_CONTAINER, "args")->below == NULL);
	CU_ASSERT(merge_rule_of(MERGE_RULES_CONTAINER, "en")->kind == MERGE_ATOMIC);
	CU_ASSERT(merge_rule_of(NULL, "env")->kind == MERGE_ATOMIC);
}

static void test_identity(void)
{
	json_auto_t *port = quoted_json("{'containerPort':53,'protocol':'UDP'}");
	json_auto_t *keyless = quoted_json("{'protocol':'UDP'}");
	json_auto_t *null_key = quoted_json("{'containerPort':null}");
	json_auto_t *text = quoted_json("'a'");
	const struct merge_rule *ports = merge_rule_of(MERGE_RULES_CONTAINER, "ports");
	const struct merge_rule set = {.kind = MERGE_SET};
	const struct merge_rule atomic = {.kind = MERGE_ATOMIC};

	CU_ASSERT(json_integer_value(merge_identity_of(ports, port)) == 53);
	CU_ASSERT(merge_identity_of(ports, keyless) == NULL);
	CU_ASSERT(merge_identity_of(ports, null_key) == NULL);
	CU_ASSERT(merge_identity_of(ports, text) == NULL);
	CU_ASSERT(merge_identity_of(&set, text) == text);
	CU_ASSERT(merge_identity_of(&atomic, port) == NULL);
}

static CU_TestInfo tests[] = {
	{"the table is that of Kubernetes", test_table},
	{"look-up", test_look_up},
	{"identity of elements", test_identity},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/merge_keys", tests)
