// SPDX-License-Identifier: Apache-2.0
// Session timers (RFC 4028). Each leg negotiates for itself; a refresh on one leg says nothing of the other.
#include "sf/session_timer.h"

#include "base/span.h"

result session_terms_read(const struct sip_msg *m, struct session_terms *out)
{
	const struct sip_line *se = sip_first(m, SIP_HDR_SESSION_EXPIRES),
			      *min = sip_first(m, SIP_HDR_MIN_SE);
	struct sip_delta d;
	bool found = false;
	struct span v;

	*out = (struct session_terms){.supported = sip_list_has(m, SIP_HDR_SUPPORTED, BYTES("timer")) ||
						   sip_list_has(m, SIP_HDR_REQUIRE, BYTES("timer"))};
	if (min != NULL) {
		TRY(sip_delta_parse(m->buf, m->size, min->value, &d));
		out->min_se_s = d.seconds;
	}
	if (se == NULL)
		return OK;
	TRY(sip_delta_parse(m->buf, m->size, se->value, &d));
	REQUIRE(d.seconds > 0, E_SYNTAX);
	out->interval_s = d.seconds;
	TRY(sip_param_get(m->buf, m->size, d.params, BYTES("refresher"), &found, &v));
	if (found && bytes_equal_nocase(sip_bytes(m, v), BYTES("uac")))
		out->refresher = SESSION_REFRESHER_UAC;
	else if (found && bytes_equal_nocase(sip_bytes(m, v), BYTES("uas")))
		out->refresher = SESSION_REFRESHER_UAS;
	return OK;
}

static uint32_t at_least(uint32_t v, uint32_t least)
{
	return v < least ? least : v;
}

static uint32_t bounded(uint32_t s)
{
	return s > SESSION_LONGEST_S ? SESSION_LONGEST_S : s;
}

result session_timer_accept(struct session_timer *t, const struct session_terms *asked, uint32_t own_s,
	uint32_t min_s, const struct now *now)
{
	uint32_t least = at_least(min_s, SESSION_MIN_SE_S);

	if (asked->interval_s != 0 && asked->interval_s < least) {
		REQUIRE(!asked->supported, E_POLICY);
		t->min_se_s = at_least(asked->min_se_s, least); // RFC4028#9: no 422 to who cannot read it
	}
	t->they_support = asked->supported;
	if (asked->interval_s != 0)
		t->interval_s = bounded(at_least(asked->interval_s, least));
	else if (own_s != 0)
		t->interval_s = bounded(at_least(own_s, at_least(asked->min_se_s, least)));
	else
		t->interval_s = 0;
	// RFC4028#9 table 2: who does not support it cannot refresh; else as asked, else the UAC.
	t->we_refresh = !asked->supported || asked->refresher == SESSION_REFRESHER_UAS;
	session_timer_restart(t, now);
	return OK;
}

bool session_timer_write_answer(struct sip_writer *w, const struct session_timer *t)
{
	if (t->interval_s == 0 || !t->they_support)
		return false;
	sip_write_name(w, SIP_HDR_SESSION_EXPIRES);
	sip_write_number(w, t->interval_s);
	sip_write_string(w, t->we_refresh ? ";refresher=uas" : ";refresher=uac");
	sip_write_crlf(w);
	return !t->we_refresh;
}

void session_timer_write_request(
	struct sip_writer *w, const struct session_timer *t, uint32_t own_s, uint32_t min_s, bool in_dialog)
{
	uint32_t least = at_least(at_least(min_s, t->min_se_s), SESSION_MIN_SE_S);
	uint32_t s = in_dialog && t->interval_s != 0 ? t->interval_s : own_s;

	if (s == 0)
		return;
	sip_write_name(w, SIP_HDR_SESSION_EXPIRES);
	sip_write_number(w, bounded(at_least(s, least)));
	if (in_dialog && t->interval_s != 0)
		sip_write_string(w, t->we_refresh ? ";refresher=uac" : ";refresher=uas");
	sip_write_crlf(w);
	sip_write_name(w, SIP_HDR_MIN_SE);
	sip_write_number(w, least);
	sip_write_crlf(w);
}

void session_timer_agree(
	struct session_timer *t, const struct session_terms *answered, uint32_t own_s, const struct now *now)
{
	if (answered->interval_s != 0) {
		t->they_support = true;
		t->interval_s = bounded(at_least(answered->interval_s, SESSION_MIN_SE_S));
		t->we_refresh = answered->refresher != SESSION_REFRESHER_UAS;
	} else { // RFC4028#7.2: they keep no timer; our own refreshes still find a dead far side (SF-A5)
		t->interval_s = own_s == 0 ? 0 : bounded(at_least(own_s, SESSION_MIN_SE_S));
		t->we_refresh = true;
	}
	session_timer_restart(t, now);
}

void session_timer_restart(struct session_timer *t, const struct now *now)
{
	uint64_t interval = t->interval_s * SECOND, early = interval / 3;

	t->refreshing = false;
	t->expires_us = t->interval_s != 0 ? now->mono_us + interval : NO_DEADLINE;
	if (t->interval_s == 0)
		t->at_us = NO_DEADLINE;
	else if (t->we_refresh)
		t->at_us = now->mono_us + interval / 2; // RFC4028#10
	else
		t->at_us = now->mono_us + interval - (early < 32 * SECOND ? early : 32 * SECOND);
}
