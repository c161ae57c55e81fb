// SPDX-License-Identifier: Apache-2.0
// libpq without waiting for ever: statements are sent, and answers are awaited with a deadline, so that a server that hangs is
// an error after seconds. Values go as parameters or through COPY, never into statements (LUF-I1). Answers come row by row, so
// that ten million rows need the memory of one.
#include "registry/store/store_postgresql_wire.h"

#include "registry/store/store_postgresql_fault.h"

#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

enum { PARAMS_MAX = 16, GRACE_MS = 2000, CONNECT_S = 5 }; // the server's own timeout comes before ours

// We gave up on the server: what it may still say belongs to nothing.
static result wire_broken(struct postgresql *p, bool timeout, struct store_error *why)
{
	p->broken = true;
	if (!timeout)
		return postgresql_fault(NULL, PQerrorMessage(p->c), why);
	store_error_set(why, "the registry's PostgreSQL does not answer; look whether the server hangs, and try again");
	return FAIL(E_TIMEOUT);
}

static result wire_wait(struct postgresql *p, short events, struct store_error *why)
{
	struct pollfd f = {.fd = PQsocket(p->c), .events = events};
	int n;

	do {
		n = poll(&f, 1, (int)p->wait_ms + GRACE_MS);
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return wire_broken(p, n == 0, why);
	if ((f.revents & ~POLLOUT) != 0 && PQconsumeInput(p->c) != 1)
		return wire_broken(p, false, why);
	return OK;
}

static result wire_flush(struct postgresql *p, struct store_error *why)
{
	int left;

	while ((left = PQflush(p->c)) == 1)
		TRY(wire_wait(p, POLLIN | POLLOUT, why));
	return left == 0 ? OK : wire_broken(p, false, why);
}

// The next answer; NULL at the end.
static result wire_next(struct postgresql *p, PGresult **out, struct store_error *why)
{
	*out = NULL;
	while (PQisBusy(p->c))
		TRY(wire_wait(p, POLLIN, why));
	*out = PQgetResult(p->c);
	return OK;
}

static result answer_fault(struct postgresql *p, const PGresult *a, struct store_error *why)
{
	const char *state = PQresultErrorField(a, PG_DIAG_SQLSTATE);

	if (PQstatus(p->c) == CONNECTION_BAD)
		p->broken = true;
	return postgresql_fault(state, PQresultErrorMessage(a), why);
}

struct answer {
	backend_row_h handler;
	void *ctx;
	uint64_t *affected;
	bool ended;
};

static result answer_take(struct postgresql *p, const PGresult *a, struct answer *want, struct store_error *why)
{
	struct bytes column[SQL_COLUMNS_MAX];
	int n = PQnfields(a);

	switch (PQresultStatus(a)) {
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
		if (want->affected != NULL)
			*want->affected = strtoull(PQcmdTuples((PGresult *)(uintptr_t)a), NULL, 10);
		return OK;
	case PGRES_COPY_IN:
		return OK;
	case PGRES_SINGLE_TUPLE:
		REQUIRE(n <= SQL_COLUMNS_MAX, E_IMPOSSIBLE);
		for (int i = 0; i < n; i++)
			column[i] = bytes_make(PQgetisnull(a, 0, i) ? NULL : PQgetvalue(a, 0, i), (size_t)PQgetlength(a, 0, i));
		if (!want->ended && want->handler != NULL)
			want->ended = !want->handler(want->ctx, column);
		return OK;
	default:
		return answer_fault(p, a, why);
	}
}

// All answers to what was sent, to the end, so that the next statement finds the connection in order.
static result answers_take(struct postgresql *p, struct answer *want, struct store_error *why)
{
	result r = OK;
	PGresult *a;

	TRY(wire_flush(p, why));
	for (;;) {
		TRY(wire_next(p, &a, why));
		if (a == NULL)
			return r;
		bool copying = PQresultStatus(a) == PGRES_COPY_IN;
		if (is_ok(r))
			r = answer_take(p, a, want, why);
		PQclear(a);
		if (copying)
			return r;
	}
}

result wire_ready(struct postgresql *p, struct store_error *why)
{
	if (!p->broken && PQstatus(p->c) == CONNECTION_OK)
		return OK;
	if (p->in_transaction)
		return wire_broken(p, false, why);
	return wire_connect(p, why);
}

result wire_script(struct postgresql *p, const char *sql, struct store_error *why)
{
	struct answer want = {.handler = NULL};

	TRY(wire_ready(p, why));
	if (PQsendQuery(p->c, sql) != 1)
		return wire_broken(p, false, why);
	return answers_take(p, &want, why);
}

result wire_run(struct postgresql *p, const char *sql, const struct bytes *param, uint32_t n, backend_row_h handler, void *ctx,
	uint64_t *affected, struct store_error *why)
{
	struct answer want = {handler, ctx, affected, false};
	char text[PARAMS_MAX][ROW_TEXT_MAX];
	const char *values[PARAMS_MAX];

	REQUIRE(n <= PARAMS_MAX, E_IMPOSSIBLE);
	for (uint32_t i = 0; i < n; i++) { // text parameters end with NUL
		REQUIRE(param[i].len < ROW_TEXT_MAX && memchr(param[i].at, '\0', param[i].len) == NULL, E_SYNTAX);
		memcpy(text[i], param[i].at, param[i].len);
		text[i][param[i].len] = '\0';
		values[i] = text[i];
	}
	TRY(wire_ready(p, why));
	if (PQsendQueryParams(p->c, sql, (int)n, NULL, values, NULL, NULL, 0) != 1 || PQsetSingleRowMode(p->c) != 1)
		return wire_broken(p, false, why);
	return answers_take(p, &want, why);
}

result wire_copy(struct postgresql *p, const char *sql, const char *data, size_t len, struct store_error *why)
{
	struct answer want = {.handler = NULL};
	int put;

	TRY(wire_script(p, sql, why));
	while ((put = PQputCopyData(p->c, data, (int)len)) == 0)
		TRY(wire_wait(p, POLLIN | POLLOUT, why));
	if (put != 1)
		return wire_broken(p, false, why);
	while ((put = PQputCopyEnd(p->c, NULL)) == 0)
		TRY(wire_wait(p, POLLIN | POLLOUT, why));
	if (put != 1)
		return wire_broken(p, false, why);
	return answers_take(p, &want, why);
}

// --- connecting

static void notice_h(void *arg, const PGresult *notice)
{
	UNUSED(arg);
	UNUSED(notice);
}

static result encoding_check(struct postgresql *p, struct store_error *why)
{
	const char *encoding = PQparameterStatus(p->c, "server_encoding");

	if (encoding != NULL && (strcmp(encoding, "UTF8") == 0 || strcmp(encoding, "SQL_ASCII") == 0))
		return OK;
	store_error_set(why, "the database is not encoded in UTF-8; create one with ENCODING 'UTF8'");
	return FAIL(E_CONFIG);
}

result wire_connect(struct postgresql *p, struct store_error *why)
{
	static const char setup[] = "SET search_path = sallyport, pg_temp; SET statement_timeout = 5000; SET lock_timeout = 5000; "
		"SET standard_conforming_strings = on; SET jit = off; SET temp_buffers = '64MB'";
	const char *words[] = {"dbname", "connect_timeout", "client_encoding", "application_name", "tcp_user_timeout", NULL};
	const char *values[] = {p->uri, "5", "UTF8", "sallyport", "10000", NULL};
	_Static_assert(CONNECT_S == 5 && STORE_BUSY_MS == 5000, "the texts above");

	PQfinish(p->c);
	p->c = PQconnectdbParams(words, values, 1);
	p->broken = p->c == NULL || PQstatus(p->c) != CONNECTION_OK;
	p->in_transaction = false;
	p->wait_ms = STORE_BUSY_MS;
	if (p->broken)
		return postgresql_fault(NULL, p->c == NULL ? "no memory" : PQerrorMessage(p->c), why);
	p->session++;
	PQsetNoticeReceiver(p->c, notice_h, NULL);
	PQsetnonblocking(p->c, 1);
	TRY(encoding_check(p, why));
	return wire_script(p, setup, why);
}
