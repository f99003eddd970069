/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/io/plugin.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "cni/core/cni_result.h"
#include "cni/core/netconf.h"
#include "cni/core/redirect_plan.h"
#include "cni/io/netns.h"
#include "cni/io/redirect_apply.h"
#include "common/base/cleanup.h"
#include "common/io/file_read.h"
#include "common/redirect_spec.h"
#include "common/vocabulary.h"

struct plugin {
	struct cni_call call;
	char *text; /* owned; stdin */
	size_t length;
	struct netconf conf;  /* owned */
	enum cni_stage stage; /* where the work is: what a failure is a failure of */
};

static void plugin_release(struct plugin *plugin)
{
	netconf_release(&plugin->conf);
	freep(&plugin->text);
}

static int write_all(int fd, const char *text, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, text, length);

		if (written < 0 && errno != EINTR)
			return -errno;
		if (written > 0) {
			text += written;
			length -= (size_t)written;
		}
	}
	return 0;
}

/* Reads and decodes stdin. */
static int read_netconf(struct plugin *plugin, int in_fd, struct err *err)
{
	plugin->stage = CNI_STAGE_STDIN;
	if (file_read_fd(in_fd, NETCONF_SIZE_MAX, &plugin->text, &plugin->length, err) < 0)
		return err_wrap(err, "stdin");
	plugin->stage = CNI_STAGE_NETCONF;
	return netconf_decode(plugin->text, plugin->length, plugin->call.command, &plugin->conf,
			      err);
}

/* Decodes the pod's annotation, which is there. */
static int read_document(struct plugin *plugin, struct redirect_spec *ret_spec, struct err *err)
{
	const char *text = plugin->conf.redirect;

	plugin->stage = CNI_STAGE_DOCUMENT;
	if (redirect_spec_decode(text, strlen(text), ret_spec, err) < 0)
		return err_wrap(err, "annotation %s", ANNOTATION_REDIRECT);
	return 0;
}

static int enter_netns(struct plugin *plugin, struct err *err)
{
	plugin->stage = CNI_STAGE_NETNS;
	return netns_enter(plugin->call.netns, err);
}

static struct redirect_target target_of(const struct netconf *conf)
{
	return (struct redirect_target){
		.has_v6 = conf->has_v6,
		.is_v6_first = conf->is_v6_first,
		.backend = conf->backend,
	};
}

/*
 * Nothing is to be redirected: what an earlier document left goes. A namespace that can not be
 * entered holds nothing of ours, and a pod that is not redirected does not fail because of us.
 */
static int clean(struct plugin *plugin, struct err *err)
{
	struct err ignored;

	if (enter_netns(plugin, &ignored) < 0)
		return 0;
	plugin->stage = CNI_STAGE_RULES;
	return redirect_remove(err);
}

/* Plans a document that redirects, and enters the pod's namespace. */
static int plan_inside(struct plugin *plugin, const struct redirect_spec *spec,
		       struct redirect_plan *ret_plan, struct err *err)
{
	int r = redirect_plan_build(spec, ret_plan, err);

	return r == 0 ? enter_netns(plugin, err) : r;
}

/* Puts a document in force that redirects. */
static int redirect(struct plugin *plugin, const struct redirect_spec *spec, struct err *err)
{
	CLEANUP(redirect_plan_release) struct redirect_plan plan = {0};
	struct redirect_target target = target_of(&plugin->conf);
	int r = plan_inside(plugin, spec, &plan, err);

	if (r < 0)
		return r;
	plugin->stage = CNI_STAGE_RULES;
	return redirect_apply(&plan, &target, err);
}

static int run_add(struct plugin *plugin, struct err *err)
{
	CLEANUP(redirect_spec_release) struct redirect_spec spec = {0};

	if (plugin->conf.redirect == NULL)
		return 0;
	int r = read_document(plugin, &spec, err);
	if (r < 0)
		return r;
	return spec.mode == REDIRECT_MODE_NONE ? clean(plugin, err) : redirect(plugin, &spec, err);
}

/* The counterpart of clean(). */
static int verify_clean(struct plugin *plugin, struct err *err)
{
	struct err ignored;

	if (enter_netns(plugin, &ignored) < 0)
		return 0;
	plugin->stage = CNI_STAGE_CHECK;
	return redirect_verify_removed(err);
}

/* The counterpart of redirect(). */
static int verify(struct plugin *plugin, const struct redirect_spec *spec, struct err *err)
{
	CLEANUP(redirect_plan_release) struct redirect_plan plan = {0};
	struct redirect_target target = target_of(&plugin->conf);
	int r = plan_inside(plugin, spec, &plan, err);

	if (r < 0)
		return r;
	plugin->stage = CNI_STAGE_CHECK;
	return redirect_verify(&plan, &target, err);
}

static int run_check(struct plugin *plugin, struct err *err)
{
	CLEANUP(redirect_spec_release) struct redirect_spec spec = {0};

	if (plugin->conf.redirect == NULL)
		return 0;
	int r = read_document(plugin, &spec, err);
	if (r < 0)
		return r;
	return spec.mode == REDIRECT_MODE_NONE ? verify_clean(plugin, err)
					       : verify(plugin, &spec, err);
}

/*
 * Never fails: a runtime would repeat it without end, and the pod would never go. What could not be
 * removed goes with the namespace. No look at the document: what is ours is known by its name.
 */
static void run_del(struct plugin *plugin, int in_fd)
{
	struct err ignored;
	int r = read_netconf(plugin, in_fd, &ignored);

	if (r == 0 && plugin->conf.redirect != NULL && plugin->call.netns != NULL)
		clean(plugin, &ignored);
}

/*
 * STATUS and GC are answered by a network configuration that is valid. STATUS must not depend on
 * what only redirected pods need: containerd would take the node's network for down, and with it
 * every pod that is none of our business. And nothing of ours outlives a pod's namespace, so that
 * there is nothing for GC.
 */
static int run(struct plugin *plugin, int in_fd, struct err *err)
{
	if (plugin->call.command == CNI_COMMAND_DEL) {
		run_del(plugin, in_fd);
		return 0;
	}
	if (plugin->call.command == CNI_COMMAND_VERSION)
		return 0;
	int r = read_netconf(plugin, in_fd, err);
	if (r == 0 && plugin->call.command == CNI_COMMAND_ADD)
		r = run_add(plugin, err);
	if (r == 0 && plugin->call.command == CNI_COMMAND_CHECK)
		r = run_check(plugin, err);
	return r;
}

static int answer_success(const struct plugin *plugin, int out_fd)
{
	const char *versions = cni_result_versions();

	if (plugin->call.command == CNI_COMMAND_VERSION)
		return write_all(out_fd, versions, strlen(versions));
	if (plugin->call.command == CNI_COMMAND_ADD)
		return write_all(out_fd, plugin->conf.prev_result, plugin->conf.prev_result_length);
	return 0;
}

static int answer_failure(const struct plugin *plugin, const struct err *failure, int out_fd)
{
	const char *version = plugin->conf.cni_version;
	CLEANUP(freep) char *text = NULL;
	struct err err;
	int r = cni_result_error(version != NULL ? version : CNI_VERSION_NEWEST,
				 cni_result_code(plugin->stage, failure->code), failure, &text,
				 &err);

	return r < 0 ? r : write_all(out_fd, text, strlen(text));
}

int plugin_run(const struct cni_environment *environment, int in_fd, int out_fd)
{
	CLEANUP(plugin_release) struct plugin plugin = {.stage = CNI_STAGE_ENVIRONMENT};
	struct err err;
	int r = cni_call_decode(environment, &plugin.call, &err);

	if (r == 0)
		r = run(&plugin, in_fd, &err);
	if (r == 0)
		return answer_success(&plugin, out_fd) < 0 ? 1 : 0;
	answer_failure(&plugin, &err, out_fd);
	return 1;
}
