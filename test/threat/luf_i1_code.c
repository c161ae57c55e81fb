// SPDX-License-Identifier: Apache-2.0
// LUF-I1, input taken for code: a provisioned text that closes a string, ends a statement and begins another, or carries what a
// terminal or a reader of the journal takes for more than text. Setters refuse what no text holds; with their gate off
// the octets arrive, and still only as values: statements are bound.
#include "store_threat.h"

static const char *const attacks[] = {"x'); DROP TABLE peer;--", "x\"; DELETE FROM journal; --", "x\t\n\\.\nCOPY", "\x1b]0;owned\x07"};

static void attack(bool gate)
{
	struct threat_store t;

	threat_store_open(&t);
	if (!gate)
		store_gate_off(t.s, STORE_GATE_ROW);
	for (size_t i = 0; i < ARRAY_LEN(attacks); i++) {
		struct row row = {.kind = ROW_PEER};
		snprintf(row.u.peer.name, sizeof(row.u.peer.name), "m%zu", i);
		snprintf(row.u.peer.organization, sizeof(row.u.peer.organization), "%s", attacks[i]);
		bool text = row_text_ok(bytes_of_string(attacks[i]));
		assert_int_equal(threat_store_change(&t, &row), text || !gate); // control octets pass without the gate only
		struct row got = {.kind = 0};
		result r = store_get(t.s, &row, &got, &t.why);
		assert_int_equal(r.error, text ? E_OK : gate ? E_NOT_FOUND : E_FORGED); // and are known when read
		assert_true(!text || row_equal(&row, &got));
	}
	assert_true(threat_store_whole(&t));
	threat_store_close(&t);
}

// Numbers in several spellings would be several numbers: "+49 30", "0049...", full-width digits.
static void spellings(void **state)
{
	static const char *const forms[] = {"+49 30", "004930", "030", "+49-30", "+4930\xef\xbc\x91", "+4930;ext=1", "+4930%00", "tel:+4930"};
	struct row row = {.kind = ROW_RANGE};
	struct row_fault fault;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++)
		assert_false(is_ok(row_set(&row, BYTES("prefix"), bytes_of_string(forms[i]), &fault)));
	assert_true(is_ok(row_set(&row, BYTES("prefix"), BYTES("+4930"), &fault)));
}

static void setters_on(void **state)
{
	(void)state;
	attack(true);
}

static void setters_off(void **state)
{
	(void)state;
	attack(false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spellings),
		cmocka_unit_test(setters_on),
		cmocka_unit_test(setters_off),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
