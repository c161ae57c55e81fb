// SPDX-License-Identifier: Apache-2.0
// A connection to PostgreSQL on which nothing waits for ever.
#ifndef REGISTRY_STORE_POSTGRESQL_WIRE_H
#define REGISTRY_STORE_POSTGRESQL_WIRE_H

#include "registry/store/backend.h"

struct pg_conn; // PGconn of libpq

struct postgresql {
	struct pg_conn *c;
	uint64_t session;   // connections made so far
	uint32_t wait_ms;   // for the next octets of the server
	bool read_only, in_transaction, broken;
	char *uri;
	char *copy[ROW_KINDS]; // rows to be staged, COPY_MAX octets each, made when first needed
	size_t copy_len[ROW_KINDS];
};

// Connect, or connect again after the connection was lost. E_NOT_FOUND, E_SYSTEM, E_CONFIG, E_TIMEOUT.
MUST_USE result wire_connect(struct postgresql *p, struct store_error *why);
// Connect again if the connection is lost and no transaction is under way. Errors as wire_connect.
MUST_USE result wire_ready(struct postgresql *p, struct store_error *why);
// Several statements without parameters and without interest in answers.
MUST_USE result wire_script(struct postgresql *p, const char *sql, struct store_error *why);
// As backend->run.
MUST_USE result wire_run(struct postgresql *p, const char *sql, const struct bytes *param, uint32_t n, backend_row_h handler, void *ctx,
	uint64_t *affected, struct store_error *why);
// COPY ... FROM STDIN with LEN octets of text format.
MUST_USE result wire_copy(struct postgresql *p, const char *sql, const char *data, size_t len, struct store_error *why);

#endif
