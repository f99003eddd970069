/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sidewire-gate: waits until the gate answers. Nobody listens on the gate's port; the redirect
 * sends a connection to it, on loopback and from GATE_SOURCE_PORT, to the proxy. So the gate
 * answers when, and only when, the redirect is in force and the proxy listens. Run as a postStart
 * hook of the proxy's container, by any user, any number of times.
 *
 * With --once it is a probe of the application's container instead: the proxy would accept the
 * kubelet's own connection whether the application listens or not.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "cni/io/connect_attempt.h"
#include "cni/io/port_ask.h"
#include "common/base/parse_num.h"
#include "common/io/monotonic.h"
#include "common/vocabulary.h"

enum {
	TIMEOUT_DEFAULT_S = 30, /* a kubelet can not delete a pod while a postStart runs */
	TIMEOUT_MAX_S = 3600,
	INTERVAL_MS = 2,
	ANSWER_MAX_MS =
		100, /* loopback answers or refuses in microseconds; a dropped packet never */
};

struct options {
	uint16_t once; /* the application's port; 0: the gate is asked */
	uint16_t port; /* of the gate */
	uint32_t timeout_s;
	const char *termination_log;
};

static const char USAGE[] =
	"Usage: sidewire-gate [--port PORT] [--timeout SECONDS] [--termination-log FILE]\n"
	"       sidewire-gate --once PORT [--timeout SECONDS]\n"
	"Waits until the pod's traffic is redirected and its proxy listens.\n"
	"Or asks once, whether the application listens on a port: on loopback, then at the pod's\n"
	"addresses. Nobody who listens is known at once; the timeout is for who does not answer.\n"
	"  --port PORT             the gate's port (15999)\n"
	"  --once PORT             the application's port\n"
	"  --timeout SECONDS       give up after that, with exit status 1 (30)\n"
	"  --termination-log FILE  where the reason goes, if the file exists "
	"(/dev/termination-log)\n"
	"  --help, --version\n";

static int start_v4(uint16_t port)
{
	const struct sockaddr_in to = {.sin_family = AF_INET,
				       .sin_port = htons(port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in from = to;

	from.sin_port = htons(GATE_SOURCE_PORT);
	return connect_attempt_start((const struct sockaddr *)&to, (const struct sockaddr *)&from,
				     sizeof(to));
}

static int start_v6(uint16_t port)
{
	const struct sockaddr_in6 to = {.sin6_family = AF_INET6,
					.sin6_port = htons(port),
					.sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr_in6 from = to;

	from.sin6_port = htons(GATE_SOURCE_PORT);
	return connect_attempt_start((const struct sockaddr *)&to, (const struct sockaddr *)&from,
				     sizeof(to));
}

/* Waits for both attempts. 0 when one is connected, otherwise the errno of the last. */
static int wait_for_answer(struct pollfd attempts[static 2])
{
	int reason = attempts[0].fd < 0 ? -attempts[0].fd : ETIMEDOUT;

	while (attempts[0].fd >= 0 || attempts[1].fd >= 0) {
		if (poll(attempts, 2, ANSWER_MAX_MS) <= 0)
			return ETIMEDOUT;
		for (int i = 0; i < 2; i++) {
			if (attempts[i].revents == 0)
				continue;
			reason = connect_attempt_outcome(attempts[i].fd);
			if (reason == 0)
				return 0;
			close(attempts[i].fd);
			attempts[i].fd = -1;
		}
	}
	return reason;
}

/* Asks once, on both loopbacks. 0 when the gate answered, otherwise a positive errno. */
static int ask(uint16_t port)
{
	struct pollfd attempts[2] = {
		{.fd = start_v4(port), .events = POLLOUT},
		{.fd = start_v6(port), .events = POLLOUT},
	};
	int reason = wait_for_answer(attempts);

	for (int i = 0; i < 2; i++) {
		if (attempts[i].fd >= 0)
			close(attempts[i].fd);
	}
	return reason;
}

/* Asks until there is an answer or the time is over. 0, or the positive errno of the last time. */
static int wait_for_gate(const struct options *options)
{
	const struct timespec interval = {.tv_nsec = INTERVAL_MS * 1000000L};
	int64_t deadline_ms = monotonic_ms() + (int64_t)options->timeout_s * 1000;

	for (;;) {
		int reason = ask(options->port);

		if (reason == 0 || monotonic_ms() >= deadline_ms)
			return reason;
		nanosleep(&interval, NULL);
	}
}

/* The kubelet shows the termination log's content in the pod's status. */
static void write_termination_log(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		perror(path);
	close(fd);
}

static void say_why(const struct options *options, int reason)
{
	char text[320];

	if (reason == EADDRINUSE)
		snprintf(text, sizeof(text),
			 "sidewire-gate: port %d, from which the gate is asked, was in use for %u "
			 "s: a container of this pod listens there\n",
			 GATE_SOURCE_PORT, options->timeout_s);
	else
		snprintf(text, sizeof(text),
			 "sidewire-gate: no answer on port %u for %u s (%s): the proxy does not "
			 "listen, or this pod's traffic is not redirected (is sidewire-cni in the "
			 "node's CNI configuration?)\n",
			 options->port, options->timeout_s, strerror(reason));
	fputs(text, stderr);
	write_termination_log(options->termination_log, text);
}

/* The kubelet shows what a probe says in the pod's events. */
static int probe(const struct options *options)
{
	int reason = port_ask_once(options->once, (int64_t)options->timeout_s * 1000);

	if (reason == 0)
		return 0;
	fprintf(stderr, "sidewire-gate: nobody in this pod answers on port %u: %s\n", options->once,
		strerror(reason));
	return 1;
}

/* Reads a number option, or ends the program. */
static uint32_t number_option(const char *name, uint32_t min, uint32_t max)
{
	uint32_t value = 0;
	struct err err;

	if (parse_u32(optarg, strlen(optarg), min, max, &value, &err) < 0) {
		fprintf(stderr, "sidewire-gate: --%s: %s\n", name, err.msg);
		exit(2);
	}
	return value;
}

static void read_options(int argc, char **argv, struct options *options)
{
	static const struct option OPTIONS[] = {
		{"once", required_argument, NULL, 'o'},
		{"port", required_argument, NULL, 'p'},
		{"timeout", required_argument, NULL, 't'},
		{"termination-log", required_argument, NULL, 'l'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'v'},
		{0},
	};

	for (;;) {
		switch (getopt_long(argc, argv, "", OPTIONS, NULL)) {
		case 'o':
			options->once = (uint16_t)number_option("once", 1, UINT16_MAX);
			break;
		case 'p':
			options->port = (uint16_t)number_option("port", 1, UINT16_MAX);
			break;
		case 't':
			options->timeout_s = number_option("timeout", 0, TIMEOUT_MAX_S);
			break;
		case 'l':
			options->termination_log = optarg;
			break;
		case 'h':
			fputs(USAGE, stdout);
			exit(0);
		case 'v':
			puts("sidewire-gate " SIDEWIRE_VERSION);
			exit(0);
		case -1:
			return;
		default:
			fputs(USAGE, stderr);
			exit(2);
		}
	}
}

/* Asks for the gate. Returns the exit status. */
static int wait_for_gate_or_say_why(struct options *options)
{
	if (options->port == 0)
		options->port = GATE_PORT_DEFAULT;
	if (options->termination_log == NULL)
		options->termination_log = "/dev/termination-log";
	if (options->port == GATE_SOURCE_PORT) {
		fprintf(stderr,
			"sidewire-gate: --port must not be %d: that is where it asks from\n",
			GATE_SOURCE_PORT);
		return 2;
	}
	int reason = wait_for_gate(options);
	if (reason == 0)
		return 0;
	say_why(options, reason);
	return 1;
}

int main(int argc, char **argv)
{
	struct options options = {.timeout_s = TIMEOUT_DEFAULT_S};

	read_options(argc, argv, &options);
	if (options.once == 0)
		return wait_for_gate_or_say_why(&options);
	if (options.port != 0 || options.termination_log != NULL) {
		fputs("sidewire-gate: --once goes with --timeout only\n", stderr);
		return 2;
	}
	return probe(&options);
}
