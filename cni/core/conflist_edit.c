/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/conflist_edit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/json_read.h"
#include "common/base/json_text.h"
#include "common/base/strbuf.h"
#include "common/base/utf8.h"
#include "common/vocabulary.h"

/* How a plugin is laid out. All but `space` are pieces of the text: blanks, and line ends in a list
 * that has a member a line. */
struct layout {
	struct json_slice before;  /* before the object */
	struct json_slice member;  /* before its first member */
	struct json_slice closing; /* before its closing brace */
	const char *space;         /* behind a colon, and a comma in a line */
	bool is_tall;              /* a member a line */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool has_line_end(const struct json_slice *blanks)
{
	return memchr(blanks->text, '\n', blanks->length) != NULL;
}

/* The blanks between `begin` and the next character that is none. */
static struct json_slice blanks_behind(const char *begin, const char *end)
{
	const char *at = begin;

	while (at < end && is_blank(*at))
		at++;
	return (struct json_slice){begin, (size_t)(at - begin)};
}

/* The blanks between `end` and the last character before it that is none. */
static struct json_slice blanks_before(const char *begin, const char *end)
{
	const char *at = end;

	while (at > begin && is_blank(at[-1]))
		at--;
	return (struct json_slice){at, (size_t)(end - at)};
}

/* Whether the first colon behind a key of the object has no blank behind it. */
static bool is_dense(const struct json_slice *object)
{
	const char *colon = memchr(object->text, ':', object->length);

	return colon != NULL && !is_blank(colon[1]);
}

static struct layout layout_of(const struct conf_text *text, const struct json_slice *object)
{
	const char *end = object->text + object->length;
	struct layout layout = {
		.before = blanks_before(text->data, object->text),
		.member = blanks_behind(object->text + 1, end),
		.closing = blanks_before(object->text, end - 1),
		.space = is_dense(object) ? "" : " ",
	};

	layout.is_tall = has_line_end(&layout.member);
	/* In "[{" nothing stands before the object; a second one begins behind ", ". */
	if (layout.before.length == 0)
		layout.before = (struct json_slice){layout.space, strlen(layout.space)};
	return layout;
}

static void put_slice(struct strbuf *out, const struct json_slice *slice)
{
	strbuf_append(out, slice->text, slice->length);
}

/* What a member is indented by more than the brace that closes its object. */
static struct json_slice indentation_step(const struct layout *layout)
{
	size_t outer = layout->closing.length;

	if (layout->member.length <= outer ||
	    memcmp(layout->member.text, layout->closing.text, outer) != 0)
		return (struct json_slice){"", 0};
	return (struct json_slice){layout->member.text + outer, layout->member.length - outer};
}

static void put_tall_entry(struct strbuf *out, const struct layout *layout,
			   enum backend_choice backend)
{
	struct json_slice step = indentation_step(layout);

	strbuf_puts(out, "{");
	put_slice(out, &layout->member);
	strbuf_printf(out, "\"type\":%s\"" CNI_PLUGIN_TYPE "\",", layout->space);
	put_slice(out, &layout->member);
	strbuf_printf(out, "\"capabilities\":%s{", layout->space);
	put_slice(out, &layout->member);
	put_slice(out, &step);
	strbuf_printf(out, "\"" CNI_CAPABILITY_ANNOTATIONS "\":%strue", layout->space);
	put_slice(out, &layout->member);
	strbuf_puts(out, "}");
	if (backend != BACKEND_AUTO) {
		strbuf_puts(out, ",");
		put_slice(out, &layout->member);
		strbuf_printf(out, "\"backend\":%s\"%s\"", layout->space,
			      backend_choice_name(backend));
	}
	put_slice(out, &layout->closing);
	strbuf_puts(out, "}");
}

static void put_entry(struct strbuf *out, const struct layout *layout, enum backend_choice backend)
{
	const char *space = layout->space;

	if (layout->is_tall) {
		put_tall_entry(out, layout, backend);
		return;
	}
	strbuf_puts(out, "{");
	put_slice(out, &layout->member);
	strbuf_printf(out, "\"type\":%s\"" CNI_PLUGIN_TYPE "\",%s\"capabilities\":%s", space, space,
		      space);
	strbuf_printf(out, "{\"" CNI_CAPABILITY_ANNOTATIONS "\":%strue}", space);
	if (backend != BACKEND_AUTO)
		strbuf_printf(out, ",%s\"backend\":%s\"%s\"", space, space,
			      backend_choice_name(backend));
	put_slice(out, &layout->closing);
	strbuf_puts(out, "}");
}

static const char *end_of(const struct json_slice *slice)
{
	return slice->text + slice->length;
}

/*
 * Takes entries of ours out with the comma before each, or, where they are the first, the one
 * behind. Then, if asked to, puts one in behind the last plugin that is left.
 */
static void put_edited(struct strbuf *out, const struct conflist *list, bool should_insert)
{
	const struct json_slice *elements = list->elements;
	const char *at = list->text.data;
	const struct json_slice *last = NULL; /* the last foreign plugin so far */

	for (size_t i = 0; i < list->count; i++) {
		const char *begin = last != NULL ? end_of(&elements[i - 1]) : elements[i].text;
		const char *end = end_of(&elements[i]);

		if (!conflist_is_ours(json_array_get(list->plugins, i))) {
			last = &elements[i];
			continue;
		}
		if (last == NULL && i + 1 < list->count)
			end = elements[i + 1].text;
		strbuf_append(out, at, (size_t)(begin - at));
		at = end;
	}
	if (should_insert && last != NULL) {
		struct layout layout = layout_of(&list->text, last);

		/* What was taken out behind the last plugin ended where `at` is by now. */
		if (at < end_of(last)) {
			strbuf_append(out, at, (size_t)(end_of(last) - at));
			at = end_of(last);
		}
		strbuf_puts(out, ",");
		put_slice(out, &layout.before);
		put_entry(out, &layout, list->backend);
	}
	strbuf_append(out, at, (size_t)(list->text.data + list->text.length - at));
}

/* Hands the text over. */
static int finish(struct strbuf *out, char **ret_text, size_t *ret_length, struct err *err)
{
	size_t length = out->length;
	int r = strbuf_finish(out, ret_text, err);

	if (r == 0)
		*ret_length = length;
	return r;
}

int conflist_edit_insert(const struct conflist *list, char **ret_text, size_t *ret_length,
			 struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;

	put_edited(&out, list, true);
	return finish(&out, ret_text, ret_length, err);
}

int conflist_edit_remove(const struct conflist *list, char **ret_text, size_t *ret_length,
			 struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;

	put_edited(&out, list, false);
	return finish(&out, ret_text, ret_length, err);
}

/* Writes a member with a string, if there is one. */
static int put_member(struct strbuf *out, const char *key, json_t *value, struct err *err)
{
	if (value == NULL)
		return 0;
	CLEANUP(freep) char *text = json_text(value, JSON_ENCODE_ANY);
	if (text == NULL)
		return err_set(err, ENOMEM, "out of memory");
	strbuf_printf(out, "  \"%s\": %s,\n", key, text);
	return 0;
}

static bool is_utf8(const char *text)
{
	size_t length = 1;

	while (*text != '\0' && length > 0) {
		length = utf8_length(text, strlen(text));
		text += length;
	}
	return length > 0;
}

/* Writes the list of the one plugin alone. */
static int put_made(struct strbuf *out, struct conf_text conf, const char *file_name,
		    struct err *err)
{
	json_auto_t *object = NULL;
	json_auto_t *source = json_string(file_name);
	int r = json_read_text(conf.data, conf.length, &object, err);

	if (r == 0 && !is_utf8(file_name))
		r = err_set(err, EINVAL, "its name is no UTF-8");
	if (r == 0 && source == NULL)
		r = err_set(err, ENOMEM, "out of memory");
	if (r == 0 && json_object_get(object, "type") == NULL)
		r = err_set(err, EINVAL, "there is no 'type' in it: it configures no plugin");
	if (r < 0)
		return r;
	strbuf_puts(out, "{\n");
	r = put_member(out, CONFLIST_MADE_FROM, source, err);
	if (r == 0)
		r = put_member(out, "cniVersion", json_object_get(object, "cniVersion"), err);
	if (r == 0)
		r = put_member(out, "name", json_object_get(object, "name"), err);
	if (r < 0)
		return r;
	struct json_slice before = blanks_behind(conf.data, conf.data + conf.length);
	struct json_slice behind = blanks_before(conf.data, conf.data + conf.length);
	strbuf_puts(out, "  \"plugins\": [\n");
	strbuf_append(out, conf.data + before.length, conf.length - before.length - behind.length);
	strbuf_puts(out, "\n  ]\n}\n");
	return 0;
}

int conflist_edit_make(struct conf_text conf, const char *file_name, enum backend_choice backend,
		       char **ret_text, size_t *ret_length, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	CLEANUP(conflist_release) struct conflist list = {0};
	CLEANUP(freep) char *alone = NULL;
	size_t length;
	int r = put_made(&out, conf, file_name, err);

	if (r == 0)
		r = finish(&out, &alone, &length, err);
	if (r == 0)
		r = conflist_read((struct conf_text){alone, length}, &list, err);
	if (r == 0)
		r = conflist_check(&list, err);
	list.backend = backend;
	return r == 0 ? conflist_edit_insert(&list, ret_text, ret_length, err) : r;
}
