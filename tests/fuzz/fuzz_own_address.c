/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A piece of the kernel's answer about addresses, as sidewire-gate reads it (rtnetlink(7)). */
#include "cni/core/own_address.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct own_address_list list = {.count = 0};
	struct err err = {0};
	bool is_last = false;
	int r = own_address_read(data, size, &list, &is_last, &err);

	if (r < 0)
		fuzz_check_failure(&err);
	assert(r == 0 || is_last);
	assert(list.count <= OWN_ADDRESS_MAX && list.count <= size / 20);
	for (size_t i = 0; i < list.count; i++)
		assert(list.items[i].prefix_length == (list.items[i].is_v6 ? 128 : 32));
	return 0;
}
