/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/worker_end.h"

enum { STATUS_OF_SIGNAL_0 = 128 };

bool worker_should_be_replaced(const struct worker_end *end, bool is_ending,
			       unsigned int *quick_ends)
{
	*quick_ends = end->lived_ms < WORKER_QUICK_MS ? *quick_ends + 1 : 0;
	return end->signal_number != 0 && !is_ending && *quick_ends < WORKER_QUICK_ENDS_MAX;
}

int worker_exit_status(const struct worker_end *end)
{
	return end->signal_number != 0 ? STATUS_OF_SIGNAL_0 + end->signal_number : end->exit_status;
}
