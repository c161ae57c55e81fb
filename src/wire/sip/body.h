// SPDX-License-Identifier: Apache-2.0
// What a body says of a session: the one session description, and whether there can be doubt about it.
//
// The gates and the Signalling Function read a body through this one function, so that neither sees a description that
// the other does not (SF-C3, SF-I11).
#ifndef WIRE_SIP_BODY_H
#define WIRE_SIP_BODY_H

#include "wire/sip/sip.h"

enum sip_body_fault { // the first one found, the worst first
	SIP_BODY_FINE,
	SIP_BODY_BROKEN,   // several parts that cannot be taken apart, or in two ways, or an empty description
	SIP_BODY_NESTED,   // parts within parts, or a SIP message or a piece of one: it may hold anything
	SIP_BODY_SECOND,   // more than one session description, or what a reader of lines may take for one
	SIP_BODY_CODED,    // a part that is not what its octets say: base64, gzip
	SIP_BODY_PURPOSE,  // a session description that is not there for the session (RFC3261#20.11)
	SIP_BODY_REQUIRED, // a part that we do not understand and the receiver must (RFC 5621)
};

struct sip_body {
	enum sip_body_fault fault;
	bool has_sdp;
	bool multipart;
	struct span sdp;   // the description, the first of several; empty when there is none
	struct span length; // multipart: the line with the length of that part, true for what we do not pass on; or empty
	struct span parts; // multipart: from the first delimiter to behind the last; what stands around is nobody's
};

// Read the body of M. Without a body, or with one of another kind, OUT holds no description and no fault.
void sip_body_read(const struct sip_msg *m, struct sip_body *out);

#endif
