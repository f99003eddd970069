/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What becomes of a packet by the document, as a person reads it: without a plan. */
#ifndef SIDEWIRE_TESTS_PLAN_ORACLE_H
#define SIDEWIRE_TESTS_PLAN_ORACLE_H

#include "cni/core/plan_evaluate.h"
#include "common/redirect_spec.h"

struct expectation {
	enum packet_fate fate;
	uint16_t port; /* of FATE_PROXY */
};

/* The document is of any mode but none. */
struct expectation oracle(const struct redirect_spec *spec, const struct packet *packet);

#endif
