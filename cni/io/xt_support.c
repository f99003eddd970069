/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/io/xt_support.h"

#include <errno.h>
/* Before the kernel's headers, which then leave out what the two both define. */
#include <netinet/in.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cni/core/ipt_view.h"

/* The socket options of one family; the two tables are numbered differently. */
struct xt_sockopt {
	int domain;
	int level;
	int match;
	int target;
};

static const struct xt_sockopt SOCKOPT_V4 = {AF_INET, IPPROTO_IP, IPT_SO_GET_REVISION_MATCH,
					     IPT_SO_GET_REVISION_TARGET};
static const struct xt_sockopt SOCKOPT_V6 = {AF_INET6, IPPROTO_IPV6, IP6T_SO_GET_REVISION_MATCH,
					     IP6T_SO_GET_REVISION_TARGET};

static int open_socket(const struct xt_sockopt *sockopt)
{
	return socket(sockopt->domain, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
}

/* 0 when the kernel has the extension, or the negative errno with which it answers. */
static int ask(int fd, const struct xt_sockopt *sockopt, const struct ipt_extension *extension)
{
	struct xt_get_revision question = {.revision = extension->revision};
	socklen_t size = sizeof(question);
	int name = extension->is_target ? sockopt->target : sockopt->match;

	memcpy(question.name, extension->name, strnlen(extension->name, sizeof(question.name) - 1));
	return getsockopt(fd, sockopt->level, name, &question, &size) < 0 ? -errno : 0;
}

/* The module that has it where its name is not "xt_" and the extension's. */
static const char *module_named_otherwise(const struct ipt_extension *extension,
					  enum plan_family family)
{
	static const struct {
		const char *extension;
		const char *v4;
		const char *v6;
	} MODULES[] = {
		{"MARK", "xt_mark", "xt_mark"},
		{"REJECT", "ipt_REJECT", "ip6t_REJECT"},
		{"icmp", "xt_tcpudp", "xt_tcpudp"},
		{"icmp6", "xt_tcpudp", "xt_tcpudp"},
	};

	for (size_t i = 0; i < sizeof(MODULES) / sizeof(MODULES[0]); i++) {
		if (strcmp(MODULES[i].extension, extension->name) == 0)
			return family == PLAN_V4 ? MODULES[i].v4 : MODULES[i].v6;
	}
	return NULL;
}

static int say_missing(const struct ipt_extension *extension, enum plan_family family,
		       struct err *err)
{
	const char *module = module_named_otherwise(extension, family);
	const char *prefix = module == NULL ? "xt_" : "";

	if (module == NULL)
		module = extension->name;
	return err_set(err, ENOENT,
		       "the kernel has no %s '%s' of revision %u for %s: load it with modprobe "
		       "%s%s",
		       extension->is_target ? "target" : "match", extension->name,
		       extension->revision, ipt_family_name(family), prefix, module);
}

/* A target whose name is a verdict or a chain is no module. */
static bool is_module(const struct ipt_extension *extension)
{
	return !extension->is_target ||
	       (strcmp(extension->name, "RETURN") != 0 && strcmp(extension->name, "DROP") != 0 &&
		!ipt_chain_is_ours(extension->name));
}

static int check_entry(int fd, const struct xt_sockopt *sockopt, const void *entry,
		       enum plan_family family, struct err *err)
{
	struct ipt_extension extension;
	size_t offset = 0;

	while (ipt_entry_next_extension(entry, family, &offset, &extension)) {
		int r = is_module(&extension) ? ask(fd, sockopt, &extension) : 0;

		if (r == -ENOENT || r == -EPROTONOSUPPORT)
			return say_missing(&extension, family, err);
	}
	return 0;
}

int xt_support_check_rules(const struct ipt_rules *rules, struct err *err)
{
	const struct xt_sockopt *sockopt = rules->family == PLAN_V4 ? &SOCKOPT_V4 : &SOCKOPT_V6;
	int fd = open_socket(sockopt);
	int r = 0;

	if (fd < 0)
		return 0;
	for (size_t i = 0; r == 0 && i < rules->rule_count; i++)
		r = check_entry(fd, sockopt, rules->rules[i].entry, rules->family, err);
	close(fd);
	return r;
}
