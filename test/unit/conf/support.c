// SPDX-License-Identifier: Apache-2.0
// Certificates, files and names in memory, and small configurations to vary, for the tests of conf.
#include "support.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

static char certificate_pem[4096], key_pem[4096];

static void keep_bio(BIO *bio, char *to, size_t room)
{
	int n = BIO_read(bio, to, (int)room - 1);

	assert_true(n > 0);
	to[n] = '\0';
	BIO_free(bio);
}

static void make_certificate(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	X509_EXTENSION *san = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:ssp-a.example");
	BIO *bio = BIO_new(BIO_s_mem());
	time_t from = (time_t)(TEST_WALL_MS / 1000) - 86400;

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_time_adj_ex(X509_getm_notBefore(x), 0, 0, &from);
	X509_time_adj_ex(X509_getm_notAfter(x), 365, 0, &from);
	X509_set_pubkey(x, key);
	X509_add_ext(x, san, -1);
	X509_sign(x, key, EVP_sha256());
	PEM_write_bio_X509(bio, x);
	keep_bio(bio, certificate_pem, sizeof(certificate_pem));
	bio = BIO_new(BIO_s_mem());
	PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
	keep_bio(bio, key_pem, sizeof(key_pem));
	X509_EXTENSION_free(san);
	X509_free(x);
	EVP_PKEY_free(key);
}

const char *test_certificate(void)
{
	if (certificate_pem[0] == '\0')
		make_certificate();
	return certificate_pem;
}

const char *test_private_key(void)
{
	test_certificate();
	return key_pem;
}

// The path says what the file holds.
static result read_h(void *ctx, const char *path, uint8_t *buf, size_t room, size_t *len)
{
	char text[32000] = "";

	(void)ctx;
	if (strstr(path, "missing") != NULL || strstr(path, "root.key") != NULL)
		return FAIL(E_NOT_FOUND);
	if (strstr(path, "empty") == NULL && strstr(path, "garbage") == NULL)
		snprintf(text, sizeof(text), "%s", test_certificate());
	if (strstr(path, "garbage") != NULL)
		snprintf(
			text, sizeof(text), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	if (strstr(path, "anchors") != NULL)
		snprintf(text, sizeof(text), "%s. 172800 IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\n",
			strstr(path, "multi") != NULL ? "b.example. IN DS (\n1 8 2 00 )\n" : "; the root\n\n");
	if (strstr(path, "key") != NULL)
		snprintf(text, sizeof(text), "%s%s", test_certificate(), test_private_key());
	if (strstr(path, "noise") != NULL)
		snprintf(text, sizeof(text), "noise before\n%snoise after\n", test_certificate());
	for (int i = 0; i < 16 && strstr(path, "chain") != NULL; i++) // the first stands already
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s",
			i < 15 || strstr(path, "long") != NULL ? test_certificate() : "");
	if (strlen(text) > room)
		return FAIL(E_TOO_LONG);
	*len = strlen(text);
	memcpy(buf, text, *len);
	return OK;
}

static result resolve_h(void *ctx, const struct locate_want *want, struct way *out, uint32_t room, uint32_t *count)
{
	const char *to = strstr(want->domain, "inside") != NULL ? "10.9.9.9" : "192.0.2.1";

	(void)ctx;
	*count = room > 0 ? 1 : 0;
	out->transport = want->transport;
	return address_parse_host(bytes_of_string(to), want->port, &out->address);
}

const struct conf_hooks test_hooks = {.read = read_h, .resolver = resolve_h};
const struct conf_hooks test_hooks_unresolved = {.read = read_h};

const char *test_base(const char *extra)
{
	static char text[65536];

	snprintf(text, sizeof(text),
		"domain: ssp-a.example\n"
		"tls: {certificate: sbe.pem, key: sbe.key}\n"
		"listen:\n"
		"  - {name: core, zone: core, sip: [\"udp:127.0.0.1:5060\", \"tcp:127.0.0.1:5060\"], media: "
		"\"127.0.0.1:20000-20099\"}\n"
		"  - {name: edge, zone: peering, sip: [\"tls:127.0.0.1:5061\"], media: "
		"\"127.0.0.1:30000-30099\"}\n%s",
		extra);
	return text;
}

const char *test_with_peer(const char *fields)
{
	static char text[65536];

	snprintf(text, sizeof(text), "peers:\n  - name: ssp-b\n    zone: peering\n%s", fields);
	return test_base(text);
}

struct conf_result test_load_at(const char *yaml, uint64_t wall_ms, const struct snapshot *previous)
{
	struct conf_result r;
	result got = conf_load("test.yaml", bytes_of_string(yaml), &test_hooks, wall_ms, previous, &r);

	assert_true(got.error == E_OK || got.error == E_CONFIG);
	assert_int_equal(got.error == E_OK, r.snapshot != NULL);
	assert_int_equal(got.error == E_OK, r.errors == 0);
	return r;
}

struct conf_result test_load(const char *yaml)
{
	return test_load_at(yaml, TEST_WALL_MS, NULL);
}

const struct conf_message *test_message(const struct conf_result *r, const char *text)
{
	for (uint32_t i = 0; i < r->message_count; i++) {
		if (strstr(r->message[i].text, text) != NULL)
			return &r->message[i];
	}
	return NULL;
}

void test_one_error(struct conf_result r, uint32_t line, uint32_t column, const char *text)
{
	const struct conf_message *m = test_message(&r, text);

	if (r.errors != 1 || m == NULL || m->line != line || m->column != column) {
		char out[600];
		for (uint32_t i = 0; i < r.message_count; i++)
			print_message("%s\n", conf_message_text(&r, i, out, sizeof(out)));
		print_message("expected one error at %u:%u with: %s\n", line, column, text);
	}
	assert_int_equal(r.errors, 1);
	assert_non_null(m);
	assert_int_equal(m->severity, CONF_ERROR);
	assert_int_equal(m->line, line);
	assert_int_equal(m->column, column);
	conf_result_free(&r);
}

const struct peer *test_peer(const struct conf_result *r, const char *name)
{
	for (uint32_t id = 0; id < r->snapshot->peer_count; id++) {
		const struct peer *p = snapshot_peer(r->snapshot, (peer_id)id);
		if (strcmp(p->name, name) == 0)
			return p;
	}
	return NULL;
}
