// SPDX-License-Identifier: Apache-2.0
// SRTP and SRTCP transform (RFC 3711, RFC 6188, RFC 7714) on OpenSSL's ciphers with contexts that are kept
// per key.
//
// One `struct mf_srtp` is one master key in one direction. It keeps one cipher context for RTP; SRTCP, which
// is rare, borrows the worker's. Packets are changed in place. No clock, no socket; memory is taken when a
// key or a source is new. Key lifetime ends at 2^48 RTP and 2^31 RTCP packets per source (RFC3711#9.2); key
// derivation rate is 0. A key with an MKI has it in every packet, before the tag or, with GCM, behind it
// (RFC3711#3.1, RFC7714#8.2): no tag covers it, but a packet with another one is refused.
#ifndef MF_SRTP_H
#define MF_SRTP_H

#include "base/result.h"
#include "mf/srtp_source.h"
#include "mf/srtp_suite.h"
#include "wire/rtp/rtp.h"

struct mf_srtp;   // opaque
struct srtp_work; // opaque: what all keys of one worker share

enum srtp_way { SRTP_IN = 0, SRTP_OUT };

// Use every cipher once, so that OpenSSL has loaded what it needs before the process is sealed. E_NO_MEMORY.
MUST_USE result mf_srtp_warm_up(void);
// E_NO_MEMORY.
MUST_USE result mf_srtp_work_new(struct srtp_work **out);
void mf_srtp_work_free(struct srtp_work *w);

// A context for KEY (suite and master copied from it). KEEP: SRTP_SOURCES_MAX words that outlive the process,
// or NULL; they are taken over if RESTORE, else cleared; *BAD counts those that do not check. W must live
// longer. E_UNSUPPORTED: no such suite; E_SYNTAX: wrong length of the master or of the MKI; E_NO_MEMORY.
MUST_USE result mf_srtp_new(struct mf_srtp **out, struct srtp_work *w, const struct media_key *key,
	enum srtp_way way, struct srtp_keep *keep, bool restore, uint32_t *bad);
// Packets bear the master key identifier of KEY from now on, whose suite and master are those of S; what S has seen stays.
// E_SYNTAX: too long.
MUST_USE result mf_srtp_rename(struct mf_srtp *s, const struct media_key *key);
// Wipes the keys.
void mf_srtp_free(struct mf_srtp *s);

// RTP of *LEN octets with header H, in a buffer of CAP. *LEN grows by the tag and the MKI.
// E_TOO_LONG: no room; E_REPLAY: this index was sent before, sending again would open the cipher; E_FULL: too
// many sources; E_STALE: key used up; E_NO_MEMORY; E_IMPOSSIBLE: the cipher failed.
MUST_USE result mf_srtp_protect(
	struct mf_srtp *s, uint8_t *buf, uint32_t *len, uint32_t cap, const struct rtp_header *h);
// The way back; *LEN shrinks. H was parsed as RTP_PROTECTED. E_SYNTAX: too short; E_REPLAY; E_AUTH; E_FULL;
// E_NO_MEMORY. On failure the buffer's content is undefined. Nothing is remembered of what does not
// authenticate.
MUST_USE result mf_srtp_unprotect(struct mf_srtp *s, uint8_t *buf, uint32_t *len, const struct rtp_header *h);
// Check tag and replay list as mf_srtp_unprotect does, and leave the packet as it is (keying `pass`, MF-I1,
// MF-I4).
MUST_USE result mf_srtp_authenticate(
	struct mf_srtp *s, const uint8_t *buf, uint32_t len, const struct rtp_header *h);

// The same for a compound RTCP packet of at least 8 octets. Unencrypted SRTCP (E flag 0) is refused:
// E_POLICY.
MUST_USE result mf_srtcp_protect(struct mf_srtp *s, uint8_t *buf, uint32_t *len, uint32_t cap);
MUST_USE result mf_srtcp_unprotect(struct mf_srtp *s, uint8_t *buf, uint32_t *len);
MUST_USE result mf_srtcp_authenticate(struct mf_srtp *s, const uint8_t *buf, uint32_t len);

#endif
