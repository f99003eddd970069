/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench-connect PORT UID CLIENT_NETNS ADDRESS CALLED_PORT COUNT: connects, accepts and closes,
 * COUNT times, and prints the nanoseconds of one time. It is the proxy that listens on PORT, with
 * IP_TRANSPARENT, in the network namespace that it is started in and as that user; and the
 * application that calls ADDRESS (IPv4), as root, from the namespace CLIENT_NETNS. What becomes of
 * the connection in between is up to the kernel: it has to come to that listener.
 *
 * One thread is both, and every packet is handled where it is sent: nobody has to be woken.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	WARM_UP = 20,          /* times before it counts: the neighbour's address, memory */
	SECONDS_TO_ACCEPT = 2, /* for what was connected, but comes elsewhere */
	NANOSECONDS_PER_SECOND = 1000000000,
};

static void die(const char *what)
{
	fprintf(stderr, "bench-connect: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * NANOSECONDS_PER_SECOND + now.tv_nsec;
}

static uint32_t number(const char *text)
{
	return (uint32_t)strtoul(text, NULL, 10);
}

static struct sockaddr_in address(const char *host, const char *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)number(port))};

	if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
		die(host);
	return address;
}

/* The proxy's socket. Rules ask for the user who made it. */
static int listen_on(const char *port)
{
	static const int ON = 1;
	struct timeval patience = {.tv_sec = SECONDS_TO_ACCEPT};
	struct sockaddr_in here = address("0.0.0.0", port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_IP, IP_TRANSPARENT, &ON, sizeof(ON)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &ON, sizeof(ON)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
	    bind(fd, (struct sockaddr *)&here, sizeof(here)) < 0 || listen(fd, SOMAXCONN) < 0)
		die("the listener");
	return fd;
}

/* One connection, from the application to the proxy. Both sides speak as whom they are. */
static void connect_once(int listener, uid_t proxy, const struct sockaddr_in *called)
{
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (client < 0 || connect(client, (const struct sockaddr *)called, sizeof(*called)) < 0)
		die("the call");
	setfsuid(proxy);
	int server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	setfsuid(0);
	if (server < 0)
		die("nobody came to the listener");
	close(client);
	close(server);
}

static void enter(const char *netns)
{
	int fd = open(netns, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		die(netns);
	close(fd);
}

int main(int argc, char **argv)
{
	if (argc != 7) {
		fputs("bench-connect PORT UID CLIENT_NETNS ADDRESS CALLED_PORT COUNT\n", stderr);
		return 2;
	}
	uid_t proxy = number(argv[2]);
	struct sockaddr_in called = address(argv[4], argv[5]);
	uint32_t count = number(argv[6]);

	setfsuid(proxy);
	int listener = listen_on(argv[1]);
	setfsuid(0);
	enter(argv[3]);
	for (int i = 0; i < WARM_UP; i++)
		connect_once(listener, proxy, &called);
	int64_t begin = monotonic_ns();
	for (uint32_t i = 0; i < count; i++)
		connect_once(listener, proxy, &called);
	printf("%lld\n", (long long)((monotonic_ns() - begin) / count));
	return 0;
}
