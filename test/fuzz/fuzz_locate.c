// SPDX-License-Identifier: Apache-2.0
// Fuzz target: location (RFC 3263) when every answer is whatever the octets say. It ends, asks no more than it may, and finds
// nothing below the floor.
#include "fuzz_sip.h"
#include "lrf/locate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// One answer: outcome and verdict, a count, then records "length, data". Returns the octets used.
static size_t answer_of(const uint8_t *data, size_t size, struct dns_answer *a)
{
	size_t at = 2;
	if (size < 2) {
		a->outcome = DNS_NXDOMAIN;
		return size;
	}
	a->outcome = data[0] & 7;
	a->verdict = (data[0] >> 3) % 3 == 2 && data[0] < 0xf0 ? DNS_INSECURE : (data[0] >> 3) % 3;
	for (uint8_t i = 0; i < (data[1] & 15) && at < size && a->count < DNS_RECORDS_MAX; i++) {
		size_t n = data[at++];
		n = n < size - at ? n : size - at;
		memcpy(a->octets + a->used, data + at, n);
		a->record[a->count].at = (uint16_t)a->used;
		a->record[a->count++].len = (uint16_t)n;
		a->used += (uint32_t)n;
		at += n;
	}
	return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dns_answer a;
	static struct located out;
	struct locate_want w = {.domain = "b.example", .families = 3, .transports = 7};
	struct dns_question q;
	struct locate *l;
	uint32_t asked = 0;

	if (size < 2 || size > 8192)
		return 0;
	w.transport = data[0] % 3;
	w.sips = data[0] >> 7;
	w.transport_fixed = (data[0] >> 6) & 1;
	w.port = data[1] > 200 ? data[1] : 0;
	data += 2;
	size -= 2;
	if (!is_ok(locate_new(&l, &w)))
		return 0;
	while (locate_question(l, &q)) {
		must(++asked <= LOCATE_QUESTIONS_MAX && strlen(q.name) < DOMAIN_MAX);
		memset(&a, 0, sizeof(a));
		a.question = q;
		a.ttl_s = 60;
		size_t used = answer_of(data, size, &a);
		data += used;
		size -= used;
		locate_answer(l, &a);
	}
	must(locate_done(l));
	locate_result(l, &out);
	must(out.count <= LOCATED_MAX && (out.count > 0 || out.reason[0] != '\0'));
	for (uint32_t i = 0; i < out.count; i++) {
		must(out.hop[i].address.port != 0 && (out.hop[i].address.family == 4 || out.hop[i].address.family == 6));
		must(!w.sips || out.hop[i].transport == TRANSPORT_TLS);
		must(w.transport != TRANSPORT_TLS || out.hop[i].transport == TRANSPORT_TLS);
		must(out.hop[i].tlsa_first + out.hop[i].tlsa_count <= LOCATED_TLSA_MAX);
	}
	locate_free(l);
	return 0;
}
