/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The comparison of nft_content.h: names the first difference in words. */
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>

#include "cni/core/nft_content.h"
#include "cni/core/nft_text.h"
#include "common/base/cleanup.h"

/* An element of a set, so that two can be ordered. */
struct element {
	uint8_t key_be[NFT_KEY_SIZE_MAX];
	size_t size;
	bool is_end;
};

struct elements {
	struct element *items; /* owned */
	size_t count;
};

static void elements_release(struct elements *elements)
{
	free(elements->items);
}

/* The attribute with the name of an object of that kind; for rules, that of their chain. */
static const char *name_of(const struct nft_content *content, size_t object)
{
	static const uint16_t NAMES[NFT_KIND_COUNT] = {
		[NFT_CHAIN] = NFTA_CHAIN_NAME,
		[NFT_SET] = NFTA_SET_NAME,
		[NFT_ELEMENTS] = NFTA_SET_ELEM_LIST_SET,
		[NFT_RULE] = NFTA_RULE_CHAIN,
	};

	return nft_find_text(nft_content_attributes(content, object),
			     NAMES[content->objects[object].kind]);
}

/* The next object of that kind and name, from `start`; the content's count if there is none. */
static size_t next_named(const struct nft_content *content, size_t start, enum nft_kind kind,
			 const char *name)
{
	while (start < content->count &&
	       (content->objects[start].kind != kind || strcmp(name_of(content, start), name) != 0))
		start++;
	return start;
}

static int say(struct err *err, enum nft_kind kind, const char *name, const char *what)
{
	return err_set(err, EUCLEAN, "inet " NFT_TABLE ": %s %s %s",
		       kind == NFT_CHAIN ? "chain" : "set", name, what);
}

/* Every chain and set of `from` has to be in `in`; `what` says of one that is not what is wrong. */
static int compare_names(const struct nft_content *from, const struct nft_content *in,
			 const char *what, struct err *err)
{
	for (size_t i = 0; i < from->count; i++) {
		enum nft_kind kind = from->objects[i].kind;

		if ((kind == NFT_CHAIN || kind == NFT_SET) &&
		    next_named(in, 0, kind, name_of(from, i)) == in->count)
			return say(err, kind, name_of(from, i), what);
	}
	return 0;
}

/* Adds the elements of one message. */
static int add_elements(struct elements *elements, struct nft_rest list, struct err *err)
{
	struct nft_attr attr;
	size_t more = list.length / sizeof(uint32_t);

	void *grown =
		realloc(elements->items, (elements->count + more + 1) * sizeof(*elements->items));
	if (grown == NULL)
		return err_set(err, ENOMEM, "out of memory");
	elements->items = grown;
	while (nft_next(&list, &attr)) {
		struct element *element = &elements->items[elements->count++];
		struct nft_rest key =
			nft_find(nft_find(attr.value, NFTA_SET_ELEM_KEY), NFTA_DATA_VALUE);

		*element = (struct element){0};
		element->size =
			key.length < sizeof(element->key_be) ? key.length : sizeof(element->key_be);
		if (key.length > 0)
			memcpy(element->key_be, key.bytes, element->size);
		element->is_end = (nft_find_u32(attr.value, NFTA_SET_ELEM_FLAGS) &
				   NFT_SET_ELEM_INTERVAL_END) != 0;
	}
	return 0;
}

static int compare_elements(const void *a, const void *b)
{
	const struct element *left = a;
	const struct element *right = b;
	int order = memcmp(left->key_be, right->key_be, sizeof(left->key_be));

	return order != 0 ? order : (int)left->is_end - (int)right->is_end;
}

/* The set's elements, in ascending order: the kernel tells them in an order of its own. */
static int collect(const struct nft_content *content, const char *set, struct elements *elements,
		   struct err *err)
{
	size_t i = next_named(content, 0, NFT_ELEMENTS, set);
	int r = 0;

	while (r == 0 && i < content->count) {
		r = add_elements(
			elements,
			nft_find(nft_content_attributes(content, i), NFTA_SET_ELEM_LIST_ELEMENTS),
			err);
		i = next_named(content, i + 1, NFT_ELEMENTS, set);
	}
	if (r == 0 && elements->count > 0)
		qsort(elements->items, elements->count, sizeof(*elements->items), compare_elements);
	return r;
}

static int compare_set(const struct nft_content *expected, const struct nft_content *found,
		       const char *name, struct err *err)
{
	CLEANUP(elements_release) struct elements should = {0};
	CLEANUP(elements_release) struct elements is = {0};
	int r = collect(expected, name, &should, err);

	if (r == 0)
		r = collect(found, name, &is, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < should.count && i < is.count; i++) {
		if (compare_elements(&should.items[i], &is.items[i]) != 0)
			return say(err, NFT_SET, name, "has other elements");
	}
	return should.count == is.count ? 0 : say(err, NFT_SET, name, "has more or fewer elements");
}

/* Chains and sets are what they should be, and the sets have what they should. */
static int compare_containers(const struct nft_content *expected, const struct nft_content *found,
			      struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < expected->count; i++) {
		enum nft_kind kind = expected->objects[i].kind;
		const char *name = name_of(expected, i);

		if (kind != NFT_CHAIN && kind != NFT_SET)
			continue;
		size_t other = next_named(found, 0, kind, name);
		if (!nft_attrs_equal(nft_content_attributes(expected, i),
				     nft_content_attributes(found, other)))
			return say(err, kind, name, "is another");
		if (kind == NFT_SET)
			r = compare_set(expected, found, name, err);
	}
	return r;
}

/* The chain that a base chain's rule leads to. */
static const char *jump_target(struct nft_rest rule)
{
	struct nft_rest expressions = nft_find(rule, NFTA_RULE_EXPRESSIONS);
	const char *target = "";
	struct nft_attr attr;

	while (nft_next(&expressions, &attr)) {
		struct nft_rest data = nft_find(attr.value, NFTA_EXPR_DATA);
		struct nft_rest value = nft_find(data, NFTA_IMMEDIATE_DATA);

		target = nft_find_text(nft_find(value, NFTA_DATA_VERDICT), NFTA_VERDICT_CHAIN);
	}
	return target;
}

/* What a rule should be, in words. */
static void put_expected(const struct nft_content *expected, const struct nft_rules *rules,
			 size_t object, struct strbuf *out)
{
	size_t index = object - (expected->count - expected->rule_count);

	strbuf_puts(out, ", expected: ");
	if (index < rules->count)
		nft_text_rule(rules, &rules->rules[index], out);
	else
		strbuf_printf(out, "jump %s",
			      jump_target(nft_content_attributes(expected, object)));
}

/* Says what is wrong with a rule; `expected_text` may be empty. */
static int say_rule(const char *chain, size_t number, const char *what,
		    const struct strbuf *expected_text, struct err *err)
{
	return err_set(err, EUCLEAN, "inet " NFT_TABLE ": rule %zu of %s %s%s", number, chain, what,
		       expected_text->data != NULL ? expected_text->data : "");
}

/* The rules of one chain. */
static int compare_chain(const struct nft_content *expected, const struct nft_rules *rules,
			 const struct nft_content *found, const char *chain, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	size_t should = next_named(expected, 0, NFT_RULE, chain);
	size_t is = next_named(found, 0, NFT_RULE, chain);
	size_t number = 1;

	for (; should < expected->count && is < found->count; number++) {
		if (!nft_attrs_equal(nft_content_attributes(expected, should),
				     nft_content_attributes(found, is))) {
			put_expected(expected, rules, should, &text);
			return say_rule(chain, number, "is another", &text, err);
		}
		should = next_named(expected, should + 1, NFT_RULE, chain);
		is = next_named(found, is + 1, NFT_RULE, chain);
	}
	if (should < expected->count) {
		put_expected(expected, rules, should, &text);
		return say_rule(chain, number, "is missing", &text, err);
	}
	return is == found->count ? 0 : say_rule(chain, number, "is one too many", &text, err);
}

int nft_content_compare(const struct nft_content *expected, const struct nft_rules *rules,
			const struct nft_content *found, struct err *err)
{
	if (expected->is_there != found->is_there)
		return err_set(err, EUCLEAN, "the table inet " NFT_TABLE " is %s",
			       found->is_there ? "there" : "missing");
	if (found->is_dormant)
		return err_set(err, EUCLEAN,
			       "the table inet " NFT_TABLE " is dormant: no rule of it is asked");
	int r = compare_names(expected, found, "is missing", err);
	if (r == 0)
		r = compare_names(found, expected, "is one too many", err);
	if (r == 0)
		r = compare_containers(expected, found, err);
	for (size_t i = 0; r == 0 && i < expected->count; i++) {
		if (expected->objects[i].kind == NFT_CHAIN)
			r = compare_chain(expected, rules, found, name_of(expected, i), err);
	}
	return r;
}
