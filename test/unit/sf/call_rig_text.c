// SPDX-License-Identifier: Apache-2.0
// What the rig sent, read back: the last message of a kind, its header fields, tags and URIs.
#include "call_rig.h"

#include <stdio.h>
#include <stdlib.h>

static bool to_peer(const struct rig_sent *s, int peer)
{
	return peer < 0 || s->hop.remote.ip[0] == (peer == RIG_CORE ? 10 : 192);
}

const char *rig_last(const struct rig *r, int peer, const char *start)
{
	for (uint32_t i = r->sent_count; i-- > 0;)
		if (to_peer(&r->sent[i], peer) && strncmp(r->sent[i].text, start, strlen(start)) == 0)
			return r->sent[i].text;
	return NULL;
}

uint32_t rig_count(const struct rig *r, int peer, const char *start)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < r->sent_count; i++)
		n += to_peer(&r->sent[i], peer) && strncmp(r->sent[i].text, start, strlen(start)) == 0;
	return n;
}

static char *ring(void)
{
	static char text[16][1024];
	static unsigned at;

	return text[at++ % 16];
}

const char *rig_header(const char *text, const char *name)
{
	char key[64], *out = ring();

	snprintf(key, sizeof(key), "\r\n%s: ", name);
	out[0] = 0;
	const char *at = text != NULL ? strstr(text, key) : NULL;
	if (at != NULL)
		snprintf(out, 1024, "%.*s", (int)(strcspn(at + strlen(key), "\r")), at + strlen(key));
	return out;
}

const char *rig_tag(const char *text, const char *name)
{
	const char *at = strstr(rig_header(text, name), ";tag=");
	char *out = ring();

	snprintf(out, 1024, "%.*s", at != NULL ? (int)strcspn(at + 5, ";") : 0, at != NULL ? at + 5 : "");
	return out;
}

const char *rig_uri(const char *text, const char *name)
{
	const char *at = strchr(rig_header(text, name), '<');
	char *out = ring();

	snprintf(out, 1024, "%.*s", at != NULL ? (int)strcspn(at + 1, ">") : 0, at != NULL ? at + 1 : "");
	return out;
}
