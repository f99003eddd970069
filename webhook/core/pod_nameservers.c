/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/pod_nameservers.h"

#include <errno.h>
#include <stdbool.h>

enum {
	SHOWN_MAX = 64, /* bytes of foreign text that a message repeats */
};

static bool has_all_of_family(const struct cidr_list *servers, bool is_v6)
{
	for (size_t i = 0; i < servers->count; i++) {
		if (servers->items[i].is_v6 == is_v6 && cidr_is_all(&servers->items[i]))
			return true;
	}
	return false;
}

static int add(const json_t *nameserver, struct cidr_list *servers, struct err *err)
{
	const char *text = json_string_value(nameserver);
	struct cidr address = {0};
	struct err reason = {0}; /* adds nothing to what is said here */

	if (text == NULL ||
	    cidr_parse(text, json_string_length(nameserver), &address, &reason) < 0 ||
	    address.prefix_length != (address.is_v6 ? CIDR_V6_BITS : CIDR_V4_BITS))
		return err_set(err, EINVAL,
			       "'%.*s' of the pod's dnsConfig.nameservers is no address, and DNS "
			       "that goes there is to be captured",
			       SHOWN_MAX, text != NULL ? text : "");
	return has_all_of_family(servers, address.is_v6) ? 0
							 : cidr_list_add(servers, &address, err);
}

int pod_nameservers_add(const json_t *pod, struct cidr_list *servers, struct err *err)
{
	const json_t *config = json_object_get(json_object_get(pod, "spec"), "dnsConfig");
	const json_t *nameservers = json_object_get(config, "nameservers");
	json_t *nameserver;
	size_t index;

	json_array_foreach(nameservers, index, nameserver) {
		int r = add(nameserver, servers, err);

		if (r < 0)
			return r;
	}
	return 0;
}
