// SPDX-License-Identifier: Apache-2.0
// What probes work with: endpoints with a shared budget, a message builder, and a call through the target.
#ifndef AUDIT_INSIDE_H
#define AUDIT_INSIDE_H

#include "audit/audit.h"
#include "wire/sip/sip.h"

enum {
	AUDIT_MESSAGE_MAX = 8192, // [octets] of one datagram of ours; answers may be larger
	AUDIT_INBOX_MAX = 65536,
	AUDIT_LOG_MAX = 262144,   // [octets] that reached one side in one probe, kept for byte searches
	AUDIT_SECRETS_MAX = 24,
	AUDIT_WAIT_MS = 2500,     // [ms] for an answer: T1 doubles twice and some
	AUDIT_QUIET_MS = 400,     // [ms] how long nothing may come after an attack, on a laboratory network
};

struct audit_end { // one UDP socket of a role
	int fd;               // -1: none
	struct address local;
	uint8_t *in;          // AUDIT_INBOX_MAX octets: the last datagram
	uint32_t in_len;
	struct address from;  // its sender
	struct sip_msg msg;   // the last datagram parsed, when `parsed`
	bool parsed;
	uint8_t *log;         // everything that arrived while logging
	uint32_t log_len;
	bool logging;
	uint64_t sent, received; // [octets]
};

enum audit_role { AUDIT_CALLER = 0, AUDIT_CALLED, AUDIT_STRANGER, AUDIT_RESOLVED, AUDIT_SECURED, AUDIT_ROLES };
struct audit_dns; // dns.h

struct audit { // one run
	const struct audit_settings *s;
	struct audit_end end[AUDIT_ROLES];
	uint64_t random;        // state of the seeded sequence: mutations and guesses
	uint64_t run;           // of this run: identifiers never meet those of an earlier one
	uint32_t serial;        // of identifiers
	uint32_t packets;       // sent by this probe
	uint64_t began_us, next_us, until_us; // [us] of this probe; when the next packet may leave
	bool spent;             // the probe reached its bound
	struct audit_dns *dns;  // NULL: none is played
	uint32_t numbers;       // of ENUM that were made
};

struct audit_text { // bounded text; what does not fit is marked and never sent
	char *at;
	uint32_t len, cap;
	bool overflow;
};

// ---- endpoint.c
MUST_USE result audit_end_open(struct audit_end *e, const struct address *local);
void audit_end_close(struct audit_end *e);
// Send within the budget of the probe; false when that is spent or the kernel refuses.
bool audit_send(struct audit *a, struct audit_end *e, const struct address *to, const void *octets, uint32_t n);
// The next datagram within MS milliseconds into E; false: none.
bool audit_receive(struct audit *a, struct audit_end *e, uint32_t ms);
// Take what already waits, at most WAIT_MS, and answer the number of datagrams. OPTIONS are answered for peers.
uint32_t audit_drain(struct audit *a, struct audit_end *e, uint32_t wait_ms);
void audit_pause(struct audit *a, uint32_t ms);
bool audit_time_left(struct audit *a);
uint64_t audit_random(struct audit *a);
// Begin a probe: fresh budget, empty sockets and logs.
void audit_begin(struct audit *a);

// ---- message.c
void audit_text_init(struct audit_text *t, char *at, uint32_t cap);
void audit_put(struct audit_text *t, const char *format, ...) PRINTF_LIKE(2, 3);
void audit_put_octets(struct audit_text *t, const void *at, size_t n);
// A fresh identifier with PREFIX; OUT holds AUDIT_TEXT_MAX.
void audit_identifier(struct audit *a, const char *prefix, char out[AUDIT_TEXT_MAX]);
struct audit_request { // a request outside or inside a dialog; NULL and "" leave a part out
	const char *method, *uri;          // uri NULL: sip:TO@DOMAIN
	const struct address *via;         // sent-by
	const char *branch, *call_id, *from_tag, *to_tag;
	const char *from, *to;             // users
	uint32_t cseq;
	const char *cseq_method;           // NULL: method
	uint32_t max_forwards;
	const char *extra;                 // whole header lines
	const char *sdp;
};
// Write R with the domain of A. False: it did not fit.
bool audit_request_write(const struct audit *a, const struct audit_request *r, struct audit_text *out);
// A response to request M as its receiver writes it: Via, From, To, Call-ID, CSeq copied, TO_TAG added to To.
bool audit_response_write(const struct sip_msg *m, unsigned status, const char *phrase, const char *to_tag,
	const char *extra, const char *sdp, struct audit_text *out);
void audit_sdp_write(const struct address *media, const char *mark, struct audit_text *out);
// The first c= address and m= port of an SDP body. False: none there.
bool audit_sdp_media(struct bytes body, struct address *out);
// Copy the text of a span, NUL-terminated and cut at CAP.
void audit_copy(const struct sip_msg *m, struct span s, char *out, uint32_t cap);

// ---- call.c
struct audit_call {
	char call_id[AUDIT_TEXT_MAX], from_tag[AUDIT_TEXT_MAX], branch[AUDIT_TEXT_MAX]; // the caller's leg
	char to_tag[AUDIT_TEXT_MAX];         // the target's, on the caller's leg
	char contact[3 * AUDIT_TEXT_MAX];    // request URI of the caller's leg
	char route[4 * AUDIT_TEXT_MAX];      // Route lines of it
	uint32_t cseq;
	uint8_t invite[AUDIT_INBOX_MAX];     // as it reached the called side
	uint32_t invite_len;
	struct sip_msg in;                   // parsed
	struct address in_from;              // where it came from
	char called_tag[AUDIT_TEXT_MAX];
	char called_contact[3 * AUDIT_TEXT_MAX]; // the target's Contact on the called leg
	struct address caller_media, called_media; // ours
	struct address target_caller_media, target_called_media; // the target's, of each leg
	unsigned answered;                   // last status that the caller saw
	const char *caller_extra, *called_extra; // header lines for topology marks
	const char *mark;                    // in SDP
	struct address media_from;           // local ports of media; family 0: nominal port
};
// Steps; each false when it did not come about, with the reason in R (inconclusive).
bool audit_call_invite(struct audit *a, struct audit_call *c, struct audit_result *r);  // until the called side has it
bool audit_call_respond(struct audit *a, struct audit_call *c, unsigned status, const char *phrase, const char *extra,
	bool sdp);
bool audit_call_answer(struct audit *a, struct audit_call *c, struct audit_result *r);  // 200 until ACK has arrived
bool audit_call_end(struct audit *a, struct audit_call *c, struct audit_result *r);     // BYE until its 200
bool audit_call_set_up(struct audit *a, struct audit_call *c, struct audit_result *r);  // the three together but the end
// End what may be left of it, whatever its state.
void audit_call_abandon(struct audit *a, struct audit_call *c);
// A request of the caller's leg; IDS false: guessed tags. Written to OUT.
bool audit_call_request(struct audit *a, const struct audit_call *c, const char *method, bool ids, const char *sdp,
	struct audit_text *out);
// The same of the called leg, as the called side would send it.
bool audit_called_request(struct audit *a, const struct audit_call *c, const char *method, bool ids, const char *sdp,
	struct audit_text *out);
// Wait until E gets a message: METHOD a request by that name, or NULL a response with status LEAST..MOST of CALL_ID (NULL:
// any). Others are dropped; OPTIONS are answered.
bool audit_await(struct audit *a, struct audit_end *e, const char *method, unsigned least, unsigned most,
	const char *call_id, uint32_t ms);
// Answer 486 to the request that E got last (no ACK), so that it is not sent again into the next probe.
void audit_refuse(struct audit *a, struct audit_end *e);
// Does the target still answer the caller's OPTIONS?
bool audit_alive(struct audit *a);

// ---- lookup.c: questions to the target, each a MESSAGE (RFC 3428): it needs no acknowledgement, and leaves nothing behind
struct audit_asked {
	enum audit_role role;
	const struct address *target;
	const char *from, *uri;
};
enum audit_landed { AUDIT_NOWHERE = 0, AUDIT_AT_CALLED, AUDIT_AT_STRANGER, AUDIT_AT_RESOLVED, AUDIT_AT_SECURED, AUDIT_LANDED };
extern const char *const audit_landed_name[AUDIT_LANDED];
bool audit_look_up(struct audit *a, const struct audit_asked *q, char id[AUDIT_TEXT_MAX]);
// Did a MESSAGE reach ROLE within MS? It is refused.
bool audit_reached(struct audit *a, enum audit_role role, uint32_t ms);
// The final status that ROLE got for ID, 0: none in time.
unsigned audit_status_of(struct audit *a, enum audit_role role, const char *id);
// A number that the target can only know by ENUM, another one each time.
void audit_number(struct audit *a, char out[AUDIT_TEXT_MAX]);
// The caller's MESSAGE for NUMBER: where it came out within MS. *STATUS: what the caller got, 0: nothing until then.
enum audit_landed audit_follow(struct audit *a, const char *number, uint32_t ms, unsigned *status);

// ---- probe_stream.c: connections
enum { AUDIT_REFUSED = -1, AUDIT_OUR_FAULT = -2 }; // instead of a descriptor
// A connection from LOCAL's host to TO; AUDIT_REFUSED, also when it is not accepted in time; AUDIT_OUR_FAULT: no descriptor or port.
int audit_dial(struct audit *a, const struct address *local, const struct address *to);
// Has the far side ended this connection? What it says before is read and dropped.
bool audit_ended(int fd);

// ---- tls.c
struct audit_served { // a connection that the target made to us
	bool came, clear, shaken; // CLEAR: it did not begin with TLS; SHAKEN: the handshake was complete
	uint32_t octets;          // what came of SIP
	int fd;
};
// A socket that listens at LOCAL; -1: none.
int audit_listen(const struct address *local);
// The next connection to LISTENER within MS, with CERTIFICATE and KEY (PEM) for who wants TLS.
void audit_serve(struct audit *a, int listener, const char *certificate, const char *key, uint32_t ms, struct audit_served *out);
struct audit_https; // a connection to the portal
// From LOCAL's host; CERTIFICATE NULL: without. NULL: no connection, or no handshake.
struct audit_https *audit_https_open(struct audit *a, const struct address *local, const char *certificate, const char *key);
void audit_https_close(struct audit_https *h);
// Write the octets of TEXT.
bool audit_https_say(struct audit_https *h, const char *text);
// Has the target ended it, seen within MS?
bool audit_https_ended(struct audit_https *h, uint32_t ms);
// METHOD TARGET with BODY ("": none); the whole answer but its Date into OUT of CAP octets. Answers the status, 0: none.
unsigned audit_https_ask(struct audit_https *h, const char *method, const char *target, const char *body, char *out, uint32_t cap);

// ---- verdicts
void audit_say(struct audit_result *r, enum audit_verdict v, const char *format, ...) PRINTF_LIKE(3, 4);
// Note a finding: FAILED wins over what was there, evidence is joined.
void audit_find(struct audit_result *r, bool held, const char *format, ...) PRINTF_LIKE(3, 4);
// What was failed stays so; else it could not be judged.
void audit_unjudged(struct audit_result *r, const char *format, ...) PRINTF_LIKE(2, 3);

// ---- probes, one file a theme
void audit_probe_malformed(struct audit *a, struct audit_result *r);
void audit_probe_forged_bye(struct audit *a, struct audit_result *r);
void audit_probe_forged_cancel(struct audit *a, struct audit_result *r);
void audit_probe_forged_reinvite(struct audit *a, struct audit_result *r);
void audit_probe_forged_199(struct audit *a, struct audit_result *r);
void audit_probe_forged_200(struct audit *a, struct audit_result *r);
void audit_probe_forged_302(struct audit *a, struct audit_result *r);
void audit_probe_forged_404(struct audit *a, struct audit_result *r);
void audit_probe_unwanted(struct audit *a, struct audit_result *r);
void audit_probe_stranger(struct audit *a, struct audit_result *r);
void audit_probe_topology(struct audit *a, struct audit_result *r);
void audit_probe_devices(struct audit *a, struct audit_result *r);
void audit_probe_bleed(struct audit *a, struct audit_result *r);
void audit_probe_injection(struct audit *a, struct audit_result *r);
void audit_probe_loop(struct audit *a, struct audit_result *r);
void audit_probe_amplification(struct audit *a, struct audit_result *r);
void audit_probe_injection_keys(struct audit *a, struct audit_result *r);
void audit_probe_harvest(struct audit *a, struct audit_result *r);
void audit_probe_round(struct audit *a, struct audit_result *r);
void audit_probe_elsewhere(struct audit *a, struct audit_result *r);
void audit_probe_lookup_flood(struct audit *a, struct audit_result *r);
void audit_probe_slow(struct audit *a, struct audit_result *r);
void audit_probe_public_tree(struct audit *a, struct audit_result *r);
void audit_probe_forged_answer(struct audit *a, struct audit_result *r);
void audit_probe_exhausting(struct audit *a, struct audit_result *r);
void audit_probe_lost(struct audit *a, struct audit_result *r);
void audit_probe_next_hop(struct audit *a, struct audit_result *r);
void audit_probe_lowered(struct audit *a, struct audit_result *r);
void audit_probe_hosts_lost(struct audit *a, struct audit_result *r);
void audit_probe_dead_hop(struct audit *a, struct audit_result *r);
void audit_probe_half_requests(struct audit *a, struct audit_result *r);
void audit_probe_view(struct audit *a, struct audit_result *r);
void audit_probe_provisioning(struct audit *a, struct audit_result *r);
void audit_probe_location_harvest(struct audit *a, struct audit_result *r);
void audit_probe_connections(struct audit *a, struct audit_result *r);

#endif
