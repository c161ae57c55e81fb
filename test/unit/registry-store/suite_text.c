// SPDX-License-Identifier: Apache-2.0
// LUF-I1: a dictionary of texts that somewhere were taken for code, through every text of every row, the person and the reason.
// Each is refused, or stored and read back octet for octet; afterwards the tables are whole.
#include "rig.h"

#include <stdio.h>

static const char *const dictionary[] = {"'", "''", "\"", "\\", "\\\\", "\\.", "\\N", "\\x27", "`", ";", "--", "/*", "*/", "#", "%", "%%", "%s%n", "_",
	"$1", "$$", "?1", ":a", "@a", "{}", "NULL", "null", "true", "0", "1", "-1", "1e9", "0x1", " ", "  x  ", "x'); DROP TABLE peer;--",
	"' OR '1'='1", "'; DELETE FROM journal; --", "\"; SELECT 1; --", "' UNION SELECT * FROM change_set --", "COPY peer FROM STDIN;",
	"E'\\047'", "U&'\\0027'", "$a$x$a$", "a,b", "a\tb", "a\nb", "a\r\nb", "\\.\n", "\x01", "\x1b[31m", "\x7f", "\xc3\xa4\xc3\xb6", "\xe2\x82\xac",
	"\xf0\x9f\x93\x9e", "\xc0\xaf", "\xc0\x80", "\xed\xa0\x80", "\xff\xfe", "\xef\xbb\xbf", "\xe2\x80\xae", "\xcc\x88", "\xef\xbc\x87", "\xc2\xa0",
	"=cmd|'/C calc'!A0", "<script>", "&amp;", "../../etc/passwd", "${jndi:x}", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};

static const char *const bases[ROW_KINDS] = {
	[ROW_PEER] = "name=x",
	[ROW_GROUP] = "name=x",
	[ROW_ROUTE] = "group=g peer=c",
	[ROW_RANGE] = "prefix=+44 owner=a to=a",
	[ROW_DOMAIN] = "domain=x.example owner=a to=a",
	[ROW_SED] = "peer=a transport=tls address=192.0.2.1:5061",
};

// Put what row_set() lets through; whatever becomes of it (it may refer to nothing), what is there is what was given.
static uint32_t text_try(struct rig *g, enum row_kind kind, uint32_t column, struct bytes text)
{
	struct row row = rig_row(kind, bases[kind]), got;
	struct row_fault fault;

	if (!is_ok(row_set_at(&row, column, text, &fault)))
		return 0;
	rig_begin(g);
	rig_ok(g, store_put(g->s, 1, &row, &g->why));
	store_report_free(&g->r);
	rig_ok(g, store_commit(g->s, STORE_ALL_OR_NOTHING, &g->r, &g->why));
	result r = store_get(g->s, &row, &got, &g->why);
	if (g->r.applied && (!is_ok(r) || !row_equal(&row, &got)))
		fail_msg("%.*s came back otherwise", (int)text.len, (const char *)text.at);
	return g->r.applied;
}

static void tables_whole(struct rig *g)
{
	uint64_t broken;

	for (enum row_kind k = ROW_PEER; k < ROW_KINDS; k++)
		rig_count(g, k);
	rig_ok(g, store_verify(g->s, &broken, &g->why));
	assert_true(rig_has(g, ROW_PEER, "name=a organization=A~GmbH"));
	assert_true(rig_has(g, ROW_RANGE, "prefix=+49 owner=a to=a"));
}

static void every_text(void **state)
{
	struct rig *g = rig_open();
	uint32_t stored = 0;

	(void)state;
	rig_world(g);
	for (enum row_kind k = ROW_PEER; k < ROW_KINDS; k++) {
		for (uint32_t c = 0; c < store_column_count(k); c++) {
			for (size_t i = 0; i < ARRAY_LEN(dictionary); i++)
				stored += text_try(g, k, c, bytes_of_string(dictionary[i]));
			assert_int_equal(text_try(g, k, c, BYTES("a\0b")), 0);
		}
	}
	assert_in_range(stored, 40, 400); // most organizations, few others
	tables_whole(g);
	rig_close(g);
}

static void person_and_reason(void **state)
{
	struct rig *g = rig_open();
	uint32_t stored = 0;

	(void)state;
	rig_world(g);
	for (size_t i = 0; i < ARRAY_LEN(dictionary); i++) {
		char columns[64];
		result r = store_begin(g->s, dictionary[i], dictionary[i], &g->why);
		if (!is_ok(r)) {
			assert_true(r.error == E_SYNTAX || r.error == E_TOO_LONG);
			continue;
		}
		snprintf(columns, sizeof(columns), "name=n%zu", i);
		rig_put(g, ROW_PEER, columns);
		rig_commit(g, STORE_ALL_OR_NOTHING, 0);
		stored++;
	}
	assert_true(stored > 40);
	tables_whole(g);
	rig_close(g);
}

// With the setters' gate off the hostile octets reach the database: as values, through parameters and COPY, and nothing else.
static void past_the_setters(void **state)
{
	struct rig *g = rig_open();
	uint64_t peers;

	(void)state;
	rig_world(g);
	store_gate_off(g->s, STORE_GATE_ROW);
	for (size_t i = 0; i < ARRAY_LEN(dictionary); i++) {
		struct row row = {.kind = ROW_PEER};
		if (!row_text_ok(bytes_of_string(dictionary[i])) && (uint8_t)dictionary[i][0] >= 0x80)
			continue; // no UTF-8: PostgreSQL refuses it by itself
		snprintf(row.u.peer.name, sizeof(row.u.peer.name), "n%zu", i);
		snprintf(row.u.peer.organization, sizeof(row.u.peer.organization), "%s", dictionary[i]);
		rig_begin(g);
		rig_ok(g, store_put(g->s, 1, &row, &g->why));
		rig_commit(g, STORE_ALL_OR_NOTHING, 0);
		struct row got;
		result r = store_get(g->s, &row, &got, &g->why);
		assert_int_equal(r.error, row_text_ok(bytes_of_string(dictionary[i])) ? E_OK : E_FORGED);
		assert_true(!is_ok(r) || row_equal(&row, &got));
	}
	rig_ok(g, store_verify(g->s, &peers, &g->why));
	rig_close(g);
}

int suite_text(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_text),
		cmocka_unit_test(person_and_reason),
		cmocka_unit_test(past_the_setters),
	};
	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
