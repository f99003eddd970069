/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/ipt_rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cni/core/ipt_view.h"
#include "common/base/cleanup.h"

const char *ipt_family_name(enum plan_family family)
{
	return family == PLAN_V4 ? "IPv4" : "IPv6";
}

bool ipt_chain_is_ours(const char *name)
{
	return strncmp(name, IPT_CHAIN_PREFIX, sizeof(IPT_CHAIN_PREFIX) - 1) == 0;
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

static struct ipt_chain chain_named(const char *name)
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
	rules->chains[rules->chain_count++] = chain_named(name);
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
		.chain = chain_named(chain),
		.position = position,
		.entry = TAKE(*entry),
		.source = source,
	};
	return 0;
}

/* Adds the chain's rules of the family, and its chain if there are any. */
static int add_planned_rules(struct ipt_rules *rules, const struct redirect_plan *plan,
			     enum plan_chain chain, struct err *err)
{
	const char *name = plan_chain_name(chain);
	unsigned int position = 0;

	for (size_t i = 0; i < plan->count; i++) {
		CLEANUP(freep) void *entry = NULL;
		const struct plan_rule *rule = &plan->rules[i];

		if (rule->chain != chain || (rule->families & rules->family) == 0)
			continue;
		if (position == 0 && ipt_rules_add_chain(rules, name, err) < 0)
			return err->code;
		if (ipt_entry_encode(rule, rules->family, &entry, err) < 0 ||
		    ipt_rules_add(rules, name, position, &entry, rule, err) < 0)
			return err->code;
		position++;
	}
	return 0;
}

static int add_jump(struct ipt_rules *rules, const char *hook, const char *chain, struct err *err)
{
	CLEANUP(freep) void *entry = NULL;
	int r = ipt_entry_encode_jump(chain, rules->family, &entry, err);

	return r < 0 ? r : ipt_rules_add(rules, hook, 0, &entry, NULL, err);
}

int ipt_rules_build(const struct redirect_plan *plan, enum plan_family family,
		    struct ipt_rules *ret_rules, struct err *err)
{
	CLEANUP(ipt_rules_release) struct ipt_rules rules = {.family = family};

	for (enum plan_chain chain = 0; chain < PLAN_CHAIN_COUNT; chain++) {
		const char *hook = plan_chain_hook(chain);
		size_t chains_before = rules.chain_count;
		int r = add_planned_rules(&rules, plan, chain, err);

		if (r == 0 && hook != NULL && rules.chain_count > chains_before)
			r = add_jump(&rules, hook, plan_chain_name(chain), err);
		if (r < 0)
			return r;
	}
	*ret_rules = rules;
	rules = (struct ipt_rules){0};
	return 0;
}

int ipt_rules_lo_sources(const struct ipt_rules *rules, struct cidr_list *ret_list, struct err *err)
{
	CLEANUP(cidr_list_release) struct cidr_list list = {0};

	for (size_t i = 0; i < rules->rule_count; i++) {
		struct cidr source;

		if (!ipt_entry_lo_source(rules->rules[i].entry, rules->family, &source))
			continue;
		int r = cidr_list_add(&list, &source, err);
		if (r < 0)
			return r;
	}
	*ret_list = list;
	list = (struct cidr_list){0};
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
