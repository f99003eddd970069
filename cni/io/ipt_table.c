/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/io/ipt_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cni/core/ipt_view.h"
#include "cni/core/nft_rules.h"
#include "cni/io/iptc_family.h"
#include "cni/io/xt_support.h"
#include "common/base/cleanup.h"
#include "common/io/file_read.h"

/* One line a table: the kernel's own ones are five. */
enum { TABLE_NAMES_SIZE_MAX = 4096 };

struct ipt_table {
	enum plan_table name;
	enum plan_family family;
	const struct iptc_family *iptc;
	struct xtc_handle *handle;
};

/* libiptc leaves errno negative or 0 where it runs out of memory. */
static int iptc_errno(void)
{
	return errno > 0 ? errno : ENOMEM;
}

/* The beginning of the name of the module with a table. */
static const char *module_prefix(enum plan_family family)
{
	return family == PLAN_V4 ? "iptable" : "ip6table";
}

static int say_unreadable(enum plan_table table, enum plan_family family, int errnum,
			  struct err *err)
{
	const char *name = plan_table_name(table);

	switch (errnum) {
	case EAFNOSUPPORT:
		return err_set(err, errnum, "the kernel has no %s", ipt_family_name(family));
	case ENOPROTOOPT:
		return err_set(err, errnum,
			       "the kernel has no %s: load it with modprobe %s_%s; a kernel built "
			       "without CONFIG_NETFILTER_XTABLES_LEGACY can not be used",
			       family == PLAN_V4 ? "ip_tables" : "ip6_tables",
			       module_prefix(family), name);
	case ENOENT:
		return err_set(err, errnum,
			       "the kernel has no %s table for %s: load it with modprobe %s_%s",
			       name, ipt_family_name(family), module_prefix(family), name);
	default:
		return err_set(err, errnum, "the %s table for %s can not be read: %s", name,
			       ipt_family_name(family), strerror(errnum));
	}
}

int ipt_table_open(enum plan_table table, enum plan_family family, struct ipt_table **ret_table,
		   struct err *err)
{
	const struct iptc_family *iptc = iptc_family_of(family);
	struct xtc_handle *handle = iptc->open(plan_table_name(table));

	if (handle == NULL)
		return say_unreadable(table, family, iptc_errno(), err);
	struct ipt_table *opened = malloc(sizeof(*opened));
	if (opened == NULL) {
		iptc->close(handle);
		return err_set(err, ENOMEM, "out of memory");
	}
	*opened =
		(struct ipt_table){.name = table, .family = family, .iptc = iptc, .handle = handle};
	*ret_table = opened;
	return 0;
}

unsigned int ipt_tables_present(enum plan_family family)
{
	const char *path = family == PLAN_V4 ? "/proc/self/net/ip_tables_names"
					     : "/proc/self/net/ip6_tables_names";
	CLEANUP(freep) char *names = NULL;
	size_t length;
	struct err err;
	unsigned int present = 0;
	int r = file_read_path(path, TABLE_NAMES_SIZE_MAX, &names, &length, &err);

	if (r == -ENOENT) /* the kernel has not the family, or not by x_tables */
		return 0;
	for (enum plan_table table = 0; table < PLAN_TABLE_COUNT; table++) {
		/* A line a table; none of our names is a part of another's. */
		if (r < 0 || strstr(names, plan_table_name(table)) != NULL)
			present |= 1U << table;
	}
	return present;
}

int ipt_table_check_alone(const struct ipt_table *table, struct err *err)
{
	const char *chain = table->iptc->first_chain(table->handle);

	for (; chain != NULL; chain = table->iptc->next_chain(table->handle)) {
		const char *mesh = ipt_chain_mesh(chain);

		if (mesh != NULL)
			return err_set(err, EEXIST,
				       "%s redirects this pod already: the %s %s table has its "
				       "chain %s",
				       mesh, ipt_family_name(table->family),
				       plan_table_name(table->name), chain);
	}
	return 0;
}

/* The data of the entry's target. */
static struct ipt_extension target_of(const void *entry, enum plan_family family)
{
	struct ipt_extension extension = {0};
	size_t offset = 0;

	while (ipt_entry_next_extension(entry, family, &offset, &extension))
		;
	return extension;
}

/* Notes what the foreign rules of a chain do. */
static void note_foreign_rules(struct ipt_table *table, struct foreign_chain *chain)
{
	const void *rule = table->iptc->first_rule(chain->name, table->handle);

	for (unsigned int number = 1; rule != NULL; number++) {
		struct ipt_extension target = target_of(rule, table->family);

		foreign_chain_note_target(chain, table->iptc->get_target(rule, table->handle),
					  target.data, target.data_size, number);
		rule = table->iptc->next_rule(rule, table->handle);
	}
}

int ipt_table_list_foreign(struct ipt_table *table, struct foreign_list *list, struct err *err)
{
	const char *name = table->iptc->first_chain(table->handle);
	int r = 0;

	for (; r == 0 && name != NULL; name = table->iptc->next_chain(table->handle)) {
		const struct nft_base_chain *place = nft_base_chain_at(table->name, name);
		const char *policy = table->iptc->get_policy(name, table->handle);

		/* Only built-in chains have a policy. */
		if (place == NULL || policy == NULL)
			continue;
		struct foreign_chain chain = {
			.family_name = ipt_family_name(table->family),
			.families = table->family,
			.hook = place->hook_number,
			.priority = place->priority,
			.is_nat = table->name == PLAN_TABLE_NAT,
			.is_policy_drop = strcmp(policy, "DROP") == 0,
		};
		foreign_name_set(chain.table, plan_table_name(table->name));
		foreign_name_set(chain.name, name);
		note_foreign_rules(table, &chain);
		if (foreign_chain_does_anything(&chain))
			r = foreign_list_add(list, &chain, err);
	}
	return r;
}

/* Notes the rule that was found before a jump to ours, unless an earlier one was. */
static void note_shadow(const struct ipt_shadow *before, const char *jump, struct ipt_rules *ours)
{
	if (before->target.name[0] == '\0' || ours->is_shadowed)
		return;
	ours->is_shadowed = true;
	ours->shadow = *before;
	ours->shadow.jump = ipt_chain_named(jump);
}

/* Copies the rules of one chain that are ours: in a chain of ours all, elsewhere the jumps to them.
 */
static int copy_rules(struct ipt_table *table, const char *chain, struct ipt_rules *ours,
		      struct err *err)
{
	bool is_ours = ipt_chain_is_ours(chain);
	struct ipt_shadow before = {.chain = ipt_chain_named(chain)};
	const void *rule = table->iptc->first_rule(chain, table->handle);

	for (unsigned int position = 0; rule != NULL; position++) {
		CLEANUP(freep) void *copy = NULL;
		const char *target = table->iptc->get_target(rule, table->handle);

		if (is_ours || ipt_chain_is_ours(target)) {
			int r = ipt_entry_copy(rule, table->family, target, &copy, err);

			if (r == 0)
				r = ipt_rules_add(ours, chain, position, &copy, NULL, err);
			if (r < 0)
				return r;
			note_shadow(&before, target, ours);
		} else if (before.target.name[0] == '\0' && ipt_target_is_end(target)) {
			before.position = position;
			before.target = ipt_chain_named(target);
		}
		rule = table->iptc->next_rule(rule, table->handle);
	}
	return 0;
}

static int copy_ours(struct ipt_table *table, struct ipt_rules *ours, struct err *err)
{
	const char *chain = table->iptc->first_chain(table->handle);
	int r = 0;

	while (r == 0 && chain != NULL) {
		if (ipt_chain_is_ours(chain))
			r = ipt_rules_add_chain(ours, chain, err);
		if (r == 0)
			r = copy_rules(table, chain, ours, err);
		chain = table->iptc->next_chain(table->handle);
	}
	return r;
}

/* Says what libiptc would not do in memory. */
static int say_refused(const struct ipt_table *table, const char *what, const char *chain,
		       struct err *err)
{
	int errnum = iptc_errno();

	return err_set(err, errnum, "%s %s table: %s %s: %s", ipt_family_name(table->family),
		       plan_table_name(table->name), what, chain, strerror(errnum));
}

/* Deletes in memory what was copied: rules from behind, so that positions stay true. */
static int delete_ours(struct ipt_table *table, const struct ipt_rules *ours, struct err *err)
{
	for (size_t i = ours->rule_count; i > 0; i--) {
		const struct ipt_rule *rule = &ours->rules[i - 1];

		if (!table->iptc->delete_rule(rule->chain.name, rule->position, table->handle))
			return say_refused(table, "deleting from", rule->chain.name, err);
	}
	for (size_t i = 0; i < ours->chain_count; i++) {
		if (!table->iptc->delete_chain(ours->chains[i].name, table->handle))
			return say_refused(table, "deleting", ours->chains[i].name, err);
	}
	return 0;
}

int ipt_table_take_ours(struct ipt_table *table, struct ipt_rules *ret_ours, struct err *err)
{
	CLEANUP(ipt_rules_release)
	struct ipt_rules ours = {.table = table->name, .family = table->family};
	int r = copy_ours(table, &ours, err);

	if (r == 0)
		r = delete_ours(table, &ours, err);
	if (r < 0)
		return r;
	*ret_ours = ours;
	ours = (struct ipt_rules){0};
	return 0;
}

int ipt_table_put(struct ipt_table *table, const struct ipt_rules *rules, struct err *err)
{
	for (size_t i = 0; i < rules->chain_count; i++) {
		if (!table->iptc->create_chain(rules->chains[i].name, table->handle))
			return say_refused(table, "making", rules->chains[i].name, err);
	}
	for (size_t i = 0; i < rules->rule_count; i++) {
		const struct ipt_rule *rule = &rules->rules[i];

		if (!table->iptc->insert_rule(rule->chain.name, rule->entry, rule->position,
					      table->handle))
			return say_refused(table, "adding to", rule->chain.name, err);
	}
	return 0;
}

int ipt_table_commit(struct ipt_table *table, const struct ipt_rules *expected, struct err *err)
{
	if (table->iptc->commit(table->handle))
		return 0;
	int errnum = iptc_errno();
	if (errnum == ENOENT && xt_support_check_rules(expected, err) < 0)
		return err->code;
	/* xt_owner's answer, owner_check(): such an id has no place in the namespace. */
	if (errnum == EINVAL && expected->rule_count > 0)
		return err_set(err, errnum,
			       "%s %s table: the kernel refused it: %s (a uid or gid of the "
			       "document may be none in the pod's user namespace)",
			       ipt_family_name(table->family), plan_table_name(table->name),
			       strerror(errnum));
	return err_set(err, errnum, "%s %s table: the kernel refused it: %s",
		       ipt_family_name(table->family), plan_table_name(table->name),
		       strerror(errnum));
}

void ipt_table_free(struct ipt_table *table)
{
	int saved = errno;

	if (table != NULL)
		table->iptc->close(table->handle);
	free(table);
	errno = saved;
}
