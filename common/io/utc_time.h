/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The time of day, as the Kubernetes API writes it (RFC 3339, in seconds). */
#ifndef SIDEWIRE_IO_UTC_TIME_H
#define SIDEWIRE_IO_UTC_TIME_H

enum { UTC_TIME_SIZE = sizeof("2026-01-31T12:00:00Z") };

/* Writes what time it is, in UTC. */
void utc_time_now(char ret_text[static UTC_TIME_SIZE]);

#endif
