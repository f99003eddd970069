/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/living_cluster.h"

#include <errno.h>
#include <stdio.h>

#include "common/base/cleanup.h"
#include "common/base/json_read.h"
#include "webhook/core/image_volumes.h"
#include "webhook/core/manifest.h"
#include "webhook/core/node_set.h"
#include "webhook/io/kubectl.h"

/* As manifests/base and manifests/profiles name them. */
#define DEPLOYMENT "deployment/sidewire-webhook"
#define CONFIG_MAP "configmap/sidewire-profiles"

int living_cluster_pod(const char *namespace_name, const char *name, char **ret_text,
		       size_t *ret_length, struct err *err)
{
	/* Behind -- nothing is an option. */
	const char *const arguments[KUBECTL_ARGUMENTS_MAX] = {"--namespace", namespace_name, "--",
							      "pod", name};

	return kubectl_get(arguments, ret_text, ret_length, err);
}

int living_cluster_namespace(const char *name, struct manifest_namespaces *namespaces,
			     struct err *err)
{
	const char *const arguments[KUBECTL_ARGUMENTS_MAX] = {"--", "namespace", name};
	CLEANUP(manifest_release) struct manifest manifest = {0};
	CLEANUP(freep) char *text = NULL;
	size_t length;
	int r = kubectl_get(arguments, &text, &length, err);

	if (r == 0)
		r = manifest_read(text, length, 1, &manifest, err);
	for (size_t i = 0; r == 0 && i < manifest.count; i++)
		r = manifest_namespaces_add(namespaces, &manifest.objects[i], err);
	return r;
}

/* One object, or a list of them. The caller owns *ret_object. */
static int get(const char *const arguments[static KUBECTL_ARGUMENTS_MAX], json_t **ret_object,
	       struct err *err)
{
	CLEANUP(freep) char *text = NULL;
	size_t length;
	int r = kubectl_get(arguments, &text, &length, err);

	return r == 0 ? json_read_text(text, length, ret_object, err) : r;
}

/* An object of the installation. The caller owns it. */
static int get_ours(const char *name, json_t **ret_object, struct err *err)
{
	const char *const arguments[KUBECTL_ARGUMENTS_MAX] = {"--namespace",
							      LIVING_CLUSTER_OWN_NAMESPACE, name};

	return get(arguments, ret_object, err);
}

/* Whether the nodes can; unknown, which is told, where kubectl may not look, or they are too many.
 */
static int ask_nodes(enum image_volumes *ret_answer, struct err *err)
{
	const char *const arguments[KUBECTL_ARGUMENTS_MAX] = {"nodes"};
	CLEANUP(node_set_release) struct node_set set = {.is_whole = true};
	json_auto_t *list = NULL;
	struct err trouble = {0};
	json_t *node;
	size_t index;
	int r = get(arguments, &list, &trouble);

	if (r < 0 && r != -EIO && r != -EFBIG) {
		*err = trouble;
		return r;
	}
	json_array_foreach(json_object_get(list, "items"), index, node)
		node_set_put(&set, node);
	if (r < 0)
		fprintf(stderr,
			"whether the nodes can mount image volumes is taken for unknown: %s\n",
			trouble.msg);
	*ret_answer = node_set_answer(&set);
	return 0;
}

static int read_installation(struct living_cluster *cluster, struct profile_set *set,
			     struct err *err)
{
	json_auto_t *config_map = NULL;
	int r = get_ours(DEPLOYMENT, &cluster->deployment, err);

	if (r == 0)
		r = installation_read(cluster->deployment, &cluster->installation, err);
	if (r == 0)
		r = get_ours(CONFIG_MAP, &config_map, err);
	if (r == 0)
		r = installation_profiles(config_map, set, err);
	if (r == 0 && cluster->installation.image_volumes == IMAGE_VOLUMES_UNKNOWN)
		r = ask_nodes(&cluster->installation.image_volumes, err);
	return r;
}

int living_cluster_installation(struct living_cluster *ret_cluster, struct profile_set *ret_set,
				struct err *err)
{
	CLEANUP(living_cluster_release) struct living_cluster cluster = {0};
	CLEANUP(profile_set_release) struct profile_set set = {0};
	int r = read_installation(&cluster, &set, err);

	if (r < 0)
		return err_wrap(err, "what is installed in the cluster cannot be read (--profile "
				     "FILE, or --profiles-dir DIR, stand in for it)");
	*ret_cluster = cluster;
	cluster = (struct living_cluster){0};
	*ret_set = set;
	set = (struct profile_set){0};
	return 0;
}

void living_cluster_release(struct living_cluster *cluster)
{
	json_decref(cluster->deployment);
	*cluster = (struct living_cluster){0};
}
