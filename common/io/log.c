/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/io/log.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/utf8.h"

/* What a line that is cut in the middle of a string still needs. */
static const char CUT_END[] = "...\"";
static const char LINE_END[] = "}\n";

enum { LOG_ROOM = LOG_LINE_SIZE - (sizeof(CUT_END) - 1) - (sizeof(LINE_END) - 1) };

/* Adds bytes that stay together. false when they do not fit. */
static bool put(struct log_line *line, const char *bytes, size_t count)
{
	if (count > LOG_ROOM - line->length)
		return false;
	memcpy(line->text + line->length, bytes, count);
	line->length += count;
	return true;
}

/* Adds the character at `text` as it stands in a JSON string. 0 when it does not fit, else the
 * bytes read. */
static size_t put_character(struct log_line *line, const char *text, size_t text_length)
{
	static const char REPLACEMENT[] = "\xef\xbf\xbd"; /* U+FFFD */
	char escape[8];
	unsigned char first = (unsigned char)*text;
	size_t length = utf8_length(text, text_length);

	if (length == 0)
		return put(line, REPLACEMENT, 3) ? 1 : 0;
	if (length > 1 || (first >= 0x20 && first != '"' && first != '\\' && first != 0x7f))
		return put(line, text, length) ? length : 0;
	int size = first == '"' || first == '\\'
			   ? snprintf(escape, sizeof(escape), "\\%c", first)
			   : snprintf(escape, sizeof(escape), "\\u%04x", first);
	return put(line, escape, (size_t)size) ? 1 : 0;
}

static void put_string(struct log_line *line, const char *text)
{
	const char *end = text + strlen(text);
	size_t read = 1;

	for (; text < end && read > 0; text += read)
		read = put_character(line, text, (size_t)(end - text));
	if (read > 0 && put(line, "\"", 1))
		return;
	memcpy(line->text + line->length, CUT_END, sizeof(CUT_END) - 1);
	line->length += sizeof(CUT_END) - 1;
	line->is_full = true;
}

/* Adds `,"key":` and the first byte of the value. false when there is no room for it any more. */
static bool put_key(struct log_line *line, const char *key, const char *value_begin)
{
	char text[64];
	int size = snprintf(text, sizeof(text), "%s\"%s\":%s", line->length > 1 ? "," : "", key,
			    value_begin);

	if (line->is_full || size < 0 || (size_t)size >= sizeof(text) ||
	    !put(line, text, (size_t)size))
		line->is_full = true;
	return !line->is_full;
}

void log_text(struct log_line *line, const char *key, const char *value)
{
	if (value != NULL && put_key(line, key, "\""))
		put_string(line, value);
}

void log_number(struct log_line *line, const char *key, long long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", value);
	put_key(line, key, text);
}

/* The time as RFC 3339 writes it. */
static void put_time(struct log_line *line)
{
	struct timespec now;
	struct tm utc;
	char seconds[32];
	char text[64];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text, sizeof(text), "%s.%06ldZ", seconds, now.tv_nsec / 1000);
	log_text(line, "time", text);
}

void log_begin(struct log_line *line, enum log_level level, const char *msg)
{
	static const char *const NAMES[] = {
		[LOG_INFO] = "info", [LOG_WARNING] = "warning", [LOG_ERROR] = "error"};

	line->length = 0;
	line->is_full = false;
	put(line, "{", 1);
	put_time(line);
	log_text(line, "level", NAMES[level]);
	log_text(line, "msg", msg);
}

void log_end(struct log_line *line)
{
	memcpy(line->text + line->length, LINE_END, sizeof(LINE_END) - 1);
	line->length += sizeof(LINE_END) - 1;
	ssize_t written = write(STDERR_FILENO, line->text, line->length);
	(void)written;
}
