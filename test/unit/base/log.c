// SPDX-License-Identifier: Apache-2.0
// The log: both formats, forged lines, secrets, the line bound at and beyond its limit, levels, swallowed
// lines.
#include "base/log.h"
#include "unit.h"

#include <stdio.h>
#include <time.h>

struct capture {
	uint32_t lines;
	size_t len;
	char last[LOG_LINE_MAX + 1];
};

static void capture_sink(const char *line, size_t len, void *ctx)
{
	struct capture *c = ctx;
	assert_true(len > 0 && len <= LOG_LINE_MAX);
	assert_int_equal(line[len - 1], '\n');
	assert_null(memchr(line, '\n', len - 1));
	c->lines++;
	c->len = len;
	memcpy(c->last, line, len);
	c->last[len] = 0;
}

static void capture_start(struct capture *c, enum log_format format)
{
	memset(c, 0, sizeof(*c));
	log_setup("test", LOG_LEVEL_INFO, format);
	log_set_sink(capture_sink, c);
}

static void assert_tail(const struct capture *c, const char *tail)
{
	size_t n = strlen(tail);
	assert_true(c->len >= n);
	assert_string_equal(c->last + c->len - n, tail);
}

static void logfmt(void **state)
{
	UNUSED(state);
	struct capture c;
	struct address a = {.family = 4, .port = 5060, .ip = {192, 0, 2, 1}};
	capture_start(&c, LOG_FORMAT_LOGFMT);
	log_write(LOG_LEVEL_NOTICE, "peer.refused", LOG_STR("peer", "ssp-b"), LOG_ADDR("from", &a),
		LOG_NUM("code", -403), LOG_BYTES("text", BYTES("a b")), LOG_STR("none", NULL));
	assert_tail(&c, " level=notice process=test event=peer.refused peer=ssp-b from=192.0.2.1:5060 "
			"code=-403 text=\"a b\""
			" none=\"\"\n");
	assert_int_equal(c.last[strlen("time=2026-01-31T23:59:59.123")], 'Z');
	assert_memory_equal(c.last, "time=20", 7);
}

static void json(void **state)
{
	UNUSED(state);
	struct capture c;
	capture_start(&c, LOG_FORMAT_JSON);
	log_write(LOG_LEVEL_ALARM, "x", LOG_STR("s", "a\"b\\c"), LOG_NUM("n", INT64_MIN),
		LOG_BYTES("b", BYTES("\x01\xc3\xa4\x7f")));
	assert_int_equal(c.last[0], '{');
	assert_tail(&c, "\"level\":\"alarm\",\"process\":\"test\",\"event\":\"x\",\"s\":\"a\\\"b\\\\c\","
			"\"n\":-9223372036854775808,"
			"\"b\":\"\\u0001\\u00c3\\u00a4\\u007f\"}\n");
}

// BE-5: a stranger puts line ends, terminal sequences and quotes into a header field that is logged.
static void lines_cannot_be_forged(void **state)
{
	UNUSED(state);
	struct capture c;
	capture_start(&c, LOG_FORMAT_LOGFMT);
	log_write(LOG_LEVEL_NOTICE, "x", LOG_BYTES("ua", BYTES("a\r\nlevel=alarm event=fire\x1b[2J\0\"\\")));
	assert_tail(&c, " ua=\"a\\x0d\\x0alevel=alarm event=fire\\x1b[2J\\x00\\\"\\\\\"\n");
	log_write(LOG_LEVEL_NOTICE, "x", LOG_STR("v", "a=b"));
	assert_tail(&c, " v=\"a=b\"\n");
	capture_start(&c, LOG_FORMAT_JSON);
	log_write(LOG_LEVEL_NOTICE, "x", LOG_STR("v", "\n\",\"a\":1"));
	assert_tail(&c, "\"v\":\"\\u000a\\\",\\\"a\\\":1\"}\n");
}

// BE-3: a key handed to the log.
static void secrets_are_redacted(void **state)
{
	UNUSED(state);
	struct capture c;
	static const struct secret KEY = {(const uint8_t *)"WVNfX19zZW1j", 12};
	capture_start(&c, LOG_FORMAT_LOGFMT);
	log_write(LOG_LEVEL_NOTICE, "x", LOG_SECRET("key", KEY));
	assert_tail(&c, " key=[redacted]\n");
	assert_null(strstr(c.last, "WVNf"));
	capture_start(&c, LOG_FORMAT_JSON);
	log_write(LOG_LEVEL_NOTICE, "x", LOG_SECRET("key", KEY));
	assert_tail(&c, "\"key\":\"[redacted]\"}\n");
}

// Values around the bound, plain and escaped, in both formats: always one well-formed line of bounded length.
static void long_values_are_cut(void **state)
{
	UNUSED(state);
	static char value[LOG_LINE_MAX + 2];
	struct capture c;
	uint32_t cut = 0, whole = 0;
	for (int kind = 0; kind < 6; kind++) {
		capture_start(&c, kind % 2 == 0 ? LOG_FORMAT_LOGFMT : LOG_FORMAT_JSON);
		memset(value, "aa  \n\n"[kind], sizeof(value));
		for (size_t n = 1; n <= sizeof(value); n += n < 250 || n > 1800 ? 1 : 97) {
			const struct log_field f[] = {
				LOG_BYTES("v", bytes_make(value, n)), LOG_NUM("after", 1)};
			struct log_site site = {0};
			log_event(&site, LOG_LEVEL_NOTICE, "x", f, 2);
			bool truncated = strstr(c.last, "truncated") != NULL;
			assert_int_equal(truncated, strstr(c.last, "after") == NULL);
			assert_tail(&c, !truncated  ? (kind % 2 ? ",\"after\":1}\n" : " after=1\n")
					: kind % 2  ? "\",\"truncated\":true}\n"
					: kind == 0 ? "a truncated=true\n"
						    : "\" truncated=true\n");
			cut += truncated;
			whole += !truncated;
		}
	}
	assert_true(cut > 100 && whole > 100);
}

static void many_fields_are_cut(void **state)
{
	UNUSED(state);
	struct log_field f[400];
	struct log_site site = {0};
	struct capture c;
	for (size_t i = 0; i < ARRAY_LEN(f); i++)
		f[i] = LOG_NUM("number", INT64_MIN);
	capture_start(&c, LOG_FORMAT_JSON);
	log_event(&site, LOG_LEVEL_NOTICE, "x", f, ARRAY_LEN(f));
	assert_tail(&c, "-9223372036854775808,\"truncated\":true}\n");
}

static void levels(void **state)
{
	UNUSED(state);
	struct capture c;
	capture_start(&c, LOG_FORMAT_LOGFMT);
	log_write(LOG_LEVEL_DEBUG, "x", LOG_NUM("n", 1));
	assert_int_equal(c.lines, 0);
	log_write(LOG_LEVEL_INFO, "x", LOG_NUM("n", 1));
	assert_int_equal(c.lines, 1);
}

// BE-5: a stranger makes one event happen as often as he can.
static void floods_cost_lines_not_the_disk(void **state)
{
	UNUSED(state);
	const struct timespec pause = {.tv_nsec = 1000000000 / LOG_SITE_PER_SECOND + 20000000};
	const struct log_field f[] = {LOG_NUM("n", 1)};
	struct log_site site = {0}, other = {0};
	struct capture c;
	char expect[64];
	capture_start(&c, LOG_FORMAT_LOGFMT);
	for (int i = 0; i < 5000; i++)
		log_event(&site, LOG_LEVEL_ALARM, "flood", f, 1);
	assert_true(c.lines >= LOG_SITE_BURST && c.lines < LOG_SITE_BURST + 100);
	uint32_t printed = c.lines;
	log_event(&other, LOG_LEVEL_ALARM, "other", f, 1); // another place has its own budget
	assert_int_equal(c.lines, printed + 1);
	uint64_t swallowed = site.swallowed;
	assert_true(swallowed > 0);
	assert_int_equal(nanosleep(&pause, NULL), 0);
	log_event(&site, LOG_LEVEL_ALARM, "flood", f, 1);
	(void)snprintf(expect, sizeof(expect), " event=flood swallowed=%u n=1\n", (unsigned)swallowed);
	assert_tail(&c, expect);
	assert_int_equal(site.swallowed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(logfmt),
		cmocka_unit_test(json),
		cmocka_unit_test(lines_cannot_be_forged),
		cmocka_unit_test(secrets_are_redacted),
		cmocka_unit_test(long_values_are_cut),
		cmocka_unit_test(many_fields_are_cut),
		cmocka_unit_test(levels),
		cmocka_unit_test(floods_cost_lines_not_the_disk),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
