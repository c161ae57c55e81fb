// SPDX-License-Identifier: Apache-2.0
// What the network layer counts: every refusal, drop and fault has a name.
//
// One `struct net_counters` per thread. Only its owner writes, so a count costs a plain addition; the
// metrics endpoint reads at any time and adds the threads up.
#ifndef NET_COUNTERS_H
#define NET_COUNTERS_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>

#define NET_COUNTERS(X)                                                                                      \
	X(UDP_RECEIVED, "udp_received")                                                                      \
	X(UDP_RECEIVED_OCTETS, "udp_received_octets")                                                        \
	X(UDP_BATCHES, "udp_batches")                                                                        \
	X(UDP_TRUNCATED, "udp_truncated")                                                                    \
	X(UDP_EMPTY, "udp_empty")                                                                            \
	X(UDP_BAD_SOURCE, "udp_bad_source")                                                                  \
	X(UDP_RECEIVE_ERROR, "udp_receive_error")                                                            \
	X(UDP_SENT, "udp_sent")                                                                              \
	X(UDP_SENT_OCTETS, "udp_sent_octets")                                                                \
	X(UDP_SEND_ERROR, "udp_send_error")                                                                  \
	X(UDP_QUEUE_FULL, "udp_queue_full")                                                                  \
	X(MAIL_POSTED, "mail_posted")                                                                        \
	X(MAIL_FULL, "mail_full")                                                                            \
	X(MAIL_WAKEUPS, "mail_wakeups")                                                                      \
	X(LOOP_TURNS, "loop_turns")                                                                          \
	X(NO_MEMORY, "no_memory")                                                                            \
	X(IMPOSSIBLE, "impossible")                                                                          \
	X(STREAM_ACCEPTED, "stream_accepted")                                                                \
	X(STREAM_ACCEPT_ERROR, "stream_accept_error")                                                        \
	X(STREAM_REFUSED_TOTAL, "stream_refused_total")                                                      \
	X(STREAM_REFUSED_SOURCE, "stream_refused_source")                                                    \
	X(STREAM_REFUSED_STRANGER, "stream_refused_stranger")                                                \
	X(STREAM_DIALLED, "stream_dialled")                                                                  \
	X(STREAM_DIAL_FAILED, "stream_dial_failed")                                                          \
	X(STREAM_OPENED, "stream_opened")                                                                    \
	X(STREAM_CLOSED, "stream_closed")                                                                    \
	X(STREAM_PEER_CHANGED, "stream_peer_changed")                                                        \
	X(STREAM_PEER_BLOCKED, "stream_peer_blocked")                                                        \
	X(STREAM_REFUSED, "stream_refused")                                                                  \
	X(STREAM_FAR_CLOSED, "stream_far_closed")                                                            \
	X(STREAM_RECEIVED, "stream_received")                                                                \
	X(STREAM_SENT, "stream_sent")                                                                        \
	X(STREAM_BAD_FRAME, "stream_bad_frame")                                                              \
	X(STREAM_TOO_LONG, "stream_too_long")                                                                \
	X(STREAM_FRAME_TIMEOUT, "stream_frame_timeout")                                                      \
	X(STREAM_IDLE_TIMEOUT, "stream_idle_timeout")                                                        \
	X(STREAM_DIAL_TIMEOUT, "stream_dial_timeout")                                                        \
	X(STREAM_SLOW_READER, "stream_slow_reader")                                                          \
	X(STREAM_QUEUE_FULL, "stream_queue_full")                                                            \
	X(STREAM_UNDELIVERABLE, "stream_undeliverable")                                                      \
	X(STREAM_PING, "stream_ping")                                                                        \
	X(STREAM_PING_SENT, "stream_ping_sent")                                                              \
	X(STREAM_PONG, "stream_pong")                                                                        \
	X(STREAM_PONG_TIMEOUT, "stream_pong_timeout")                                                        \
	X(STREAM_PING_FLOOD, "stream_ping_flood")                                                            \
	X(STREAM_IO_ERROR, "stream_io_error")                                                                \
	X(STREAM_REUSED, "stream_reused")                                                                    \
	X(TLS_STARTED, "tls_started")                                                                        \
	X(TLS_DONE, "tls_done")                                                                              \
	X(TLS_HANDSHAKES_FULL, "tls_handshakes_full")                                                        \
	X(TLS_TIMEOUT, "tls_timeout")                                                                        \
	X(TLS_FAR_CLOSED, "tls_far_closed")                                                                  \
	X(TLS_PROTOCOL, "tls_protocol")                                                                      \
	X(TLS_NO_CERTIFICATE, "tls_no_certificate")                                                          \
	X(TLS_EXPIRED, "tls_expired")                                                                        \
	X(TLS_NOT_YET_VALID, "tls_not_yet_valid")                                                            \
	X(TLS_UNKNOWN_AUTHORITY, "tls_unknown_authority")                                                    \
	X(TLS_BAD_CHAIN, "tls_bad_chain")                                                                    \
	X(TLS_NO_NAME, "tls_no_name")                                                                        \
	X(TLS_NAME_OF_NOBODY, "tls_name_of_nobody")                                                          \
	X(TLS_NAME_OF_OTHER, "tls_name_of_other")                                                            \
	X(TLS_ON_DEMAND, "tls_on_demand")                                                                    \
	X(TLS_WRONG_ADDRESS, "tls_wrong_address")                                                            \
	X(TLS_NO_TRUST, "tls_no_trust")                                                                      \
	X(TLS_NO_CONTEXT, "tls_no_context")                                                                  \
	X(TLS_RECORD_ERROR, "tls_record_error")                                                              \
	X(SIGN_ASKED, "sign_asked")                                                                          \
	X(SIGN_REFUSED, "sign_refused")                                                                      \
	X(SIGN_TIMEOUT, "sign_timeout")                                                                      \
	X(SIGN_ERROR, "sign_error")                                                                          \
	X(SIGN_LATE, "sign_late")                                                                            \
	X(CHANNEL_FULL, "channel_full")                                                                      \
	X(CHANNEL_BAD, "channel_bad")

#define NET_COUNTER_ENUM_(id, name) NET_##id,
enum net_counter { NET_COUNTERS(NET_COUNTER_ENUM_) NET_COUNTER_COUNT };
#undef NET_COUNTER_ENUM_

struct net_counters {
	alignas(64) _Atomic uint64_t n[NET_COUNTER_COUNT]; // own cache lines: no false sharing between threads
};

// Add N to counter K. Only the thread that owns C.
static inline void net_count(struct net_counters *c, enum net_counter k, uint64_t n)
{
	uint64_t have = atomic_load_explicit(&c->n[k], memory_order_relaxed);
	atomic_store_explicit(&c->n[k], have + n, memory_order_relaxed);
}

// The value of counter K, from any thread.
static inline uint64_t net_counter_get(const struct net_counters *c, enum net_counter k)
{
	return atomic_load_explicit(&c->n[k], memory_order_relaxed);
}

// The name of counter K as metrics print it, e.g. "tls_expired". Static storage.
const char *net_counter_name(enum net_counter k);

#endif
