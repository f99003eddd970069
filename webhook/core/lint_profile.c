/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/lint_profile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "webhook/core/lint_container.h"
#include "webhook/core/nearest_name.h"
#include "webhook/core/profile.h"
#include "webhook/core/tproxy_privilege.h"
#include "webhook/core/yaml_json.h"

#define GROUP "sidewire.io/"
#define KIND "SidecarProfile"

bool lint_is_profile(const struct yaml_node *root)
{
	const char *api_version = yaml_text(yaml_member(root, "apiVersion"));
	const char *kind = yaml_text(yaml_member(root, "kind"));

	return (api_version != NULL && strncmp(api_version, GROUP, strlen(GROUP)) == 0) ||
	       (kind != NULL && strcmp(kind, KIND) == 0);
}

/* The key that is meant by an unknown one, of those that the message lists, which is changed. NULL
 * for none. Borrowed from the message. */
static const char *guess(char *message)
{
	static const char UNKNOWN[] = "unknown key '";
	static const char LIST[] = ", expected one of ";
	char *unknown = strstr(message, UNKNOWN);
	char *list = strstr(message, LIST);
	char *rest = NULL;

	if (unknown == NULL || list == NULL)
		return NULL;
	unknown += strlen(UNKNOWN);
	unknown[strcspn(unknown, "'")] = '\0';
	struct nearest_name nearest = {.wanted = unknown};
	for (char *name = strtok_r(list + strlen(LIST), ", ", &rest); name != NULL;
	     name = strtok_r(NULL, ", ", &rest))
		nearest_name_consider(&nearest, name);
	return nearest.found;
}

static int add_refusal(const struct yaml_node *root, const char *message,
		       struct lint_report *report, struct err *err)
{
	const struct yaml_node *node = lint_locate(root, message);
	char copy[ERR_MSG_SIZE];

	snprintf(copy, sizeof(copy), "%s", message);
	const char *meant = guess(copy);
	return lint_report_add(report, LINT_ERROR, node, err, "%s%s%s%s", message,
			       meant != NULL ? ": did you mean '" : "", meant != NULL ? meant : "",
			       meant != NULL ? "'?" : "");
}

static int lint_containers(const struct yaml_node *root, const struct profile *profile,
			   struct lint_report *report, struct err *err)
{
	static const char *const LISTS[] = {"initContainers", "containers"};
	const struct yaml_node *spec =
		yaml_member(yaml_member(yaml_member(root, "spec"), "pod"), "spec");

	for (size_t i = 0; i < sizeof(LISTS) / sizeof(*LISTS); i++) {
		const struct yaml_node *list = yaml_resolve(yaml_member(spec, LISTS[i]));

		for (size_t j = 0; list != NULL && j < list->count; j++) {
			if (lint_container(list->entries[j].value, profile, report, err) < 0)
				return err->code;
		}
	}
	return 0;
}

/* Whom everybody may be the rules should not take for the proxy. */
static int lint_identity(const struct yaml_node *root, const struct profile *profile,
			 struct lint_report *report, struct err *err)
{
	static const char PLACE[] = "spec.redirect.proxy";
	const struct {
		const char *key, *whose;
		const struct range_list *ids;
	} ids[] = {{"uids", "user", &profile->redirect.proxy_uids},
		   {"gids", "group", &profile->redirect.proxy_gids}};
	const struct yaml_node *proxy = yaml_follow(root, PLACE, strlen(PLACE));

	for (size_t i = 0; proxy != NULL && i < sizeof(ids) / sizeof(*ids); i++) {
		if (!range_list_contains(ids[i].ids, 0))
			continue;
		int r = lint_report_add(report, LINT_WARNING, proxy, err,
					"proxy.%s has 0: an application whose image runs as root's "
					"%s would bypass the proxy",
					ids[i].key, ids[i].whose);
		if (r < 0)
			return r;
	}
	return 0;
}

/* What a proxy by TPROXY says to the application in its caller's name, it would say to itself. */
static int lint_self_call(const struct yaml_node *root, const struct profile *profile,
			  struct lint_report *report, struct err *err)
{
	static const char PLACE[] = "spec.redirect.selfCall";
	const struct redirect_spec *spec = &profile->redirect;
	const struct yaml_node *self_call = yaml_follow(root, PLACE, strlen(PLACE));

	if (self_call == NULL || spec->self_call != SELF_CALL_INBOUND ||
	    spec->inbound_source.count > 0 || !tproxy_privilege_is_needed(spec->mode))
		return 0;
	return lint_report_add(report, LINT_WARNING, self_call, err,
			       "selfCall is inbound, and there is no inboundSource: a proxy that "
			       "calls the application in its caller's name would call itself, "
			       "without end");
}

int lint_profile(const struct yaml_node *root, struct lint_report *report, struct err *err)
{
	CLEANUP(profile_release) struct profile profile = {0};
	json_auto_t *document = NULL;
	struct err failure = {0};
	int r = yaml_json(root, YAML_STRICT, &document, &failure);

	if (r < 0)
		return lint_report_add_failure(report, &failure, root->line, err);
	r = profile_read(document, &profile, &failure);
	if (r == -ENOMEM) {
		*err = failure;
		return r;
	}
	if (r < 0)
		return add_refusal(root, failure.msg, report, err);
	r = lint_identity(root, &profile, report, err);
	if (r == 0)
		r = lint_self_call(root, &profile, report, err);
	return r == 0 ? lint_containers(root, &profile, report, err) : r;
}
