// SPDX-License-Identifier: Apache-2.0
// One row for each trouble.
#include "publish/fault.h"

#include <stdio.h>

static const struct {
	const char *name, *text;
	enum error error;
} rows[PUBLISH_TROUBLES] = {
	[PUBLISH_FINE] = {"fine", "", E_OK},
	[PUBLISH_UNREACHABLE] = {"unreachable", "the primary takes no connection; start it, or mend `primary`", E_CLOSED},
	[PUBLISH_TIMEOUT] = {"timeout", "the primary did not answer in time; look at its log, then publish again", E_TIMEOUT},
	[PUBLISH_GONE] = {"gone", "the primary closed the connection; look at its log, then publish again", E_CLOSED},
	[PUBLISH_TRUNCATED] = {"truncated", "the answer ends too early; publish again", E_FRAMING},
	[PUBLISH_MALFORMED] = {"malformed", "the answer is none to what was asked; is this a name server?", E_SYNTAX},
	[PUBLISH_UNVERIFIED] = {"unverified", "the answer is not signed with our key and not believed; look at who answers there",
		E_AUTH},
	[PUBLISH_BAD_KEY] = {"bad-key", "the primary does not know the key, or its acl does not let it do this; compare `key` with "
		"the key and acl of the primary", E_AUTH},
	[PUBLISH_BAD_SIGNATURE] = {"bad-signature", "the primary has another secret for the key; give both the same", E_AUTH},
	[PUBLISH_BAD_TIME] = {"bad-time", "the clocks differ by more than five minutes; set them", E_AUTH},
	[PUBLISH_NOT_AUTHORITATIVE] = {"not-authoritative", "the primary does not serve the zone to us; add it there, or mend `zone` "
		"or `key`", E_POLICY},
	[PUBLISH_REFUSED] = {"refused", "the primary refuses this; look at its acl and log", E_POLICY},
	[PUBLISH_CONFLICT] = {"conflict", "somebody else changed the same names at the same time; publish again", E_STALE},
	[PUBLISH_SERVER] = {"server-failure", "the primary failed inside; look at its log", E_CLOSED},
	[PUBLISH_TOO_MUCH] = {"too-much", "more than one zone may hold; split it", E_TOO_MANY},
	[PUBLISH_EMPTY] = {"empty", "there is no number to publish, and the zone is never emptied by mistake; look at `to`, `for`, "
		"the numbers of the core peers, and whose they are in the registry", E_NOT_FOUND},
	[PUBLISH_NO_MEMORY] = {"no-memory", "out of memory", E_NO_MEMORY},
};

const char *publish_trouble_name(enum publish_trouble what)
{
	return what < PUBLISH_TROUBLES ? rows[what].name : "unknown";
}

result publish_fail(struct publish_fault *f, enum publish_trouble what, const char *detail)
{
	f->what = what;
	snprintf(f->text, sizeof(f->text), "%s%s%s", detail, detail[0] != '\0' ? ": " : "", rows[what].text);
	return FAIL(rows[what].error);
}
