/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/profile.h"

#include <errno.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/json_read.h"
#include "common/base/json_text.h"
#include "webhook/core/profile_overlay.h"
#include "webhook/core/profile_redirect.h"

#define API_VERSION "sidewire.io/v1alpha1"
#define KIND "SidecarProfile"

enum { PROFILE_NAME_MAX = 63 };

static int out_of_memory(struct err *err)
{
	return err_set(err, ENOMEM, "out of memory");
}

/* Hashes the content, not the text: the order of keys and blanks make no difference. */
static int hash_document(const json_t *document, char ret_hash[static PROFILE_HASH_SIZE],
			 struct err *err)
{
	static const char DIGITS[] = "0123456789abcdef";
	CLEANUP(freep) char *text = json_text(document, JSON_SORT_KEYS | JSON_COMPACT);
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx context;

	if (text == NULL)
		return out_of_memory(err);
	sha256_init(&context);
	sha256_update(&context, strlen(text), (const uint8_t *)text);
	sha256_digest(&context, sizeof(digest), digest);
	for (size_t i = 0; i < PROFILE_HASH_SIZE - 1; i++)
		ret_hash[i] = DIGITS[(digest[i / 2] >> (i % 2 == 0 ? 4 : 0)) & 0xf];
	ret_hash[PROFILE_HASH_SIZE - 1] = '\0';
	return 0;
}

/* Checks a member that has one value only in this version. */
static int check_constant(const json_t *document, const char *key, const char *expected,
			  struct err *err)
{
	const char *found = NULL;
	int r = json_read_string(document, key, &found, err);

	if (r < 0)
		return r;
	if (found == NULL || strcmp(found, expected) != 0)
		return err_set(err, EINVAL, "'%s' must be %s, found '%.64s'", key, expected,
			       found != NULL ? found : "");
	return 0;
}

/* Names stand in comma lists of annotations, so they are as plain as Kubernetes' own. */
static int check_name(const char *name, struct err *err)
{
	static const char ALLOWED[] = "abcdefghijklmnopqrstuvwxyz0123456789-.";
	size_t length = strlen(name);

	if (length == 0 || length > PROFILE_NAME_MAX || name[strspn(name, ALLOWED)] != '\0' ||
	    strchr("-.", name[0]) != NULL || strchr("-.", name[length - 1]) != NULL)
		return err_set(err, EINVAL,
			       "'name' must be 1 to %d lower case letters, digits, '-' and '.', "
			       "found '%.64s'",
			       PROFILE_NAME_MAX, name);
	return 0;
}

static int read_metadata(const json_t *document, struct profile *profile, struct err *err)
{
	static const char *const KEYS[] = {"name", NULL};
	json_t *metadata = NULL;
	const char *name = NULL;
	int r = json_read_object(document, "metadata", &metadata, err);

	if (r < 0)
		return r;
	if (metadata == NULL)
		return err_set(err, EINVAL, "'metadata' is missing");
	r = json_read_only_keys(metadata, KEYS, err);
	if (r == 0)
		r = json_read_string(metadata, "name", &name, err);
	if (r == 0)
		r = check_name(name != NULL ? name : "", err);
	if (r != 0)
		return err_wrap(err, "metadata");
	profile->name = strdup(name);
	return profile->name == NULL ? out_of_memory(err) : 0;
}

static const struct parameter *find_parameter(const struct profile *profile, const char *name)
{
	for (size_t i = 0; i < profile->parameter_count; i++) {
		if (strcmp(profile->parameters[i].name, name) == 0)
			return &profile->parameters[i];
	}
	return NULL;
}

/* Reads one declaration into the profile, which has room for it. */
static int add_parameter(json_t *declaration, struct profile *profile, struct err *err)
{
	CLEANUP(parameter_release) struct parameter parameter = {0};
	int r = parameter_read(declaration, &parameter, err);

	if (r < 0)
		return r;
	if (find_parameter(profile, parameter.name) != NULL)
		return err_set(err, EINVAL, "parameter '%s' is declared twice", parameter.name);
	profile->parameters[profile->parameter_count++] = parameter;
	parameter = (struct parameter){0};
	return 0;
}

static int read_parameters(const json_t *spec, struct profile *profile, struct err *err)
{
	json_t *declarations = NULL;
	json_t *declaration;
	size_t index;
	int r = json_read_array(spec, "parameters", &declarations, err);
	size_t count = json_array_size(declarations);

	if (r < 0 || count == 0)
		return r;
	if (count > PARAMETER_COUNT_MAX)
		return err_set(err, EINVAL, "'parameters' has %zu elements, at most %d are allowed",
			       count, PARAMETER_COUNT_MAX);
	profile->parameters = calloc(count, sizeof(*profile->parameters));
	if (profile->parameters == NULL)
		return out_of_memory(err);
	json_array_foreach(declarations, index, declaration) {
		if (add_parameter(declaration, profile, err) < 0)
			return err_wrap(err, "parameters[%zu]", index);
	}
	return 0;
}

static int read_redirect(const json_t *spec, struct profile *profile, struct err *err)
{
	json_t *redirect = NULL;
	int r = json_read_object(spec, "redirect", &redirect, err);

	if (r < 0 || redirect == NULL)
		return r;
	return profile_redirect_read(redirect, profile, err) < 0 ? err_wrap(err, "redirect") : 0;
}

static int read_spec(const json_t *document, struct profile *profile, struct err *err)
{
	static const char *const KEYS[] = {"parameters", "redirect",      "pod", "apps",
					   "first",      "needsRedirect", NULL};
	json_t *spec = NULL;
	int r = json_read_object(document, "spec", &spec, err);

	if (r < 0)
		return r;
	if (spec == NULL)
		return err_set(err, EINVAL, "'spec' is missing");
	r = json_read_only_keys(spec, KEYS, err);
	if (r == 0)
		r = read_parameters(spec, profile, err);
	if (r == 0)
		r = profile_overlay_read(spec, profile, err);
	if (r == 0)
		r = json_read_boolean(spec, "needsRedirect", &profile->needs_redirect, err);
	if (r == 0)
		r = read_redirect(spec, profile, err);
	return r < 0 ? err_wrap(err, "spec") : 0;
}

int profile_read(json_t *document, struct profile *ret_profile, struct err *err)
{
	static const char *const KEYS[] = {"apiVersion", "kind", "metadata", "spec", NULL};
	CLEANUP(profile_release) struct profile profile = {0};

	if (json_typeof(document) != JSON_OBJECT)
		return err_set(err, EINVAL, "a profile must be an object, found %s",
			       json_type_name(document));
	int r = check_constant(document, "apiVersion", API_VERSION, err);
	if (r == 0)
		r = check_constant(document, "kind", KIND, err);
	if (r == 0)
		r = json_read_only_keys(document, KEYS, err);
	if (r == 0)
		r = read_metadata(document, &profile, err);
	if (r == 0)
		r = read_spec(document, &profile, err);
	if (r == 0)
		r = hash_document(document, profile.hash, err);
	if (r < 0)
		return r;
	*ret_profile = profile;
	profile = (struct profile){0};
	return 0;
}

void profile_release(struct profile *profile)
{
	for (size_t i = 0; i < profile->parameter_count; i++)
		parameter_release(&profile->parameters[i]);
	free(profile->parameters);
	free(profile->name);
	free(profile->container);
	free(profile->probe_env);
	json_decref(profile->pod);
	json_decref(profile->apps);
	redirect_spec_release(&profile->redirect);
	*profile = (struct profile){0};
}
