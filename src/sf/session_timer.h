// SPDX-License-Identifier: Apache-2.0
// Session timers of one leg (RFC 4028): who refreshes, how often, and when the session is dead (SF-A5).
#ifndef SF_SESSION_TIMER_H
#define SF_SESSION_TIMER_H

#include "base/clock.h"
#include "wire/sip/write.h"

enum {
	SESSION_MIN_SE_S = 90,     // RFC4028#4: the smallest interval [s]
	SESSION_DEFAULT_S = 1800,  // RFC4028#4: recommended interval [s], when the peer's row gives none
	SESSION_LONGEST_S = 86400, // a longer one would keep zombies for days [s]
};

enum session_refresher { SESSION_REFRESHER_NONE, SESSION_REFRESHER_UAC, SESSION_REFRESHER_UAS };

struct session_terms {       // what a message says
	bool supported;      // Supported: timer
	uint32_t interval_s; // Session-Expires; 0: absent
	uint32_t min_se_s;   // Min-SE; 0: absent
	uint8_t refresher;   // enum session_refresher
};

struct session_timer {
	uint32_t interval_s; // 0: no session timer on this leg
	uint32_t min_se_s;   // the larger of all that were heard
	bool we_refresh;
	bool refreshing;   // our refresh is under way
	bool they_support; // they know RFC 4028
	uint64_t at_us;    // when to refresh, or when it has expired; NO_DEADLINE
	uint64_t expires_us; // then it ends, whatever is under way; only a refresh moves it (SF-A5); NO_DEADLINE
};

// E_SYNTAX when a value is malformed.
MUST_USE result session_terms_read(const struct sip_msg *m, struct session_terms *out);
// As UAS: agree to a request's ASKED terms. OWN_S is wanted by us when they ask for none, MIN_S our least
// interval. E_POLICY: too small, answer 422 with Min-SE (RFC4028#9).
MUST_USE result session_timer_accept(struct session_timer *t, const struct session_terms *asked,
	uint32_t own_s, uint32_t min_s, const struct now *now);
// Header fields of the 2xx that accepts (Session-Expires; the caller writes Require: timer when this is
// true).
bool session_timer_write_answer(struct sip_writer *w, const struct session_timer *t);
// Header fields of our request: Session-Expires and Min-SE.
void session_timer_write_request(
	struct sip_writer *w, const struct session_timer *t, uint32_t own_s, uint32_t min_s, bool in_dialog);
// As UAC: a 2xx came with ANSWERED terms to a request of ours that asked for OWN_S.
void session_timer_agree(
	struct session_timer *t, const struct session_terms *answered, uint32_t own_s, const struct now *now);
// The session was refreshed at NOW.
void session_timer_restart(struct session_timer *t, const struct now *now);

#endif
