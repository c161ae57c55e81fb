// SPDX-License-Identifier: Apache-2.0
// Option tags as rows. A tag that nobody here understands is refused when required (RFC3261#8.2.2.3) and left
// out of Supported otherwise: neither leg is ever promised what the pair of dialogs cannot keep.
#include "sf/options.h"

#include "base/result.h"

#define OPTION(TEXT, PEERING, CORE, HEADER)                                                                  \
	{                                                                                                    \
		.tag = {(const uint8_t *)(TEXT), sizeof(TEXT) - 1}, .to_peering = OPTION_##PEERING,          \
		.to_core = OPTION_##CORE, .header = SIP_HDR_##HEADER,                                        \
	}

// clang-format off
static const struct option_row rows[] = {
	OPTION("100rel", TERMINATE, TERMINATE, OTHER),
	OPTION("timer", TERMINATE, TERMINATE, OTHER),
	OPTION("199", PASS, PASS, OTHER),
	OPTION("precondition", PASS, PASS, OTHER), // in the description, which passes (RFC 3312)
	OPTION("histinfo", PASS, PASS, HISTORY_INFO),
	OPTION("privacy", PASS, PASS, PRIVACY),
	OPTION("resource-priority", PASS, PASS, RESOURCE_PRIORITY),
	OPTION("uui", PASS, PASS, USER_TO_USER),
	OPTION("geolocation-sip", PASS, PASS, GEOLOCATION),
	OPTION("geolocation-http", PASS, PASS, GEOLOCATION),
	OPTION("pref", REFUSE, PASS, ACCEPT_CONTACT), // caller preferences stay inside (RFC 3841)
	OPTION("early-session", REFUSE, REFUSE, OTHER), // a second session description in one body (RFC 3959)
	OPTION("replaces", REFUSE, REFUSE, REPLACES),   // names dialogs that the other side has never seen
	OPTION("join", REFUSE, REFUSE, OTHER),          // the same
	OPTION("tdialog", REFUSE, REFUSE, OTHER),       // the same
	OPTION("norefersub", REFUSE, REFUSE, REFER_TO), // REFER does not cross a border (SF-I4)
	OPTION("multiple-refer", REFUSE, REFUSE, REFER_TO),
	OPTION("from-change", REFUSE, REFUSE, OTHER),   // identities are checked once, when the call is made (SF-I3)
	OPTION("path", REFUSE, REFUSE, PATH),           // of registrations
	OPTION("outbound", REFUSE, REFUSE, OTHER),
	OPTION("gruu", REFUSE, REFUSE, OTHER),
	OPTION("eventlist", REFUSE, REFUSE, OTHER),
};
// clang-format on

_Static_assert(ARRAY_LEN(rows) <= 32, "a set of them is 32 bits wide");

uint32_t option_count(void)
{
	return ARRAY_LEN(rows);
}

const struct option_row *option_row(uint32_t n)
{
	static const struct option_row refused = {{NULL, 0}, OPTION_REFUSE, OPTION_REFUSE, SIP_HDR_OTHER};

	return n < ARRAY_LEN(rows) ? &rows[n] : &refused;
}

static uint32_t row_of(struct bytes tag)
{
	uint32_t i = 0;

	while (i < ARRAY_LEN(rows) && !bytes_equal_nocase(rows[i].tag, tag))
		i++;
	return i;
}

static enum option_action row_action(uint32_t n, const struct sip_hdr_way *way)
{
	const struct option_row *r = option_row(n);
	enum option_action a = (enum option_action)(way == NULL || !way->to_core ? r->to_peering : r->to_core);
	enum sip_hdr header = (enum sip_hdr)r->header;

	if (a == OPTION_PASS && (way == NULL || (header != SIP_HDR_OTHER && !sip_hdr_passes(header, *way))))
		return OPTION_REFUSE;
	return a;
}

enum option_action option_action(struct bytes tag, const struct sip_hdr_way *way)
{
	return row_action(row_of(tag), way);
}

static option_set set_of(const struct sip_msg *m, enum sip_hdr id)
{
	struct sip_list it = sip_list_begin(m, id);
	option_set set = 0;

	for (struct span v; sip_list_next(&it, &v);) {
		uint32_t n = row_of(sip_bytes(m, v));
		if (n < ARRAY_LEN(rows))
			set |= 1u << n;
	}
	return set;
}

struct option_asked options_asked(const struct sip_msg *m)
{
	return (struct option_asked){.required = set_of(m, SIP_HDR_REQUIRE) | set_of(m, SIP_HDR_PROXY_REQUIRE),
		.supported = set_of(m, SIP_HDR_SUPPORTED)};
}

static bool write_tag(struct sip_writer *w, bool any, struct bytes tag)
{
	if (any)
		sip_write_string(w, ", ");
	sip_write_octets(w, tag);
	return true;
}

static bool write_refused(const struct sip_msg *m, enum sip_hdr id, const struct sip_hdr_way *way, bool any,
	struct sip_writer *w)
{
	struct sip_list it = sip_list_begin(m, id);

	for (struct span v; sip_list_next(&it, &v);)
		if (option_action(sip_bytes(m, v), way) == OPTION_REFUSE)
			any = write_tag(w, any, sip_bytes(m, v));
	return any;
}

bool options_unsupported(const struct sip_msg *m, const struct sip_hdr_way *way, struct sip_writer *w)
{
	bool any = write_refused(m, SIP_HDR_REQUIRE, way, false, w);

	return write_refused(m, SIP_HDR_PROXY_REQUIRE, way, any, w);
}

static bool write_rows(struct sip_writer *w, option_set set)
{
	bool any = false;

	for (uint32_t i = 0; i < ARRAY_LEN(rows); i++)
		if (set >> i & 1)
			any = write_tag(w, any, rows[i].tag);
	return any;
}

bool options_missing(const struct sip_msg *m, option_set required, struct sip_writer *w)
{
	if (required == 0)
		return false;
	struct option_asked a = options_asked(m);
	return write_rows(w, required & ~(a.supported | a.required));
}

void options_write(
	struct sip_writer *w, enum sip_hdr id, struct bytes own, const struct sip_msg *m, struct sip_hdr_way way)
{
	bool any = own.len > 0;

	if (any) {
		sip_write_name(w, id);
		sip_write_octets(w, own);
	}
	if (m != NULL) {
		struct sip_list it = sip_list_begin(m, id);
		for (struct span v; sip_list_next(&it, &v);) {
			if (option_action(sip_bytes(m, v), &way) != OPTION_PASS)
				continue;
			if (!any)
				sip_write_name(w, id);
			any = write_tag(w, any, sip_bytes(m, v));
		}
	}
	if (any)
		sip_write_crlf(w);
}

// ---- what the far side did not understand, or missed ----------------------------------------------------

// The tags of 420 M that the asker itself required, as far as they went on.
static option_set refused_there(const struct sip_msg *m, const struct option_asked *asked, struct sip_hdr_way way)
{
	option_set named = set_of(m, SIP_HDR_UNSUPPORTED) & asked->required, passed = 0;

	for (uint32_t i = 0; i < ARRAY_LEN(rows); i++)
		if (row_action(i, &way) == OPTION_PASS)
			passed |= 1u << i;
	return named & passed;
}

// The tags of 421 M, when the asker could list every one of them and has not.
static option_set missed_there(const struct sip_msg *m, const struct option_asked *asked, struct sip_hdr_way way)
{
	struct sip_list it = sip_list_begin(m, SIP_HDR_REQUIRE);
	option_set listed = asked->supported | asked->required, set = 0;

	for (struct span v; sip_list_next(&it, &v);) {
		uint32_t n = row_of(sip_bytes(m, v));
		if (row_action(n, &way) == OPTION_REFUSE || (listed >> n & 1))
			return 0; // it cannot be had, or was there: asking for more would not help
		set |= 1u << n;
	}
	return set;
}

static option_set told(const struct sip_msg *m, const struct option_asked *asked, struct sip_hdr_way way)
{
	return m->status == 420 ? refused_there(m, asked, way)
	       : m->status == 421 ? missed_there(m, asked, way)
				  : 0;
}

uint16_t options_told(const struct sip_msg *m, const struct option_asked *asked, struct sip_hdr_way way)
{
	if (m->status != 420 && m->status != 421)
		return m->status;
	return told(m, asked, way) != 0 ? m->status : 500;
}

void options_write_told(struct sip_writer *w, const struct sip_msg *m, const struct option_asked *asked,
	struct sip_hdr_way way)
{
	option_set set = told(m, asked, way);

	if (set == 0)
		return;
	sip_write_name(w, m->status == 420 ? SIP_HDR_UNSUPPORTED : SIP_HDR_REQUIRE);
	write_rows(w, set);
	sip_write_crlf(w);
}
