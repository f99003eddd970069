/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/authority.h"

/* Whether no more than one of `parts` equal parts of the life is left. */
static bool is_near_end(const struct validity *validity, int parts, time_t now)
{
	return now >= validity->not_after - (validity->not_after - validity->not_before) / parts;
}

enum authority_action authority_decide(const struct authority_state *state, time_t now)
{
	if (now >= state->made && now < state->made + AUTHORITY_PAUSE_SECONDS)
		return AUTHORITY_KEEP;
	if (!state->is_there)
		return AUTHORITY_CREATE;
	if (!state->is_usable || now < state->validity.not_before ||
	    is_near_end(&state->validity, AUTHORITY_REST, now))
		return AUTHORITY_REPLACE;
	return AUTHORITY_KEEP;
}

bool leaf_should_be_issued(const struct leaf_state *state, time_t now)
{
	if (!state->is_there || now < state->validity.not_before ||
	    now >= state->validity.not_after)
		return true;
	if (state->is_of_authority)
		return is_near_end(&state->validity, LEAF_REST, now);
	return state->trusted_since != 0 && now >= state->trusted_since + AUTHORITY_SETTLE_SECONDS;
}
