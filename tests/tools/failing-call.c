/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * failing-call CALL ERRNO [INDEX=VALUE]... -- PROGRAM [ARGUMENT]...
 *
 * Runs a program for which the system call fails with the errno (a number) wherever its arguments,
 * counted from 0, have these values; a seccomp filter (seccomp(2)) sees to it. So that a test can
 * take a kernel's feature away, or let the second of two writes fail, and the program itself needs
 * no hook for it.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/parse_num.h"

enum { INSTRUCTIONS_MAX = 32, ERRNO_MAX = 4095, ARGUMENT_INDEX_MAX = 5 };

static const struct {
	const char *name;
	unsigned int number;
} CALLS[] = {
	{"getsockopt", SYS_getsockopt}, {"ioctl", SYS_ioctl},     {"openat", SYS_openat},
	{"recvfrom", SYS_recvfrom},     {"recvmsg", SYS_recvmsg}, {"setns", SYS_setns},
	{"setsockopt", SYS_setsockopt}, {"socket", SYS_socket},
};

struct filter {
	struct sock_filter code[INSTRUCTIONS_MAX];
	unsigned short length;
};

static void die(const char *what)
{
	fprintf(stderr, "failing-call: %s\n", what);
	exit(125);
}

static void emit(struct filter *filter, struct sock_filter instruction)
{
	if (filter->length == INSTRUCTIONS_MAX)
		die("too many conditions");
	filter->code[filter->length++] = instruction;
}

/* Lets the call through unless the word at the offset of struct seccomp_data has the value. */
static void emit_condition(struct filter *filter, size_t offset, unsigned int value)
{
	emit(filter, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned int)offset));
	emit(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0));
	emit(filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
}

static unsigned int number(const char *text, size_t length, unsigned int max)
{
	struct err err;
	uint32_t value = 0;

	if (parse_u32(text, length, 0, max, &value, &err) < 0)
		die(err.msg);
	return value;
}

static unsigned int call_number(const char *name)
{
	for (size_t i = 0; i < sizeof(CALLS) / sizeof(*CALLS); i++) {
		if (strcmp(CALLS[i].name, name) == 0)
			return CALLS[i].number;
	}
	die("unknown call");
	return 0;
}

/* "1=41": the arguments' low halves lie first, on little endian machines. */
static void emit_argument(struct filter *filter, const char *text)
{
	size_t name_length = strcspn(text, "=");

	if (text[name_length] == '\0')
		die("INDEX=VALUE expected");
	unsigned int index = number(text, name_length, ARGUMENT_INDEX_MAX);
	const char *value = text + name_length + 1;

	emit_condition(filter, offsetof(struct seccomp_data, args) + index * sizeof(__u64),
		       number(value, strlen(value), UINT32_MAX));
}

static void install(struct filter *filter)
{
	struct sock_fprog program = {.len = filter->length, .filter = filter->code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		die(strerror(errno));
}

int main(int argc, char **argv)
{
	struct filter filter = {0};
	int i = 3;

	if (argc < 5)
		die("CALL ERRNO [INDEX=VALUE]... -- PROGRAM [ARGUMENT]... expected");
	emit_condition(&filter, offsetof(struct seccomp_data, nr), call_number(argv[1]));
	for (; i < argc && strcmp(argv[i], "--") != 0; i++)
		emit_argument(&filter, argv[i]);
	if (i + 1 >= argc)
		die("-- PROGRAM expected");
	emit(&filter, (struct sock_filter)BPF_STMT(
			      BPF_RET | BPF_K,
			      SECCOMP_RET_ERRNO | number(argv[2], strlen(argv[2]), ERRNO_MAX)));
	install(&filter);
	execv(argv[i + 1], argv + i + 1);
	die(strerror(errno));
}
