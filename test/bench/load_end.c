// SPDX-License-Identifier: Apache-2.0
// An address as IP:PORT, for the generator and the do-nothing border.
#include "load.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool load_end_parse(const char *text, struct load_end *end)
{
	const char *colon = strrchr(text, ':');
	char host[32];
	char *after;
	unsigned long port;

	if (colon == NULL || strlen(text) >= sizeof(end->text))
		return false;
	snprintf(host, sizeof(host), "%.*s", (int)(colon - text), text);
	snprintf(end->text, sizeof(end->text), "%s", text);
	port = strtoul(colon + 1, &after, 10);
	end->in = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	return *after == 0 && port > 0 && port < 65536 && inet_pton(AF_INET, host, &end->in.sin_addr) == 1;
}
