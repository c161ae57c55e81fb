// SPDX-License-Identifier: Apache-2.0
// Option tags as rows. A tag that nobody here understands is refused when required (RFC3261#8.2.2.3) and left
// out of Supported otherwise: neither leg is ever promised what the pair of dialogs cannot keep.
#include "sf/options.h"

#include "base/result.h"

#define OPTION(text, what)                                                                                   \
	{                                                                                                    \
		{(const uint8_t *)(text), sizeof(text) - 1}, what                                            \
	}

static const struct option_row rows[] = {
	OPTION("100rel", OPTION_TERMINATE),
	OPTION("timer", OPTION_TERMINATE),
	OPTION("199", OPTION_PASS),
	OPTION("precondition", OPTION_PASS),
	OPTION("histinfo", OPTION_PASS),
	OPTION("privacy", OPTION_PASS),
	OPTION("resource-priority", OPTION_PASS),
	OPTION("uui", OPTION_PASS),
	OPTION("geolocation-sip", OPTION_PASS),
	OPTION("geolocation-http", OPTION_PASS),
	OPTION("early-session", OPTION_REFUSE), // a second session description in one body (RFC 3959)
	OPTION("replaces", OPTION_REFUSE),      // names dialogs that the other side has never seen
	OPTION("join", OPTION_REFUSE),
	OPTION("tdialog", OPTION_REFUSE),
	OPTION("norefersub", OPTION_REFUSE), // REFER does not cross a border (SF-I4)
	OPTION("multiple-refer", OPTION_REFUSE),
	OPTION("from-change", OPTION_REFUSE), // identities are checked once, when the call is made (SF-I3)
	OPTION("path", OPTION_REFUSE),
	OPTION("outbound", OPTION_REFUSE),
	OPTION("gruu", OPTION_REFUSE),
	OPTION("eventlist", OPTION_REFUSE),
};

static const struct option_row refused = {{NULL, 0}, OPTION_REFUSE};

const struct option_row *option_row(struct bytes tag)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (bytes_equal_nocase(rows[i].tag, tag))
			return &rows[i];
	return &refused;
}

static bool write_refused(const struct sip_msg *m, enum sip_hdr id, bool any, struct sip_writer *w)
{
	struct sip_list it = sip_list_begin(m, id);

	for (struct span v; sip_list_next(&it, &v);) {
		if (option_row(sip_bytes(m, v))->action != OPTION_REFUSE)
			continue;
		if (any)
			sip_write_string(w, ", ");
		sip_write_octets(w, sip_bytes(m, v));
		any = true;
	}
	return any;
}

bool options_unsupported(const struct sip_msg *m, struct sip_writer *w)
{
	bool any = write_refused(m, SIP_HDR_REQUIRE, false, w);

	return write_refused(m, SIP_HDR_PROXY_REQUIRE, any, w);
}

void options_write(struct sip_writer *w, enum sip_hdr id, struct bytes own, const struct sip_msg *m)
{
	bool any = own.len > 0;

	if (any) {
		sip_write_name(w, id);
		sip_write_octets(w, own);
	}
	if (m != NULL) {
		struct sip_list it = sip_list_begin(m, id);
		for (struct span v; sip_list_next(&it, &v);) {
			if (option_row(sip_bytes(m, v))->action != OPTION_PASS)
				continue;
			if (any)
				sip_write_string(w, ", ");
			else
				sip_write_name(w, id);
			sip_write_octets(w, sip_bytes(m, v));
			any = true;
		}
	}
	if (any)
		sip_write_crlf(w);
}
