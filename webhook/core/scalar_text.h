/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two text forms of values that Kubernetes and its proxies read: quantities and durations. */
#ifndef SIDEWIRE_WEBHOOK_SCALAR_TEXT_H
#define SIDEWIRE_WEBHOOK_SCALAR_TEXT_H

#include <stdbool.h>

/*
 * Whether the text is a quantity in the grammar of k8s.io/apimachinery resource.Quantity:
 * "100m", "1.5Gi", "2e3".
 */
bool is_quantity_text(const char *text) __attribute__((nonnull));

/*
 * Whether the text is a duration in the grammar of Go's time.ParseDuration, and fits its 64-bit
 * nanoseconds: "1h30m", "-1.5s", "0".
 */
bool is_duration_text(const char *text) __attribute__((nonnull));

#endif
