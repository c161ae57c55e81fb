// SPDX-License-Identifier: Apache-2.0
// What is proved is what is shipped: where __FRAMAC__ is defined, some loops of src/wire/sip look at one octet at a time, so
// that Eva can follow; the shipped text calls memchr and memmem, compares words, and looks at 16 octets at once.
//
// This file is built twice, with the sources as shipped and as proved. Both work through the same inputs, exhaustive where
// they are small and random beyond, and print what they found; `unit-wire-sip-proved` runs its twin and compares.
#include "support.h"

#include "wire/sip/name.h"
#include "wire/sip/octet.h"

enum { RANDOM_ROUNDS = 200000, ROOM = 512 };

static uint64_t seed = 88172645463325252ull;

static uint32_t rnd(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 32) % below;
}

struct digest { // of all results of one function
	uint64_t hash;
	uint32_t count;
};

static void take(struct digest *d, uint64_t v)
{
	for (int i = 0; i < 8; i++)
		d->hash = (d->hash ^ (v >> 8 * i & 0xff)) * 0x100000001b3ull;
}

static void say(FILE *out, const char *name, const struct digest *d)
{
	fprintf(out, "%s %u %016llx\n", name, d->count, (unsigned long long)d->hash);
}

// A copy of exactly N octets, so that a read beyond the end is seen by the sanitizers.
static uint8_t *exact(const uint8_t *at, uint32_t n)
{
	uint8_t *copy = malloc(n + (n == 0));

	if (copy == NULL)
		abort();
	memcpy(copy, at, n);
	return copy;
}

// Every text of LEN octets over ALPHABET; NUMBER counts through them.
static void text_make(uint8_t *out, uint32_t len, const char *alphabet, uint32_t number)
{
	uint32_t base = (uint32_t)strlen(alphabet);

	for (uint32_t i = 0; i < len; i++, number /= base)
		out[i] = (uint8_t)alphabet[number % base];
}

static uint32_t power(uint32_t base, uint32_t n)
{
	return n == 0 ? 1 : base * power(base, n - 1);
}

// ---- one function each -----------------------------------------------------------------------------------------

static void to_one(struct digest *d, const uint8_t *at, uint32_t n, uint32_t from, uint8_t c)
{
	uint8_t *copy = exact(at, n);

	take(d, scan_to(copy, n, from, c));
	d->count++;
	free(copy);
}

static void scan_tos(FILE *out)
{
	struct digest d = {0, 0};
	uint8_t text[ROOM];

	for (uint32_t len = 0; len <= 7; len++)
		for (uint32_t k = 0; k < power(3, len); k++) {
			text_make(text, len, ">,a", k);
			for (uint32_t from = 0; from <= len + 1; from++)
				to_one(&d, text, len, from, '>');
		}
	for (uint32_t k = 0; k < RANDOM_ROUNDS; k++) {
		uint32_t n = rnd(200);
		for (uint32_t i = 0; i < n; i++)
			text[i] = (uint8_t)rnd(1 + rnd(256));
		to_one(&d, text, n, rnd(n + 3), (uint8_t)rnd(256));
	}
	say(out, "scan_to", &d);
}

static void text_ends(FILE *out)
{
	static const uint8_t odd[] = {0, 9, 10, 13, 31, 32, 126, 127, 128, 255};
	struct digest d = {0, 0};
	uint8_t text[ROOM];

	for (uint32_t n = 0; n <= 40; n++) // one odd octet at each place, at every distance from a block of 16
		for (uint32_t at = 0; at <= n; at++)
			for (uint32_t k = 0; k < ARRAY_LEN(odd); k++)
				for (uint32_t from = 0; from <= n; from += 1 + n / 8) {
					memset(text, 'a', n);
					if (at < n)
						text[at] = odd[k];
					uint8_t *copy = exact(text, n);
					take(&d, text_end(copy, n, from));
					d.count++;
					free(copy);
				}
	for (uint32_t k = 0; k < RANDOM_ROUNDS; k++) {
		uint32_t n = rnd(100), end, next, fold = rnd(2);
		for (uint32_t i = 0; i < n; i++)
			text[i] = rnd(12) != 0 ? (uint8_t)(32 + rnd(95)) : (uint8_t)("\r\n\t \x7f\xc3\xa4\xff"[rnd(8)]);
		uint8_t *copy = exact(text, n);
		take(&d, text_end(copy, n, rnd(n + 1)));
		take(&d, is_ok(text_line(copy, n, rnd(n + 1), fold != 0, &end, &next)));
		take(&d, (uint64_t)end << 32 | next);
		d.count++;
		free(copy);
	}
	say(out, "text_end", &d);
}

static void name_one(struct digest *d, const uint8_t *at, uint32_t n)
{
	uint8_t padded[ROOM + 8];
	uint32_t before = rnd(4);

	memset(padded, ':', sizeof(padded));
	memcpy(padded + before, at, n);
	uint8_t *copy = exact(padded, before + n + rnd(3));
	take(d, (uint64_t)name_lookup(copy, before + n, span_make(before, before + n)));
	take(d, (uint64_t)name_lookup(copy, before + n - (n > 0), span_make(before, before + n))); // beyond the end
	d->count++;
	free(copy);
	copy = exact(at, n);
	take(d, (uint64_t)sip_hdr_of(bytes_make(copy, n)));
	free(copy);
}

// Every known name in several spellings, with each octet replaced, cut and made longer.
static void name_spellings(struct digest *d, const char *name, uint32_t n)
{
	uint8_t text[ROOM];

	for (int how = 0; how < 8; how++) {
		for (uint32_t i = 0; i < n; i++) {
			uint8_t c = (uint8_t)name[i];
			bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
			text[i] = !letter || how == 0 ? c : how == 1 ? c | 0x20 : how == 2 ? c & 0xdf : c ^ (uint8_t)(rnd(2) << 5);
		}
		name_one(d, text, n);
		for (uint32_t i = 0; i < n; i++) {
			uint8_t kept = text[i];
			for (uint32_t bit = 0; bit < 8; bit++) {
				text[i] = kept ^ (uint8_t)(1u << bit);
				name_one(d, text, n);
			}
			text[i] = kept;
			name_one(d, text, i); // cut
		}
		text[n] = (uint8_t)(32 + rnd(95));
		name_one(d, text, n + 1);
	}
}

static void names(FILE *out)
{
	struct digest d = {0, 0};
	uint8_t text[ROOM];

	for (uint32_t c = 0; c < 65536; c++) { // every name of two octets, and of one
		text[0] = (uint8_t)c;
		text[1] = (uint8_t)(c >> 8);
		name_one(&d, text, 2);
		name_one(&d, text, 1);
	}
	for (uint32_t id = 0; id < SIP_HDR_COUNT; id++) {
		const struct sip_hdr_desc *h = sip_hdr_desc((enum sip_hdr)id);
		name_spellings(&d, h->name, (uint32_t)strlen(h->name));
	}
	for (uint32_t k = 0; k < RANDOM_ROUNDS; k++) {
		uint32_t n = rnd(26);
		for (uint32_t i = 0; i < n; i++)
			text[i] = (uint8_t)"abcdeilnoprstuvxyRCTA-"[rnd(22)];
		name_one(&d, text, n);
	}
	say(out, "name_lookup", &d);
}

static void frame_one(struct digest *d, const uint8_t *at, uint32_t n, uint32_t max)
{
	uint8_t *copy = exact(at, n);
	uint32_t length;

	take(d, (uint64_t)sip_frame(copy, n, 0, max, &length).error);
	take(d, length);
	d->count++;
	free(copy);
}

static void frames(FILE *out)
{
	static const char head[] = "A b SIP/2.0\r\nl:1\r\n";
	struct digest d = {0, 0};
	uint8_t text[ROOM];

	for (uint32_t len = 0; len <= 7; len++) // every end of a header, with and without a header before
		for (uint32_t k = 0; k < power(4, len); k++) {
			text_make(text, len, "\r\na:", k);
			frame_one(&d, text, len, ROOM);
			memcpy(text, head, sizeof(head) - 1);
			text_make(text + sizeof(head) - 1, len, "\r\na:", k);
			frame_one(&d, text, (uint32_t)sizeof(head) - 1 + len, ROOM);
			frame_one(&d, text, (uint32_t)sizeof(head) - 1 + len, (uint32_t)sizeof(head) - 1 + rnd(8));
		}
	for (uint32_t k = 0; k < RANDOM_ROUNDS; k++) {
		uint32_t n = (uint32_t)sizeof(head) - 1;
		memcpy(text, head, n);
		for (uint32_t i = rnd(60); i > 0; i--)
			text[n++] = (uint8_t)"\r\n\r\nab: l1,\xc3"[rnd(12)];
		if (rnd(2) != 0)
			n += (uint32_t)snprintf((char *)text + n, 8, "\r\n\r\nx");
		frame_one(&d, text, n, rnd(4) != 0 ? ROOM : rnd(ROOM));
	}
	say(out, "sip_frame", &d);
}

// ---- whole messages --------------------------------------------------------------------------------------------

static void message_one(struct digest *d, const uint8_t *at, uint32_t n)
{
	static struct sip_msg m;
	struct sip_fault fault = {0};
	uint8_t *copy = exact(at, n);
	uint32_t length;

	result r = sip_msg_parse(&m, copy, n, &fault);
	take(d, (uint64_t)r.error);
	if (is_ok(r)) {
		r = sip_msg_check_all(&m, &fault);
		take(d, (uint64_t)r.error);
		take(d, (uint64_t)m.line_count << 32 | m.cseq);
		for (uint32_t i = 0; i < m.line_count; i++) {
			take(d, (uint64_t)m.line[i].id);
			take(d, (uint64_t)m.line[i].value.from << 32 | m.line[i].value.to);
		}
		take(d, (uint64_t)m.body.from << 32 | m.body.to);
		take(d, (uint64_t)m.to_tag.from << 32 | m.branch.to);
	}
	if (!is_ok(r)) {
		take(d, (uint64_t)fault.status << 1 | fault.answerable);
		for (const char *p = fault.phrase != NULL ? fault.phrase : ""; *p != '\0'; p++)
			take(d, (uint8_t)*p);
	}
	take(d, (uint64_t)sip_frame(copy, n, 0, SIP_MESSAGE_MAX_STREAM, &length).error << 32 | length);
	d->count++;
	free(copy);
}

// The torture corpus: as it is, with each octet turned over, and cut there.
static void messages(FILE *out)
{
	static uint8_t raw[70000];
	struct digest d = {0, 0};
	FILE *f = torture_open();
	struct torture_row row;

	while (torture_next(f, &row)) {
		uint32_t n = torture_read(row.name, raw, sizeof(raw));
		message_one(&d, raw, n);
		for (uint32_t i = 0; i < n; i++) {
			uint8_t kept = raw[i];
			raw[i] = rnd(3) != 0 ? kept ^ (uint8_t)(1u << rnd(8)) : (uint8_t)"\r\n \t:;,<>\"\\%@"[rnd(13)];
			message_one(&d, raw, n);
			raw[i] = kept;
			if (i % 4 == 0)
				message_one(&d, raw, i);
		}
	}
	fclose(f);
	say(out, "messages", &d);
}

static void all(FILE *out)
{
	scan_tos(out);
	text_ends(out);
	names(out);
	frames(out);
	messages(out);
}

#ifdef __FRAMAC__
int main(void)
{
	all(stdout);
	return 0;
}
#else
static const char *twin;

static void as_proved(void **state)
{
	char ours[2048] = "", theirs[2048];
	FILE *mine = fmemopen(ours, sizeof(ours), "w"), *f = popen(twin, "r");

	UNUSED(state);
	assert_non_null(mine);
	assert_non_null(f);
	all(mine);
	fclose(mine);
	theirs[fread(theirs, 1, sizeof(theirs) - 1, f)] = '\0';
	assert_int_equal(pclose(f), 0);
	assert_string_equal(ours, theirs);
	assert_non_null(strstr(ours, "messages ")); // it went to the end
	print_message("%s", ours);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(as_proved)};

	if (argc != 2)
		return 2;
	twin = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
