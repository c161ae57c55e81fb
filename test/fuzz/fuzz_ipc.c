// SPDX-License-Identifier: Apache-2.0
// Fuzz target: messages between processes. The first octet chooses the receiver: flow (from media), the monitor's table of
// requests (from each child), the signer (from a handshake thread). A child that was taken over says anything; nobody may
// read beyond the message, sign what is not TLS, or grant what the table does not.
#include "../support/flow_rig.c"
#include "../support/flow_play.c"

#include "guard/requests.h"
#include "guard/signer.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t live_call[] = {0, 0, 2, 0, 1, 1, 0, 4, 0, 0, 1, 4, 0, 0, 0x80, 0}; // a call that is up

// Pieces of the input become messages; the rest of each is zero.
static void to_flow(const uint8_t *data, size_t size)
{
	static struct play p;
	static struct ipc_media m;

	if (!play_open(&p))
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
	play_close(&p);
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
	if (a.refused == TLS_SIGN_OK && !signer_form_is_tls(q.scheme, q.octets, q.len))
		abort();
	if ((a.refused != TLS_SIGN_OK) != (a.len == 0) || a.len > sizeof(a.signature))
		abort();
	signer_answer(signer(), &q, size, &now, &a);
	if (a.refused == TLS_SIGN_OK && size != sizeof(q))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	if (data[0] % 3 == 0)
		to_flow(data + 1, size - 1);
	else if (data[0] % 3 == 1)
		to_monitor(data + 1, size - 1);
	else
		to_signer(data + 1, size - 1);
	return 0;
}
