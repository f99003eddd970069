/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What people hand sidewire-redirect: a Pod or a document, and a resolv.conf. */
#include "cni/core/redirect_input.h"
#include "common/base/cleanup.h"
#include "tests/fuzz/fuzz.h"

/* A host's document is one that others take. */
static void check_host(struct redirect_spec *spec)
{
	struct err err = {0};
	bool is_added = false;

	if (redirect_input_fit_host(spec, true, &is_added, &err) < 0)
		fuzz_check_failure(&err);
	else
		assert(redirect_spec_check(spec, &err) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(freep) char *text = strndup((const char *)data, size);
	CLEANUP(redirect_spec_release) struct redirect_spec spec = {0};
	CLEANUP(redirect_spec_release) struct redirect_spec dns = {.dns_port = 15053};
	struct err err = {0};

	assert(text != NULL);
	if (redirect_input_decode((const char *)data, size, &spec, &err) < 0)
		fuzz_check_failure(&err);
	else
		check_host(&spec);
	if (redirect_input_take_dns(&dns, text, &err) < 0)
		fuzz_check_failure(&err);
	else
		assert(dns.dns_servers.count > 0);
	return 0;
}
