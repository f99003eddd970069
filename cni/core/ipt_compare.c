/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The comparison of ipt_rules.h: names the first difference in words. */
#include <errno.h>
#include <string.h>

#include "cni/core/ipt_rules.h"
#include "cni/core/ipt_view.h"
#include "cni/core/redirect_text.h"
#include "common/base/cleanup.h"
#include "common/base/strbuf.h"

/* The rules of one chain: they lie side by side. */
struct run {
	const struct ipt_rule *rules;
	size_t count;
};

static bool chain_equal(const struct ipt_chain *a, const struct ipt_chain *b)
{
	return strcmp(a->name, b->name) == 0;
}

/* The rules of `chain`; none is a run of length 0. */
static struct run run_of(const struct ipt_rules *rules, const struct ipt_chain *chain)
{
	struct run run = {0};

	for (size_t i = 0; i < rules->rule_count; i++) {
		if (!chain_equal(&rules->rules[i].chain, chain))
			continue;
		if (run.count++ == 0)
			run.rules = &rules->rules[i];
	}
	return run;
}

static bool has_chain(const struct ipt_rules *rules, const struct ipt_chain *chain)
{
	for (size_t i = 0; i < rules->chain_count; i++) {
		if (chain_equal(&rules->chains[i], chain))
			return true;
	}
	return false;
}

bool ipt_rules_lose_chain(const struct ipt_rules *before, const struct ipt_rules *after)
{
	for (size_t i = 0; i < before->chain_count; i++) {
		if (!has_chain(after, &before->chains[i]))
			return true;
	}
	return false;
}

/* Every chain of `from` has to be in `in`; `what` says of one that is not what is wrong. */
static int compare_chains(const struct ipt_rules *from, const struct ipt_rules *in,
			  const char *what, struct err *err)
{
	for (size_t i = 0; i < from->chain_count; i++) {
		if (!has_chain(in, &from->chains[i]))
			return err_set(err, EUCLEAN, "%s %s: chain %s %s",
				       ipt_family_name(from->family), plan_table_name(from->table),
				       from->chains[i].name, what);
	}
	return 0;
}

/* What the first rule that differs should be. */
static int say_expected(const struct ipt_rules *rules, const struct ipt_rule *rule,
			const char *what, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	if (rule->source != NULL)
		redirect_text_rule(rule->source, &text);
	return err_set(err, EUCLEAN, "%s %s: rule %u of %s %s%s%s", ipt_family_name(rules->family),
		       plan_table_name(rules->table), rule->position + 1, rule->chain.name, what,
		       text.length > 0 ? ", expected: " : "", text.length > 0 ? text.data : "");
}

/* A chain of ours has exactly the expected rules, in their order. */
static int compare_rules(const struct ipt_rules *expected, const struct ipt_rules *found,
			 const struct ipt_chain *chain, struct err *err)
{
	struct run should = run_of(expected, chain);
	struct run is = run_of(found, chain);

	for (size_t i = 0; i < should.count; i++) {
		const struct ipt_rule *rule = &should.rules[i];

		if (i == is.count)
			return say_expected(expected, rule, "is missing", err);
		if (!ipt_entry_equal(rule->entry, is.rules[i].entry, expected->family))
			return say_expected(expected, rule, "is another", err);
	}
	if (is.count > should.count)
		return say_expected(found, &is.rules[should.count], "is one too many", err);
	return 0;
}

/* The name of the chain that a jump leads to. */
static const char *jump_target(const struct ipt_rules *rules, const struct ipt_rule *jump)
{
	struct ipt_extension extension = {.name = ""};
	size_t offset = 0;

	while (ipt_entry_next_extension(jump->entry, rules->family, &offset, &extension))
		;
	return extension.name;
}

/* Whether `rules` has the jump, at any place of its hook. */
static bool has_jump(const struct ipt_rules *rules, const struct ipt_rule *jump)
{
	struct run run = run_of(rules, &jump->chain);

	for (size_t i = 0; i < run.count; i++) {
		if (ipt_entry_equal(run.rules[i].entry, jump->entry, rules->family))
			return true;
	}
	return false;
}

/* Every rule of `from` that leads to our chains from outside has to be in `in`. */
static int compare_jumps(const struct ipt_rules *from, const struct ipt_rules *in, const char *what,
			 struct err *err)
{
	for (size_t i = 0; i < from->rule_count; i++) {
		const struct ipt_rule *jump = &from->rules[i];

		if (ipt_chain_is_ours(jump->chain.name) || has_jump(in, jump))
			continue;
		return err_set(err, EUCLEAN, "%s %s: the jump from %s to %s %s",
			       ipt_family_name(from->family), plan_table_name(from->table),
			       jump->chain.name, jump_target(from, jump), what);
	}
	return 0;
}

/* An earlier state may have been shadowed, too. */
static int compare_shadows(const struct ipt_rules *expected, const struct ipt_rules *found,
			   struct err *err)
{
	const struct ipt_shadow *shadow = found->is_shadowed ? &found->shadow : &expected->shadow;

	if (expected->is_shadowed == found->is_shadowed)
		return 0;
	return err_set(err, EUCLEAN, "%s %s: rule %u of %s, %s, stands before the jump to %s",
		       ipt_family_name(found->family), plan_table_name(found->table),
		       shadow->position + 1, shadow->chain.name, shadow->target.name,
		       shadow->jump.name);
}

int ipt_rules_compare(const struct ipt_rules *expected, const struct ipt_rules *found,
		      struct err *err)
{
	int r = compare_chains(expected, found, "is missing", err);

	if (r == 0)
		r = compare_chains(found, expected, "is one too many", err);
	for (size_t i = 0; r == 0 && i < expected->chain_count; i++)
		r = compare_rules(expected, found, &expected->chains[i], err);
	if (r == 0)
		r = compare_jumps(expected, found, "is missing", err);
	if (r == 0)
		r = compare_jumps(found, expected, "is not expected", err);
	return r < 0 ? r : compare_shadows(expected, found, err);
}
