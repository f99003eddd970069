/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/nft_attr.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <string.h>

/* Deeper than any attribute of nf_tables; what comes from outside must not fill the stack. */
enum { DEPTH_MAX = 8 };

/* Lengths are padded to four bytes (NLA_ALIGN, whose own arithmetic is in int). */
static size_t padded(size_t length)
{
	return (length + 3) & ~(size_t)3;
}

void nft_put(struct strbuf *out, uint16_t type, const void *value, size_t size)
{
	static const char PADDING[NLA_ALIGNTO] = {0};
	struct nlattr header = {.nla_type = type};

	header.nla_len = (uint16_t)(sizeof(header) + size);
	strbuf_append(out, (const char *)&header, sizeof(header));
	strbuf_append(out, value, size);
	strbuf_append(out, PADDING, padded(size) - size);
}

void nft_put_u32(struct strbuf *out, uint16_t type, uint32_t value)
{
	uint32_t value_be = htonl(value);

	nft_put(out, type, &value_be, sizeof(value_be));
}

void nft_put_text(struct strbuf *out, uint16_t type, const char *text)
{
	nft_put(out, type, text, strlen(text) + 1);
}

size_t nft_open(struct strbuf *out, uint16_t type)
{
	size_t opened = out->length;

	nft_put(out, type | NLA_F_NESTED, "", 0);
	return opened;
}

void nft_close(struct strbuf *out, size_t opened)
{
	if (out->is_failed)
		return;
	uint16_t length = (uint16_t)(out->length - opened);
	memcpy(out->data + opened + offsetof(struct nlattr, nla_len), &length, sizeof(length));
}

bool nft_next(struct nft_rest *rest, struct nft_attr *ret_attr)
{
	struct nlattr header;

	if (rest->length < sizeof(header))
		return false;
	memcpy(&header, rest->bytes, sizeof(header));
	if (header.nla_len < sizeof(header) || header.nla_len > rest->length)
		return false;
	*ret_attr = (struct nft_attr){
		.type = header.nla_type & (uint16_t)NLA_TYPE_MASK,
		.is_nested = (header.nla_type & NLA_F_NESTED) != 0,
		.value = {rest->bytes + sizeof(header), header.nla_len - sizeof(header)},
	};
	size_t step = padded(header.nla_len);
	step = step < rest->length ? step : rest->length;
	rest->bytes += step;
	rest->length -= step;
	return true;
}

/* The attribute of that type that `skipped` others of it stand before. */
static bool find_nth(struct nft_rest attributes, uint16_t type, size_t skipped,
		     struct nft_attr *ret_attr)
{
	struct nft_attr attr;

	while (nft_next(&attributes, &attr)) {
		if (attr.type == type && skipped-- == 0) {
			*ret_attr = attr;
			return true;
		}
	}
	return false;
}

struct nft_rest nft_find(struct nft_rest attributes, uint16_t type)
{
	struct nft_attr attr = {0};

	return find_nth(attributes, type, 0, &attr) ? attr.value : (struct nft_rest){0};
}

uint32_t nft_find_u32(struct nft_rest attributes, uint16_t type)
{
	struct nft_rest value = nft_find(attributes, type);
	uint32_t value_be = 0;

	if (value.length == sizeof(value_be))
		memcpy(&value_be, value.bytes, sizeof(value_be));
	return ntohl(value_be);
}

const char *nft_find_text(struct nft_rest attributes, uint16_t type)
{
	struct nft_rest value = nft_find(attributes, type);

	if (value.length == 0 || memchr(value.bytes, '\0', value.length) == NULL)
		return "";
	return (const char *)value.bytes;
}

static bool is_zero(struct nft_rest value)
{
	for (size_t i = 0; i < value.length; i++) {
		if (value.bytes[i] != 0)
			return false;
	}
	return true;
}

/* How many attributes of that type there are. */
static size_t count_of(struct nft_rest attributes, uint16_t type)
{
	struct nft_attr attr;
	size_t count = 0;

	while (nft_next(&attributes, &attr))
		count += attr.type == type;
	return count;
}

static bool equal(struct nft_rest expected, struct nft_rest found, unsigned int depth);

static bool value_equal(const struct nft_attr *expected, const struct nft_attr *found,
			unsigned int depth)
{
	if (expected->is_nested)
		return depth < DEPTH_MAX && equal(expected->value, found->value, depth + 1);
	return expected->value.length == found->value.length &&
	       memcmp(expected->value.bytes, found->value.bytes, found->value.length) == 0;
}

/* Whether what `found` has of types that `expected` has not, or has less often, is zero. */
static bool are_others_zero(struct nft_rest expected, struct nft_rest found)
{
	struct nft_rest rest = found;
	struct nft_attr attr;

	while (nft_next(&rest, &attr)) {
		size_t count = count_of(expected, attr.type);

		if (count == 0 ? !is_zero(attr.value) : count != count_of(found, attr.type))
			return false;
	}
	return true;
}

static bool equal(struct nft_rest expected, struct nft_rest found, unsigned int depth)
{
	struct nft_rest rest = expected;
	struct nft_attr attr;
	struct nft_attr other;

	while (nft_next(&rest, &attr)) {
		struct nft_rest before = {expected.bytes,
					  (size_t)(attr.value.bytes - expected.bytes) -
						  sizeof(struct nlattr)};

		if (!find_nth(found, attr.type, count_of(before, attr.type), &other) ||
		    !value_equal(&attr, &other, depth))
			return false;
	}
	return are_others_zero(expected, found);
}

bool nft_attrs_equal(struct nft_rest expected, struct nft_rest found)
{
	return equal(expected, found, 0);
}
