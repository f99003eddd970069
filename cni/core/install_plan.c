/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/install_plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cni/core/conflist.h"
#include "cni/core/conflist_edit.h"
#include "common/base/cleanup.h"
#include "common/base/json_read.h"

#define LIST_EXTENSION ".conflist"

static bool ends_with(const char *text, const char *end)
{
	size_t text_length = strlen(text);
	size_t end_length = strlen(end);

	return text_length >= end_length && strcmp(text + text_length - end_length, end) == 0;
}

bool install_plan_is_config(const char *name)
{
	return ends_with(name, ".conf") || ends_with(name, LIST_EXTENSION) ||
	       ends_with(name, ".json");
}

void conf_files_release(struct conf_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		free(files->items[i].data);
	free(files->items);
	*files = (struct conf_files){0};
}

void install_plan_release(struct install_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		free(plan->steps[i].data);
	free(plan->steps);
	*plan = (struct install_plan){0};
}

static struct conf_text text_of(const struct conf_file *file)
{
	return (struct conf_text){file->data, file->length};
}

static int no_memory(struct err *err)
{
	return err_set(err, ENOMEM, "out of memory");
}

/* Finds out whether conflist_edit_make() made it: the name alone would not do, it could be
 * anyone's. */
static int mark_made(struct conf_file *file, struct err *err)
{
	json_auto_t *object = NULL;
	struct err reason;

	if (file->data == NULL || !ends_with(file->name, INSTALL_MADE_SUFFIX))
		return 0;
	if (json_read_text(file->data, file->length, &object, &reason) == -ENOMEM)
		return no_memory(err);
	file->is_made = json_is_string(json_object_get(object, CONFLIST_MADE_FROM));
	return 0;
}

/* Adds a step, still without data. There is room: see install_plan_build(). */
static struct install_step *add_step(struct install_plan *plan, enum install_step_kind kind,
				     const char *name, const struct conf_file *old)
{
	struct install_step *step = &plan->steps[plan->count++];

	*step = (struct install_step){.kind = kind, .old = old};
	snprintf(step->name, sizeof(step->name), "%s", name);
	return step;
}

/* Notes why something can not be done; the first reason stays. */
static void note_obstacle(struct install_plan *plan, const struct conf_file *file,
			  const struct err *reason)
{
	if (plan->obstacle.code != 0)
		return;
	plan->obstacle = *reason;
	err_wrap(&plan->obstacle, "%s", file->name);
}

/* A conflist gets our entry, if it may and has not. */
static int plan_entry(struct install_plan *plan, const struct conf_file *file, struct err *err)
{
	CLEANUP(conflist_release) struct conflist list = {0};
	struct err reason;
	int r = conflist_read(text_of(file), &list, &reason);

	list.backend = plan->backend;
	if (r == 0)
		r = conflist_check(&list, &reason);
	if (r == -ENOMEM)
		return no_memory(err);
	if (r < 0)
		note_obstacle(plan, file, &reason);
	if (r < 0 || conflist_find_entry(&list) == CONFLIST_ENTRY_IN_PLACE)
		return 0;
	struct install_step *step = add_step(plan, INSTALL_STEP_EDIT, file->name, file);
	plan->is_missing = true;
	return conflist_edit_insert(&list, &step->data, &step->length, err);
}

/* "10-net.conf" becomes "10-net-sidewire.conflist". */
static void make_name(const char *name, char made[static CONF_NAME_SIZE])
{
	snprintf(made, CONF_NAME_SIZE, "%.*s" INSTALL_MADE_SUFFIX, (int)(strrchr(name, '.') - name),
		 name);
}

static const struct conf_file *find_file(const struct conf_files *files, const char *name)
{
	for (size_t i = 0; i < files->count; i++) {
		if (strcmp(files->items[i].name, name) == 0)
			return &files->items[i];
	}
	return NULL;
}

/* A conflist made of the configuration stands beside it. `name` is that conflist's. */
static int plan_made(struct install_plan *plan, const struct conf_files *files,
		     const struct conf_file *file, const char *name, struct err *err)
{
	CLEANUP(freep) char *data = NULL;
	const struct conf_file *old = find_file(files, name);
	struct err reason;
	size_t length;
	int r = conflist_edit_make(text_of(file), file->name, plan->backend, &data, &length,
				   &reason);

	if (r == -ENOMEM)
		return no_memory(err);
	if (r < 0)
		note_obstacle(plan, file, &reason);
	if (r < 0 || (old != NULL && old->length == length && memcmp(old->data, data, length) == 0))
		return 0;
	struct install_step *step =
		add_step(plan, old == NULL ? INSTALL_STEP_CREATE : INSTALL_STEP_EDIT, name, old);
	plan->is_missing = old == NULL;
	step->data = TAKE(data);
	step->length = length;
	return 0;
}

/* Every conflist that was made goes, but for the one with the name `kept`. */
static void plan_removal_of_made(struct install_plan *plan, const struct conf_files *files,
				 const char *kept)
{
	for (size_t i = 0; i < files->count; i++) {
		const struct conf_file *file = &files->items[i];

		if (!file->is_made || strcmp(file->name, kept) == 0)
			continue;
		add_step(plan, INSTALL_STEP_REMOVE, file->name, NULL);
	}
}

static int plan_removal_of_entry(struct install_plan *plan, const struct conf_file *file,
				 struct err *err)
{
	CLEANUP(conflist_release) struct conflist list = {0};
	struct err reason;
	int r = conflist_read(text_of(file), &list, &reason);

	if (r == -ENOMEM)
		return no_memory(err);
	/* A runtime can not load it either; that it has no entry of ours is not known. */
	if (r < 0)
		note_obstacle(plan, file, &reason);
	if (r < 0 || conflist_find_entry(&list) == CONFLIST_ENTRY_ABSENT)
		return 0;
	struct install_step *step = add_step(plan, INSTALL_STEP_EDIT, file->name, file);
	return conflist_edit_remove(&list, &step->data, &step->length, err);
}

static int plan_absence(struct install_plan *plan, const struct conf_files *files, struct err *err)
{
	int r = 0;

	plan->is_removal = true;
	for (size_t i = 0; r == 0 && i < files->count; i++) {
		const struct conf_file *file = &files->items[i];

		if (!ends_with(file->name, LIST_EXTENSION) || file->is_made)
			continue;
		if (file->data == NULL)
			note_obstacle(plan, file, &file->error);
		else
			r = plan_removal_of_entry(plan, file, err);
	}
	if (r == 0)
		plan_removal_of_made(plan, files, "");
	return r;
}

/* The first file that is not made by us; NULL: there is none. */
static const struct conf_file *find_primary(const struct conf_files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		if (!files->items[i].is_made)
			return &files->items[i];
	}
	return NULL;
}

static int plan_presence(struct install_plan *plan, const struct conf_files *files,
			 const struct conf_file *primary, struct err *err)
{
	char kept[CONF_NAME_SIZE] = "";
	int r = 0;

	if (primary == NULL) {
		err_set(&plan->obstacle, ENOENT, "there is no network configuration yet");
	} else if (primary->data == NULL) {
		note_obstacle(plan, primary, &primary->error);
	} else if (ends_with(primary->name, LIST_EXTENSION)) {
		r = plan_entry(plan, primary, err);
	} else {
		make_name(primary->name, kept);
		r = plan_made(plan, files, primary, kept, err);
	}
	/* Last, so that a runtime never sees a moment without us. */
	if (r == 0 && plan->obstacle.code != -EPROTONOSUPPORT)
		plan_removal_of_made(plan, files, kept);
	return r;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct conf_file *)a)->name, ((const struct conf_file *)b)->name);
}

int install_plan_build(struct conf_files *files, enum install_goal goal,
		       enum backend_choice backend, struct install_plan *ret_plan, struct err *err)
{
	/* One step for each file at most, and one for a file that is not there yet. */
	CLEANUP(install_plan_release)
	struct install_plan plan = {.steps = calloc(files->count + 1, sizeof(*plan.steps)),
				    .backend = backend};
	int r = 0;

	if (plan.steps == NULL)
		return no_memory(err);
	for (size_t i = 0; r == 0 && i < files->count; i++)
		r = mark_made(&files->items[i], err);
	if (r < 0)
		return r;
	if (files->count > 0)
		qsort(files->items, files->count, sizeof(*files->items), by_name);
	const struct conf_file *primary = find_primary(files);
	if (goal == INSTALL_GOAL_PRESENT)
		r = plan_presence(&plan, files, primary, err);
	if (r == 0 && (goal == INSTALL_GOAL_ABSENT || plan.obstacle.code == -EPROTONOSUPPORT))
		r = plan_absence(&plan, files, err);
	if (r < 0)
		return r;
	*ret_plan = plan;
	plan = (struct install_plan){0};
	return 0;
}
