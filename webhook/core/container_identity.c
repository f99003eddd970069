/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/container_identity.h"

#include <stdint.h>
#include <stdio.h>

bool container_identity(const json_t *pod, const json_t *container, const char *member,
			json_int_t *ret_id)
{
	json_t *own = json_object_get(json_object_get(container, "securityContext"), member);
	json_t *spec = json_object_get(pod, "spec");
	json_t *pods = json_object_get(json_object_get(spec, "securityContext"), member);
	json_t *stated = own != NULL && !json_is_null(own) ? own : pods;

	if (!json_is_integer(stated))
		return false;
	*ret_id = json_integer_value(stated);
	return true;
}

bool container_may_be(const json_t *pod, const json_t *container, const char *member,
		      const struct range_list *ids)
{
	json_int_t id = 0;

	if (ids->count == 0)
		return false;
	return !container_identity(pod, container, member, &id) ||
	       (id >= 0 && id <= UINT32_MAX && range_list_contains(ids, (uint32_t)id));
}

void container_identity_text(const json_t *pod, const json_t *container,
			     const struct range_list *uids, const struct range_list *gids,
			     char ret_text[static CONTAINER_IDENTITY_TEXT_SIZE])
{
	const struct {
		const char *member, *noun;
		const struct range_list *ids;
	} kinds[] = {{"runAsUser", "uid", uids}, {"runAsGroup", "gid", gids}};
	size_t length = 0;

	ret_text[0] = '\0';
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		json_int_t id = 0;

		if (kinds[i].ids->count == 0 ||
		    !container_identity(pod, container, kinds[i].member, &id))
			continue;
		length += (size_t)snprintf(ret_text + length, CONTAINER_IDENTITY_TEXT_SIZE - length,
					   "%s%s %" JSON_INTEGER_FORMAT, length > 0 ? " and " : "",
					   kinds[i].noun, id);
	}
}
