/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A line of a watch, and a list: what is read has an object, and a version and the place of the
 * next page that fit into a query. What Namespaces and Nodes in them say is for others to fuzz.
 */
#include <assert.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/json_read.h"
#include "common/base/kube_event.h"
#include "tests/fuzz/fuzz.h"

/* Whether the text may stand in a query as it is. */
static bool is_fit(const char *text)
{
	return strpbrk(text, "&=?#%/ \r\n") == NULL;
}

static void check_version(const char version[KUBE_VERSION_SIZE])
{
	size_t length = strnlen(version, KUBE_VERSION_SIZE);

	assert(length > 0 && length < KUBE_VERSION_SIZE);
	assert(is_fit(version));
}

static void try_event(const char *line, size_t length)
{
	CLEANUP(kube_event_release) struct kube_event event = {0};
	struct err err = {0};

	if (kube_event_parse(line, length, &event, &err) < 0) {
		fuzz_check_failure(&err);
		return;
	}
	assert(json_is_object(event.object));
	if (event.type != KUBE_EVENT_ERROR)
		check_version(event.version);
}

static void try_list(const char *text, size_t length)
{
	json_auto_t *list = NULL;
	json_auto_t *items = NULL;
	char version[KUBE_VERSION_SIZE];
	const char *next = NULL;
	struct err err = {0};

	if (json_read_text(text, length, &list, &err) < 0 ||
	    kube_list_parse(list, &items, version, &err) < 0 ||
	    kube_list_next(list, &next, &err) < 0) {
		fuzz_check_failure(&err);
		return;
	}
	assert(next == NULL || (strlen(next) <= KUBE_CONTINUE_MAX && is_fit(next)));
	assert(json_is_array(items));
	check_version(version);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_event((const char *)data, size);
	try_list((const char *)data, size);
	return 0;
}
