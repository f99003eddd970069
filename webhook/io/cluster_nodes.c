/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/cluster_nodes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/json_read.h"
#include "common/io/log.h"
#include "webhook/io/cluster_api.h"

enum {
	PAGE_NODES = 20,    /* of a list that are asked for at once */
	PERIOD_S = 60,      /* from one look to the next */
	PERIOD_NODES = 500, /* another PERIOD_S for each so many */
	PAGES_MAX = 5000,   /* a cluster has 5,000 nodes at most; the list must end */
};

/* Adds a page to the survey. *place, where it begins, becomes that of the following one; NULL is
 * the first, and after the last. The caller frees it. */
static int survey_page(struct kube_client *client, char **place,
		       struct image_volumes_survey *survey, struct err *err)
{
	json_auto_t *list = NULL;
	json_t *metadata = NULL;
	json_t *items = NULL;
	const char *next = NULL;
	int r = cluster_api_list_nodes(client, *place, PAGE_NODES, &list, err);

	if (r == 0)
		r = json_read_array(list, "items", &items, err);
	if (r == 0)
		r = json_read_object(list, "metadata", &metadata, err);
	if (r == 0)
		r = json_read_string(metadata, "continue", &next, err);
	if (r < 0)
		return r;
	image_volumes_survey_add(survey, items);
	free(*place);
	*place = next != NULL && *next != '\0' ? strdup(next) : NULL;
	return *place == NULL && next != NULL && *next != '\0'
		       ? err_set(err, ENOMEM, "out of memory")
		       : 0;
}

static int survey_all(struct kube_client *client, struct image_volumes_survey *survey,
		      struct err *err)
{
	CLEANUP(freep) char *place = NULL;

	for (int i = 0; i < PAGES_MAX; i++) {
		int r = survey_page(client, &place, survey, err);

		if (r < 0 || place == NULL)
			return r;
	}
	return err_set(err, E2BIG, "the list has more than %d pages", PAGES_MAX);
}

/* Logs what is known now, and why: a node, or what kept us from knowing. */
static void tell(struct cluster_nodes *nodes, enum image_volumes answer, const char *why)
{
	struct log_line line;

	log_begin(&line, nodes->is_failing ? LOG_WARNING : LOG_INFO, "image volumes of the nodes");
	log_text(&line, "answer", image_volumes_name(answer));
	log_text(&line, "detail", *why != '\0' ? why : NULL);
	log_end(&line);
	nodes->is_told = true;
}

/* Tells of a failure, but not again of those that follow it. */
static void note_failure(struct cluster_nodes *nodes, const struct err *err)
{
	bool was_failing = nodes->is_failing;

	if (err->code == -ECANCELED)
		return;
	nodes->is_failing = true;
	if (!was_failing)
		tell(nodes, atomic_load(nodes->answer), err->msg);
}

static void note_answer(struct cluster_nodes *nodes, const struct image_volumes_survey *survey)
{
	enum image_volumes answer = image_volumes_answer(survey);
	bool is_other = atomic_exchange(nodes->answer, answer) != answer;
	bool was_failing = nodes->is_failing;

	nodes->is_failing = false;
	if (is_other || was_failing || !nodes->is_told)
		tell(nodes, answer, survey->example);
}

int cluster_nodes_step(struct cluster_nodes *nodes, time_t now, struct err *err)
{
	struct image_volumes_survey survey = {.nodes = 0};

	if (nodes->answer == NULL || now < nodes->next)
		return 0;
	int r = survey_all(nodes->client, &survey, err);
	nodes->next = now + PERIOD_S + PERIOD_S * (time_t)(survey.nodes / PERIOD_NODES);
	if (r < 0)
		note_failure(nodes, err);
	else
		note_answer(nodes, &survey);
	return r;
}
