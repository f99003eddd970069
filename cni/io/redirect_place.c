/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/io/redirect_place.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cni/io/netns.h"

/* The kernel has this sysctl in its first network namespace only (net/core/sysctl_net_core.c,
 * net_core_table). */
static bool is_first_netns(void)
{
	return access("/proc/sys/net/core/netdev_budget", F_OK) == 0;
}

/* Whether process 1 is somebody else, in the same network; true also where it can not be seen. */
static bool is_beside_process_1(void)
{
	struct stat own;
	struct stat first;

	if (getpid() == 1)
		return false;
	if (stat("/proc/self/ns/net", &own) < 0 || stat("/proc/1/ns/net", &first) < 0)
		return true;
	return own.st_dev == first.st_dev && own.st_ino == first.st_ino;
}

static int enter_named(const struct redirect_options *options, struct err *err)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/ns/net", options->pid);
	if (options->pod_netns != NULL || options->pid != 0)
		return netns_enter(options->pod_netns != NULL ? options->pod_netns : path, err);
	return 0;
}

int redirect_place_enter(const struct redirect_options *options, enum redirect_place *ret_place,
			 struct err *err)
{
	bool is_said = options->is_in_pod || options->pod_netns != NULL || options->pid != 0;
	int r = enter_named(options, err);

	if (r < 0)
		return r;
	if (is_said && is_first_netns())
		return err_set(err, ENOTUNIQ,
			       "this is the host's network, not a pod's: nothing was touched");
	*ret_place = !is_said && (is_first_netns() || is_beside_process_1()) ? REDIRECT_PLACE_HOST
									     : REDIRECT_PLACE_POD;
	return 0;
}
