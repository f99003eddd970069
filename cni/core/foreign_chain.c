/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/foreign_chain.h"

#include <errno.h>
#include <limits.h>
/* Before the kernel's headers, which then leave out what the two both define. */
#include <netinet/in.h>
#include <linux/netfilter/xt_CT.h>
#include <stdlib.h>
#include <string.h>

#include "cni/core/nft_rules.h"

int foreign_list_add(struct foreign_list *list, const struct foreign_chain *chain, struct err *err)
{
	void *grown = realloc(list->items, (list->count + 1) * sizeof(*list->items));
	if (grown == NULL)
		return err_set(err, ENOMEM, "out of memory");
	list->items = grown;
	list->items[list->count++] = *chain;
	return 0;
}

void foreign_list_remove(struct foreign_list *list, size_t index)
{
	list->count--;
	memmove(&list->items[index], &list->items[index + 1],
		(list->count - index) * sizeof(*list->items));
}

void foreign_list_release(struct foreign_list *list)
{
	free(list->items);
	*list = (struct foreign_list){0};
}

void foreign_name_set(char name[static FOREIGN_NAME_SIZE], const char *text)
{
	size_t length = strnlen(text, FOREIGN_NAME_SIZE - 1);

	memcpy(name, text, length);
	name[length] = '\0';
}

void foreign_chain_note(struct foreign_chain *chain, enum foreign_end end, unsigned int number)
{
	if (chain->rules[end] == 0)
		chain->rules[end] = number;
}

/* What the first rule does of which the bit is set; FOREIGN_END_COUNT: none does any. */
static enum foreign_end first_end(const struct foreign_chain *chain, unsigned int ends)
{
	enum foreign_end first = FOREIGN_END_COUNT;

	for (enum foreign_end end = 0; end < FOREIGN_END_COUNT; end++) {
		if ((ends >> end & 1U) != 0 && chain->rules[end] != 0 &&
		    (first == FOREIGN_END_COUNT || chain->rules[end] < chain->rules[first]))
			first = end;
	}
	return first;
}

bool foreign_chain_does_anything(const struct foreign_chain *chain)
{
	return chain->is_policy_drop || first_end(chain, UINT_MAX) != FOREIGN_END_COUNT;
}

/* linux/netfilter/xt_CT.h: whether that target, which does more, hides packets from conntrack. */
static bool is_notrack(const uint8_t *data, size_t data_size)
{
	struct xt_ct_target_info info = {0};

	if (data_size < sizeof(info.flags))
		return false;
	memcpy(&info.flags, data, sizeof(info.flags));
	return (info.flags & XT_CT_NOTRACK) != 0;
}

void foreign_chain_note_target(struct foreign_chain *chain, const char *target, const uint8_t *data,
			       size_t data_size, unsigned int number)
{
	static const struct {
		const char *target;
		enum foreign_end end;
	} ENDS[] = {
		{"DROP", FOREIGN_DROP},  {"REJECT", FOREIGN_DROP},     {"REDIRECT", FOREIGN_NAT},
		{"DNAT", FOREIGN_NAT},   {"NETMAP", FOREIGN_NAT},      {"TPROXY", FOREIGN_TPROXY},
		{"CT", FOREIGN_NOTRACK}, {"NOTRACK", FOREIGN_NOTRACK},
	};

	for (size_t i = 0; i < sizeof(ENDS) / sizeof(ENDS[0]); i++) {
		if (strcmp(ENDS[i].target, target) == 0 &&
		    (strcmp(target, "CT") != 0 || is_notrack(data, data_size)))
			foreign_chain_note(chain, ENDS[i].end, number);
	}
}

/* By what the rules of our chains in a table are shadowed: a bit for each enum foreign_end. */
static unsigned int shadowing_ends(enum plan_table table)
{
	static const unsigned int SHADOWING[PLAN_TABLE_COUNT] = {
		[PLAN_TABLE_RAW] = 1U << FOREIGN_DROP | 1U << FOREIGN_NOTRACK,
		[PLAN_TABLE_MANGLE] = 1U << FOREIGN_DROP,
		[PLAN_TABLE_FILTER] = 0,
		[PLAN_TABLE_NAT] = 1U << FOREIGN_DROP | 1U << FOREIGN_NAT | 1U << FOREIGN_TPROXY |
				   1U << FOREIGN_NOTRACK,
	};

	return SHADOWING[table];
}

/* Whether the chain is asked before that of ours. Those of nat are asked when nat is, which is
 * behind everything else that ours may be. */
static bool is_before(const struct foreign_chain *chain, const struct nft_base_chain *ours,
		      enum plan_table table)
{
	if (chain->hook != ours->hook_number || (chain->is_nat && table != PLAN_TABLE_NAT))
		return false;
	if (chain->priority != ours->priority)
		return chain->priority < ours->priority;
	return !chain->is_older;
}

/* Whether anything of the chain shadows rules of that chain of ours. The policy comes last. */
static int check_chain(const struct foreign_chain *chain, enum plan_chain ours, struct err *err)
{
	static const char *const WORDS[FOREIGN_END_COUNT] = {
		[FOREIGN_DROP] = "drops",
		[FOREIGN_NAT] = "translates",
		[FOREIGN_TPROXY] = "takes by TPROXY",
		[FOREIGN_NOTRACK] = "hides from conntrack",
	};
	const struct nft_base_chain *base = nft_base_chain_of(ours);
	unsigned int ends = shadowing_ends(plan_chain_table(ours));
	enum foreign_end first = first_end(chain, ends);

	if (base == NULL || !is_before(chain, base, plan_chain_table(ours)))
		return 0;
	if (first != FOREIGN_END_COUNT)
		return err_set(err, EBUSY, "%s %s: rule %u of chain %s %s before %s is asked",
			       chain->family_name, chain->table, chain->rules[first], chain->name,
			       WORDS[first], plan_chain_name(ours));
	if (chain->is_policy_drop && (ends >> FOREIGN_DROP & 1U) != 0)
		return err_set(err, EBUSY, "%s %s: the policy of chain %s drops before %s is asked",
			       chain->family_name, chain->table, chain->name,
			       plan_chain_name(ours));
	return 0;
}

int foreign_list_check(const struct foreign_list *list, const struct redirect_plan *plan,
		       enum plan_family families, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && list->count > 0 && i < plan->count; i++) {
		const struct plan_rule *rule = &plan->rules[i];

		/* The first rule of a chain and family stands for all. */
		if (i > 0 && rule->chain == rule[-1].chain && rule->families == rule[-1].families)
			continue;
		for (size_t k = 0; r == 0 && k < list->count; k++) {
			if ((list->items[k].families & rule->families & families) != 0)
				r = check_chain(&list->items[k], rule->chain, err);
		}
	}
	return r;
}
