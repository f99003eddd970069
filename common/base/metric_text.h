/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What recurs in metrics as Prometheus reads them: its text format, version 0.0.4. */
#ifndef SIDEWIRE_BASE_METRIC_TEXT_H
#define SIDEWIRE_BASE_METRIC_TEXT_H

#include "common/base/strbuf.h"

/* Adds the two lines before a metric's samples. `type` is "counter", "gauge" or "histogram"; `help`
 * is one line without a backslash. */
void metric_text_head(struct strbuf *out, const char *name, const char *type, const char *help)
	__attribute__((nonnull));

/* Adds what stands between the quotes of a label's value: backslash, quote and line feed escaped.
 */
void metric_text_label(struct strbuf *out, const char *value) __attribute__((nonnull));

#endif
