/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/probe_rewrite.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/json_read.h"
#include "common/base/json_text.h"
#include "common/base/strbuf.h"
#include "common/vocabulary.h"
#include "webhook/core/json_edit.h"
#include "webhook/core/pod_shape.h"
#include "webhook/core/probe.h"

#define SUBJECT "annotation '" ANNOTATION_PROBES "' is 'rewrite', but "

enum { SHOWN_MAX = 64 }; /* bytes of foreign text that a message repeats */

/* One pod on its way. */
struct rewrite_pass {
	const struct profile *profile;
	json_t *questions; /* what the variable is to hold; begins with what it holds */
};

static int out_of_memory(struct err *err)
{
	return err_set(err, ENOMEM, "out of memory");
}

static int refuse(const struct probe *probe, const char *reason, struct err *err)
{
	return err_set(err, EINVAL, SUBJECT "the %s of container '%.*s' %s", probe->place->member,
		       SHOWN_MAX, probe_container_name(probe), reason);
}

/* The path at which the sidecar answers. The caller frees it. */
static int path_of(const struct probe *probe, char **ret_path, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf path = STRBUF_INIT;

	strbuf_printf(&path, "%s/%s/%s", probe->place->path_root, probe_container_name(probe),
		      probe->place->path_leaf);
	return strbuf_finish(&path, ret_path, err);
}

/* Whether an earlier pass has changed it. */
static bool is_rewritten(const struct rewrite_pass *pass, const struct probe *probe,
			 const char *path)
{
	const char *found = json_string_value(json_object_get(probe->action, "path"));

	return found != NULL && strcmp(found, path) == 0 && strcmp(probe->form, "httpGet") == 0 &&
	       probe_port(probe) == pass->profile->probe_port;
}

/* The action with the number of its port. */
static int resolve(const struct rewrite_pass *pass, const struct probe *probe, json_t **ret_action,
		   struct err *err)
{
	json_auto_t *action = json_incref(probe->action);
	uint16_t port = probe_port(probe);

	if (port == 0)
		return refuse(probe,
			      "has a port that is no number, nor the name of one of the "
			      "container's ports",
			      err);
	if (port == pass->profile->probe_port && !probe_has_host(probe))
		return refuse(probe, "asks the sidecar's own port for probes", err);
	/* takes the number */
	if (json_is_string(json_object_get(action, "port")) &&
	    json_edit_set(&action, probe->action, "port", json_integer(port), err) < 0)
		return err->code;
	*ret_action = TAKE(action);
	return 0;
}

/* Adds to what the sidecar is told. */
static int hand_over(struct rewrite_pass *pass, const struct probe *probe, const char *path,
		     struct err *err)
{
	json_t *timeout = json_object_get(probe->value, "timeoutSeconds");
	json_auto_t *action = NULL;

	if (resolve(pass, probe, &action, err) < 0)
		return err->code;
	json_t *question = json_pack("{s:O, s:O*}", probe->form, action, "timeoutSeconds", timeout);
	/* takes the question; NULL is refused */
	return json_object_set_new_nocheck(pass->questions, path, question) < 0 ? out_of_memory(err)
										: 0;
}

static int edit_probe(struct rewrite_pass *pass, const struct probe *probe, json_t **edited,
		      struct err *err)
{
	CLEANUP(freep) char *path = NULL;

	if (path_of(probe, &path, err) < 0)
		return err->code;
	if (is_rewritten(pass, probe, path))
		return json_object_get(pass->questions, path) != NULL
			       ? 0
			       : refuse(probe,
					"is one that was changed before, and the sidecar "
					"does not know what it was",
					err);
	if (hand_over(pass, probe, path, err) < 0)
		return err->code;
	json_t *action =
		json_pack("{s:s, s:i}", "path", path, "port", (int)pass->profile->probe_port);
	/* takes the action */
	return probe_set_action(probe, "httpGet", action, edited, err);
}

static int edit_container(void *context, json_t *container, json_t **ret_container, struct err *err)
{
	json_auto_t *edited = json_incref(container);
	struct probe probe;

	for (int i = 0; i < PROBE_PLACE_COUNT; i++) {
		if (probe_read(container, &PROBE_PLACES[i], &probe) &&
		    edit_probe(context, &probe, &edited, err) < 0)
			return err->code;
	}
	*ret_container = TAKE(edited);
	return 0;
}

/* The questions as the variable's value. The caller frees it. */
static int write_value(const json_t *questions, char **ret_text, struct err *err)
{
	CLEANUP(freep) char *text = json_text(questions, JSON_COMPACT | JSON_SORT_KEYS);
	CLEANUP(strbuf_release) struct strbuf value = STRBUF_INIT;

	if (text == NULL)
		return out_of_memory(err);
	/* In JSON it stands in texts only. */
	for (const char *rest = text; *rest != '\0';) {
		size_t length = strcspn(rest, "$");

		strbuf_append(&value, rest, length);
		strbuf_puts(&value, rest[length] == '$' ? "\\u0024" : "");
		rest += length + (rest[length] == '$' ? 1 : 0);
	}
	return strbuf_finish(&value, ret_text, err);
}

/* What the sidecar's variable holds; an object without members where there is no variable. */
static int read_value(const struct profile *profile, const json_t *variable, json_t **ret_questions,
		      struct err *err)
{
	const char *text = json_string_value(json_object_get(variable, "value"));
	struct err reason;

	if (variable == NULL) {
		*ret_questions = json_object();
		return *ret_questions != NULL ? 0 : out_of_memory(err);
	}
	int r = text != NULL ? json_read_text(text, strlen(text), ret_questions, &reason) : -EINVAL;
	if (r == -ENOMEM)
		return out_of_memory(err);
	if (r < 0)
		return err_set(err, EINVAL,
			       SUBJECT "container '%.*s' has a variable %.*s of its own that holds "
				       "no JSON object: take it away",
			       SHOWN_MAX, profile->container, SHOWN_MAX, profile->probe_env);
	return 0;
}

/* Gives the sidecar the variable, in place of the one that it has. */
static int set_variable(json_t *sidecar, const char *name, const char *value, json_t **ret_sidecar,
			struct err *err)
{
	json_t *variables = NULL;
	size_t index = 0;

	if (json_read_array(sidecar, "env", &variables, err) < 0)
		return err->code;
	json_auto_t *edited = json_incref(sidecar);
	json_auto_t *more = variables != NULL ? json_incref(variables) : json_array();
	json_t *existing = pod_named(variables, name, &index);
	const char *held = json_string_value(json_object_get(existing, "value"));
	json_auto_t *variable = json_pack("{s:s, s:s}", "name", name, "value", value);
	int r = 0;

	if (more == NULL || variable == NULL)
		return out_of_memory(err);
	/* All take what they are given. */
	if (existing == NULL)
		r = json_edit_append(&more, variables, json_incref(variable), err);
	else if (held == NULL || strcmp(held, value) != 0)
		r = json_edit_set_element(&more, variables, index, json_incref(variable), err);
	if (r == 0)
		r = json_edit_set(&edited, sidecar, "env", json_incref(more), err);
	if (r == 0)
		*ret_sidecar = TAKE(edited);
	return r;
}

/* Puts the sidecar into the pod in the place of the one that is there. */
static int replace_container(json_t *pod, json_t *sidecar, const char *name, json_t **ret_pod,
			     struct err *err)
{
	json_t *spec = json_object_get(pod, "spec");
	json_auto_t *edited_spec = json_incref(spec);
	json_auto_t *edited_pod = json_incref(pod);

	for (size_t i = 0; i < POD_CONTAINER_LIST_COUNT; i++) {
		json_t *list = pod_list(pod, POD_CONTAINER_LISTS[i]);
		json_auto_t *edited = json_incref(list);
		size_t index = 0;

		if (pod_named(list, name, &index) == NULL)
			continue;
		/* All take what they are given. */
		if (json_edit_set_element(&edited, list, index, json_incref(sidecar), err) < 0 ||
		    json_edit_set(&edited_spec, spec, POD_CONTAINER_LISTS[i], json_incref(edited),
				  err) < 0 ||
		    json_edit_set(&edited_pod, pod, "spec", json_incref(edited_spec), err) < 0)
			return err->code;
	}
	*ret_pod = TAKE(edited_pod);
	return 0;
}

/* Tells the sidecar what was asked of the application. */
static int tell(json_t *pod, const struct rewrite_pass *pass, json_t **ret_pod, struct err *err)
{
	const struct profile *profile = pass->profile;
	json_auto_t *sidecar = NULL;
	CLEANUP(freep) char *value = NULL;

	if (write_value(pass->questions, &value, err) < 0)
		return err->code;
	if (strlen(profile->probe_env) + strlen("=") + strlen(value) >= PROBE_REWRITE_SIZE_MAX)
		return err_set(err, E2BIG,
			       SUBJECT "the probes are %zu bytes for the sidecar's variable, which "
				       "has room for %d",
			       strlen(value), PROBE_REWRITE_SIZE_MAX);
	if (set_variable(pod_container(pod, profile->container), profile->probe_env, value,
			 &sidecar, err) < 0)
		return err->code;
	return replace_container(pod, sidecar, profile->container, ret_pod, err);
}

int probe_rewrite_apply(json_t *pod, const struct profile *profile, struct redirect_spec *spec,
			json_t **ret_pod, struct err *err)
{
	const json_t *sidecar = pod_container(pod, profile->container);
	json_auto_t *questions = NULL;
	json_auto_t *edited = NULL;

	if (profile->probe_env == NULL)
		return err_set(err, EINVAL,
			       SUBJECT
			       "profile '%s' has no server for probes "
			       "(spec.redirect.probes): expected auto, keep, exec or exempt",
			       profile->name);
	if (sidecar == NULL)
		return err_set(err, EINVAL, SUBJECT "the pod has no container '%.*s' to answer",
			       SHOWN_MAX, profile->container);
	const json_t *variable =
		pod_named(json_object_get(sidecar, "env"), profile->probe_env, NULL);
	if (read_value(profile, variable, &questions, err) < 0)
		return err->code;
	struct rewrite_pass pass = {profile, questions};
	int r = probe_edit_containers(pod, profile->pod, edit_container, &pass, &edited, err);
	if (r == 0)
		r = range_list_add(&spec->exclude_inbound_ports, profile->probe_port,
				   profile->probe_port, err);
	if (r < 0)
		return r;
	if (json_object_size(questions) > 0)
		return tell(edited, &pass, ret_pod, err);
	*ret_pod = TAKE(edited);
	return 0;
}
