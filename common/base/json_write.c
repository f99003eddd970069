/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/json_write.h"

#include <stdbool.h>
#include <string.h>

enum {
	CONTROL_END = 0x20, /* the first character that is none */
	REAL_SIZE = 32,     /* of 17 digits, sign, point and exponent */
};

static bool is_escaped(unsigned char c)
{
	return c < CONTROL_END || c == '"' || c == '\\';
}

static void write_escape(unsigned char c, struct strbuf *buf)
{
	static const char SHORT[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* a character, and its letter */

	for (const char *pair = SHORT; *pair != '\0'; pair += 2) {
		if (c == (unsigned char)*pair) {
			strbuf_append(buf, (const char[]){'\\', pair[1]}, 2);
			return;
		}
	}
	strbuf_printf(buf, "\\u%04X", c);
}

void json_write_text(const char *text, size_t length, struct strbuf *buf)
{
	size_t plain = 0; /* where the characters begin that stand for themselves */

	strbuf_append(buf, "\"", 1);
	for (size_t i = 0; i < length; i++) {
		if (!is_escaped((unsigned char)text[i]))
			continue;
		strbuf_append(buf, text + plain, i - plain);
		write_escape((unsigned char)text[i], buf);
		plain = i + 1;
	}
	strbuf_append(buf, text + plain, length - plain);
	strbuf_append(buf, "\"", 1);
}

static void write_object(json_t *object, struct strbuf *buf)
{
	strbuf_append(buf, "{", 1);
	for (void *at = json_object_iter(object); at != NULL;
	     at = json_object_iter_next(object, at)) {
		if (at != json_object_iter(object))
			strbuf_append(buf, ",", 1);
		json_write_text(json_object_iter_key(at), json_object_iter_key_len(at), buf);
		strbuf_append(buf, ":", 1);
		json_write_value(json_object_iter_value(at), buf);
	}
	strbuf_append(buf, "}", 1);
}

static void write_array(json_t *array, struct strbuf *buf)
{
	json_t *element;
	size_t i;

	strbuf_append(buf, "[", 1);
	json_array_foreach(array, i, element) {
		if (i > 0)
			strbuf_append(buf, ",", 1);
		json_write_value(element, buf);
	}
	strbuf_append(buf, "]", 1);
}

/* The digits are jansson's: the fewest that lead back to the same value. */
static void write_real(const json_t *real, struct strbuf *buf)
{
	char text[REAL_SIZE];

	strbuf_append(buf, text, json_dumpb(real, text, sizeof(text), JSON_ENCODE_ANY));
}

void json_write_value(json_t *value, struct strbuf *buf)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		write_object(value, buf);
		break;
	case JSON_ARRAY:
		write_array(value, buf);
		break;
	case JSON_STRING:
		json_write_text(json_string_value(value), json_string_length(value), buf);
		break;
	case JSON_INTEGER:
		strbuf_printf(buf, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		break;
	case JSON_REAL:
		write_real(value, buf);
		break;
	case JSON_TRUE:
		strbuf_puts(buf, "true");
		break;
	case JSON_FALSE:
		strbuf_puts(buf, "false");
		break;
	case JSON_NULL:
		strbuf_puts(buf, "null");
		break;
	}
}
