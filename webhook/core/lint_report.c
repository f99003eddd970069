/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/lint_report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/utf8.h"

/* A new finding at the end; NULL without memory. */
static struct lint_finding *append(struct lint_report *report)
{
	struct lint_finding *items = realloc(report->items, (report->count + 1) * sizeof(*items));

	if (items == NULL)
		return NULL;
	report->items = items;
	return &items[report->count++];
}

int lint_report_add(struct lint_report *report, enum lint_severity severity,
		    const struct yaml_node *node, struct err *err, const char *format, ...)
{
	struct lint_finding *finding = append(report);
	va_list args;

	if (finding == NULL)
		return err_set(err, ENOMEM, "out of memory");
	finding->severity = severity;
	finding->line = node->line;
	finding->column = node->column;
	va_start(args, format);
	vsnprintf(finding->message, sizeof(finding->message), format, args);
	va_end(args);
	utf8_repair(finding->message);
	return 0;
}

/* Reads `word` and a number from *text, and goes behind them. */
static bool take_number(const char **text, const char *word, unsigned int *ret_number)
{
	size_t length = strlen(word);
	char *end;

	if (strncmp(*text, word, length) != 0)
		return false;
	unsigned long number = strtoul(*text + length, &end, 10);
	if (end == *text + length)
		return false;
	*ret_number = (unsigned int)number;
	*text = end;
	return true;
}

int lint_report_add_failure(struct lint_report *report, const struct err *failure,
			    unsigned int line, struct err *err)
{
	struct lint_finding *finding = failure->code != -ENOMEM ? append(report) : NULL;
	const char *message = failure->msg;

	if (finding == NULL)
		return err_set(err, ENOMEM, "out of memory");
	*finding = (struct lint_finding){.severity = LINT_ERROR, .line = line};
	if (take_number(&message, "line ", &finding->line)) {
		take_number(&message, ", column ", &finding->column);
		message += strspn(message, ": ");
	}
	snprintf(finding->message, sizeof(finding->message), "%s", message);
	return 0;
}

/* The key of that name (`length` bytes) in a mapping; NULL when there is none. */
static const struct yaml_node *key_of(const struct yaml_node *node, const char *name, size_t length)
{
	const struct yaml_node *mapping = yaml_resolve(node);

	if (mapping->kind != YAML_MAPPING)
		return NULL;
	for (size_t i = 0; i < mapping->count; i++) {
		const char *text = mapping->entries[i].key->text;

		if (strlen(text) == length && memcmp(text, name, length) == 0)
			return mapping->entries[i].key;
	}
	return NULL;
}

const struct yaml_node *lint_locate(const struct yaml_node *root, const char *message)
{
	const struct yaml_node *node = root;
	const char *colon;

	while ((colon = strstr(message, ": ")) != NULL) {
		const struct yaml_node *next =
			yaml_follow(node, message, (size_t)(colon - message));

		if (next == NULL)
			break;
		node = next;
		message = colon + 2;
	}
	const char *quote = strchr(message, '\'');
	const struct yaml_node *key =
		quote != NULL ? key_of(node, quote + 1, strcspn(quote + 1, "'")) : NULL;
	return key != NULL ? key : node;
}

static int by_place(const void *a, const void *b)
{
	const struct lint_finding *first = a;
	const struct lint_finding *second = b;

	if (first->line != second->line)
		return first->line < second->line ? -1 : 1;
	if (first->column != second->column)
		return first->column < second->column ? -1 : 1;
	return strcmp(first->message, second->message);
}

void lint_report_sort(struct lint_report *report)
{
	if (report->count > 1)
		qsort(report->items, report->count, sizeof(*report->items), by_place);
}

void lint_report_release(struct lint_report *report)
{
	free(report->items);
	*report = (struct lint_report){0};
}
