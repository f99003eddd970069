/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/own_address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/suite.h"

/* A piece of an answer, put together as the kernel does it. */
struct piece {
	_Alignas(4) unsigned char bytes[8192];
	size_t length;
	size_t message; /* where the last message begins */
};

static void put(struct piece *piece, const void *bytes, size_t length)
{
	memcpy(piece->bytes + piece->length, bytes, length);
	piece->length += length;
	while (piece->length % 4 != 0)
		piece->bytes[piece->length++] = 0;
}

static void begin_message(struct piece *piece, unsigned short type)
{
	const struct nlmsghdr header = {.nlmsg_len = sizeof(header), .nlmsg_type = type};

	piece->message = piece->length;
	put(piece, &header, sizeof(header));
}

static void end_message(struct piece *piece)
{
	unsigned int length = (unsigned int)(piece->length - piece->message);

	memcpy(piece->bytes + piece->message, &length, sizeof(length));
}

static void put_attribute(struct piece *piece, unsigned short type, int family, const char *text)
{
	unsigned char address[16];
	unsigned short size = family == AF_INET6 ? 16 : 4;
	const struct rtattr header = {(unsigned short)(sizeof(header) + size), type};

	if (text == NULL)
		return;
	CU_ASSERT_EQUAL_FATAL(inet_pton(family, text, address), 1);
	put(piece, &header, sizeof(header));
	put(piece, address, size);
}

struct row {
	const char *name;
	int family;
	unsigned char scope;
	unsigned int index;
	const char *address, *local, *label; /* NULL: that attribute is missing */
	const char *found;                   /* "": nothing */
};

static const struct row ROWS[] = {
	{"v4", AF_INET, RT_SCOPE_UNIVERSE, 2, "10.0.0.1", "10.0.0.1", "eth0", "10.0.0.1"},
	{"v4 of a link with two ends", AF_INET, RT_SCOPE_UNIVERSE, 2, "10.0.0.2", "10.0.0.1", NULL,
	 "10.0.0.1"},
	{"v4 without a local one", AF_INET, RT_SCOPE_UNIVERSE, 2, "10.0.0.2", NULL, "eth0",
	 "10.0.0.2"},
	{"v4 link-local", AF_INET, RT_SCOPE_LINK, 2, "169.254.0.1", "169.254.0.1", NULL,
	 "169.254.0.1"},
	{"v6", AF_INET6, RT_SCOPE_UNIVERSE, 2, "fd00::1", NULL, NULL, "fd00::1"},
	{"v6 link-local", AF_INET6, RT_SCOPE_LINK, 2, "fe80::1", NULL, NULL, ""},
	{"v4 of lo", AF_INET, RT_SCOPE_HOST, 1, "127.0.0.1", "127.0.0.1", "lo", ""},
	{"v6 of lo", AF_INET6, RT_SCOPE_UNIVERSE, 1, "::6", NULL, NULL, ""},
	{"another family", AF_UNIX, RT_SCOPE_UNIVERSE, 2, NULL, NULL, NULL, ""},
	{"no address", AF_INET, RT_SCOPE_UNIVERSE, 2, NULL, NULL, "eth0", ""},
};
enum { ROW_COUNT = sizeof(ROWS) / sizeof(*ROWS) };

static void put_row(struct piece *piece, const struct row *row)
{
	const struct ifaddrmsg header = {.ifa_family = (unsigned char)row->family,
					 .ifa_scope = row->scope,
					 .ifa_index = row->index};

	begin_message(piece, RTM_NEWADDR);
	put(piece, &header, sizeof(header));
	put_attribute(piece, IFA_ADDRESS, row->family, row->address);
	put_attribute(piece, IFA_LOCAL, row->family, row->local);
	if (row->label != NULL) {
		unsigned short size = (unsigned short)(strlen(row->label) + 1);
		const struct rtattr attribute = {(unsigned short)(sizeof(attribute) + size),
						 IFA_LABEL};

		put(piece, &attribute, sizeof(attribute));
		put(piece, row->label, size);
	}
	end_message(piece);
}

static void test_rows(void)
{
	for (size_t i = 0; i < ROW_COUNT; i++) {
		struct own_address_list list = {.count = 0};
		struct piece piece = {.length = 0};
		char found[INET6_ADDRSTRLEN] = "";
		struct err err = {0};
		bool is_last = true;

		put_row(&piece, &ROWS[i]);
		ASSERT_ROW(ROWS[i].name,
			   own_address_read(piece.bytes, piece.length, &list, &is_last, &err) == 0);
		ASSERT_ROW(ROWS[i].name, !is_last);
		ASSERT_ROW(ROWS[i].name, list.count == (*ROWS[i].found != '\0' ? 1 : 0));
		if (list.count == 1)
			inet_ntop(list.items[0].is_v6 ? AF_INET6 : AF_INET, list.items[0].addr_be,
				  found, sizeof(found));
		ASSERT_TEXT(ROWS[i].name, found, ROWS[i].found);
	}
}

/* Nobody says which of the two comes first. */
static void test_local_first(void)
{
	const struct ifaddrmsg header = {.ifa_family = AF_INET, .ifa_index = 2};
	struct own_address_list list = {.count = 0};
	struct piece piece = {.length = 0};
	struct err err = {0};
	bool is_last;

	begin_message(&piece, RTM_NEWADDR);
	put(&piece, &header, sizeof(header));
	put_attribute(&piece, IFA_LOCAL, AF_INET, "10.0.0.1");
	put_attribute(&piece, IFA_ADDRESS, AF_INET, "10.0.0.2");
	end_message(&piece);
	CU_ASSERT_EQUAL(own_address_read(piece.bytes, piece.length, &list, &is_last, &err), 0);
	CU_ASSERT_EQUAL_FATAL(list.count, 1);
	CU_ASSERT_EQUAL(list.items[0].addr_be[3], 1);
}

static void test_several_pieces(void)
{
	struct own_address_list list = {.count = 0};
	struct piece first = {.length = 0};
	struct piece second = {.length = 0};
	bool is_last = false;
	struct err err = {0};

	put_row(&first, &ROWS[0]);
	put_row(&first, &ROWS[6]);
	put_row(&first, &ROWS[4]);
	put_row(&second, &ROWS[1]);
	begin_message(&second, NLMSG_DONE);
	put(&second, "\0\0\0", 4);
	end_message(&second);
	CU_ASSERT_EQUAL(own_address_read(first.bytes, first.length, &list, &is_last, &err), 0);
	CU_ASSERT_EQUAL(list.count, 2);
	CU_ASSERT_FALSE(is_last);
	CU_ASSERT_EQUAL(own_address_read(second.bytes, second.length, &list, &is_last, &err), 0);
	CU_ASSERT_EQUAL(list.count, 3);
	CU_ASSERT_TRUE(is_last);
	CU_ASSERT_TRUE(list.items[1].is_v6);
	CU_ASSERT_EQUAL(list.items[0].prefix_length, CIDR_V4_BITS);
	CU_ASSERT_EQUAL(list.items[1].prefix_length, CIDR_V6_BITS);
}

static void test_more_than_fit(void)
{
	struct own_address_list list = {.count = 0};
	struct piece piece = {.length = 0};
	bool is_last = false;
	struct err err = {0};

	for (int i = 0; i < OWN_ADDRESS_MAX + 9; i++)
		put_row(&piece, &ROWS[0]);
	CU_ASSERT_EQUAL(own_address_read(piece.bytes, piece.length, &list, &is_last, &err), 0);
	CU_ASSERT_EQUAL(list.count, OWN_ADDRESS_MAX);
}

static void test_refusal(void)
{
	struct own_address_list list = {.count = 0};
	struct piece piece = {.length = 0};
	const struct nlmsgerr refusal = {.error = -EPERM};
	const struct nlmsgerr forged = {.error = INT32_MIN};
	bool is_last = false;
	struct err err = {0};

	begin_message(&piece, NLMSG_ERROR);
	put(&piece, &refusal, sizeof(refusal));
	end_message(&piece);
	CU_ASSERT_EQUAL(own_address_read(piece.bytes, piece.length, &list, &is_last, &err), -EPERM);
	ASSERT_TEXT("message", err.msg, "the kernel tells no addresses");
	CU_ASSERT_TRUE(is_last);
	piece.length = 0;
	begin_message(&piece, NLMSG_ERROR);
	end_message(&piece);
	CU_ASSERT_EQUAL(own_address_read(piece.bytes, piece.length, &list, &is_last, &err), -EIO);
	ASSERT_TEXT("message", err.msg, "the kernel's answer is cut short");
	piece.length = 0;
	begin_message(&piece, NLMSG_ERROR);
	put(&piece, &forged, sizeof(forged));
	end_message(&piece);
	CU_ASSERT_EQUAL(own_address_read(piece.bytes, piece.length, &list, &is_last, &err), -EIO);
	ASSERT_TEXT("message", err.msg, "the kernel tells no addresses");
}

/* Whatever lengths say, nothing outside of the piece is read: a copy without room behind it. */
static void test_cut_short(void)
{
	struct piece whole = {.length = 0};
	const struct nlmsgerr refusal = {.error = 0};

	put_row(&whole, &ROWS[0]);
	put_row(&whole, &ROWS[4]);
	begin_message(&whole, NLMSG_ERROR);
	put(&whole, &refusal, sizeof(refusal));
	end_message(&whole);
	for (size_t length = 0; length <= whole.length; length++) {
		unsigned char *copy = malloc(length > 0 ? length : 1);
		struct own_address_list list = {.count = 0};
		bool is_last = false;
		struct err err = {0};

		memcpy(copy, whole.bytes, length);
		CU_ASSERT_EQUAL(own_address_read(copy, length, &list, &is_last, &err), 0);
		CU_ASSERT_TRUE(list.count <= 2);
		CU_ASSERT_EQUAL(is_last, length == whole.length);
		/* Lengths that lie. */
		for (size_t at = 0; at + 4 <= length; at += 4) {
			memset(copy + at, 0xff, 4);
			CU_ASSERT_TRUE(own_address_read(copy, length, &list, &is_last, &err) <= 0);
			memset(copy + at, 0, 4);
			CU_ASSERT_TRUE(own_address_read(copy, length, &list, &is_last, &err) <= 0);
			memcpy(copy + at, whole.bytes + at, 4);
		}
		free(copy);
	}
}

static CU_TestInfo tests[] = {
	{"which addresses count, and which attribute says them", test_rows},
	{"the local address stands first", test_local_first},
	{"an answer of several pieces", test_several_pieces},
	{"more than fit", test_more_than_fit},
	{"the kernel refuses", test_refusal},
	{"lengths that lie", test_cut_short},
	CU_TEST_INFO_NULL,
};
SUITE("cni/core/own_address", tests)
