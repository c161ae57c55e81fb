// SPDX-License-Identifier: Apache-2.0
// A record is either clear in what it says, or ignored with a reason: RFC6116#5.2 lists what others have published.
#include "wire/enum/naptr.h"

#include "wire/enum/name.h"

static result number_read(struct bytes r, size_t *at, uint16_t *out)
{
	REQUIRE(r.len - *at >= 2 && *at <= r.len, E_SYNTAX);
	*out = (uint16_t)(r.at[*at] << 8 | r.at[*at + 1]);
	*at += 2;
	return OK;
}

static result string_read(struct bytes r, size_t *at, struct bytes *out)
{
	REQUIRE(*at < r.len, E_SYNTAX);
	size_t len = r.at[(*at)++];
	REQUIRE(len <= r.len - *at, E_SYNTAX);
	*out = bytes_make(r.at + *at, len);
	*at += len;
	return OK;
}

result naptr_read(struct bytes rdata, struct naptr *out)
{
	size_t at = 0;
	*out = (struct naptr){.order = 0};
	TRY(number_read(rdata, &at, &out->order));
	TRY(number_read(rdata, &at, &out->preference));
	TRY(string_read(rdata, &at, &out->flags));
	TRY(string_read(rdata, &at, &out->services));
	TRY(string_read(rdata, &at, &out->regexp));
	TRY(enum_name_read(rdata, &at, out->replacement));
	return at == rdata.len ? OK : FAIL(E_SYNTAX);
}

// The next enumservice of "E2U+sip+pstn:tel"; REST moves behind it. False: there is none.
static bool service_next(struct bytes *rest, struct bytes *out)
{
	size_t n = 0;
	if (rest->len == 0 || rest->at[0] != '+')
		return false;
	while (1 + n < rest->len && rest->at[1 + n] != '+')
		n++;
	*out = bytes_make(rest->at + 1, n);
	*rest = bytes_make(rest->at + 1 + n, rest->len - 1 - n);
	return n > 0;
}

static enum naptr_use service_use(struct bytes services, const char **why)
{
	static const struct {
		struct bytes name;
		enum naptr_use use;
	} known[] = {{BYTES("sip"), NAPTR_SIP}, {BYTES("pstn:tel"), NAPTR_PSTN_TEL}, {BYTES("pstn:sip"), NAPTR_PSTN_SIP}};
	struct bytes one, rest = services;
	*why = "its services do not begin with E2U";
	if (services.len < 3 || !bytes_equal_nocase(bytes_make(services.at, 3), BYTES("E2U")))
		return NAPTR_IGNORE;
	*why = "no service that we use";
	rest = bytes_make(services.at + 3, services.len - 3);
	while (service_next(&rest, &one))
		for (size_t i = 0; i < ARRAY_LEN(known); i++)
			if (bytes_equal_nocase(one, known[i].name))
				return known[i].use;
	return NAPTR_IGNORE;
}

enum naptr_use naptr_use(const struct naptr *n, const char **why)
{
	bool terminal = bytes_equal_nocase(n->flags, BYTES("u"));
	if (!terminal && n->flags.len > 0) {
		*why = "its flags are neither \"u\" nor empty";
		return NAPTR_IGNORE;
	}
	if (!terminal) {
		*why = n->regexp.len > 0 ? "not terminal, yet with a regular expression" : "not terminal, and leads nowhere";
		return n->regexp.len == 0 && n->replacement[0] != '\0' ? NAPTR_NON_TERMINAL : NAPTR_IGNORE;
	}
	*why = "terminal without a regular expression";
	if (n->regexp.len == 0)
		return NAPTR_IGNORE;
	*why = "regular expression and replacement exclude each other (RFC3403#4.1)";
	if (n->replacement[0] != '\0')
		return NAPTR_IGNORE;
	return service_use(n->services, why);
}

static bool before(const struct naptr *a, const struct naptr *b)
{
	return a->order != b->order ? a->order < b->order : a->preference < b->preference;
}

uint32_t naptr_sort(const struct dns_answer *a, struct naptr out[DNS_RECORDS_MAX], uint32_t *bad)
{
	uint32_t n = 0;
	*bad = 0;
	for (uint32_t i = 0; i < a->count && i < DNS_RECORDS_MAX; i++) {
		struct naptr r;
		uint32_t to = n;
		if (!is_ok(naptr_read(dns_record(a, i), &r))) {
			++*bad;
			continue;
		}
		for (; to > 0 && before(&r, &out[to - 1]); to--)
			out[to] = out[to - 1];
		out[to] = r;
		n++;
	}
	return n;
}
