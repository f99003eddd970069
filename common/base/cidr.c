/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/cidr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/list_item.h"
#include "common/base/parse_num.h"

/* ::ffff:0:0/96, RFC 4291 section 2.5.5.2: the kernel never puts such an address on the wire. */
static const uint8_t V4_MAPPED_PREFIX[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static unsigned int cidr_bits(const struct cidr *cidr)
{
	return cidr->is_v6 ? CIDR_V6_BITS : CIDR_V4_BITS;
}

/* Clears the bits behind the prefix. true when there were any. */
static bool clear_host_bits(struct cidr *cidr)
{
	uint8_t cleared = 0;

	for (unsigned int bit = cidr->prefix_length; bit < cidr_bits(cidr); bit++) {
		uint8_t mask = (uint8_t)(0x80U >> (bit % 8));

		cleared |= cidr->addr_be[bit / 8] & mask;
		cidr->addr_be[bit / 8] &= (uint8_t)~mask;
	}
	return cleared != 0;
}

/* Fills in address and family. false when the text is no address. */
static bool parse_address(const char *text, size_t length, struct cidr *cidr)
{
	char address[INET6_ADDRSTRLEN];

	if (length >= sizeof(address) || memchr(text, '\0', length) != NULL)
		return false;
	memcpy(address, text, length);
	address[length] = '\0';
	cidr->is_v6 = memchr(text, ':', length) != NULL;
	return inet_pton(cidr->is_v6 ? AF_INET6 : AF_INET, address, cidr->addr_be) == 1;
}

/* The text of a prefix, bounded, for messages. */
static void cidr_show(const struct cidr *cidr, char text[static INET6_ADDRSTRLEN])
{
	inet_ntop(cidr->is_v6 ? AF_INET6 : AF_INET, cidr->addr_be, text, INET6_ADDRSTRLEN);
}

int cidr_parse(const char *text, size_t length, struct cidr *ret_cidr, struct err *err)
{
	const char *slash = memchr(text, '/', length);
	size_t address_length = slash != NULL ? (size_t)(slash - text) : length;
	int shown = length > INET6_ADDRSTRLEN ? INET6_ADDRSTRLEN : (int)length;
	struct cidr cidr = {0};

	if (!parse_address(text, address_length, &cidr))
		return err_set(err, EINVAL, "'%.*s' is not a CIDR such as 10.0.0.0/8 or fd00::/8",
			       shown, text);
	uint32_t prefix_length = cidr_bits(&cidr);
	if (slash != NULL && parse_u32(slash + 1, length - address_length - 1, 0, cidr_bits(&cidr),
				       &prefix_length, err) < 0)
		return err_wrap(err, "prefix length of '%.*s'", shown, text);
	cidr.prefix_length = (uint8_t)prefix_length;
	if (cidr.is_v6 && memcmp(cidr.addr_be, V4_MAPPED_PREFIX, sizeof(V4_MAPPED_PREFIX)) == 0)
		return err_set(err, EINVAL, "'%.*s' is an IPv4-mapped prefix: write it as IPv4",
			       shown, text);
	if (clear_host_bits(&cidr)) {
		char network[INET6_ADDRSTRLEN];

		cidr_show(&cidr, network);
		return err_set(err, EINVAL, "'%.*s' has bits set behind its prefix: write %s/%u",
			       shown, text, network, cidr.prefix_length);
	}
	*ret_cidr = cidr;
	return 0;
}

void cidr_format(const struct cidr *cidr, struct strbuf *out)
{
	char address[INET6_ADDRSTRLEN];

	cidr_show(cidr, address);
	strbuf_puts(out, address);
	if (cidr->prefix_length != cidr_bits(cidr))
		strbuf_printf(out, "/%u", cidr->prefix_length);
}

bool cidr_equal(const struct cidr *a, const struct cidr *b)
{
	return a->is_v6 == b->is_v6 && a->prefix_length == b->prefix_length &&
	       memcmp(a->addr_be, b->addr_be, sizeof(a->addr_be)) == 0;
}

bool cidr_is_all(const struct cidr *cidr)
{
	return cidr->prefix_length == 0;
}

bool cidr_is_loopback(const struct cidr *cidr)
{
	static const struct cidr V6 = {
		.is_v6 = true, .prefix_length = CIDR_V6_BITS, .addr_be = {[15] = 1}};

	return cidr->is_v6 ? cidr_equal(cidr, &V6)
			   : cidr->prefix_length >= 8 && cidr->addr_be[0] == 127;
}

static int too_many(struct err *err)
{
	return err_set(err, E2BIG, "more than %d prefixes in one list", CIDR_LIST_MAX);
}

int cidr_list_parse(const char *text, struct cidr_list *ret_list, struct err *err)
{
	CLEANUP(cidr_list_release) struct cidr_list list = {0};
	struct list_item item;
	size_t items = 0; /* repetitions are not in the list, but cost a look at all of it */

	for (const char *rest = list_items(text); list_item_next(&rest, &item);) {
		struct cidr cidr;

		if (++items > CIDR_LIST_MAX)
			return too_many(err);
		int r = cidr_parse(item.text, item.length, &cidr, err);
		if (r < 0)
			return r;
		r = cidr_list_add(&list, &cidr, err);
		if (r < 0)
			return r;
	}
	*ret_list = list;
	list = (struct cidr_list){0};
	return 0;
}

bool cidr_list_contains(const struct cidr_list *list, const struct cidr *cidr)
{
	for (size_t i = 0; i < list->count; i++) {
		if (cidr_equal(&list->items[i], cidr))
			return true;
	}
	return false;
}

int cidr_list_add(struct cidr_list *list, const struct cidr *cidr, struct err *err)
{
	if (cidr_list_contains(list, cidr))
		return 0;
	if (list->count == CIDR_LIST_MAX)
		return too_many(err);
	struct cidr *items = realloc(list->items, (list->count + 1) * sizeof(*items));
	if (items == NULL)
		return err_set(err, ENOMEM, "out of memory");
	items[list->count++] = *cidr;
	list->items = items;
	return 0;
}

void cidr_list_format(const struct cidr_list *list, struct strbuf *out)
{
	for (size_t i = 0; i < list->count; i++) {
		strbuf_puts(out, i > 0 ? "," : "");
		cidr_format(&list->items[i], out);
	}
}

void cidr_list_release(struct cidr_list *list)
{
	free(list->items);
	*list = (struct cidr_list){0};
}
