/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/ipt_view.h"

#include <errno.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter/xt_CT.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <stdlib.h>
#include <string.h>

static size_t header_size(enum plan_family family)
{
	return family == PLAN_V4 ? sizeof(struct ipt_entry) : sizeof(struct ip6t_entry);
}

static size_t target_offset(const void *entry, enum plan_family family)
{
	return family == PLAN_V4 ? ((const struct ipt_entry *)entry)->target_offset
				 : ((const struct ip6t_entry *)entry)->target_offset;
}

static size_t entry_size(const void *entry, enum plan_family family)
{
	return family == PLAN_V4 ? ((const struct ipt_entry *)entry)->next_offset
				 : ((const struct ip6t_entry *)entry)->next_offset;
}

/* The size of the match or target at the offset. */
static size_t part_size(const void *entry, size_t offset)
{
	const struct xt_entry_match *match = (const void *)((const uint8_t *)entry + offset);

	return match->u.user.match_size;
}

/* Puts the name of a chain or a verdict where the kernel gave an offset. */
static void name_target(struct xt_entry_target *target, const char *name)
{
	memset(target->u.user.name, 0, sizeof(target->u.user.name));
	memcpy(target->u.user.name, name, strlen(name));
	memset(target->data, 0, target->u.target_size - sizeof(*target));
}

/* Whether the match or target at the offset ends where it says, at or before `end`, so that another
 * can follow. The two have one layout. */
static bool is_part_whole(const void *entry, size_t offset, size_t end)
{
	const struct xt_entry_match *match = (const void *)((const uint8_t *)entry + offset);

	if (end < offset + sizeof(*match))
		return false;
	size_t size = part_size(entry, offset);
	return size >= sizeof(*match) && size <= end - offset &&
	       size % __alignof__(struct _xt_align) == 0 &&
	       memchr(match->u.user.name, '\0', sizeof(match->u.user.name)) != NULL;
}

/* Whether matches fill it up to its target, and that the rest. */
static bool is_whole(const void *entry, enum plan_family family)
{
	size_t target = target_offset(entry, family);
	size_t end = entry_size(entry, family);
	size_t offset = header_size(family);

	while (offset < target && is_part_whole(entry, offset, target < end ? target : end))
		offset += part_size(entry, offset);
	return offset == target && is_part_whole(entry, target, end) &&
	       part_size(entry, target) == end - target;
}

int ipt_entry_copy(const void *entry, enum plan_family family, const char *target, void **ret_entry,
		   struct err *err)
{
	size_t size = entry_size(entry, family);

	if (!is_whole(entry, family))
		return err_set(err, EIO, "%s: a rule that the kernel tells of is damaged",
			       family == PLAN_V4 ? "IPv4" : "IPv6");
	uint8_t *copy = malloc(size);
	if (copy == NULL)
		return err_set(err, ENOMEM, "out of memory");
	memcpy(copy, entry, size);
	struct xt_entry_target *copied = (void *)(copy + target_offset(entry, family));
	if (strcmp(copied->u.user.name, XT_STANDARD_TARGET) == 0)
		name_target(copied, target);
	*ret_entry = copy;
	return 0;
}

bool ipt_entry_next_extension(const void *entry, enum plan_family family, size_t *offset,
			      struct ipt_extension *ret_extension)
{
	if (*offset == 0)
		*offset = header_size(family);
	if (*offset >= entry_size(entry, family))
		return false;
	const struct xt_entry_match *match = (const void *)((const uint8_t *)entry + *offset);
	*ret_extension = (struct ipt_extension){
		.name = match->u.user.name,
		.revision = match->u.user.revision,
		.is_target = *offset == target_offset(entry, family),
		.data = match->data,
		.data_size = match->u.user.match_size - sizeof(*match),
	};
	*offset += match->u.user.match_size;
	return true;
}

/* How much of the data is what was given to the kernel. Behind it CT has a pointer of the kernel's
 * own, which Linux before 4.11 gives away. */
static size_t given_size(const struct ipt_extension *extension)
{
	const size_t before_pointer = offsetof(struct xt_ct_target_info_v1, ct);

	if (extension->is_target && strcmp(extension->name, "CT") == 0 &&
	    extension->data_size > before_pointer)
		return before_pointer;
	return extension->data_size;
}

static bool extension_equal(const struct ipt_extension *a, const struct ipt_extension *b)
{
	return strncmp(a->name, b->name, XT_EXTENSION_MAXNAMELEN) == 0 &&
	       a->revision == b->revision && a->is_target == b->is_target &&
	       a->data_size == b->data_size && memcmp(a->data, b->data, given_size(a)) == 0;
}

/* Both headers begin with what is matched; behind it come the kernel's own fields and counters. */
static bool header_equal(const void *a, const void *b, enum plan_family family)
{
	return memcmp(a, b, family == PLAN_V4 ? sizeof(struct ipt_ip) : sizeof(struct ip6t_ip6)) ==
	       0;
}

bool ipt_entry_equal(const void *a, const void *b, enum plan_family family)
{
	struct ipt_extension extension_a;
	struct ipt_extension extension_b;
	size_t offset_a = 0;
	size_t offset_b = 0;

	if (!header_equal(a, b, family))
		return false;
	for (;;) {
		bool has_a = ipt_entry_next_extension(a, family, &offset_a, &extension_a);
		bool has_b = ipt_entry_next_extension(b, family, &offset_b, &extension_b);

		if (has_a != has_b)
			return false;
		if (!has_a)
			return true;
		if (!extension_equal(&extension_a, &extension_b))
			return false;
	}
}
