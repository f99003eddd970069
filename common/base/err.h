/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one error object of the project: a negative errno and a sentence that a person can act on.
 *
 * It is a plain value on the caller's stack, so the failure path neither allocates nor leaks. The
 * rule everywhere: a function returns 0 or a negative errno; `err` is its last parameter, is never
 * NULL, and is written only on failure; outputs stay untouched on failure.
 */
#ifndef SIDEWIRE_BASE_ERR_H
#define SIDEWIRE_BASE_ERR_H

#include <errno.h>

enum { ERR_MSG_SIZE = 480 };

struct err {
	int code; /* negative errno, 0 while nothing has failed */
	/* One sentence, no newline, valid UTF-8 whatever it repeats, cut with "..." where it would
	 * not fit. */
	char msg[ERR_MSG_SIZE];
};

/*
 * Records a failure. `errnum` is a positive errno.
 * Gives -errnum, so that `return err_set(err, EINVAL, ...)` reads as one statement.
 */
#define err_set(err, errnum, ...) ERR_NEGATIVE(err_record(err, errnum, __VA_ARGS__))

/*
 * Puts context before the message that is already there: "context: message". The code stays.
 * Gives err->code.
 */
#define err_wrap(err, ...) ERR_NEGATIVE(err_record_context(err, __VA_ARGS__))

/*
 * The value of both is negative whatever was recorded: no failure passes for success, and compilers
 * and analyzers, which do not look into err.c, know it.
 */
#define ERR_NEGATIVE(value)               \
	({                                \
		int code_ = (value);      \
		code_ < 0 ? code_ : -EIO; \
	})

/* Of steps that all are taken, the first failure counts: where `r` is one, and *first is 0 so far,
 * it is kept there, and its cause in *err. */
void err_keep_first(int r, const struct err *cause, int *first, struct err *err)
	__attribute__((nonnull));

/* The function behind err_set(). Returns -errnum. */
int err_record(struct err *err, int errnum, const char *format, ...)
	__attribute__((nonnull(1, 3), format(printf, 3, 4)));

/* The function behind err_wrap(). Returns err->code. */
int err_record_context(struct err *err, const char *format, ...)
	__attribute__((nonnull(1, 2), format(printf, 2, 3)));

#endif
