/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/nft_content.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "cni/core/nft_expr.h"

enum {
	/* Elements that one message tells of, so that an attribute's 16 bits can have its length.
	 */
	ELEMENTS_PER_MESSAGE = 1000,
};

uint16_t nft_kind_message(enum nft_kind kind)
{
	static const uint16_t MESSAGES[NFT_KIND_COUNT] = {
		[NFT_CHAIN] = NFT_MSG_NEWCHAIN,
		[NFT_SET] = NFT_MSG_NEWSET,
		[NFT_ELEMENTS] = NFT_MSG_NEWSETELEM,
		[NFT_RULE] = NFT_MSG_NEWRULE,
	};

	return MESSAGES[kind];
}

/* Begins an object, whose attributes are appended then up to end_object(). -ENOMEM. */
static int begin_object(struct nft_content *content, enum nft_kind kind, struct err *err)
{
	/* Capacities are powers of two, so that they follow from the count. */
	if ((content->count & (content->count - 1)) == 0) {
		size_t capacity = content->count == 0 ? 1 : 2 * content->count;
		void *grown = realloc(content->objects, capacity * sizeof(*content->objects));

		if (grown == NULL)
			return err_set(err, ENOMEM, "out of memory");
		content->objects = grown;
	}
	content->objects[content->count] =
		(struct nft_object){.kind = kind, .offset = content->bytes.length};
	return 0;
}

static int end_object(struct nft_content *content, struct err *err)
{
	struct nft_object *object = &content->objects[content->count];

	if (content->bytes.is_failed)
		return err_set(err, ENOMEM, "out of memory");
	object->size = content->bytes.length - object->offset;
	content->rule_count += object->kind == NFT_RULE;
	content->count++;
	return 0;
}

static int add_chain(struct nft_content *content, const char *name,
		     const struct nft_base_chain *base, struct err *err)
{
	int r = begin_object(content, NFT_CHAIN, err);

	if (r < 0)
		return r;
	nft_put_text(&content->bytes, NFTA_CHAIN_TABLE, NFT_TABLE);
	nft_put_text(&content->bytes, NFTA_CHAIN_NAME, name);
	if (base != NULL) {
		size_t hook = nft_open(&content->bytes, NFTA_CHAIN_HOOK);

		nft_put_u32(&content->bytes, NFTA_HOOK_HOOKNUM, base->hook_number);
		nft_put_u32(&content->bytes, NFTA_HOOK_PRIORITY, (uint32_t)base->priority);
		nft_close(&content->bytes, hook);
		nft_put_u32(&content->bytes, NFTA_CHAIN_POLICY, NF_ACCEPT);
		nft_put_text(&content->bytes, NFTA_CHAIN_TYPE, base->type);
	}
	return end_object(content, err);
}

/* Which chains hold rules, or are led to. */
static void note_chains(const struct nft_rules *rules, bool is_needed[static PLAN_CHAIN_COUNT])
{
	for (size_t i = 0; i < rules->count; i++) {
		const struct plan_rule *rule = rules->rules[i].source;

		is_needed[rule->chain] = true;
		if (rule->verdict == PLAN_GOTO)
			is_needed[rule->target_chain] = true;
	}
}

static int add_chains(struct nft_content *content, const bool is_needed[static PLAN_CHAIN_COUNT],
		      struct err *err)
{
	int r = 0;

	for (enum plan_chain chain = 0; r == 0 && chain < PLAN_CHAIN_COUNT; chain++) {
		const struct nft_base_chain *base = nft_base_chain_of(chain);

		if (!is_needed[chain])
			continue;
		r = add_chain(content, plan_chain_name(chain), NULL, err);
		if (r == 0 && base != NULL)
			r = add_chain(content, base->name, base, err);
	}
	return r;
}

static int add_set(struct nft_content *content, const struct nft_set *set, struct err *err)
{
	int r = begin_object(content, NFT_SET, err);

	if (r < 0)
		return r;
	nft_put_text(&content->bytes, NFTA_SET_TABLE, NFT_TABLE);
	nft_put_text(&content->bytes, NFTA_SET_NAME, set->name);
	nft_put_u32(&content->bytes, NFTA_SET_FLAGS, NFT_SET_CONSTANT | NFT_SET_INTERVAL);
	nft_put_u32(&content->bytes, NFTA_SET_KEY_TYPE, NFT_KEYS[set->key].number);
	nft_put_u32(&content->bytes, NFTA_SET_KEY_LEN, (uint32_t)NFT_KEYS[set->key].size);
	return end_object(content, err);
}

static void put_element(struct strbuf *out, const uint8_t *key_be, enum nft_key key, bool is_end)
{
	size_t opened = nft_open(out, NFTA_LIST_ELEM);
	size_t value = nft_open(out, NFTA_SET_ELEM_KEY);

	nft_put(out, NFTA_DATA_VALUE, key_be, NFT_KEYS[key].size);
	nft_close(out, value);
	if (is_end)
		nft_put_u32(out, NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
	nft_close(out, opened);
}

/* An interval is two elements: where it begins, and the first behind it, unless that is none. */
static void put_interval(struct strbuf *out, const struct nft_interval *interval, enum nft_key key)
{
	uint8_t end_be[NFT_KEY_SIZE_MAX];

	put_element(out, interval->first_be, key, false);
	if (nft_interval_end(interval, key, end_be))
		put_element(out, end_be, key, true);
}

static int add_elements(struct nft_content *content, const struct nft_set *set, size_t first,
			struct err *err)
{
	size_t last = first + ELEMENTS_PER_MESSAGE / 2;
	int r = begin_object(content, NFT_ELEMENTS, err);

	if (r < 0)
		return r;
	nft_put_text(&content->bytes, NFTA_SET_ELEM_LIST_TABLE, NFT_TABLE);
	nft_put_text(&content->bytes, NFTA_SET_ELEM_LIST_SET, set->name);
	size_t list = nft_open(&content->bytes, NFTA_SET_ELEM_LIST_ELEMENTS);
	for (size_t i = first; i < last && i < set->count; i++)
		put_interval(&content->bytes, &set->intervals[i], set->key);
	nft_close(&content->bytes, list);
	return end_object(content, err);
}

static int add_sets(struct nft_content *content, const struct nft_rules *rules, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < rules->set_count; i++)
		r = add_set(content, &rules->sets[i], err);
	for (size_t i = 0; r == 0 && i < rules->set_count; i++) {
		for (size_t k = 0; r == 0 && k < rules->sets[i].count;
		     k += ELEMENTS_PER_MESSAGE / 2)
			r = add_elements(content, &rules->sets[i], k, err);
	}
	return r;
}

static int add_rule(struct nft_content *content, const struct nft_rules *rules,
		    const struct nft_rule *rule, struct err *err)
{
	int r = begin_object(content, NFT_RULE, err);

	if (r < 0)
		return r;
	nft_put_text(&content->bytes, NFTA_RULE_TABLE, NFT_TABLE);
	nft_put_text(&content->bytes, NFTA_RULE_CHAIN, plan_chain_name(rule->source->chain));
	nft_expr_rule(rules, rule, &content->bytes);
	return end_object(content, err);
}

static int add_jump(struct nft_content *content, enum plan_family families, enum plan_chain chain,
		    struct err *err)
{
	int r = begin_object(content, NFT_RULE, err);

	if (r < 0)
		return r;
	nft_put_text(&content->bytes, NFTA_RULE_TABLE, NFT_TABLE);
	nft_put_text(&content->bytes, NFTA_RULE_CHAIN, nft_base_chain_of(chain)->name);
	nft_expr_jump(families, chain, &content->bytes);
	return end_object(content, err);
}

static int build(const struct nft_rules *rules, struct nft_content *content, struct err *err)
{
	bool is_needed[PLAN_CHAIN_COUNT] = {false};

	note_chains(rules, is_needed);
	int r = add_chains(content, is_needed, err);
	if (r == 0)
		r = add_sets(content, rules, err);
	for (size_t i = 0; r == 0 && i < rules->count; i++)
		r = add_rule(content, rules, &rules->rules[i], err);
	for (enum plan_chain chain = 0; r == 0 && chain < PLAN_CHAIN_COUNT; chain++) {
		if (is_needed[chain] && nft_base_chain_of(chain) != NULL)
			r = add_jump(content, rules->families, chain, err);
	}
	return r;
}

int nft_content_build(const struct nft_rules *rules, struct nft_content *ret_content,
		      struct err *err)
{
	struct nft_content content = {.is_there = rules->count > 0};
	int r = build(rules, &content, err);

	if (r < 0)
		nft_content_release(&content);
	else
		*ret_content = content;
	return r;
}

/* Whether an attribute of an object is worth keeping: what the object is, not what became of it. */
static bool is_kept(enum nft_kind kind, uint16_t type)
{
	static const uint32_t KEPT[NFT_KIND_COUNT] = {
		[NFT_CHAIN] = 1U << NFTA_CHAIN_TABLE | 1U << NFTA_CHAIN_NAME |
			      1U << NFTA_CHAIN_HOOK | 1U << NFTA_CHAIN_POLICY |
			      1U << NFTA_CHAIN_TYPE,
		[NFT_SET] = 1U << NFTA_SET_TABLE | 1U << NFTA_SET_NAME | 1U << NFTA_SET_FLAGS |
			    1U << NFTA_SET_KEY_TYPE | 1U << NFTA_SET_KEY_LEN |
			    1U << NFTA_SET_USERDATA,
		[NFT_ELEMENTS] = 1U << NFTA_SET_ELEM_LIST_TABLE | 1U << NFTA_SET_ELEM_LIST_SET |
				 1U << NFTA_SET_ELEM_LIST_ELEMENTS,
		[NFT_RULE] = 1U << NFTA_RULE_TABLE | 1U << NFTA_RULE_CHAIN |
			     1U << NFTA_RULE_EXPRESSIONS | 1U << NFTA_RULE_USERDATA,
	};

	return type < 32 && (KEPT[kind] >> type & 1U) != 0;
}

int nft_content_add(struct nft_content *content, enum nft_kind kind, struct nft_rest told,
		    struct err *err)
{
	struct nft_attr attr;
	int r = begin_object(content, kind, err);

	while (r == 0 && nft_next(&told, &attr)) {
		if (is_kept(kind, attr.type))
			nft_put(&content->bytes, attr.type, attr.value.bytes, attr.value.length);
	}
	return r < 0 ? r : end_object(content, err);
}

struct nft_rest nft_content_attributes(const struct nft_content *content, size_t object)
{
	const struct nft_object *at = &content->objects[object];

	/* Where nothing is kept of any there are no bytes to count from. */
	if (at->size == 0)
		return (struct nft_rest){0};
	return (struct nft_rest){(const uint8_t *)content->bytes.data + at->offset, at->size};
}

void nft_content_release(struct nft_content *content)
{
	strbuf_release(&content->bytes);
	free(content->objects);
	*content = (struct nft_content){0};
}
