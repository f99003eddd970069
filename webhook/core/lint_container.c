/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/lint_container.h"

#include <stdbool.h>
#include <string.h>

#include "common/base/word_list.h"
#include "webhook/core/tproxy_privilege.h"

/* What every container that is added should say. */
static const struct demand {
	const char *path;
	const char *value; /* NULL: any */
	const char *form;  /* how it is written */
	const char *why;
	bool is_of_user; /* only of who need not be root */
} DEMANDS[] = {
#define QUOTA "a namespace with a ResourceQuota refuses its pods"
	{"resources.requests.cpu", NULL, "resources.requests.cpu", QUOTA, false},
	{"resources.requests.memory", NULL, "resources.requests.memory", QUOTA, false},
	{"resources.limits.cpu", NULL, "resources.limits.cpu", QUOTA, false},
	{"resources.limits.memory", NULL, "resources.limits.memory", QUOTA, false},
#define RESTRICTED "the Pod Security Standard restricted refuses its pods"
	{"securityContext.runAsNonRoot", "true", "securityContext.runAsNonRoot: true", RESTRICTED,
	 true},
	{"securityContext.runAsUser", NULL, "securityContext.runAsUser",
	 "its image decides which user it is", false},
	{"securityContext.allowPrivilegeEscalation", "false",
	 "securityContext.allowPrivilegeEscalation: false", RESTRICTED, false},
	{"securityContext.capabilities.drop[0]", "ALL", "securityContext.capabilities.drop: [ALL]",
	 RESTRICTED, false},
	{"securityContext.seccompProfile.type", "RuntimeDefault",
	 "securityContext.seccompProfile.type: RuntimeDefault", RESTRICTED, false},
	{"securityContext.readOnlyRootFilesystem", "true",
	 "securityContext.readOnlyRootFilesystem: true", "it can write into its own image", false},
};

static const struct yaml_node *at(const struct yaml_node *node, const char *path)
{
	return yaml_follow(node, path, strlen(path));
}

static const char *name_of(const struct yaml_node *container)
{
	const char *name = yaml_text(yaml_member(container, "name"));

	return name != NULL ? name : "";
}

/* Whether the value is one that only a parameter decides. */
static bool is_open(const char *text)
{
	return strstr(text, "${") != NULL;
}

static bool is_proxy(const struct yaml_node *container, const struct profile *profile)
{
	return profile->is_redirecting && strcmp(profile->container, name_of(container)) == 0;
}

/* Whether the container is not added, but changes one that another profile adds. */
static bool is_change(const struct yaml_node *container, const struct profile *profile)
{
	return yaml_member(container, "image") == NULL && !is_proxy(container, profile);
}

static bool is_tproxy(const struct yaml_node *container, const struct profile *profile)
{
	return is_proxy(container, profile) && tproxy_privilege_is_needed(profile->redirect.mode);
}

/* What the standard baseline lets a container add (Kubernetes, Pod Security Standards). */
static bool is_in_baseline(const char *capability)
{
	static const char *const BASELINE[] = {
		"AUDIT_WRITE", "CHOWN",  "DAC_OVERRIDE",     "FOWNER",  "FSETID",
		"KILL",        "MKNOD",  "NET_BIND_SERVICE", "SETFCAP", "SETGID",
		"SETPCAP",     "SETUID", "SYS_CHROOT",       NULL,
	};

	return word_list_has(BASELINE, capability);
}

/* The first capability that the container adds and the standard baseline refuses; NULL: none. */
static const struct yaml_node *refused_capability(const struct yaml_node *container)
{
	const struct yaml_node *added =
		yaml_resolve(at(container, "securityContext.capabilities.add"));

	for (size_t i = 0; added != NULL && i < added->count; i++) {
		const char *text = yaml_text(added->entries[i].value);

		if (text != NULL && !is_open(text) && !is_in_baseline(text))
			return added->entries[i].value;
	}
	return NULL;
}

/* Whether the container is what the standards refuse, with all that it says. */
static bool is_refused_anyway(const struct yaml_node *container, const struct profile *profile)
{
	return is_tproxy(container, profile) || refused_capability(container) != NULL;
}

static int check_capabilities(const struct yaml_node *container, const struct profile *profile,
			      struct lint_report *report, struct err *err)
{
	const struct yaml_node *capability = refused_capability(container);

	if (capability == NULL || is_tproxy(container, profile))
		return 0;
	return lint_report_add(report, LINT_WARNING, capability, err,
			       "container '%.63s' adds the capability %.63s: " POD_SECURITY_REFUSED,
			       name_of(container), yaml_text(capability));
}

static int check_demand(const struct yaml_node *container, const struct demand *demand,
			struct lint_report *report, struct err *err)
{
	const struct yaml_node *node = at(container, demand->path);
	const char *text = yaml_text(node);

	if (text != NULL && *text != '\0' &&
	    (demand->value == NULL || is_open(text) || strcmp(text, demand->value) == 0))
		return 0;
	return lint_report_add(report, LINT_WARNING, node != NULL ? node : container, err,
			       "container '%.63s' has no %s: %s", name_of(container), demand->form,
			       demand->why);
}

/* What stands where the gate would be put. */
static int check_gate(const struct yaml_node *container, const struct profile *profile,
		      struct lint_report *report, struct err *err)
{
	const char *place = profile->gate == GATE_PROBE  ? "startupProbe"
			    : profile->gate == GATE_EXEC ? "lifecycle.postStart"
							 : "";
	const struct yaml_node *node = *place != '\0' ? at(container, place) : NULL;

	if (node == NULL)
		return 0;
	return lint_report_add(report, LINT_WARNING, node, err,
			       "container '%.63s' has a %s of its own: it stays, and there is no "
			       "gate: the application starts before its traffic is redirected",
			       name_of(container), place);
}

static int check_policy(const struct yaml_node *container, struct lint_report *report,
			struct err *err)
{
	const char *policy = yaml_text(yaml_member(container, "restartPolicy"));

	if (policy != NULL && strcmp(policy, "Always") == 0)
		return 0;
	return lint_report_add(
		report, LINT_WARNING, container, err,
		"container '%.63s' is the proxy, and no native sidecar: put it among the "
		"initContainers, with restartPolicy: Always",
		name_of(container));
}

/* Who is known by a group alone should not leave it to an image. */
static int check_group(const struct yaml_node *container, const struct profile *profile,
		       struct lint_report *report, struct err *err)
{
	const struct redirect_spec *spec = &profile->redirect;

	if (spec->proxy_uids.count > 0 || spec->proxy_mark != 0 ||
	    at(container, "securityContext.runAsGroup") != NULL)
		return 0;
	return lint_report_add(report, LINT_WARNING, container, err,
			       "container '%.63s' has no securityContext.runAsGroup: its image "
			       "decides which group it is, and the redirect knows it by its group",
			       name_of(container));
}

/* What a proxy that TPROXY hands packets to must have, and who does not like that. */
static int check_privilege(const struct yaml_node *container, const struct profile *profile,
			   struct lint_report *report, struct err *err)
{
	struct err lack = {0};

	if (!tproxy_privilege_is_needed(profile->redirect.mode))
		return 0;
	if (tproxy_privilege_check(profile->pod, profile->container, NULL, &lack) < 0)
		return lint_report_add(report, LINT_WARNING, container, err,
				       "%s: no pod will be let in with it", lack.msg);
	return lint_report_add(report, LINT_WARNING, container, err,
			       "container '%.63s' runs as root with a capability, as TPROXY "
			       "takes: " POD_SECURITY_REFUSED,
			       name_of(container));
}

static int check_proxy(const struct yaml_node *container, const struct profile *profile,
		       struct lint_report *report, struct err *err)
{
	if (!is_proxy(container, profile))
		return 0;
	int r = check_policy(container, report, err);
	if (r == 0)
		r = check_group(container, profile, report, err);
	if (r == 0)
		r = check_privilege(container, profile, report, err);
	return r == 0 ? check_gate(container, profile, report, err) : r;
}

static const char *port_of(const struct yaml_node *ports, size_t index)
{
	const char *port = yaml_text(yaml_member(ports->entries[index].value, "containerPort"));

	return port != NULL ? port : "";
}

/* Kubernetes merges ports by containerPort alone: one for TCP replaces one for UDP. */
static int check_ports(const struct yaml_node *container, struct lint_report *report,
		       struct err *err)
{
	const struct yaml_node *ports = yaml_resolve(yaml_member(container, "ports"));

	for (size_t i = 1; ports != NULL && i < ports->count; i++) {
		size_t j = 0;

		while (j < i && strcmp(port_of(ports, i), port_of(ports, j)) != 0)
			j++;
		if (j == i)
			continue;
		int r = lint_report_add(
			report, LINT_WARNING, ports->entries[i].value, err,
			"container '%.63s' has port %.16s twice: ports are merged by containerPort "
			"alone, whatever their protocol, and the last one stays",
			name_of(container), port_of(ports, i));
		if (r < 0)
			return r;
	}
	return 0;
}

int lint_container(const struct yaml_node *container, const struct profile *profile,
		   struct lint_report *report, struct err *err)
{
	int r = check_proxy(container, profile, report, err);
	if (r == 0)
		r = check_capabilities(container, profile, report, err);
	bool is_demanding = !is_change(container, profile);
	bool is_refused = is_refused_anyway(container, profile);

	for (size_t i = 0; r == 0 && is_demanding && i < sizeof(DEMANDS) / sizeof(*DEMANDS); i++) {
		if (!DEMANDS[i].is_of_user || !is_refused)
			r = check_demand(container, &DEMANDS[i], report, err);
	}
	return r == 0 ? check_ports(container, report, err) : r;
}
