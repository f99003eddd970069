/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/profile_reload.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "common/io/log.h"
#include "webhook/core/profile_choice.h"

/* Loads a set that can be put in force. */
static int load(const struct profile_reload *reload, struct profile_set *ret_set, struct err *err)
{
	CLEANUP(profile_set_release) struct profile_set set = {0};
	struct profile_choice choice; /* only whether there is one */
	int r = profile_store_load(reload->directory, &set, err);

	if (r == 0)
		r = profile_choose(&set, reload->default_profiles, NULL, &choice, err);
	if (r < 0)
		return r;
	*ret_set = set;
	set = (struct profile_set){0};
	return 0;
}

int profile_reload_load(struct profile_reload *reload, struct err *err)
{
	CLEANUP(profile_set_release) struct profile_set set = {0};

	/* Asked for before: what changes meanwhile is loaded the next time. */
	profile_store_version(reload->directory, reload->version);
	int r = load(reload, &set, err);
	if (r == 0)
		r = profile_slot_replace(reload->slot, &set, err);
	if (r < 0)
		profile_slot_fail(reload->slot, err->msg);
	reload->is_failed = r < 0;
	return r;
}

/* Says what became of a load, and what is in force now; `trouble` is NULL where it succeeded. */
static void log_load(struct profile_slot *slot, const char *trouble)
{
	CLEANUP(profile_snapshot_unrefp) struct profile_snapshot *snapshot = profile_slot_get(slot);
	CLEANUP(freep) char *names = NULL;
	struct profile_report report;
	struct log_line line;
	struct err err;

	profile_slot_report(slot, &report);
	/* Without memory for them the line has no names. */
	if (profile_store_names(profile_snapshot_set(snapshot), &names, &err) < 0)
		names = NULL;
	log_begin(&line, trouble == NULL ? LOG_INFO : LOG_ERROR,
		  trouble == NULL ? "profiles loaded" : "profiles not loaded");
	log_text(&line, "detail", trouble);
	log_text(&line, "in_force", names);
	log_text(&line, "hash", report.hash);
	log_end(&line);
}

void profile_reload_now(struct profile_reload *reload)
{
	struct err err;

	int r = profile_reload_load(reload, &err);
	log_load(reload->slot, r < 0 ? err.msg : NULL);
}

void profile_reload_poll(struct profile_reload *reload)
{
	char version[PROFILE_VERSION_SIZE];
	struct profile_report before;
	struct err err;

	profile_store_version(reload->directory, version);
	if (!reload->is_failed && strcmp(version, reload->version) == 0)
		return;
	profile_slot_report(reload->slot, &before);
	int r = profile_reload_load(reload, &err);
	if (r == 0 || strcmp(err.msg, before.trouble) != 0)
		log_load(reload->slot, r < 0 ? err.msg : NULL);
}
