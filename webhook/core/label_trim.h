/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Labels whose values are made of parameters, such as the name of an image or a workload. The API
 * server refuses a pod with a value that is too long, or ends with a character which only may stand
 * inside (k8s.io/apimachinery validation, IsValidLabelValue): so the value is cut, as Kubernetes
 * cuts those that it makes itself.
 */
#ifndef SIDEWIRE_WEBHOOK_LABEL_TRIM_H
#define SIDEWIRE_WEBHOOK_LABEL_TRIM_H

#include <jansson.h>

#include "common/base/err.h"

enum { LABEL_VALUE_MAX = 63 }; /* bytes */

/*
 * Cuts the labels of an overlay's metadata. *overlay is replaced where one is cut; the value that
 * it was stays as it is. -ENOMEM.
 */
int label_trim(json_t **overlay, struct err *err) __attribute__((nonnull, warn_unused_result));

#endif
