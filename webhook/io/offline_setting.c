/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/offline_setting.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "webhook/io/manifest_stream.h"
#include "webhook/io/profile_store.h"

#define DEFAULT_PROFILES "envoy"
#define DEFAULT_NAMESPACE "default"

/* Where `make install` puts profiles, seen from the directory of the program. */
#define INSTALLED_PROFILES "../share/sidewire/profiles"

/* The directory of installed profiles. The caller frees it. */
static int installed_profiles(char **ret_path, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf path = STRBUF_INIT;
	char program[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", program, sizeof(program));

	while (length > 0 && program[length - 1] != '/')
		length--;
	strbuf_append(&path, program, length > 0 ? (size_t)length : 0);
	strbuf_puts(&path, INSTALLED_PROFILES);
	return strbuf_finish(&path, ret_path, err);
}

/* Moves the profiles of a directory into the set. */
static int add_directory(struct profile_set *set, const char *directory, struct err *err)
{
	CLEANUP(profile_set_release) struct profile_set loaded = {0};
	int r = profile_store_load(directory, &loaded, err);

	for (size_t i = 0; r == 0 && i < loaded.count; i++)
		r = profile_set_add(set, &loaded.profiles[i], err);
	return r;
}

static int add_installed(struct profile_set *set, bool is_needed, struct err *err)
{
	CLEANUP(freep) char *directory = NULL;
	int r = installed_profiles(&directory, err);

	if (r == 0)
		r = add_directory(set, directory, err);
	if (r == -ENOENT && !is_needed)
		return 0;
	return r == -ENOENT ? err_set(err, ENOENT,
				      "there is no profile: give one by --profile FILE, or "
				      "--profiles-dir DIR")
			    : r;
}

/* Adds one file, and its name to the list of defaults. */
static int add_file(struct profile_set *set, const char *path, struct strbuf *names,
		    struct err *err)
{
	struct profile_set one = {0};
	int r = profile_store_add(&one, path, err);

	if (r == 0) {
		strbuf_printf(names, "%s%s", names->length > 0 ? "," : "", one.profiles[0].name);
		r = profile_set_add(set, &one.profiles[0], err);
		if (r < 0)
			err_wrap(err, "%s", path);
	}
	profile_set_release(&one);
	return r;
}

/* Whether the profiles of a cluster are meant. */
static bool asks_for_profiles(const struct inject_command_options *options)
{
	return options->from_cluster != NULL && options->profiles.count == 0 &&
	       options->profiles_directory == NULL;
}

static int load_profiles(const struct inject_command_options *options,
			 struct offline_setting *setting, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf names = STRBUF_INIT;
	bool is_needed = options->command != INJECT_COMMAND_LINT;
	int r = 0;

	/* What was added, it tells by itself. */
	if (options->command == INJECT_COMMAND_UNINJECT)
		return 0;
	if (asks_for_profiles(options))
		r = living_cluster_installation(&setting->cluster, &setting->profiles, err);
	else if (options->profiles_directory != NULL)
		r = add_directory(&setting->profiles, options->profiles_directory, err);
	else if (options->profiles.count == 0)
		r = add_installed(&setting->profiles, is_needed, err);
	for (size_t i = 0; r == 0 && i < options->profiles.count; i++)
		r = add_file(&setting->profiles, options->profiles.items[i], &names, err);
	if (r < 0)
		return r;
	if (options->default_profiles == NULL && options->profiles.count == 0)
		strbuf_puts(&names, DEFAULT_PROFILES);
	return strbuf_finish(&names, &setting->default_profiles, err);
}

static int add_namespaces(void *context, const struct manifest_source *source, struct err *err)
{
	CLEANUP(manifest_release) struct manifest manifest = {0};
	struct manifest_namespaces *namespaces = context;
	int r = manifest_read(source->document.text, source->document.length, source->document.line,
			      &manifest, err);

	for (size_t i = 0; r == 0 && i < manifest.count; i++)
		r = manifest_namespaces_add(namespaces, &manifest.objects[i], err);
	return r;
}

static int load_namespaces(const struct inject_command_options *options,
			   struct offline_setting *setting, struct err *err)
{
	if (options->from_cluster != NULL && options->namespaces.count == 0)
		return living_cluster_namespace(options->living_namespace, &setting->namespaces,
						err);
	for (size_t i = 0; i < options->namespaces.count; i++) {
		const char *path = options->namespaces.items[i];
		size_t before = setting->namespaces.count;
		int r = manifest_stream_file(path, add_namespaces, &setting->namespaces, err);

		if (r == 0 && setting->namespaces.count == before)
			r = err_set(err, EINVAL, "%s: there is no Namespace in it", path);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Where objects go that name no namespace. */
static const char *default_namespace(const struct inject_command_options *options,
				     const struct manifest_namespaces *namespaces)
{
	if (options->namespace_name != NULL)
		return options->namespace_name;
	return namespaces->count == 1 ? namespaces->items[0].facts.name : DEFAULT_NAMESPACE;
}

/* What pods get that name no profiles. */
static const char *default_profiles(const struct inject_command_options *options,
				    const struct offline_setting *setting)
{
	if (options->default_profiles != NULL)
		return options->default_profiles;
	return setting->cluster.installation.default_profiles != NULL
		       ? setting->cluster.installation.default_profiles
		       : setting->default_profiles;
}

/* What is set once where the pods are to run. */
static struct inject_options installed_options(const struct inject_command_options *options,
					       const struct offline_setting *setting)
{
	const struct installation *installation = &setting->cluster.installation;
	struct inject_options result = {.default_profiles = default_profiles(options, setting),
					.image_volumes = IMAGE_VOLUMES_NO};

	if (setting->cluster.deployment != NULL) {
		result.gate_image = installation->image;
		result.image_volumes = installation->image_volumes;
	}
	if (options->has_image_volumes) {
		result.gate_image = options->gate_image;
		result.image_volumes = IMAGE_VOLUMES_YES;
	}
	return result;
}

int offline_setting_load(const struct inject_command_options *options,
			 struct offline_setting *setting, struct err *err)
{
	int r = load_profiles(options, setting, err);

	if (r == 0)
		r = load_namespaces(options, setting, err);
	if (r < 0)
		return r;
	setting->setting = (struct manifest_setting){
		.profiles = &setting->profiles,
		.options = installed_options(options, setting),
		.own_namespace = LIVING_CLUSTER_OWN_NAMESPACE,
		.namespace_name = default_namespace(options, &setting->namespaces),
		.namespaces = &setting->namespaces,
	};
	return 0;
}

void offline_setting_release(struct offline_setting *setting)
{
	profile_set_release(&setting->profiles);
	manifest_namespaces_release(&setting->namespaces);
	living_cluster_release(&setting->cluster);
	free(setting->default_profiles);
	*setting = (struct offline_setting){0};
}
