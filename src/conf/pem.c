// SPDX-License-Identifier: Apache-2.0
// Certificates: read through the caller's reader, checked by OpenSSL, kept as the certificates alone.
//
// A private key in such a file is refused: the snapshot is mapped by processes that parse what strangers
// send (BE-2). What is kept is written anew from the parsed certificates, so nothing else can ride along.
#include "conf/steps.h"
#include "base/memory.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

enum { CERTIFICATES_MAX = 16 }; // a chain is 3 or 4, anchors of one peer 1 or 2

struct pem_file {
	const char *key; // option, for messages
	const struct conf_node *node;
	uint32_t count;
	X509 *first;
	BIO *out;
};

static int no_password(char *buf, int size, int writing, void *ctx)
{
	UNUSED(buf);
	UNUSED(size);
	UNUSED(writing);
	UNUSED(ctx);
	return -1;
}

static void check_dates(struct conf_load *c, const struct pem_file *f, X509 *x)
{
	time_t now = (time_t)(c->wall_ms / 1000);

	if (X509_cmp_time(X509_get0_notAfter(x), &now) < 0)
		conf_say_at(c, CONF_WARNING, f->node, "%s: certificate %u has expired; replace it", f->key,
			f->count);
	if (X509_cmp_time(X509_get0_notBefore(x), &now) > 0)
		conf_say_at(c, CONF_WARNING, f->node,
			"%s: certificate %u is not valid yet; check clock and certificate", f->key, f->count);
}

static bool take(struct conf_load *c, struct pem_file *f, X509 *x)
{
	f->count++;
	check_dates(c, f, x);
	if (f->first == NULL) {
		X509_up_ref(x);
		f->first = x;
	}
	return PEM_write_bio_X509(f->out, x) == 1;
}

// Beyond the bound nothing is left out in silence.
static void check_end(struct conf_load *c, const struct pem_file *f, BIO *in)
{
	X509 *x = f->count < CERTIFICATES_MAX ? NULL : PEM_read_bio_X509(in, NULL, no_password, NULL);

	if (x != NULL)
		conf_error(c, f->node,
			"%s: more than %d certificates in the file; keep those that are needed", f->key,
			CERTIFICATES_MAX);
	X509_free(x);
}

static void take_all(struct conf_load *c, struct pem_file *f, BIO *in)
{
	X509 *x;
	unsigned long error;

	while (f->count < CERTIFICATES_MAX && (x = PEM_read_bio_X509(in, NULL, no_password, NULL)) != NULL) {
		c->messages.no_memory |= !take(c, f, x);
		X509_free(x);
	}
	check_end(c, f, in);
	error = ERR_peek_last_error();
	if (error != 0 &&
		!(ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE))
		conf_error(c, f->node,
			"%s: certificate %u in the file cannot be read; write PEM as `openssl x509` makes it",
			f->key, f->count + 1);
	else if (f->count == 0)
		conf_error(c, f->node, "%s: no certificate in the file; write PEM as `openssl x509` makes it",
			f->key);
	ERR_clear_error();
}

static bool holds_key(const uint8_t *pem, size_t len)
{
	return memmem(pem, len, "PRIVATE KEY-----", strlen("PRIVATE KEY-----")) != NULL;
}

static void keep(struct conf_load *c, BIO *from, uint8_t **out, size_t *out_len)
{
	char *at = NULL;
	long len = BIO_get_mem_data(from, &at);

	if (len <= 0)
		return;
	*out = memory_alloc((size_t)len);
	if (*out == NULL) {
		c->messages.no_memory = true;
		return;
	}
	memcpy(*out, at, (size_t)len);
	*out_len = (size_t)len;
}

static void parse_file(struct conf_load *c, struct pem_file *f, const uint8_t *pem, size_t len, uint8_t **out,
	size_t *out_len)
{
	BIO *in = BIO_new_mem_buf(pem, (int)len);

	f->out = BIO_new(BIO_s_mem());
	if (in == NULL || f->out == NULL) {
		c->messages.no_memory = true;
	} else {
		ERR_clear_error();
		take_all(c, f, in);
		keep(c, f->out, out, out_len);
	}
	BIO_free(in);
	BIO_free(f->out);
}

// Read PATH and keep its certificates in OUT (heap); F->first is then the first of them.
static void read_file(
	struct conf_load *c, struct pem_file *f, const char *path, uint8_t **out, size_t *out_len)
{
	uint8_t *buf = memory_alloc(CONF_PEM_MAX);
	size_t len = 0;
	result r = FAIL(E_NOT_FOUND);

	if (buf == NULL) {
		c->messages.no_memory = true;
		return;
	}
	if (c->hooks != NULL && c->hooks->read != NULL)
		r = c->hooks->read(c->hooks->ctx, path, buf, CONF_PEM_MAX, &len);
	if (!is_ok(r) || len > CONF_PEM_MAX)
		conf_error(c, f->node,
			"%s: \"%.80s\" cannot be read (%s); check path, permissions and size (64 KiB at "
			"most)",
			f->key, path, error_name(r.error));
	else if (holds_key(buf, len))
		conf_error(c, f->node,
			"%s: the file holds a private key; keep the key in a file of its own (tls.key)",
			f->key);
	else
		parse_file(c, f, buf, len, out, out_len);
	memory_wipe(buf, CONF_PEM_MAX);
	memory_free(buf);
}

static bool names_uri(X509 *x, const char *domain)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	size_t len = strlen(domain);
	bool found = false;

	for (int i = 0; names != NULL && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);
		const unsigned char *uri;
		if (n->type != GEN_URI ||
			(size_t)ASN1_STRING_length(n->d.uniformResourceIdentifier) != len + 4)
			continue;
		uri = ASN1_STRING_get0_data(n->d.uniformResourceIdentifier);
		found |= bytes_equal_nocase(bytes_make(uri, 4), BYTES("sip:")) &&
			 bytes_equal_nocase(bytes_make(uri + 4, len), bytes_make(domain, len));
	}
	GENERAL_NAMES_free(names);
	return found;
}

// Peers look for our domain in the certificate (RFC5922#7.2).
static void check_own_name(struct conf_load *c, const struct pem_file *f)
{
	const char *domain = c->draft.settings.domain;
	unsigned flags = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_WILDCARDS;

	if (f->first == NULL || domain[0] == '\0' || names_uri(f->first, domain) ||
		X509_check_host(f->first, domain, 0, flags, NULL) == 1)
		return;
	conf_say_at(c, CONF_WARNING, f->node,
		"certificate does not bear %.100s as subjectAltName, peers will refuse it "
		"(RFC 5922); have it issued for this domain",
		domain);
}

void conf_read_certificates(struct conf_load *c)
{
	struct conf_draft *d = &c->draft;

	if (d->private.certificate_path[0] != '\0') {
		struct pem_file f = {
			.key = "certificate", .node = conf_tree_place(c->tree.root, "tls.certificate")};
		read_file(c, &f, d->private.certificate_path, &d->certificate, &d->certificate_len);
		check_own_name(c, &f);
		X509_free(f.first);
	}
	for (uint32_t i = 0; i < d->peer_count; i++) {
		struct conf_peer *p = &d->peer[i];
		struct pem_file f = {.key = "trust", .node = conf_tree_place(p->node, "known_by.trust")};
		if (p->trust_path[0] != '\0')
			read_file(c, &f, p->trust_path, &p->trust, &p->trust_len);
		X509_free(f.first);
	}
}
