/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a redirect document's plan is in tables of iptables, read back as the kernel tells of it: it
 * compares as the same, and whatever its bytes are made it is read within its bounds. */
#include <assert.h>
#include <errno.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <stdlib.h>
#include <string.h>

#include "cni/core/foreign_chain.h"
#include "cni/core/ipt_rules.h"
#include "cni/core/ipt_view.h"
#include "cni/core/redirect_plan.h"
#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "common/redirect_spec.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/json_mutate.h"
#include "tests/fuzz/patched.h"

static size_t header_size(enum plan_family family)
{
	return family == PLAN_V4 ? sizeof(struct ipt_entry) : sizeof(struct ip6t_entry);
}

static size_t entry_size(const void *entry, enum plan_family family)
{
	return family == PLAN_V4 ? ((const struct ipt_entry *)entry)->next_offset
				 : ((const struct ip6t_entry *)entry)->next_offset;
}

/* The target of one of our entries. */
static struct ipt_extension target_of(const void *entry, enum plan_family family)
{
	struct ipt_extension extension = {0};
	size_t offset = 0;

	while (ipt_entry_next_extension(entry, family, &offset, &extension))
		;
	assert(extension.is_target);
	return extension;
}

static bool is_standard(const char *target)
{
	return strcmp(target, "RETURN") == 0 || strcmp(target, "DROP") == 0 ||
	       ipt_chain_is_ours(target);
}

/* Appends the entry as the kernel tells of it: a standard target has no name, and says where to go
 * by a number. */
static void put_as_kernel(const void *entry, enum plan_family family, struct strbuf *out)
{
	struct ipt_extension target = target_of(entry, family);
	size_t data = out->length + (size_t)(target.data - (const uint8_t *)entry);
	const int32_t verdict = -5;

	strbuf_append(out, entry, entry_size(entry, family));
	assert(!out->is_failed);
	if (!is_standard(target.name))
		return;
	memset(out->data + data - sizeof(struct xt_entry_target) +
		       offsetof(struct xt_entry_target, u.user.name),
	       0, XT_EXTENSION_MAXNAMELEN);
	memcpy(out->data + data, &verdict, sizeof(verdict));
}

/* Adds a rule that the kernel has told; false where it is none. */
static bool add_told(const void *entry, const struct ipt_rule *of, struct ipt_rules *found)
{
	CLEANUP(freep) void *copy = NULL;
	struct ipt_extension target = target_of(of->entry, found->family);
	struct foreign_chain chain = {0};
	struct err err;
	int r = ipt_entry_copy(entry, found->family, target.name, &copy, &err);

	if (r < 0) {
		assert(r == -EIO);
		fuzz_check_failure(&err);
		return false;
	}
	target = target_of(copy, found->family);
	foreign_chain_note_target(&chain, target.name, target.data, target.data_size, 1);
	r = ipt_rules_add(found, of->chain.name, of->position, &copy, NULL, &err);
	assert(r == 0);
	return true;
}

/* Reads the bytes of a table as libiptc does: entries one behind the other. false where it would
 * not. */
static bool read_table(const struct strbuf *bytes, const struct ipt_rules *expected,
		       struct ipt_rules *found)
{
	size_t offset = 0;
	struct err err;

	for (size_t i = 0; i < expected->chain_count; i++) {
		int r = ipt_rules_add_chain(found, expected->chains[i].name, &err);
		assert(r == 0);
	}
	for (size_t i = 0; i < expected->rule_count; i++) {
		CLEANUP(freep) uint8_t *entry = NULL;
		size_t left = bytes->length - offset;

		if (left < header_size(found->family))
			return false;
		/* Copied twice: each lies at the end of a block of its own. */
		entry = malloc(left);
		assert(entry != NULL);
		memcpy(entry, bytes->data + offset, left);
		size_t size = entry_size(entry, found->family);
		if (size < header_size(found->family) || size > left)
			return false;
		uint8_t *cut = realloc(entry, size);
		assert(cut != NULL);
		entry = cut;
		if (!add_told(entry, &expected->rules[i], found))
			return false;
		offset += size;
	}
	return true;
}

static void check_table(const struct redirect_plan *plan, enum plan_table table,
			enum plan_family family, const uint8_t *data, size_t size)
{
	CLEANUP(ipt_rules_release) struct ipt_rules expected = {0};
	CLEANUP(ipt_rules_release) struct ipt_rules found = {.table = table, .family = family};
	CLEANUP(ipt_rules_release) struct ipt_rules patched = {.table = table, .family = family};
	CLEANUP(strbuf_release) struct strbuf bytes = STRBUF_INIT;
	struct err err = {0};
	int r = ipt_rules_build(plan, table, family, &expected, &err);

	assert(r == 0);
	for (size_t i = 0; i < expected.rule_count; i++)
		put_as_kernel(expected.rules[i].entry, family, &bytes);
	bool is_read = read_table(&bytes, &expected, &found);
	assert(is_read);
	r = ipt_rules_compare(&expected, &found, &err);
	assert(r == 0);

	fuzz_patch(data, size, (uint8_t *)bytes.data, bytes.length);
	read_table(&bytes, &expected, &patched);
	r = ipt_rules_compare(&expected, &patched, &err);
	assert(r == 0 || r == -EUCLEAN);
	if (r < 0)
		fuzz_check_failure(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(redirect_spec_release) struct redirect_spec spec = {0};
	CLEANUP(redirect_plan_release) struct redirect_plan plan = {0};
	struct err err = {0};

	if (redirect_spec_decode((const char *)data, fuzz_text_length(data, size), &spec, &err) <
		    0 ||
	    redirect_plan_build(&spec, &plan, &err) < 0) {
		fuzz_check_failure(&err);
		return 0;
	}
	for (enum plan_table table = 0; table < PLAN_TABLE_COUNT; table++) {
		check_table(&plan, table, PLAN_V4, data, size);
		check_table(&plan, table, PLAN_V6, data, size);
	}
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	return fuzz_mutate_patched(data, size, max_size, seed, FUZZ_DOCUMENT_WORDS);
}
