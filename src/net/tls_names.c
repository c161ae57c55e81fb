// SPDX-License-Identifier: Apache-2.0
// Reading subjectAltName. The octets come from a stranger: lengths rule, never a NUL.
#include "net/tls_names.h"

#include <openssl/x509v3.h>

static const uint32_t SIP_LEN = 4; // "sip:"

static char lower(uint8_t c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static bool host_octet(uint8_t c)
{
	char l = lower(c);
	return (l >= 'a' && l <= 'z') || (l >= '0' && l <= '9') || l == '.' || l == '-';
}

static bool add(struct tls_names *out, struct bytes host, bool uri)
{
	if (host.len == 0 || host.len >= DOMAIN_MAX || out->count == TLS_NAMES_MAX)
		return false;
	struct tls_name *n = &out->name[out->count];
	memcpy(n->text, "sip:", SIP_LEN);
	for (size_t i = 0; i < host.len; i++) {
		if (!host_octet(host.at[i]))
			return false;
		n->text[SIP_LEN + i] = lower(host.at[i]);
	}
	n->text[SIP_LEN + host.len] = '\0';
	n->len = (uint16_t)host.len;
	n->uri = uri;
	out->count++;
	return true;
}

static struct bytes string_bytes(const ASN1_STRING *s)
{
	int n = ASN1_STRING_length(s);
	return bytes_make(ASN1_STRING_get0_data(s), n > 0 ? (size_t)n : 0);
}

static void add_uri(struct tls_names *out, const GENERAL_NAME *g)
{
	struct bytes b = string_bytes(g->d.uniformResourceIdentifier);
	if (b.len > SIP_LEN && bytes_equal_nocase(bytes_make(b.at, SIP_LEN), BYTES("sip:")))
		add(out, bytes_make(b.at + SIP_LEN, b.len - SIP_LEN), true);
}

void tls_names_read(X509 *certificate, struct tls_names *out)
{
	out->count = 0;
	GENERAL_NAMES *all = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	if (all == NULL)
		return;
	int n = sk_GENERAL_NAME_num(all);
	for (int i = 0; i < n && i < TLS_NAMES_MAX; i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(all, i);
		if (g->type == GEN_URI)
			add_uri(out, g);
	}
	bool uris = out->count > 0;
	for (int i = 0; !uris && i < n && i < TLS_NAMES_MAX; i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(all, i);
		if (g->type == GEN_DNS)
			add(out, string_bytes(g->d.dNSName), false);
	}
	GENERAL_NAMES_free(all);
}

const char *tls_name_host(const struct tls_name *n)
{
	return n->text + SIP_LEN;
}

static struct bytes host_of(const struct tls_name *n)
{
	return bytes_make(n->text + SIP_LEN, n->len);
}

static struct bytes uri_of(const struct tls_name *n)
{
	return bytes_make(n->text, SIP_LEN + n->len);
}

bool tls_name_is_of(const struct tls_name *name, const struct peer *p)
{
	for (uint32_t i = 0; i < p->tls_name_count && i < PEER_TLS_NAMES_MAX; i++) {
		struct bytes known = bytes_make(p->tls_name[i], strnlen(p->tls_name[i], DOMAIN_MAX));
		if (bytes_equal_nocase(known, host_of(name)) ||
			(name->uri && bytes_equal_nocase(known, uri_of(name))))
			return true;
	}
	return false;
}

// The index finds a name by its host in whatever form; which forms count for the peer is decided here.
peer_id tls_name_owner(const struct tls_name *name, const struct registry *r, zone_id zone)
{
	peer_id id = name->uri ? registry_peer_by_tls_name(r, zone, uri_of(name)) : PEER_NONE;
	if (id == PEER_NONE)
		id = registry_peer_by_tls_name(r, zone, host_of(name));
	const struct peer *p = snapshot_peer(registry_snapshot(r), id);
	return p != NULL && tls_name_is_of(name, p) ? id : PEER_NONE;
}
