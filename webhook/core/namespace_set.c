/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/namespace_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/json_read.h"
#include "common/base/json_text.h"
#include "webhook/core/namespace_defaults.h"

void namespace_set_release(struct namespace_set *set)
{
	named_texts_release(&set->texts);
	*set = (struct namespace_set){0};
}

static const char *name_of(const json_t *object)
{
	return json_string_value(json_object_get(json_object_get(object, "metadata"), "name"));
}

void namespace_set_put(struct namespace_set *set, const json_t *object)
{
	CLEANUP(freep) char *text = NULL;
	const char *name = name_of(object);
	struct err err;

	if (name == NULL)
		return;
	/* Whatever happens now, what was known is true no longer. */
	if (namespace_text_encode(object, &text, &err) < 0 ||
	    !named_texts_put(&set->texts, name, text))
		named_texts_remove(&set->texts, name);
}

void namespace_set_remove(struct namespace_set *set, const json_t *object)
{
	const char *name = name_of(object);

	if (name != NULL)
		named_texts_remove(&set->texts, name);
}

void namespace_set_list(struct namespace_set *set, json_t *items)
{
	struct namespace_set listed = {.is_listed = true};
	size_t index;
	json_t *item;

	json_array_foreach(items, index, item)
		namespace_set_put(&listed, item);
	namespace_set_release(set);
	*set = listed;
}

const char *namespace_set_find(const struct namespace_set *set, const char *name, long long age_ms)
{
	if (!set->is_listed || age_ms > NAMESPACE_AGE_MAX_MS)
		return NULL;
	return named_texts_find(&set->texts, name);
}

json_t *namespace_set_keep(json_t *object)
{
	CLEANUP(namespace_facts_release) struct namespace_facts facts = {0};
	struct err err;

	/* Then it is kept whole. */
	if (namespace_facts_read(object, &facts, &err) < 0)
		return json_incref(object);
	return json_pack("{s:{s:s, s:O*}}", "metadata", "name", facts.name, "annotations",
			 facts.annotations);
}

int namespace_text_encode(const json_t *object, char **ret_text, struct err *err)
{
	CLEANUP(namespace_facts_release) struct namespace_facts facts = {0};
	int r = namespace_facts_read(object, &facts, err);

	if (r < 0)
		return r;
	CLEANUP(freep)
	char *text =
		facts.annotations != NULL ? json_text(facts.annotations, JSON_COMPACT) : strdup("");
	if (text == NULL)
		return err_set(err, ENOMEM, "out of memory");
	size_t length = strlen(text);
	if (length > NAMESPACE_TEXT_MAX)
		return err_set(
			err, E2BIG,
			"namespace '%.64s': its annotations of sidewire take %zu bytes, more "
			"than %d",
			facts.name, length, NAMESPACE_TEXT_MAX);
	*ret_text = TAKE(text);
	return 0;
}

int namespace_text_decode(const char *text, json_t **ret_annotations, struct err *err)
{
	if (*text != '\0')
		return json_read_text(text, strlen(text), ret_annotations, err);
	*ret_annotations = NULL;
	return 0;
}

int namespace_name_check(const char *name, struct err *err)
{
	static const char ALLOWED[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	size_t length = strlen(name);

	if (length == 0 || length > NAMESPACE_NAME_MAX || strspn(name, ALLOWED) != length)
		return err_set(err, EINVAL, "'%.64s' can not be the name of a namespace", name);
	return 0;
}
