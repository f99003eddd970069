/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Functions that nobody may call here; the Makefile includes this file before every source of ours.
 * Each has a bounded, reentrant or checked relative: snprintf, memcpy, strtok_r, parse_num,
 * gmtime_r, malloc.
 */
#ifndef SIDEWIRE_BASE_BANNED_H
#define SIDEWIRE_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* With fortification some C libraries and compilers make macros of these. */
#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#undef sprintf
#undef vsprintf
#undef gets
#undef strtok
#undef atoi
#undef atol
#undef atoll
#undef gmtime
#undef localtime
#undef asctime
#undef ctime
#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets strtok atoi atol atoll \
	gmtime localtime asctime ctime

#undef alloca
#define alloca(size) alloca_is_banned_use_malloc(size)

#endif
