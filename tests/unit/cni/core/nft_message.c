/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Batches and what the kernel says of them (nft_message, nft_explain). */
#include "cni/core/nft_message.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/suite.h"

static struct plan_rule some[] = {
	{.chain = PLAN_CHAIN_INBOUND,
	 .families = PLAN_BOTH,
	 .protocol = PLAN_TCP,
	 .port_count = 2,
	 .ports = {{80, 80}, {443, 443}},
	 .verdict = PLAN_REDIRECT,
	 .port = 15006},
	{.chain = PLAN_CHAIN_INBOUND, .families = PLAN_BOTH, .state = PLAN_INVALID},
};

static const struct redirect_plan PLAN = {.rules = some, .count = sizeof(some) / sizeof(*some)};
static const struct redirect_plan NOTHING = {0};

struct made {
	struct nft_rules rules;
	struct nft_content content;
	struct strbuf batch;
};

static void made_release(struct made *made)
{
	strbuf_release(&made->batch);
	nft_content_release(&made->content);
	nft_rules_release(&made->rules);
}

static int make(const struct redirect_plan *plan, bool is_table_there, struct made *made,
		struct err *err)
{
	int r = nft_rules_build(plan, PLAN_BOTH, &made->rules, err);

	if (r == 0)
		r = nft_content_build(&made->rules, &made->content, err);
	return r < 0 ? r : nft_message_batch(&made->content, is_table_there, 7, &made->batch, err);
}

/* "type:number ..." of each message, types in hexadecimal. */
static void check_batch(const struct redirect_plan *plan, bool is_table_there, const char *expected)
{
	CLEANUP(made_release) struct made made = {0};
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	struct nlmsghdr header;
	struct err err;

	CU_ASSERT_FATAL(make(plan, is_table_there, &made, &err) == 0);
	for (size_t offset = 0; offset < made.batch.length; offset += header.nlmsg_len) {
		memcpy(&header, made.batch.data + offset, sizeof(header));
		strbuf_printf(&out, "%x:%u ", header.nlmsg_type, header.nlmsg_seq);
	}
	ASSERT_TEXT("batch", out.data, expected);
}

static void test_batch(void)
{
	/* Begin, the table; two chains; a set, its elements; three rules; end. */
	check_batch(&PLAN, false, "10:0 a00:2 a03:3 a03:4 a09:5 a0c:6 a06:7 a06:8 a06:9 11:10 ");
	check_batch(&PLAN, true,
		    "10:0 a02:1 a00:2 a03:3 a03:4 a09:5 a0c:6 a06:7 a06:8 a06:9 11:10 ");
	check_batch(&NOTHING, true, "10:0 a02:1 11:3 ");
}

static void test_generation(void)
{
	CLEANUP(made_release) struct made made = {0};
	struct err err;

	CU_ASSERT_FATAL(make(&PLAN, true, &made, &err) == 0);
	size_t headers = sizeof(struct nlmsghdr) + sizeof(struct nfgenmsg);
	struct nft_rest attributes = {(const uint8_t *)made.batch.data + headers, 8};
	CU_ASSERT_EQUAL(nft_find_u32(attributes, NFNL_BATCH_GENID), 7);
}

static void test_request(void)
{
	CLEANUP(strbuf_release) struct strbuf request = STRBUF_INIT;
	struct nft_message message;

	nft_message_request(NFT_MSG_GETSETELEM, NLM_F_DUMP, 1, "sidewire", "ports", &request);
	struct nft_rest rest = {(const uint8_t *)request.data, request.length};
	CU_ASSERT_FATAL(nft_message_next(&rest, &message));
	CU_ASSERT(message.kind == NFT_TOLD && message.type == NFT_MSG_GETSETELEM);
	CU_ASSERT(message.family == 1 && !message.is_part);
	ASSERT_TEXT("table", nft_find_text(message.attributes, NFTA_SET_ELEM_LIST_TABLE),
		    "sidewire");
	ASSERT_TEXT("set", nft_find_text(message.attributes, NFTA_SET_ELEM_LIST_SET), "ports");
	CU_ASSERT(!nft_message_next(&rest, &message));
}

/* An answer of the kernel; with an offset, in the attribute behind. */
static void answer(struct strbuf *out, uint16_t type, int32_t code, uint32_t number,
		   uint32_t offset)
{
	struct nlmsghdr header = {.nlmsg_type = type};
	struct nlmsgerr error = {.error = code, .msg = {.nlmsg_seq = number}};
	size_t size = type == NLMSG_DONE ? sizeof(code) : sizeof(error);

	header.nlmsg_len = (uint32_t)(sizeof(header) + size + (offset != 0 ? 8 : 0));
	strbuf_append(out, (const char *)&header, sizeof(header));
	strbuf_append(out, (const char *)&error, size);
	if (offset != 0)
		nft_put(out, NLMSGERR_ATTR_OFFS, &offset, sizeof(offset));
}

static void test_answers(void)
{
	CLEANUP(strbuf_release) struct strbuf said = STRBUF_INIT;
	struct nft_message message;

	answer(&said, NLMSG_ERROR, -ENOENT, 8, 48);
	answer(&said, NLMSG_ERROR, 0, 9, 0);
	answer(&said, NLMSG_DONE, 0, 0, 0);
	answer(&said, NLMSG_DONE, -EINTR, 0, 0);
	answer(&said, NLMSG_ERROR, INT32_MIN, 0, 0);
	answer(&said, NLMSG_ERROR, ENOENT, 0, 0);
	struct nft_rest rest = {(const uint8_t *)said.data, said.length};
	CU_ASSERT_FATAL(nft_message_next(&rest, &message));
	CU_ASSERT(message.kind == NFT_ANSWERED && message.errnum == ENOENT);
	CU_ASSERT(message.number == 8 && message.bad_offset == 48);
	CU_ASSERT(nft_message_next(&rest, &message) && message.errnum == 0 && message.number == 9);
	CU_ASSERT(nft_message_next(&rest, &message) && message.kind == NFT_ANSWERED);
	CU_ASSERT_EQUAL(message.errnum, 0);
	CU_ASSERT(nft_message_next(&rest, &message) && message.errnum == EINTR);
	/* No error number. */
	CU_ASSERT(nft_message_next(&rest, &message) && message.errnum == EIO);
	CU_ASSERT(nft_message_next(&rest, &message) && message.errnum == EIO);
	CU_ASSERT(!nft_message_next(&rest, &message));
	/* Cut short. */
	rest = (struct nft_rest){(const uint8_t *)said.data, 20};
	CU_ASSERT(!nft_message_next(&rest, &message));
	struct nlmsghdr header = {.nlmsg_len = sizeof(header), .nlmsg_type = NLMSG_ERROR};
	rest = (struct nft_rest){(const uint8_t *)&header, sizeof(header)};
	CU_ASSERT(nft_message_next(&rest, &message) && message.errnum == EIO);
}

/* Where, in the message of that number, the expression of that name is. */
static uint32_t offset_of(const struct strbuf *batch, uint32_t number, const char *expression)
{
	struct nlmsghdr header;
	size_t offset = 0;

	for (;;) {
		memcpy(&header, batch->data + offset, sizeof(header));
		if (header.nlmsg_seq == number)
			break;
		offset += header.nlmsg_len;
	}
	const char *name =
		memmem(batch->data + offset, header.nlmsg_len, expression, strlen(expression) + 1);
	CU_ASSERT_FATAL(name != NULL);
	/* Behind the header of the list's attribute and that of the name. */
	return (uint32_t)(name - (batch->data + offset) - 8);
}

static void check_explained(const char *row, int errnum, uint32_t number, const char *expression,
			    int expected_code, const char *expected)
{
	CLEANUP(made_release) struct made made = {0};
	struct nft_message refusal = {.kind = NFT_ANSWERED, .errnum = errnum, .number = number};
	struct err err = {0};

	CU_ASSERT_FATAL(make(&PLAN, true, &made, &err) == 0);
	if (expression != NULL)
		refusal.bad_offset = offset_of(&made.batch, number, expression);
	struct nft_rest batch = {(const uint8_t *)made.batch.data, made.batch.length};
	int r = nft_message_explain(&refusal, batch, &made.content, &made.rules, "so it is", &err);
	ASSERT_ROW(row, r == -expected_code);
	ASSERT_TEXT(row, err.msg, expected);
}

static void test_explained(void)
{
	check_explained(
		"a module", ENOENT, 7, "redir", ENOENT,
		"the kernel has no nft_redir: load it with modprobe nft_redir (inet sidewire: a "
		"rule of SIDEWIRE_INBOUND, tcp dport @SIDEWIRE_INBOUND_1 redirect to :15006)");
	check_explained(
		"another module", ENOENT, 8, "ct", ENOENT,
		"the kernel has no nft_ct: load it with modprobe nft_ct (inet sidewire: a rule of "
		"SIDEWIRE_INBOUND, ct state invalid return)");
	check_explained(
		"no module", ENOENT, 8, "immediate", ENOENT,
		"inet sidewire: the kernel refused a rule of SIDEWIRE_INBOUND, ct state invalid "
		"return: so it is");
	check_explained(
		"not told what", ENOENT, 8, NULL, ENOENT,
		"inet sidewire: the kernel refused a rule of SIDEWIRE_INBOUND, ct state invalid "
		"return: so it is");
	check_explained("another failure", EINVAL, 7, "redir", EINVAL,
			"inet sidewire: the kernel refused a rule of SIDEWIRE_INBOUND, tcp dport "
			"@SIDEWIRE_INBOUND_1 redirect to :15006: so it is");
	check_explained("a jump", EINVAL, 9, NULL, EINVAL,
			"inet sidewire: the kernel refused a rule of nat_prerouting: so it is");
	check_explained(
		"a chain", ENOENT, 4, NULL, ENOENT,
		"the kernel has no nft_chain_nat: load it with modprobe nft_chain_nat (inet "
		"sidewire: chain nat_prerouting)");
	check_explained("a set", ENOMEM, 6, NULL, ENOMEM,
			"inet sidewire: the kernel refused set SIDEWIRE_INBOUND_1: so it is");
	check_explained("the table", EPERM, 1, NULL, EPERM,
			"the kernel refused the table inet sidewire: so it is");
	check_explained("behind the last", EPERM, 10, NULL, EPERM,
			"the kernel refused the table inet sidewire: so it is");
}

static int attempt(const void *input, struct err *err)
{
	CLEANUP(made_release) struct made made = {0};

	return make(input, true, &made, err);
}

static void test_without_memory(void)
{
	alloc_fail_sweep("batch", attempt, &PLAN);
}

static CU_TestInfo tests[] = {
	{"messages of a batch", test_batch},
	{"the generation it is for", test_generation},
	{"a request", test_request},
	{"answers", test_answers},
	{"what was refused, in words", test_explained},
	{"without memory", test_without_memory},
	CU_TEST_INFO_NULL,
};

SUITE("cni/core/nft_message", tests)
