/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/put_back_pace.h"

void put_back_note(struct put_back_pace *pace, int64_t now_ms)
{
	pace->times_ms[pace->count++ % PUT_BACK_KEPT] = now_ms;
}

/* Times within the window, PUT_BACK_KEPT at most. */
static unsigned int recent(const struct put_back_pace *pace, int64_t now_ms)
{
	unsigned int times = 0;

	for (size_t i = 0; i < PUT_BACK_KEPT && i < pace->count; i++)
		times += now_ms - pace->times_ms[i] < PUT_BACK_WINDOW_MS;
	return times;
}

bool put_back_is_fight(const struct put_back_pace *pace, int64_t now_ms)
{
	return recent(pace, now_ms) >= PUT_BACK_FREE;
}

int64_t put_back_wait_ms(const struct put_back_pace *pace, int64_t now_ms)
{
	unsigned int times = recent(pace, now_ms);

	if (times < PUT_BACK_FREE)
		return 0;
	int64_t pause_ms = (int64_t)PUT_BACK_PAUSE_MS << (times - PUT_BACK_FREE);
	if (pause_ms > PUT_BACK_PAUSE_MS_MAX)
		pause_ms = PUT_BACK_PAUSE_MS_MAX;
	int64_t end_ms = pace->times_ms[(pace->count - 1) % PUT_BACK_KEPT] + pause_ms;
	return end_ms > now_ms ? end_ms - now_ms : 0;
}
