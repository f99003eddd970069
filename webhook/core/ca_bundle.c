/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/ca_bundle.h"

#include <errno.h>
#include <nettle/base64.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"

/* Certificates that are to stand in every entry; texts are borrowed. */
struct wanted {
	const char *pems[CA_CERTIFICATES_MAX];
	size_t count;
};

void ca_bundle_release(struct ca_bundle *bundle)
{
	for (size_t i = 0; i < bundle->count; i++)
		free(bundle->certificates[i].pem);
	*bundle = (struct ca_bundle){0};
}

void ca_formers_release(struct ca_formers *formers)
{
	for (size_t i = 0; i < formers->count; i++)
		free(formers->items[i].pem);
	*formers = (struct ca_formers){0};
}

static bool bundle_has(const struct ca_bundle *bundle, const char *pem)
{
	for (size_t i = 0; i < bundle->count; i++) {
		if (strcmp(bundle->certificates[i].pem, pem) == 0)
			return true;
	}
	return false;
}

static bool stands_anywhere(const struct ca_bundle_question *question, const char *pem)
{
	for (size_t i = 0; i < question->entry_count; i++) {
		if (bundle_has(&question->in_force[i], pem))
			return true;
	}
	return false;
}

bool ca_bundle_is_trusted(const struct ca_bundle_question *question, const char *pem)
{
	for (size_t i = 0; i < question->entry_count; i++) {
		if (!bundle_has(&question->in_force[i], pem))
			return false;
	}
	return question->entry_count > 0;
}

static bool formers_have(const struct ca_formers *formers, const char *pem)
{
	for (size_t i = 0; i < formers->count; i++) {
		if (strcmp(formers->items[i].pem, pem) == 0)
			return true;
	}
	return false;
}

/* Forgets formers that stand nowhere any more. */
static void forget(const struct ca_bundle_question *question, struct ca_formers *formers)
{
	size_t kept = 0;

	for (size_t i = 0; i < formers->count; i++) {
		if (stands_anywhere(question, formers->items[i].pem))
			formers->items[kept++] = formers->items[i];
		else
			free(formers->items[i].pem);
	}
	formers->count = kept;
}

/* Notes an authority that is none of ours and was not there before. */
static int note(const struct ca_bundle_question *question, const struct ca_certificate *found,
		time_t now, struct ca_formers *formers, struct err *err)
{
	if (!found->is_authority || strcmp(found->pem, question->authority) == 0 ||
	    strcmp(found->pem, question->served) == 0 || formers_have(formers, found->pem) ||
	    formers->count == CA_FORMERS_MAX)
		return 0;
	char *pem = strdup(found->pem);
	if (pem == NULL)
		return err_set(err, ENOMEM, "out of memory");
	formers->items[formers->count].pem = pem;
	formers->items[formers->count].since = now;
	formers->count++;
	return 0;
}

static int note_all(const struct ca_bundle_question *question, time_t now,
		    struct ca_formers *formers, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < question->entry_count; i++) {
		const struct ca_bundle *bundle = &question->in_force[i];
		for (size_t j = 0; r == 0 && j < bundle->count; j++) {
			if (bundle->certificates[j].validity.not_after >= now)
				r = note(question, &bundle->certificates[j], now, formers, err);
		}
	}
	return r;
}

static void want(struct wanted *wanted, const char *pem)
{
	for (size_t i = 0; i < wanted->count; i++) {
		if (strcmp(wanted->pems[i], pem) == 0)
			return;
	}
	wanted->pems[wanted->count++] = pem;
}

static void want_all(const struct ca_bundle_question *question, const struct ca_formers *formers,
		     time_t now, struct wanted *wanted)
{
	want(wanted, question->authority);
	want(wanted, question->served);
	for (size_t i = 0; i < formers->count; i++) {
		if (now < formers->items[i].since + LEAF_VALIDITY_SECONDS)
			want(wanted, formers->items[i].pem);
	}
}

static bool is_as_wanted(const struct ca_bundle *bundle, const struct wanted *wanted)
{
	if (bundle->is_foreign || bundle->count != wanted->count)
		return false;
	for (size_t i = 0; i < wanted->count; i++) {
		if (!bundle_has(bundle, wanted->pems[i]))
			return false;
	}
	return true;
}

/* The value of caBundle: all texts, base64. A new reference; NULL without memory. */
static json_t *value_of(const struct wanted *wanted)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	for (size_t i = 0; i < wanted->count; i++)
		strbuf_puts(&text, wanted->pems[i]);
	if (text.is_failed)
		return NULL;
	CLEANUP(freep) char *encoded = malloc(BASE64_ENCODE_RAW_LENGTH(text.length));
	if (encoded == NULL)
		return NULL;
	base64_encode_raw(encoded, text.length, (const uint8_t *)text.data);
	return json_stringn(encoded, BASE64_ENCODE_RAW_LENGTH(text.length));
}

static int add_operation(json_t *patch, size_t entry, json_t *value)
{
	CLEANUP(strbuf_release) struct strbuf path = STRBUF_INIT;

	strbuf_printf(&path, "/webhooks/%zu/clientConfig/caBundle", entry);
	if (path.is_failed)
		return -1;
	/* "add" replaces a value that is there (RFC 6902, 4.1). _new takes the operation. */
	return json_array_append_new(patch, json_pack("{s:s, s:s, s:O}", "op", "add", "path",
						      path.data, "value", value));
}

static int make_patch(const struct ca_bundle_question *question, const struct wanted *wanted,
		      json_t **ret_patch, struct err *err)
{
	json_auto_t *value = value_of(wanted);
	json_auto_t *patch =
		json_pack("[{s:s, s:s, s:s}]", "op", "test", "path", "/metadata/resourceVersion",
			  "value", question->resource_version);

	if (value == NULL || patch == NULL)
		return err_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < question->entry_count; i++) {
		if (!is_as_wanted(&question->in_force[i], wanted) &&
		    add_operation(patch, i, value) < 0)
			return err_set(err, ENOMEM, "out of memory");
	}
	*ret_patch = json_array_size(patch) > 1 ? json_incref(patch) : NULL;
	return 0;
}

int ca_bundle_decide(const struct ca_bundle_question *question, time_t now,
		     struct ca_formers *formers, json_t **ret_patch, struct err *err)
{
	struct wanted wanted = {.count = 0};

	forget(question, formers);
	int r = note_all(question, now, formers, err);
	if (r < 0)
		return r;
	want_all(question, formers, now, &wanted);
	return make_patch(question, &wanted, ret_patch, err);
}
