// SPDX-License-Identifier: Apache-2.0
// Responses: the status line, what each response to that request repeats, and for the short ones the rest.
#include "sf/message.h"

void message_reply(struct sip_writer *w, const struct sip_msg *m, const struct address *source, uint16_t status,
	struct bytes phrase, struct bytes tag, bool compact)
{
	sip_write_status_line(w, status, phrase.len > 0 ? phrase : sip_status_phrase(status));
	reply_head_of(w, m, source, tag, compact);
}

void message_reply_tx(struct sip_writer *w, struct sf_tx *tx, uint16_t status, struct bytes tag, bool record)
{
	sip_write_status_line(w, status, sip_status_phrase(status));
	reply_head_write(w, sf_tx_head(tx), tag, record, status == 100);
}

void message_respond(struct sf *sf, struct sf_tx *tx, uint16_t status, struct bytes tag, uint32_t retry_s,
	const struct now *now)
{
	struct sip_writer w;
	struct bytes out;

	message_begin(sf, &w);
	message_reply_tx(&w, tx, status, tag, false);
	if (retry_s > 0)
		message_number(&w, SIP_HDR_RETRY_AFTER, retry_s);
	if (status == 405)
		message_allow(&w);
	message_body(&w, NULL);
	if (message_end(&w, &out))
		sf_tx_respond(tx, out, status, now);
}
