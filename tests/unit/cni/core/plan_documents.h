/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Documents and packets that are drawn: of few values, so that lists and packets meet. */
#ifndef SIDEWIRE_TESTS_PLAN_DOCUMENTS_H
#define SIDEWIRE_TESTS_PLAN_DOCUMENTS_H

#include "cni/core/plan_evaluate.h"
#include "common/redirect_spec.h"

enum {
	DRAWN_OUTBOUND_PORT = 31,
	DRAWN_INBOUND_PORT = 32,
	DRAWN_GATE_PORT = 33,
	DRAWN_DNS_PORT = 34,
	DRAWN_MAPPED_PORT = 35, /* the first of three */
};

/* Makes the same documents and packets follow again. */
void drawn_restart(uint32_t seed);

/* A document of any mode but none. The caller releases it. */
struct redirect_spec draw_document(void);

/* A packet that comes in or goes out. */
struct packet draw_packet(void);

#endif
