// SPDX-License-Identifier: Apache-2.0
// The library computes and compares the codes; of an answer it looks at neither key name, algorithm,
// class, time to live nor time, so we do.
#include "publish/tsig.h"

#include "base/memory.h"

enum { TSIG_PARTS = 7, TIME_OCTETS = 6, ERROR_BAD_SIGNATURE = 16, ERROR_BAD_KEY = 17, ERROR_BAD_TIME = 18 }; // RFC8945#3

static const char *algorithm_text(const struct tsig_key *key)
{
	return key->algorithm == TSIG_HMAC_SHA512 ? "hmac-sha512." : "hmac-sha256.";
}

static bool base64_octet(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

result tsig_secret_read(struct bytes text, struct tsig_key *key)
{
	size_t body, pad;
	while (text.len > 0 && (text.at[text.len - 1] == '\n' || text.at[text.len - 1] == '\r' || text.at[text.len - 1] == ' '))
		text.len--;
	REQUIRE(text.len < TSIG_SECRET_TEXT_MAX, E_TOO_LONG);
	for (body = 0; body < text.len && base64_octet(text.at[body]);)
		body++;
	for (pad = 0; body + pad < text.len && text.at[body + pad] == '=';)
		pad++;
	REQUIRE(body + pad == text.len && text.len % 4 == 0 && pad <= 2, E_SYNTAX);
	REQUIRE(text.len / 4 * 3 - pad <= TSIG_SECRET_MAX, E_TOO_LONG);
	REQUIRE(text.len > 0 && text.len / 4 * 3 - pad >= TSIG_SECRET_MIN, E_MISSING);
	memcpy(key->secret, text.at, text.len);
	key->secret[text.len] = '\0';
	return OK;
}

result tsig_sign(ldns_pkt *pkt, const struct tsig_key *key)
{
	ldns_status s = ldns_pkt_tsig_sign(pkt, key->name, key->secret, TSIG_FUDGE_S, algorithm_text(key), NULL);
	REQUIRE(s == LDNS_STATUS_OK && ldns_pkt_tsig(pkt) != NULL, E_NO_MEMORY);
	return OK;
}

static result keep_mac(struct tsig_chain *c, const ldns_rr *tsig)
{
	ldns_rdf *mac = ldns_rdf_clone(ldns_rr_rdf(tsig, 3));
	REQUIRE(mac != NULL, E_NO_MEMORY);
	ldns_rdf_deep_free(c->mac);
	c->mac = mac;
	return OK;
}

result tsig_chain_begin(struct tsig_chain *c, const ldns_pkt *pkt)
{
	*c = (struct tsig_chain){0};
	REQUIRE(ldns_pkt_tsig(pkt) != NULL, E_IMPOSSIBLE);
	return keep_mac(c, ldns_pkt_tsig(pkt));
}

void tsig_chain_end(struct tsig_chain *c)
{
	ldns_rdf_deep_free(c->mac);
	*c = (struct tsig_chain){0};
}

static bool same_name(const ldns_rdf *name, const char *text)
{
	ldns_rdf *other = ldns_dname_new_frm_str(text);
	bool same = name != NULL && other != NULL && ldns_rdf_get_type(name) == LDNS_RDF_TYPE_DNAME &&
		    ldns_dname_compare(name, other) == 0;
	ldns_rdf_deep_free(other);
	return same;
}

// Signed within the time that we accept, whatever the answer itself accepts.
static bool fresh(const ldns_rdf *time, uint64_t now_s)
{
	uint64_t at = 0;
	if (ldns_rdf_size(time) != TIME_OCTETS)
		return false;
	for (size_t i = 0; i < TIME_OCTETS; i++)
		at = at << 8 | ldns_rdf_data(time)[i];
	return at <= now_s + TSIG_FUDGE_S && now_s <= at + TSIG_FUDGE_S;
}

static enum publish_trouble said(uint16_t error)
{
	switch (error) {
	case ERROR_BAD_SIGNATURE:
		return PUBLISH_BAD_SIGNATURE;
	case ERROR_BAD_KEY:
		return PUBLISH_BAD_KEY;
	case ERROR_BAD_TIME:
		return PUBLISH_BAD_TIME;
	default:
		return PUBLISH_FINE;
	}
}

enum publish_trouble tsig_chain_check(struct tsig_chain *c, ldns_pkt *pkt, struct bytes wire, const struct tsig_key *key,
	uint64_t now_s)
{
	const ldns_rr *tsig = ldns_pkt_tsig(pkt);
	enum publish_trouble trouble;
	if (tsig == NULL || ldns_rr_rd_count(tsig) != TSIG_PARTS || ldns_rr_get_class(tsig) != LDNS_RR_CLASS_ANY ||
		ldns_rr_ttl(tsig) != 0)
		return PUBLISH_UNVERIFIED;
	// Such an answer cannot be signed (RFC8945#5.3.2); believed or not, what was asked was not done.
	trouble = said(ldns_rdf2native_int16(ldns_rr_rdf(tsig, 5)));
	if (trouble != PUBLISH_FINE)
		return trouble;
	if (ldns_rdf2native_int16(ldns_rr_rdf(tsig, 4)) != ldns_pkt_id(pkt)) // nothing may stand between us and the primary
		return PUBLISH_UNVERIFIED;
	if (!same_name(ldns_rr_owner(tsig), key->name) || !same_name(ldns_rr_rdf(tsig, 0), algorithm_text(key)))
		return PUBLISH_UNVERIFIED;
	if (!ldns_pkt_tsig_verify_next(pkt, wire.at, wire.len, key->name, key->secret, c->mac, c->later))
		return PUBLISH_UNVERIFIED;
	if (!fresh(ldns_rr_rdf(tsig, 1), now_s))
		return PUBLISH_BAD_TIME;
	c->later = true;
	return is_ok(keep_mac(c, tsig)) ? PUBLISH_FINE : PUBLISH_NO_MEMORY;
}
