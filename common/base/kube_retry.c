/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/kube_retry.h"

unsigned int kube_pause_ms(unsigned int failures, uint32_t random, unsigned long retry_after_s)
{
	unsigned long asked_ms = KUBE_RETRY_AFTER_MAX_MS;
	unsigned int longest = KUBE_PAUSE_FIRST_MS;

	for (; failures > 1 && longest < KUBE_PAUSE_MAX_MS; failures--)
		longest *= 2;
	if (longest > KUBE_PAUSE_MAX_MS)
		longest = KUBE_PAUSE_MAX_MS;
	if (retry_after_s < KUBE_RETRY_AFTER_MAX_MS / 1000)
		asked_ms = retry_after_s * 1000;
	unsigned int pause = longest / 2 + random % (longest / 2 + 1);
	return asked_ms > pause ? (unsigned int)asked_ms : pause;
}

bool kube_is_retried(long status)
{
	return status == 429 || (status >= 500 && status <= 599);
}

bool kube_is_resumed(long status)
{
	return status == 401 || status == 403 || kube_is_retried(status);
}
