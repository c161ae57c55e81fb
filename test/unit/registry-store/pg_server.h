// SPDX-License-Identifier: Apache-2.0
// A real PostgreSQL of its own for a test program: made in a folder of its own, on 127.0.0.1 with a password, gone with it.
#ifndef TEST_REGISTRY_STORE_PG_SERVER_H
#define TEST_REGISTRY_STORE_PG_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct pg_server {
	char folder[64];
	uint16_t port;
	pid_t pid;
};

bool pg_server_present(void); // is it installed, and may we start it?
bool pg_server_start(struct pg_server *s);
void pg_server_stop(struct pg_server *s);
// Run STATEMENT in DATABASE; false when it fails.
bool pg_server_run(const struct pg_server *s, const char *database, const char *statement);
// The URI of DATABASE into OUT of 512 octets.
void pg_server_uri(const struct pg_server *s, const char *database, char *out);

#endif
