/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/ipt_rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cni/core/ipt_view.h"
#include "common/base/cleanup.h"
#include "common/base/word_list.h"

const char *ipt_family_name(enum plan_family family)
{
	return family == PLAN_V4 ? "IPv4" : "IPv6";
}

bool ipt_chain_is_ours(const char *name)
{
	return strncmp(name, IPT_CHAIN_PREFIX, sizeof(IPT_CHAIN_PREFIX) - 1) == 0;
}

bool ipt_target_is_end(const char *target)
{
	static const char *const ENDS[] = {"ACCEPT",  "DROP",   "RETURN",   "QUEUE",
					   "NFQUEUE", "REJECT", "REDIRECT", "DNAT",
					   "NETMAP",  "TPROXY", NULL};

	return word_list_has(ENDS, target);
}

const char *ipt_chain_mesh(const char *name)
{
	static const struct {
		const char *prefix;
		const char *mesh;
	} MESHES[] = {
		{"ISTIO_", "Istio"},
		{"PROXY_INIT_", "Linkerd"},
		{"CONSUL_PROXY_", "Consul"},
		{"KUMA_MESH_", "Kuma"},
	};

	for (size_t i = 0; i < sizeof(MESHES) / sizeof(MESHES[0]); i++) {
		if (strncmp(name, MESHES[i].prefix, strlen(MESHES[i].prefix)) == 0)
			return MESHES[i].mesh;
	}
	return NULL;
}

struct ipt_chain ipt_chain_named(const char *name)
{
	struct ipt_chain chain = {0};

	memcpy(chain.name, name, strnlen(name, sizeof(chain.name) - 1));
	return chain;
}

/*
 * Makes room for one more element of `size` bytes behind the `count` that are there. Capacities are
 * powers of two, so that they follow from the count. -ENOMEM.
 */
static int grow(void **elements, size_t count, size_t size, struct err *err)
{
	if ((count & (count - 1)) != 0)
		return 0;
	void *grown = realloc(*elements, (count == 0 ? 1 : 2 * count) * size);
	if (grown == NULL)
		return err_set(err, ENOMEM, "out of memory");
	*elements = grown;
	return 0;
}

int ipt_rules_add_chain(struct ipt_rules *rules, const char *name, struct err *err)
{
	void *chains = rules->chains;
	int r = grow(&chains, rules->chain_count, sizeof(*rules->chains), err);

	if (r < 0)
		return r;
	rules->chains = chains;
	rules->chains[rules->chain_count++] = ipt_chain_named(name);
	return 0;
}

int ipt_rules_add(struct ipt_rules *rules, const char *chain, unsigned int position, void **entry,
		  const struct plan_rule *source, struct err *err)
{
	void *grown = rules->rules;
	int r = grow(&grown, rules->rule_count, sizeof(*rules->rules), err);

	if (r < 0)
		return r;
	rules->rules = grown;
	rules->rules[rules->rule_count++] = (struct ipt_rule){
		.chain = ipt_chain_named(chain),
		.position = position,
		.entry = TAKE(*entry),
		.source = source,
	};
	return 0;
}

/* Adds one rule of the plan behind those of its chain, of which `*position` are there. */
static int add_planned_rule(struct ipt_rules *rules, const struct plan_rule *rule,
			    const struct plan_rule *source, unsigned int *position, struct err *err)
{
	CLEANUP(freep) void *entry = NULL;
	int r = ipt_entry_encode(rule, rules->family, &entry, err);

	return r < 0 ? r
		     : ipt_rules_add(rules, plan_chain_name(rule->chain), (*position)++, &entry,
				     source, err);
}

/* Adds a rule for each type of ICMP that the plan's names. */
static int add_by_type(struct ipt_rules *rules, const struct plan_rule *source,
		       unsigned int *position, struct err *err)
{
	struct plan_rule rule = *source;
	int r = 0;

	rule.icmp_count = 1;
	for (size_t i = 0; r == 0 && i < source->icmp_count; i++) {
		rule.icmp_types[0] = source->icmp_types[i];
		r = add_planned_rule(rules, &rule, source, position, err);
	}
	return r;
}

/* Adds the chain's rules of the family, and its chain if there are any. */
static int add_planned_rules(struct ipt_rules *rules, const struct redirect_plan *plan,
			     enum plan_chain chain, struct err *err)
{
	unsigned int position = 0;

	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_rule *rule = &plan->rules[i];
		int r = 0;

		if (rule->chain != chain || (rule->families & rules->family) == 0)
			continue;
		if (position == 0)
			r = ipt_rules_add_chain(rules, plan_chain_name(chain), err);
		if (r == 0)
			r = rule->icmp_count > 1
				    ? add_by_type(rules, rule, &position, err)
				    : add_planned_rule(rules, rule, rule, &position, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_jump(struct ipt_rules *rules, const char *hook, const char *chain, struct err *err)
{
	CLEANUP(freep) void *entry = NULL;
	int r = ipt_entry_encode_jump(chain, rules->family, &entry, err);

	return r < 0 ? r : ipt_rules_add(rules, hook, 0, &entry, NULL, err);
}

/* Adds a chain of the plan with its rules and the jump to it. */
static int add_planned_chain(struct ipt_rules *rules, const struct redirect_plan *plan,
			     enum plan_chain chain, struct err *err)
{
	const char *hook = plan_chain_hook(chain);
	size_t chains_before = rules->chain_count;
	int r = add_planned_rules(rules, plan, chain, err);

	if (r == 0 && hook != NULL && rules->chain_count > chains_before)
		r = add_jump(rules, hook, plan_chain_name(chain), err);
	return r;
}

int ipt_rules_build(const struct redirect_plan *plan, enum plan_table table,
		    enum plan_family family, struct ipt_rules *ret_rules, struct err *err)
{
	CLEANUP(ipt_rules_release)
	struct ipt_rules rules = {.table = table, .family = family};

	for (enum plan_chain chain = 0; chain < PLAN_CHAIN_COUNT; chain++) {
		int r = 0;

		if (plan_chain_table(chain) == table)
			r = add_planned_chain(&rules, plan, chain, err);
		if (r < 0)
			return r;
	}
	*ret_rules = rules;
	rules = (struct ipt_rules){0};
	return 0;
}

void ipt_rules_release(struct ipt_rules *rules)
{
	for (size_t i = 0; i < rules->rule_count; i++)
		free(rules->rules[i].entry);
	free(rules->rules);
	free(rules->chains);
	*rules = (struct ipt_rules){0};
}
