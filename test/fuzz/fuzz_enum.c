// SPDX-License-Identifier: Apache-2.0
// Fuzz target: what whoever writes records of ENUM can send: record data, substitution expressions, whole answers to a look-up.
#include "fuzz_sip.h"
#include "luf/chain.h"
#include "wire/enum/naptr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool provisioned(void *ctx, const char *domain, const char *rn)
{
	(void)ctx;
	must(strlen(domain) < DOMAIN_MAX && strlen(rn) < NUMBER_MAX);
	return domain[0] == 'f' || rn[0] == '+';
}

// Records of octets "length, data" each; the first octet of all chooses verdict and outcome.
static void answer_of(const uint8_t *data, size_t size, struct dns_answer *a)
{
	a->verdict = data[0] & 1 ? DNS_SECURE : DNS_INSECURE;
	a->outcome = data[0] & 2 ? DNS_NXDOMAIN : DNS_FOUND;
	a->ttl_s = data[0];
	for (size_t at = 1; at < size && a->count < DNS_RECORDS_MAX;) {
		size_t n = data[at++];
		n = n < size - at ? n : size - at;
		if (a->used + n > DNS_OCTETS_MAX)
			break;
		memcpy(a->octets + a->used, data + at, n);
		a->record[a->count].at = (uint16_t)a->used;
		a->record[a->count++].len = (uint16_t)n;
		a->used += (uint32_t)n;
		at += n;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct luf_settings settings = {.apex_count = 2, .apex = {{"e.example", 1}, {"i.example", 0}}};
	static struct dns_answer a;
	static struct luf_chain chain;
	struct dns_question q;
	struct naptr n;
	char out[REWRITE_URI_MAX];
	const char *why = NULL;
	uint32_t asked = 0;

	if (size < 1 || size > 4096)
		return 0;
	if (is_ok(naptr_read(bytes_make(data, size), &n)))
		must(strlen(n.replacement) < DOMAIN_MAX && naptr_use(&n, &why) <= NAPTR_NON_TERMINAL);
	if (is_ok(enum_rewrite(bytes_make(data, size), "+4989111", out, &why)))
		must(strlen(out) < REWRITE_URI_MAX);
	memset(&a, 0, sizeof(a));
	answer_of(data, size, &a);
	luf_chain_begin(&chain, &settings, "+4989111", provisioned, NULL);
	while (luf_chain_question(&chain, &q)) {
		must(++asked <= 2 + CHAIN_HOPS_MAX);
		must(strlen(q.name) < DOMAIN_MAX && strstr(q.name, ".example") != NULL);
		a.question = q;
		luf_chain_answer(&chain, &a);
	}
	must(chain.done && chain.notes <= CHAIN_NOTES_MAX);
	if (chain.answer.outcome == LOOKUP_FOUND)
		must(chain.answer.domain[0] == 'f' || chain.answer.rn[0] == '+');
	return 0;
}
