/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/redirect_input.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/suite.h"

#define NONE "{\"version\":1,\"mode\":\"none\"}"
#define POD_OF(annotations) "{\"kind\":\"Pod\",\"metadata\":{\"annotations\":" annotations "}}"

static const struct {
	const char *name;
	const char *text;
	const char *message; /* what it contains; NULL: it is a document */
} INPUTS[] = {
	{"a document", NONE, NULL},
	{"a pod",
	 POD_OF("{\"sidewire.io/redirect\":\"{\\\"version\\\":1,\\\"mode\\\":\\\"none\\\"}\"}"),
	 NULL},
	{"no JSON", "{", "JSON"},
	{"neither", "{}", "version"},
	{"another kind", "{\"kind\":\"Job\"}", "kind 'Job', expected a Pod or a redirect document"},
	{"no kind", "{\"kind\":null}", "kind ''"},
	{"a kind that is none", "{\"kind\":1}", "'kind'"},
	{"a pod without annotations", "{\"kind\":\"Pod\"}", "no annotation sidewire.io/redirect"},
	{"a pod without that one", POD_OF("{\"a\":\"b\"}"), "no annotation sidewire.io/redirect"},
	{"annotations that are none", POD_OF("[]"), "'annotations'"},
	{"an annotation that is none", POD_OF("{\"sidewire.io/redirect\":\"\"}"),
	 "annotation sidewire.io/redirect: "},
};

static void test_documents_and_pods(void)
{
	for (size_t i = 0; i < sizeof(INPUTS) / sizeof(*INPUTS); i++) {
		CLEANUP(redirect_spec_release) struct redirect_spec spec = {0};
		struct err err = {0};
		int r = redirect_input_decode(INPUTS[i].text, strlen(INPUTS[i].text), &spec, &err);

		ASSERT_ROW(INPUTS[i].name, (r < 0) == (INPUTS[i].message != NULL));
		if (r < 0)
			ASSERT_ROW(INPUTS[i].name, strstr(err.msg, INPUTS[i].message) != NULL);
	}
}

static const struct {
	const char *name;
	enum redirect_mode mode;
	const char *included;
	const char *excluded;
	bool is_wanted;
	const char *result; /* NULL: refused */
	bool is_added;
} HOSTS[] = {
	{"all ports", REDIRECT_MODE_REDIRECT, "1-65535", "", true, "22", true},
	{"among others", REDIRECT_MODE_TPROXY, "1-100", "21,23", true, "21-23", true},
	{"excluded already", REDIRECT_MODE_REDIRECT, "1-65535", "20-25", true, "20-25", false},
	{"not included", REDIRECT_MODE_REDIRECT, "80", "", true, "", false},
	{"not wanted", REDIRECT_MODE_REDIRECT, "1-65535", "", false, "", false},
	{"nothing to redirect", REDIRECT_MODE_NONE, "", "", true, "", false},
	{"tproxy-both", REDIRECT_MODE_TPROXY_BOTH, "1-65535", "", true, NULL, false},
};

static void test_a_host_keeps_ssh(void)
{
	for (size_t i = 0; i < sizeof(HOSTS) / sizeof(*HOSTS); i++) {
		CLEANUP(redirect_spec_release) struct redirect_spec spec = {.mode = HOSTS[i].mode};
		CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
		bool is_added = false;
		struct err err = {0};

		CU_ASSERT(range_list_parse(HOSTS[i].included, &RANGE_KIND_PORT,
					   &spec.include_inbound_ports, &err) == 0);
		CU_ASSERT(range_list_parse(HOSTS[i].excluded, &RANGE_KIND_PORT,
					   &spec.exclude_inbound_ports, &err) == 0);
		int r = redirect_input_fit_host(&spec, HOSTS[i].is_wanted, &is_added, &err);
		ASSERT_ROW(HOSTS[i].name, (r == -EINVAL) == (HOSTS[i].result == NULL));
		ASSERT_ROW(HOSTS[i].name, is_added == HOSTS[i].is_added);
		if (r < 0)
			continue;
		strbuf_puts(&text, "");
		range_list_format(&spec.exclude_inbound_ports, &text);
		ASSERT_TEXT(HOSTS[i].name, text.data, HOSTS[i].result);
	}
}

static const struct {
	const char *name;
	const char *text;
	const char *servers; /* NULL: refused */
	const char *message; /* of the refusal, what it contains */
} RESOLV_CONFS[] = {
	{"one", "nameserver 192.0.2.1\n", "192.0.2.1", NULL},
	{"two families, a comment", "# a\nnameserver 192.0.2.1\nnameserver\t2001:db8::1 # b",
	 "192.0.2.1,2001:db8::1", NULL},
	{"twice", "nameserver 192.0.2.1\r\nnameserver 192.0.2.1\r\n", "192.0.2.1", NULL},
	{"nothing", "", NULL, "no nameserver"},
	{"another keyword", "nameservers 192.0.2.1\nsearch a\n", NULL, "no nameserver"},
	{"no server", "nameserver\nnameserver  \n192.0.2.1\n", NULL, "no nameserver"},
	{"a zone", "nameserver fe80::1%eth0\n", NULL, "'fe80::1%eth0'"},
	{"a network", "nameserver 192.0.2.0/24\n", NULL, "'192.0.2.0/24'"},
	{"loopback", "nameserver 127.0.0.53\n", NULL, "'127.0.0.53' is on loopback"},
	{"loopback of IPv6", "nameserver ::1\n", NULL, "'::1' is on loopback"},
};

static void test_dns_servers_of_a_file(void)
{
	for (size_t i = 0; i < sizeof(RESOLV_CONFS) / sizeof(*RESOLV_CONFS); i++) {
		CLEANUP(redirect_spec_release) struct redirect_spec spec = {.dns_port = 53};
		CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
		struct err err = {0};
		int r = redirect_input_take_dns(&spec, RESOLV_CONFS[i].text, &err);

		ASSERT_ROW(RESOLV_CONFS[i].name, (r < 0) == (RESOLV_CONFS[i].servers == NULL));
		if (r < 0) {
			ASSERT_ROW(RESOLV_CONFS[i].name,
				   strstr(err.msg, RESOLV_CONFS[i].message) != NULL);
			continue;
		}
		cidr_list_format(&spec.dns_servers, &text);
		ASSERT_TEXT(RESOLV_CONFS[i].name, text.data, RESOLV_CONFS[i].servers);
	}
}

static void test_dns_servers_need_a_port(void)
{
	struct redirect_spec spec = {0};
	struct err err = {0};

	CU_ASSERT(redirect_input_take_dns(&spec, "nameserver 192.0.2.1\n", &err) == -EINVAL);
	CU_ASSERT(spec.dns_servers.count == 0);
}

static int attempt_host(const void *input, struct err *err)
{
	CLEANUP(redirect_spec_release)
	struct redirect_spec spec = {.mode = REDIRECT_MODE_REDIRECT, .dns_port = 53};
	bool is_added = false;
	int r = range_list_add(&spec.include_inbound_ports, 1, UINT16_MAX, err);

	if (r == 0)
		r = redirect_input_fit_host(&spec, true, &is_added, err);
	return r < 0 ? r : redirect_input_take_dns(&spec, input, err);
}

static void test_allocations(void)
{
	alloc_fail_sweep("a host", attempt_host, "nameserver 192.0.2.1\nnameserver 192.0.2.2\n");
}

static CU_TestInfo tests[] = {
	{"documents, and pods that have one", test_documents_and_pods},
	{"a host keeps port 22, and gets no tproxy-both", test_a_host_keeps_ssh},
	{"the servers that a resolv.conf names", test_dns_servers_of_a_file},
	{"are for documents that capture DNS", test_dns_servers_need_a_port},
	{"failing allocations", test_allocations},
	CU_TEST_INFO_NULL,
};
SUITE("cni/core/redirect_input", tests)
