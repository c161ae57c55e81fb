// SPDX-License-Identifier: Apache-2.0
// One message through libosip2 and through sofia-sip, as far as each parses at once and the values of RFC3261#8.1.1.
#include "parse.h"

#include <stdlib.h>
#include <sys/types.h>

#ifdef WITH_OSIP
#include <osipparser2/osip_message.h>
#include <osipparser2/osip_parser.h>
#endif
#ifdef WITH_SOFIA
#include <sofia-sip/su_alloc.h>
#include <sofia-sip/msg.h>
#include <sofia-sip/msg_addr.h>
#include <sofia-sip/msg_mclass.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_protos.h>
#endif

#ifdef WITH_OSIP
void parse_osip_init(void)
{
	parser_init();
}

bool parse_osip(void)
{
	osip_message_t *m;
	osip_contact_t *contact = NULL;
	if (osip_message_init(&m) != 0)
		return false;
	bool ok = osip_message_parse(m, parse_text, parse_text_len) == 0;
	osip_message_get_contact(m, 0, &contact);
	ok = ok && m->req_uri != NULL && m->from->url != NULL && m->to->url != NULL && contact != NULL && m->cseq != NULL;
	osip_message_free(m);
	return ok;
}
#endif

#ifdef WITH_SOFIA
bool parse_sofia(void)
{
	msg_t *m = msg_make(sip_default_mclass(), 0, parse_text, (ssize_t)parse_text_len);
	sip_t *s = sip_object(m);
	bool ok = s != NULL && s->sip_request != NULL && s->sip_from != NULL && s->sip_to != NULL && s->sip_via != NULL &&
		s->sip_call_id != NULL && s->sip_cseq != NULL && s->sip_contact != NULL && s->sip_max_forwards != NULL &&
		s->sip_content_length != NULL && s->sip_request->rq_url->url_host != NULL;
	msg_destroy(m);
	return ok;
}
#endif
