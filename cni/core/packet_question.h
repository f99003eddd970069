/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `sidewire-redirect explain`: a packet in a person's words, and what becomes of it. */
#ifndef SIDEWIRE_CNI_PACKET_QUESTION_H
#define SIDEWIRE_CNI_PACKET_QUESTION_H

#include <stdbool.h>

#include "cni/core/plan_evaluate.h"
#include "common/base/err.h"
#include "common/base/strbuf.h"

/* Options as they were given, borrowed; NULL: not given. */
struct packet_question {
	const char *source;      /* "10.0.0.1", "10.0.0.1:80", "fd00::1", "[fd00::1]:80" */
	const char *destination; /* the same */
	const char *protocol;    /* "tcp", "udp", "icmp", "other"; tcp */
	const char *interface;   /* eth0; lo where the destination is the sender's own */
	const char *own;         /* comma list of the pod's addresses; only its end of the packet */
	const char *uid;         /* of the sender; 0 */
	const char *gid;         /* 0 */
	const char *mark;        /* 0 */
	const char *icmp_type;   /* 0 */
	bool is_inbound;
};

/* Reads the question. -EINVAL, -ERANGE, naming the option, what it is and what was expected. */
int packet_question_read(const struct packet_question *question, struct packet *ret_packet,
			 struct err *err) __attribute__((nonnull, warn_unused_result));

/* "this packet goes to the proxy at 15001, because of rule 10 of SIDEWIRE_OUTBOUND (...):", and the
 * rule in a line of its own. */
void packet_answer_words(const struct packet_verdict *verdict, struct strbuf *out)
	__attribute__((nonnull));

/* The same as a JSON object, a line: "fate", "port" of the proxy, "number", and what
 * plan_json_rule() has. */
void packet_answer_json(const struct packet_verdict *verdict, struct strbuf *out)
	__attribute__((nonnull));

#endif
