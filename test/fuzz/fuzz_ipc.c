// SPDX-License-Identifier: Apache-2.0
// Fuzz target: messages between processes. The first octet chooses the receiver: flow (from media), the monitor's table of
// requests (from each child), the signer (from a handshake thread), media (from the signaller), the directory (from admin, the
// monitor, a worker and the resolver), admin (from signaller, directory and monitor). The signaller's own receiver of questions is fuzz_questions.c's.
// A child that was taken over says anything; nobody may read beyond the message, sign what is not TLS, or grant what the
// table does not.
#include "../support/flow_rig.c"
#include "../support/ldr_rig.c"
#include "../support/flow_play.c"

#include "../../src/main/control.c" // src/main is in no library
#include "../../src/main/directory.c"
#include "../../src/main/process.c"
#include "admin/ask.h"
#include "admin/pcapng.h"
#include "admin/redact.h"
#include "admin/view.h"
#include "guard/requests.h"
#include "guard/signer.h"
#include "mf/engine.h"
#include "wire/rtp/rtp.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <sys/socket.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t live_call[] = {0, 0, 2, 0, 1, 1, 0, 4, 0, 0, 1, 4, 0, 0, 0x80, 0}; // a call that is up

// Pieces of the input become messages; the rest of each is zero.
static void to_flow(const uint8_t *data, size_t size)
{
	static struct play p;
	static struct ipc_media m;

	if (!(p.rig.flow == NULL ? play_open(&p) : play_renew(&p)))
		abort();
	play_run(&p, live_call, sizeof(live_call));
	while (size > 4) {
		size_t n = (size_t)(data[0] | (data[1] & 7) << 8);
		uint16_t type = data[2] % 16;
		memset(&m, data[3], sizeof(m));
		n = n < size - 4 ? n : size - 4;
		memcpy(&m, data + 4, n < sizeof(m) ? n : sizeof(m));
		if (data[1] & 0x80) { // aim at the live call and session
			m.version = IPC_MEDIA_VERSION;
			m.type = type;
			m.call_slot = p.rig.last_call.slot;
			m.call_generation = p.rig.last_call.generation;
			m.session = (struct session_ref){0, 1};
		}
		flow_media(p.rig.flow, &m, &p.now);
		flow_rig_media(&p.rig, &p.now);
		data += 4 + n;
		size -= 4 + n;
	}
	play_run(&p, live_call, sizeof(live_call));
	play_end(&p);
}

static void to_monitor(const uint8_t *data, size_t size)
{
	static struct play p;
	static struct ipc_control m;

	if (p.rig.flow == NULL && !play_open(&p))
		abort();
	unsigned role = size > 0 ? data[0] : 0;
	memset(&m, 0, sizeof(m));
	m.version = IPC_CONTROL_VERSION;
	if (size > 1)
		memcpy(&m, data + 1, size - 1 < sizeof(m) ? size - 1 : sizeof(m));
	result r = request_check(role, &m, sizeof(m), p.rig.conf.snapshot);
	if (is_ok(r) && m.type == IPC_CONTROL_DIAL && (role != ROLE_SIGNALLER || m.address_count != 1))
		abort();
	if (is_ok(request_check(role, &m, size, p.rig.conf.snapshot)) && size != sizeof(m))
		abort();
}

static struct signer *signer(void)
{
	static struct signer *kept;
	static char pem[4096];

	if (kept != NULL)
		return kept;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	BIO *bio = BIO_new(BIO_s_mem());
	PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
	int n = BIO_read(bio, pem, sizeof(pem));
	BIO_free(bio);
	EVP_PKEY_free(key);
	if (n <= 0 || !is_ok(signer_new(&kept, bytes_make(pem, (size_t)n))))
		abort();
	return kept;
}

static void to_signer(const uint8_t *data, size_t size)
{
	static struct tls_sign_request q;
	static struct tls_sign_answer a;
	static struct now now = {1000, 1000};

	memset(&q, 0, sizeof(q));
	q.version = IPC_SIGNER_VERSION;
	q.type = IPC_SIGNER_TLS_SIGN;
	memcpy(&q, data, size < sizeof(q) ? size : sizeof(q));
	now.mono_us += 10 * SECOND;
	signer_answer(signer(), &q, sizeof(q), &now, &a);
	if (a.refused == TLS_SIGN_OK && !(q.type == IPC_SIGNER_PROFILE_SIGN ? signer_form_is_profile(q.scheme, q.octets, q.len)
									  : signer_form_is_tls(q.scheme, q.octets, q.len)))
		abort();
	if ((a.refused != TLS_SIGN_OK) != (a.len == 0) || a.len > sizeof(a.signature))
		abort();
	signer_answer(signer(), &q, size, &now, &a);
	if (a.refused == TLS_SIGN_OK && size != sizeof(q))
		abort();
}

// ---- receivers that read from a channel: each piece of the input is one packet

static bool packet_next(const uint8_t **data, size_t *size, const uint8_t **at, size_t *n)
{
	if (*size < 3)
		return false;
	*n = ((size_t)(*data)[0] << 8 | (*data)[1]) % 2048;
	*at = *data + 2;
	*n = *n < *size - 2 ? *n : *size - 2;
	*data += 2 + *n;
	*size -= 2 + *n;
	return true;
}

static void port_h(void *ctx, const struct mf_port_change *c)
{
	*(uint32_t *)ctx = c->stream;
}

// From the signaller to media: as src/net/media_io.c, which takes whole messages only.
static void to_media(const uint8_t *data, size_t size)
{
	static const struct address pair[] = {{4, 0, 20000, {127, 0, 0, 1}}, {4, 0, 20002, {127, 0, 0, 1}}, {4, 0, 20004, {127, 0, 0, 1}}};
	static const struct mf_listener listener = {pair, ARRAY_LEN(pair)};
	static struct ipc_media m;
	struct now now = {.mono_us = SECOND};
	uint32_t stream = 0;
	struct mf_engine_config c = {.sessions_max = 2, .streams_max = 4, .lease_s = 90, .listener = &listener, .listener_count = 1,
		.hooks = {.port = port_h, .ctx = &stream}};
	struct mf_engine *e;
	const uint8_t *at;
	size_t n;

	if (!is_ok(mf_engine_new(&e, &c, &now)))
		abort();
	while (packet_next(&data, &size, &at, &n)) {
		uint8_t buf[RTP_DATAGRAM_MAX] = {0x80, 8};
		memset(&m, n > 0 ? at[n - 1] & 3 : 0, sizeof(m));
		m.version = IPC_MEDIA_VERSION;
		if (n > 2) {
			m.type = at[0] % 10;
			m.session = (struct session_ref){at[1] & 1, at[1] >> 1 & 3};
			size_t room = sizeof(m.u.plan) - at[2] % 64u * 32;
			memcpy((uint8_t *)&m.u.plan + at[2] % 64u * 32, at + 3, n - 3 < room ? n - 3 : room);
		}
		mf_engine_message(e, n > 1 ? at[1] >> 4 : 0, &m, &now);
		if (mf_engine_sessions(e) > c.sessions_max)
			abort();
		struct mf_datagram d = {.stream = stream, .side = (uint8_t)n & 1, .from = m.u.plan.stream[0].side[n & 1].remote_rtp,
			.buf = buf, .len = 172, .cap = sizeof(buf)};
		(void)mf_packet(e, &d, &now); // what a message made must bear packets
		now.mono_us += 30 * SECOND;
		mf_engine_run(e, &now);
	}
	mf_engine_free(e);
}

static struct play *world(void)
{
	static struct play p;

	if (p.rig.flow == NULL && !play_open(&p))
		abort();
	return &p;
}

static void channel(int fd[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd) != 0)
		abort();
}

// Read and throw away what came back; every octet of it must be initialised and within a message.
static void drain(int fd)
{
	static struct ipc_admin a;
	ssize_t n;

	while ((n = recv(fd, &a, sizeof(a), MSG_DONTWAIT | MSG_TRUNC)) > 0)
		if ((size_t)n > sizeof(a) || a.version != IPC_ADMIN_VERSION)
			abort();
}

// From admin and from the monitor to the directory process: its own receivers, over real channels.
static void anything(struct directory_process *d, int dns, const int worker[2], const uint8_t *at, size_t n, struct now *now)
{
	static union {
		struct ipc_lookup lookup;
		struct ipc_dns dns;
	} m;

	memset(&m, at[0], sizeof(m));
	memcpy(&m, at, n < sizeof(m) ? n : sizeof(m));
	m.dns.version = IPC_DNS_VERSION;
	m.dns.type = at[0] & 4 ? IPC_LOOKUP_ASK : IPC_DNS_ANSWER;
	m.dns.request = at[0] & 4 ? m.dns.request : d->serial;
	if (at[0] & 4)
		send(worker[1], &m, IPC_LOOKUP_HEAD + (at[0] & 8 ? n : sizeof(m.lookup.u.query)), 0);
	else
		send(dns, &m, at[0] & 8 ? n : IPC_DNS_ANSWER_HEAD + 256, 0);
	on_lookup(d, worker[0], now);
	inquiry_dns(d, now);
	now->mono_us += (uint64_t)(at[0] >> 4) * SECOND;
	inquiry_run(d, now);
	drain(worker[1]);
	drain(dns);
}

static void to_directory(const uint8_t *data, size_t size)
{
	static struct process_start start;
	struct directory_process d = {.start = &start, .snapshot = world()->rig.conf.snapshot, .registry = world()->rig.registry};
	static union {
		struct ipc_control control;
		uint8_t octets[2 * sizeof(struct ipc_control)]; // a packet may be too long
	} u;
	int admin[2], monitor[2], dns[2], worker[2];
	struct now now = {1000, FLOW_RIG_WALL_MS};
	const uint8_t *at;
	size_t n;

	channel(admin);
	channel(monitor);
	channel(dns);
	channel(worker);
	start.control = monitor[0];
	d.admin = admin[0];
	d.dns = dns[0];
	d.ldr.fd = -1;
	if (!is_ok(lrf_memory_new(&d.memory)) || !is_ok(inquiries_new(&d)))
		abort();
	while (packet_next(&data, &size, &at, &n) && d.admin >= 0) {
		if (n > 0 && at[0] & 1) {
			n = n < sizeof(u) ? n : sizeof(u);
			memset(&u, 0, sizeof(u));
			memcpy(&u, at, n);
			u.control.version = at[0] & 2 ? IPC_CONTROL_VERSION : u.control.version;
			send(monitor[1], &u, at[0] & 4 ? n : sizeof(u.control), 0);
			on_control(&d, &now);
		} else if (n > 0 && at[0] & 2) { // whatever it is: of a worker, and of the resolver for the newest question
			anything(&d, dns[1], worker, at, n, &now);
		} else if (n > 0) {
			static struct ipc_admin q;
			memset(&q, 'x', IPC_ADMIN_HEAD + sizeof(q.u.key)); // a key without an end
			q.version = IPC_ADMIN_VERSION;
			q.type = IPC_ADMIN_LOOKUP;
			q.peer = at[0] >> 1 & 3;
			memcpy(q.u.key, at + 1, n - 1 < sizeof(q.u.key) ? n - 1 : sizeof(q.u.key));
			send(admin[1], &q, IPC_ADMIN_HEAD + (at[0] & 8 ? n : sizeof(q.u.key)), 0);
			on_admin(&d, &now);
			drain(admin[1]);
		}
	}
	lrf_memory_free(d.memory);
	memory_free(d.inquiry);
	for (int i = 0; i < 2; i++) {
		close(dns[i]);
		close(worker[i]);
		close(admin[i]);
		close(monitor[i]);
	}
}

// ---- answers, records and traced messages, from the signaller and the directory to admin

static const char *step_name(uint32_t step)
{
	return step_by_id((enum step_id)step)->name;
}

static const char *step_threats(uint32_t step)
{
	return step_by_id((enum step_id)step)->threats;
}

static uint8_t step_control(uint32_t step)
{
	return step_by_id((enum step_id)step)->control;
}

static const struct view_steps fuzz_steps = {STEP_COUNT, step_name, step_threats, step_control};

static void row_h(void *ctx, const struct ask_reply *r)
{
	const struct snapshot *s = ctx;
	json_t *o = NULL;

	if (r->row == NULL)
		return;
	switch (r->row->type) { // what the routes of the API make of a row
	case IPC_ADMIN_CALL:
		o = view_call(s, &r->row->u.call);
		break;
	case IPC_ADMIN_MARK:
		o = view_mark(&r->row->u.mark);
		break;
	case IPC_ADMIN_STREAM:
		o = view_stream(&r->row->u.stream);
		break;
	case IPC_ADMIN_PEER:
		o = view_peer(s, r->row->u.peer.peer, &r->row->u.peer, &fuzz_steps, FLOW_RIG_WALL_MS);
		break;
	case IPC_ADMIN_HOP:
		o = view_address(&r->row->u.hop.address);
		break;
	default:
		break;
	}
	json_decref(o);
}

static void packet_to_admin(struct ask *a, struct ipc_admin *m, size_t n)
{
	static uint8_t block[PCAPNG_PACKET_MAX];
	const struct snapshot *s = world()->rig.conf.snapshot;

	if (ask_packet(a, ASK_SIGNALLER, m, n))
		return;
	if (m->type == IPC_ADMIN_RECORD) {
		static char line[VIEW_RECORD_MAX];
		json_t *o = view_record_line(s, &fuzz_steps, &m->u.record, line) ? json_loads(line, 0, NULL) : NULL;
		if (o == NULL)
			abort(); // every record fits, and is JSON
		json_decref(o);
	} else if (m->u.traced.len <= n - IPC_ADMIN_HEAD - offsetof(struct ipc_admin_traced, octets)) {
		redact_message(m->u.traced.octets, m->u.traced.len);
		if (pcapng_packet(&m->u.traced, block) > sizeof(block))
			abort();
	}
}

static void to_admin(const uint8_t *data, size_t size)
{
	static struct ipc_admin m; // as large as the largest, whatever of it came
	struct ask a = {.signaller = -1, .directory = -1};
	const uint8_t *at;
	size_t n;

	while (packet_next(&data, &size, &at, &n)) {
		if (n < 2)
			continue;
		a.slot[0] = (struct ask_slot){.request = 1, .where = ASK_SIGNALLER, .handler = row_h,
			.ctx = (void *)(uintptr_t)world()->rig.conf.snapshot};
		memset(&m, at[n - 1], sizeof(m)); // what an earlier packet left behind
		memcpy(&m, at, n);
		if (at[0] & 1) { // of the right form
			m.version = IPC_ADMIN_VERSION;
			m.type = at[1] % (IPC_ADMIN_TYPES + 1);
			m.request = 1;
			if (m.type == IPC_ADMIN_TRACED && n > IPC_ADMIN_HEAD + offsetof(struct ipc_admin_traced, octets))
				m.u.traced.len = (uint32_t)(n - IPC_ADMIN_HEAD - offsetof(struct ipc_admin_traced, octets));
		}
		size_t least = ask_size_least(m.type);
		packet_to_admin(&a, &m, at[0] & 2 && least != SIZE_MAX ? IPC_ADMIN_HEAD + least : n);
		struct ipc_control c = {.version = IPC_CONTROL_VERSION, .request = 1};
		memcpy(&c.type, at, n < sizeof(c) - 2 ? n : sizeof(c) - 2);
		ask_control(&a, &c);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const to[])(const uint8_t *, size_t) = {
		to_flow, to_monitor, to_signer, to_media, to_directory, to_admin};

	if (size >= 2)
		to[data[0] % ARRAY_LEN(to)](data + 1, size - 1);
	return 0;
}
