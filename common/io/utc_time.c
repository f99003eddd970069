/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/io/utc_time.h"

#include <time.h>

void utc_time_now(char ret_text[static UTC_TIME_SIZE])
{
	time_t now = time(NULL);
	struct tm utc;

	gmtime_r(&now, &utc);
	strftime(ret_text, UTC_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &utc);
}
