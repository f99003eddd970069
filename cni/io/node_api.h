/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the node agent has to do with the API server: it watches whether sidewire is being
 * uninstalled, learns what the node's runtime is, and reports Events on the Node. The installation
 * needs none of this; what is asked or reported holds it up for moments (see node_api_speak()).
 */
#ifndef SIDEWIRE_CNI_NODE_API_H
#define SIDEWIRE_CNI_NODE_API_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cni/core/install_plan.h"
#include "cni/core/node_state.h"
#include "cni/io/node_options.h"
#include "common/base/err.h"

struct node_api;

/*
 * Makes the client, and begins both watches; nothing is asked yet. *ret_api is NULL when there is
 * no API server: outside of a cluster, and without the options for one. The options are borrowed
 * until it is freed. -EINVAL when $NODE_NAME or $POD_NAMESPACE is not set; what kube_client_new()
 * says.
 */
int node_api_new(const struct node_options *options, struct node_api **ret_api, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Ends the watches and frees. NULL is allowed. */
void node_api_free(struct node_api *api);

/* The same for CLEANUP(); sets the variable to NULL. */
void node_api_freep(struct node_api **api) __attribute__((nonnull));

/*
 * Waits until a watch has told something, one of the descriptors is ready (see poll(2)), or the
 * time is over. `api` may be NULL. What poll(2) and kube_client_wait() say.
 */
int node_api_wait(struct node_api *api, struct pollfd *fds, size_t count, int timeout_ms,
		  struct err *err) __attribute__((nonnull(2, 5), warn_unused_result));

/* What the watches say is to be done. INSTALL_GOAL_PRESENT as long as nothing is known; `api` may
 * be NULL. */
enum install_goal node_api_goal(const struct node_api *api);

/* Keeps an Event of type Warning to be sent; both strings are copied. `api` may be NULL: then
 * nobody hears it. */
void node_api_report(struct node_api *api, const char *reason, const char *message)
	__attribute__((nonnull(2, 3)));

/*
 * Asks for the own Node, or sends an Event, where that is due, and only once a watch was answered.
 * It makes one call at most, and waits for it up to 3 s: so an API server that is ill later holds
 * the loop up so long, twice a minute. Writes what it learns into the state. Whether there is more
 * to say at once, in another call. `api` may be NULL.
 */
bool node_api_speak(struct node_api *api, struct node_state *state, int64_t now_ms)
	__attribute__((nonnull(2)));

#endif
