/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/probe_exec.h"

#include <errno.h>
#include <stdio.h>

#include "common/base/cleanup.h"
#include "common/base/json_read.h"
#include "common/vocabulary.h"
#include "webhook/core/gate_volume.h"
#include "webhook/core/json_edit.h"
#include "webhook/core/probe.h"

enum {
	PORT_TEXT_SIZE = 8,
	SHOWN_MAX = 64, /* bytes of foreign text that a message repeats */
};

/* One pod on its way. */
struct exec_pass {
	const struct probe_exec_request *request;
	const char *obstacle; /* that is the pod's or the cluster's; NULL: none */
	bool is_volume_needed;
};

/* What keeps the whole pod from exec probes; *ret_obstacle is static, NULL where nothing does. */
static int find_obstacle(json_t *pod, const struct probe_exec_request *request,
			 const char **ret_obstacle, struct err *err)
{
	json_t *with_volume = NULL;
	struct err taken;

	*ret_obstacle = NULL;
	if (request->image_volumes == IMAGE_VOLUMES_NO)
		*ret_obstacle = "not every node of this cluster can mount image volumes (they need "
				"Kubernetes 1.35 with containerd 2.1 or CRI-O 1.31)";
	else if (request->image == NULL)
		*ret_obstacle = "this installation names no image that holds sidewire-gate";
	if (*ret_obstacle != NULL)
		return 0;
	int r = gate_volume_add(pod, request->image, &with_volume, &taken);
	json_decref(with_volume);
	if (r == -ENOMEM)
		return err_set(err, ENOMEM, "out of memory");
	if (r < 0)
		*ret_obstacle = "the pod has another volume of the name " GATE_VOLUME;
	return 0;
}

/* What keeps this one from it; NULL where nothing does. */
static const char *obstacle_of(const struct exec_pass *pass, const struct probe *probe)
{
	if (pass->obstacle != NULL)
		return pass->obstacle;
	if (gate_volume_is_path_taken(probe->container))
		return "the container mounts a volume of its own at " GATE_VOLUME_PATH;
	return NULL;
}

static int refuse(const struct probe *probe, const char *reason, struct err *err)
{
	return err_set(err, EINVAL,
		       "annotation '" ANNOTATION_PROBES "' is 'exec', but the tcpSocket %s of "
		       "container '%.*s' cannot become one: %s",
		       probe->place->member, SHOWN_MAX, probe_container_name(probe), reason);
}

static json_t *exec_new(const struct probe *probe)
{
	char port[PORT_TEXT_SIZE];

	snprintf(port, sizeof(port), "%u", probe_port(probe));
	return json_pack("{s:[s, s, s]}", "command", GATE_VOLUME_PROGRAM, "--once", port);
}

/* Mounts the volume, unless it is mounted. */
static int mount(const struct probe *probe, json_t **edited, struct err *err)
{
	json_t *mounts = NULL;

	if (gate_volume_is_mounted(*edited))
		return 0;
	if (json_read_array(*edited, "volumeMounts", &mounts, err) < 0)
		return err_wrap(err, "container '%.*s'", SHOWN_MAX, probe_container_name(probe));
	json_auto_t *more = mounts != NULL ? json_incref(mounts) : json_array();
	if (more == NULL)
		return err_set(err, ENOMEM, "out of memory");
	/* Both take what they are given; a list that is new is nobody else's. */
	if (json_edit_append(&more, mounts, gate_volume_mount_new(), err) < 0 ||
	    json_edit_set(edited, probe->container, "volumeMounts", json_incref(more), err) < 0)
		return err->code;
	return 0;
}

/* Changes one probe of the container, if it must and can be. */
static int edit_probe(struct exec_pass *pass, const struct probe *probe, json_t **edited,
		      struct err *err)
{
	if (!probe_is_blind(probe, pass->request->spec))
		return 0;
	const char *obstacle = obstacle_of(pass, probe);
	if (obstacle != NULL)
		return pass->request->is_demanded ? refuse(probe, obstacle, err) : 0;
	pass->is_volume_needed = true;
	/* takes the action */
	int r = probe_set_action(probe, "exec", exec_new(probe), edited, err);
	return r == 0 ? mount(probe, edited, err) : r;
}

static int edit_container(void *context, json_t *container, json_t **ret_container, struct err *err)
{
	json_auto_t *edited = json_incref(container);
	struct probe probe;

	for (int i = 0; i < PROBE_PLACE_PROBES; i++) {
		if (probe_read(container, &PROBE_PLACES[i], &probe) &&
		    edit_probe(context, &probe, &edited, err) < 0)
			return err->code;
	}
	*ret_container = TAKE(edited);
	return 0;
}

int probe_exec_apply(json_t *pod, const struct probe_exec_request *request, json_t **ret_pod,
		     struct err *err)
{
	struct exec_pass pass = {.request = request};
	json_auto_t *edited = NULL;
	struct probe blind;

	if ((!request->is_demanded && request->image_volumes != IMAGE_VOLUMES_YES) ||
	    !probe_find_blind(pod, request->overlay, request->spec, &blind)) {
		*ret_pod = json_incref(pod);
		return 0;
	}
	int r = find_obstacle(pod, request, &pass.obstacle, err);
	if (r == 0)
		r = probe_edit_containers(pod, request->overlay, edit_container, &pass, &edited,
					  err);
	if (r < 0)
		return r;
	if (pass.is_volume_needed)
		return gate_volume_add(edited, request->image, ret_pod, err);
	*ret_pod = TAKE(edited);
	return 0;
}
