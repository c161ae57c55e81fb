// SPDX-License-Identifier: Apache-2.0
// Faults of PostgreSQL by name. In all of them the transaction is rolled back and what was committed stands. The URI of the
// database holds a password, so that no sentence here repeats it.
#include "registry/store/store_postgresql_fault.h"

struct fault {
	const char *state; // SQLSTATE, or how it begins
	enum error error;
	const char *text;
};

static const struct fault faults[] = {
	{"55P03", E_TIMEOUT, "is locked by another change; wait for it to end, or end it, and try again"},
	{"57014", E_TIMEOUT, "took too long to answer; look for locks and load, and try again"},
	{"53100", E_FULL, "does not fit on its disk; make room and try again"},
	{"53200", E_NO_MEMORY, "needs more memory than there is; free some and try again"},
	{"53300", E_FULL, "has no connection left; close some, or raise max_connections"},
	{"53", E_FULL, "has run out of resources; look at its log"},
	{"25006", E_SYSTEM, "may only be read; connect to the primary server, or end its read-only mode"},
	{"42501", E_SYSTEM, "may not be used so by this user; grant him the rights on database and schema sallyport"},
	{"28", E_SYSTEM, "does not let us in; check user, password and pg_hba.conf"},
	{"3D000", E_NOT_FOUND, "is not there; create the database, or correct its name"},
	{"42P01", E_CONFIG, "lacks a table of the registry; restore it from a copy"},
	{"42703", E_CONFIG, "has a table with other columns; restore it from a copy"},
	{"57P", E_NOT_FOUND, "is being stopped or started; wait and try again"},
	{"08", E_NOT_FOUND, "cannot be reached; check server, address and network"},
	{"XX001", E_SYSTEM, "is damaged; restore it from a copy"},
	{"XX002", E_SYSTEM, "has a damaged index; reindex it, or restore it from a copy"},
};

// The first line of what was said, without control octets.
static void said_copy(char *out, size_t size, const char *said)
{
	size_t n = 0;

	while (said != NULL && said[n] != '\0' && said[n] != '\n' && n + 1 < size) {
		out[n] = (uint8_t)said[n] < 0x20 || said[n] == 0x7f ? ' ' : said[n];
		n++;
	}
	out[n] = '\0';
}

result postgresql_fault(const char *sqlstate, const char *said, struct store_error *why)
{
	char line[120];

	said_copy(line, sizeof(line), said);
	if (sqlstate == NULL) {
		store_error_set(why, "the registry's PostgreSQL cannot be reached: %s; check server, address and network", line);
		return FAIL(E_NOT_FOUND);
	}
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		if (strncmp(sqlstate, faults[i].state, strlen(faults[i].state)) == 0) {
			store_error_set(why, "the registry in PostgreSQL %s", faults[i].text);
			return FAIL(faults[i].error);
		}
	}
	store_error_set(why, "PostgreSQL says \"%s\" (%s); look at its log", line, sqlstate);
	return FAIL(E_SYSTEM);
}
