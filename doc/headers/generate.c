// SPDX-License-Identifier: Apache-2.0
// Prints what happens to each header field on its way across the border, from the rows of src/wire/sip/header.c.
// doc/headers.md is its output; test doc-headers compares them.
#include "wire/sip/header.h"

#include <stdio.h>

static const char *treatment(uint8_t t)
{
	static const char *const names[] = {
		[SIP_TREAT_OWN] = "own", [SIP_TREAT_PASS] = "pass", [SIP_TREAT_STRIP] = "strip",
		[SIP_TREAT_TRUST] = "trust", [SIP_TREAT_NEGOTIATE] = "negotiate",
	};

	return t < ARRAY_LEN(names) ? names[t] : "?";
}

static const char *shape(const struct sip_hdr_desc *d)
{
	static const char *const names[] = {
		[SIP_SHAPE_SINGLE] = "once", [SIP_SHAPE_LIST] = "list", [SIP_SHAPE_MULTI] = "lines",
	};

	return d->shape < ARRAY_LEN(names) ? names[d->shape] : "?";
}

static const char *missing(uint8_t what)
{
	static const char *const names[] = {
		[SIP_MISSING_FINE] = "", [SIP_MISSING_REFUSE] = "400", [SIP_MISSING_SUPPLY] = "supplied",
	};

	return what < ARRAY_LEN(names) ? names[what] : "?";
}

int main(void)
{
	printf("# Header fields\n\n"
	       "Made from the rows of `src/wire/sip/header.c`; do not edit.\n\n"
	       "What happens to a header field that arrives, towards a peering zone and towards a core zone. *own*: we write\n"
	       "our own, theirs ends here. *pass*: copied, unless it shows the sender's side. *strip*: removed. *trust*:\n"
	       "copied when both peers say `identity.trusted: yes`. *negotiate*: worked out for each leg.\n\n"
	       "Every value of a known field must keep its grammar: the reasons are `Bad NAME`, `Missing NAME`,\n"
	       "`Duplicate NAME` and `Too Many NAME Values`, all 400. Unknown header fields are removed, unless both peers\n"
	       "say `headers: relaxed`. A field that is missing is refused where 400 stands, and taken for granted where\n"
	       "*supplied* stands: Max-Forwards 70, Content-Length the rest of the datagram.\n\n"
	       "| field | compact | stands | if missing | to peering | to core |\n|---|---|---|---|---|---|\n");
	for (unsigned id = 0; id < SIP_HDR_COUNT; id++) {
		const struct sip_hdr_desc *d = sip_hdr_desc((enum sip_hdr)id);
		if (d->name[0] == '\0')
			continue;
		printf("| %s | %.*s | %s | %s | %s | %s |\n", d->name, d->compact != 0 ? 1 : 0, &d->compact, shape(d),
			missing(d->if_missing), treatment(d->to_peering), treatment(d->to_core));
	}
	return ferror(stdout) ? 1 : 0;
}
