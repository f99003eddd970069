/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/io/node_agent.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cni/core/install_plan.h"
#include "cni/core/node_state.h"
#include "cni/core/put_back_pace.h"
#include "cni/io/conf_dir.h"
#include "cni/io/node_api.h"
#include "cni/io/plugin_file.h"
#include "cni/io/status_server.h"
#include "common/base/cleanup.h"
#include "common/io/file_write.h"
#include "common/io/log.h"
#include "common/io/monotonic.h"

enum {
	CHECK_PERIOD_MS = 60 * 1000,    /* without being told of a change */
	OBSTACLE_PERIOD_MS = 10 * 1000, /* the same, while something is in the way */
	RETRY_MS = 5 * 1000,            /* after a failure to read or write */
};

/* A file that is written has an event when it is whole. */
#define DIRECTORY_EVENTS                                                                         \
	(IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | \
	 IN_MOVE_SELF | IN_ONLYDIR)
#define DIRECTORY_GONE (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)

struct node_agent {
	const struct node_options *options;
	struct node_state state;
	struct plugin_file plugin;
	struct put_back_pace paces[NODE_PART_COUNT];
	bool was_in_place[NODE_PART_COUNT]; /* what is done from then on is putting back */
	int64_t retry_ms[NODE_PART_COUNT];  /* nothing is written before that: a write has failed */
	int64_t check_ms;                   /* when the directories are looked at next */
	int64_t ending_ms;                  /* when it ends at the latest; 0: nobody asked for it */
	bool is_at_end;
	int signal_fd;
	int inotify_fd;
	struct status_server *status;
	struct node_api *api; /* NULL: there is none */
};

static void node_agent_release(struct node_agent *agent)
{
	node_api_free(agent->api);
	status_server_free(agent->status);
	if (agent->inotify_fd >= 0)
		close(agent->inotify_fd);
	if (agent->signal_fd >= 0)
		close(agent->signal_fd);
}

static void log_part(enum log_level level, const char *msg, enum node_part part, const char *detail)
{
	struct log_line line;

	log_begin(&line, level, msg);
	log_text(&line, "part", node_part_name(part));
	log_text(&line, "detail", detail);
	log_end(&line);
}

static void log_message(const char *msg, const char *detail)
{
	struct log_line line;

	log_begin(&line, LOG_INFO, msg);
	log_text(&line, "detail", detail);
	log_end(&line);
}

static void check_again(struct node_agent *agent, int64_t at_ms)
{
	if (at_ms < agent->check_ms)
		agent->check_ms = at_ms;
}

/* Notes why a part is not in place, and says so when it is another reason than before. */
static void set_obstacle(struct node_agent *agent, enum node_part part, const struct err *reason)
{
	struct err *obstacle = &agent->state.parts[part].obstacle;

	if (reason->code != 0 && (obstacle->code == 0 || strcmp(obstacle->msg, reason->msg) != 0))
		log_part(LOG_WARNING, "waiting", part, reason->msg);
	*obstacle = *reason;
}

/* A failure that may pass. */
static void set_failure(struct node_agent *agent, enum node_part part, const struct err *failure,
			int64_t now_ms)
{
	set_obstacle(agent, part, failure);
	agent->retry_ms[part] = now_ms + RETRY_MS;
	check_again(agent, agent->retry_ms[part]);
}

static void set_in_place(struct node_agent *agent, enum node_part part, bool is_in_place)
{
	if (is_in_place && !agent->state.parts[part].is_in_place)
		log_part(LOG_INFO, "in place", part, NULL);
	agent->state.parts[part].is_in_place = is_in_place;
	agent->was_in_place[part] |= is_in_place;
}

/* Begins or ends a fight, and says so. */
static void note_fight(struct node_agent *agent, enum node_part part, int64_t now_ms)
{
	struct node_part_state *state = &agent->state.parts[part];
	bool is_fight = put_back_is_fight(&agent->paces[part], now_ms);
	struct err text;

	if (is_fight == state->is_fight)
		return;
	state->is_fight = is_fight;
	if (!is_fight) {
		log_part(LOG_INFO, "fight is over", part, NULL);
		return;
	}
	err_set(&text, EBUSY,
		"somebody takes the %s of sidewire away again and again: it was put back %d times "
		"in %d minutes, and is now put back after pauses of up to %d s, in which pods "
		"start without it",
		node_part_name(part), PUT_BACK_FREE, PUT_BACK_WINDOW_MS / 60000,
		PUT_BACK_PAUSE_MS_MAX / 1000);
	log_part(LOG_WARNING, "fight", part, text.msg);
	node_api_report(agent->api, "SidewireFight", text.msg);
}

/*
 * Whether the last failure is long enough ago to write again; if not, it is looked at again then.
 * Events do not hurry it: a failed write has events of its own, from its temporary file.
 */
static bool may_write(struct node_agent *agent, enum node_part part, int64_t now_ms)
{
	if (now_ms >= agent->retry_ms[part])
		return true;
	check_again(agent, agent->retry_ms[part]);
	return false;
}

/* Whether a part that is missing may be put back now; if not, it is looked at again when it may. */
static bool may_put_back(struct node_agent *agent, enum node_part part, int64_t now_ms)
{
	int64_t wait_ms = put_back_wait_ms(&agent->paces[part], now_ms);

	if (!agent->was_in_place[part] || wait_ms == 0)
		return true;
	/* For who asks; the log hears of the whole fight once. */
	err_set(&agent->state.parts[part].obstacle, EBUSY,
		"it was put back %" PRIu64 " times, and taken away again; next in %" PRId64
		" s at most",
		agent->state.parts[part].put_back, (wait_ms + 999) / 1000);
	check_again(agent, now_ms + wait_ms);
	return false;
}

/* A part that was missing was written. */
static void note_written(struct node_agent *agent, enum node_part part, int64_t now_ms)
{
	if (!agent->was_in_place[part]) {
		log_part(LOG_INFO, "installed", part, NULL);
		return;
	}
	agent->state.parts[part].put_back++;
	put_back_note(&agent->paces[part], now_ms);
	log_part(LOG_WARNING, "put back", part, "somebody had taken it away");
}

static void check_plugin(struct node_agent *agent, int64_t now_ms)
{
	bool is_in_place;
	struct err err = {0};
	int r = plugin_file_check(&agent->plugin, &is_in_place, &err);

	if (r == 0 && !is_in_place) {
		set_in_place(agent, NODE_PART_PLUGIN, false);
		if (!may_write(agent, NODE_PART_PLUGIN, now_ms) ||
		    !may_put_back(agent, NODE_PART_PLUGIN, now_ms))
			return;
		r = plugin_file_install(&agent->plugin, &err);
		if (r == 0)
			note_written(agent, NODE_PART_PLUGIN, now_ms);
	}
	if (r < 0) {
		set_in_place(agent, NODE_PART_PLUGIN, false);
		set_failure(agent, NODE_PART_PLUGIN, &err, now_ms);
		return;
	}
	set_obstacle(agent, NODE_PART_PLUGIN, &err);
	set_in_place(agent, NODE_PART_PLUGIN, true);
}

/* Does what the plan says. Then the directory is looked at again, to see that it is done. */
static void apply_plan(struct node_agent *agent, const struct install_plan *plan, int64_t now_ms)
{
	struct err err;

	if (!may_write(agent, NODE_PART_ENTRY, now_ms) ||
	    (plan->is_missing && !may_put_back(agent, NODE_PART_ENTRY, now_ms)))
		return;
	int r = conf_dir_apply(agent->options->cni_conf_dir, plan, &err);
	if (r < 0 && r != -EBUSY && r != -ENOENT) {
		set_failure(agent, NODE_PART_ENTRY, &err, now_ms);
		return;
	}
	check_again(agent, now_ms);
	if (r < 0)
		return;
	set_obstacle(agent, NODE_PART_ENTRY, &plan->obstacle);
	if (plan->is_missing)
		note_written(agent, NODE_PART_ENTRY, now_ms);
	else if (agent->state.goal == INSTALL_GOAL_PRESENT && plan->obstacle.code == 0)
		log_part(LOG_INFO, "brought up to date", NODE_PART_ENTRY, NULL);
	else
		log_part(LOG_INFO, "taken out", NODE_PART_ENTRY, NULL);
}

static void check_entry(struct node_agent *agent, int64_t now_ms)
{
	CLEANUP(conf_files_release) struct conf_files files = {0};
	CLEANUP(install_plan_release) struct install_plan plan = {0};
	bool is_present = agent->state.goal == INSTALL_GOAL_PRESENT;
	struct err err;
	int r = conf_dir_read(agent->options->cni_conf_dir, &files, &err);

	if (r == 0)
		r = install_plan_build(&files, agent->state.goal, agent->options->backend, &plan,
				       &err);
	if (r < 0) {
		set_in_place(agent, NODE_PART_ENTRY, false);
		set_failure(agent, NODE_PART_ENTRY, &err, now_ms);
		return;
	}
	bool is_free = plan.obstacle.code == 0;
	set_in_place(agent, NODE_PART_ENTRY, is_present && is_free && !plan.is_missing);
	agent->state.is_removed = !is_present && is_free && plan.count == 0;
	/* What a step has failed for stays the reason until the steps are done. */
	if (plan.count > 0)
		apply_plan(agent, &plan, now_ms);
	else
		set_obstacle(agent, NODE_PART_ENTRY, &plan.obstacle);
}

/* The watches have told something else than before. */
static void follow_goal(struct node_agent *agent, int64_t now_ms)
{
	enum install_goal goal = node_api_goal(agent->api);

	if (goal == agent->state.goal)
		return;
	agent->state.goal = goal;
	agent->was_in_place[NODE_PART_ENTRY] = false;
	check_again(agent, now_ms);
	log_message(goal == INSTALL_GOAL_ABSENT ? "uninstalling" : "installing",
		    "the DaemonSet or the namespace changed");
}

/* A mount keeps a directory alive that was removed elsewhere, and then no event tells of it. */
static int check_directory(const char *directory, struct err *err)
{
	struct stat found;

	if (stat(directory, &found) == 0 && found.st_nlink == 0)
		return err_set(err, ENOENT, "%s was removed: a new start finds the new one",
			       directory);
	return 0;
}

/* Looks at both directories and does what is to be done: never an entry before its binary. */
static int check(struct node_agent *agent, int64_t now_ms, struct err *err)
{
	int r = check_directory(agent->options->cni_bin_dir, err);

	if (r == 0)
		r = check_directory(agent->options->cni_conf_dir, err);
	if (r < 0)
		return r;
	agent->check_ms = now_ms + CHECK_PERIOD_MS;
	if (agent->state.goal == INSTALL_GOAL_PRESENT)
		check_plugin(agent, now_ms);
	if (agent->state.goal == INSTALL_GOAL_ABSENT ||
	    agent->state.parts[NODE_PART_PLUGIN].is_in_place)
		check_entry(agent, now_ms);
	for (enum node_part part = 0; part < NODE_PART_COUNT; part++) {
		note_fight(agent, part, now_ms);
		if (agent->state.parts[part].obstacle.code != 0)
			check_again(agent, now_ms + OBSTACLE_PERIOD_MS);
	}
	return 0;
}

/* Something has changed in a directory; what it was does not matter, unless it is gone itself. */
static int on_inotify(struct node_agent *agent, int64_t now_ms, struct err *err)
{
	char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t got = read(agent->inotify_fd, buffer, sizeof(buffer));

	for (ssize_t at_byte = 0; at_byte < got;) {
		const struct inotify_event *event = (const void *)(buffer + at_byte);

		if (event->mask & DIRECTORY_GONE)
			return err_set(err, ENOENT,
				       "%s or %s was removed or replaced: a new start finds the "
				       "new one",
				       agent->options->cni_bin_dir, agent->options->cni_conf_dir);
		at_byte += (ssize_t)(sizeof(*event) + event->len);
	}
	check_again(agent, now_ms);
	return 0;
}

/* The first signal begins the end, the second one hurries. */
static void on_signal(struct node_agent *agent, int64_t now_ms)
{
	struct signalfd_siginfo info;

	if (read(agent->signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	if (agent->api == NULL || agent->ending_ms != 0)
		agent->is_at_end = true;
	if (agent->ending_ms == 0)
		log_message("ending", agent->api == NULL
					      ? "everything stays installed"
					      : "watching on, in case this is an uninstallation");
	agent->ending_ms = now_ms + NODE_AGENT_ENDING_MS;
}

static bool is_over(const struct node_agent *agent, int64_t now_ms)
{
	return agent->is_at_end ||
	       (agent->ending_ms != 0 && (agent->state.is_removed || now_ms >= agent->ending_ms));
}

static int timeout_ms(const struct node_agent *agent, int64_t now_ms)
{
	int64_t until_ms = agent->check_ms;

	if (agent->ending_ms != 0 && agent->ending_ms < until_ms)
		until_ms = agent->ending_ms;
	return status_server_timeout_ms(agent->status,
					until_ms > now_ms ? (int)(until_ms - now_ms) : 0);
}

static int wait_for_events(struct node_agent *agent, int longest_ms, struct err *err)
{
	struct pollfd fds[] = {
		{.fd = agent->inotify_fd, .events = POLLIN},
		{.fd = agent->signal_fd, .events = POLLIN},
		{.fd = status_server_fd(agent->status), .events = POLLIN},
	};
	int r = node_api_wait(agent->api, fds, sizeof(fds) / sizeof(*fds), longest_ms, err);

	if (r < 0)
		return r;
	status_server_run(agent->status);
	if (fds[1].revents != 0)
		on_signal(agent, monotonic_ms());
	return fds[0].revents != 0 ? on_inotify(agent, monotonic_ms(), err) : 0;
}

static void log_end_state(const struct node_state *state)
{
	const struct err *obstacle = &state->parts[NODE_PART_ENTRY].obstacle;
	struct err text;

	if (state->is_removed) {
		log_message("ended", "no entry is left");
	} else if (state->goal == INSTALL_GOAL_PRESENT) {
		log_message("ended", "everything stays installed");
	} else {
		err_set(&text, EBUSY, "what could be taken out is out: %s",
			obstacle->code != 0 ? obstacle->msg : "somebody puts it in again");
		log_message("ended", text.msg);
	}
}

static int run(struct node_agent *agent, struct err *err)
{
	int r = 0;

	while (r == 0) {
		int64_t now_ms = monotonic_ms();
		bool has_more = false;

		follow_goal(agent, now_ms);
		if (now_ms >= agent->check_ms)
			r = check(agent, now_ms, err);
		if (r < 0)
			return r;
		if (is_over(agent, now_ms))
			break;
		/* The API server is not asked for anything that can wait, when time is short. */
		if (agent->ending_ms == 0 && agent->state.goal == INSTALL_GOAL_PRESENT &&
		    agent->check_ms > now_ms)
			has_more = node_api_speak(agent->api, &agent->state, now_ms);
		r = wait_for_events(agent, has_more ? 0 : timeout_ms(agent, monotonic_ms()), err);
	}
	if (r == 0)
		log_end_state(&agent->state);
	return r;
}

static int watch_directory(const struct node_agent *agent, const char *directory, struct err *err)
{
	if (inotify_add_watch(agent->inotify_fd, directory, DIRECTORY_EVENTS) < 0)
		return err_set(err, errno, "%s: cannot be watched: %s", directory, strerror(errno));
	return file_write_sweep(directory, err);
}

static int start(struct node_agent *agent, struct err *err)
{
	const struct node_options *options = agent->options;
	struct log_line line;
	sigset_t ending;

	sigemptyset(&ending);
	sigaddset(&ending, SIGTERM);
	sigaddset(&ending, SIGINT);
	agent->signal_fd = signalfd(-1, &ending, SFD_CLOEXEC | SFD_NONBLOCK);
	agent->inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (agent->signal_fd < 0 || agent->inotify_fd < 0)
		return err_set(err, errno, "no descriptors: %s", strerror(errno));
	int r = watch_directory(agent, options->cni_bin_dir, err);
	if (r == 0)
		r = watch_directory(agent, options->cni_conf_dir, err);
	if (r == 0)
		r = status_server_new(options->listen, &agent->state, &agent->status, err);
	if (r == 0)
		r = node_api_new(options, &agent->api, err);
	if (r != 0)
		return r;
	log_begin(&line, LOG_INFO, "started");
	log_text(&line, "version", SIDEWIRE_VERSION);
	log_text(&line, "address", options->listen);
	log_number(&line, "port", status_server_port_host(agent->status));
	log_end(&line);
	return 0;
}

int node_agent_run(const struct node_options *options, struct err *err)
{
	CLEANUP(node_agent_release)
	struct node_agent agent = {
		.options = options,
		.plugin = {.source = options->plugin, .directory = options->cni_bin_dir},
		.signal_fd = -1,
		.inotify_fd = -1,
	};
	int r = start(&agent, err);

	return r == 0 ? run(&agent, err) : r;
}
