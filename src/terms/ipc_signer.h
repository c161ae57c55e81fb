// SPDX-License-Identifier: Apache-2.0
// Every message between signaller and signer about TLS keys, over one sequenced-packet socket per
// handshake thread. Fixed size, native byte order (same host, same build: `version` says so).
//
// The signer is no oracle (BE-2): it gets the octets to be signed, not a digest, and signs them only if
// they have a form that TLS gives to a handshake signature:
//   TLS 1.3   64 x 0x20, "TLS 1.3, server CertificateVerify" or "TLS 1.3, client CertificateVerify", 0x00,
//             transcript hash of 32, 48 or 64 octets (RFC8446#4.4.3)
//   TLS 1.2   server: client random (32), server random (32), 0x03, named curve (2), length (1), point
//             (RFC8422#5.4)
//   TLS 1.2   client: the handshake messages so far, each type (1) and length (3), the first a ClientHello
//             (RFC5246#7.4.8)
// or, asked for by a type of its own, the form of a peering profile's signature, which none of the former can have:
//   profile   "sallyport-profile-v1", 0x00, SHA-256 of header and profile (src/portal/envelope.h)
#ifndef TERMS_IPC_SIGNER_H
#define TERMS_IPC_SIGNER_H

#include <stdint.h>

enum {
	IPC_SIGNER_VERSION = 1,
	TLS_SIGN_OCTETS_MAX = 16384, // a TLS 1.2 transcript with two chains of four RSA-4096 certificates is 14 KB
	TLS_SIGNATURE_MAX = 512,     // RSA-4096; P-384 needs 104
	PROFILE_CONTEXT_LEN = 21,    // with its NUL
	PROFILE_SIGN_OCTETS = PROFILE_CONTEXT_LEN + 32,
};

#define PROFILE_CONTEXT "sallyport-profile-v1"

enum ipc_signer_type {
	IPC_SIGNER_TLS_SIGN = 1, // signaller: sign `octets`
	IPC_SIGNER_TLS_ANSWER,   // signer: signature, or `refused`
	IPC_SIGNER_PROFILE_SIGN, // portal, command line: the same, `octets` are a profile's; answered as above
};

// TLS SignatureScheme code points (RFC8446#4.2.3). In TLS 1.2 an ECDSA scheme fixes the hash only, and the
// key is on P-256 or P-384; PKCS #1 stands for TLS 1.2 alone.
enum tls_scheme {
	TLS_SCHEME_RSA_PKCS1_SHA256 = 0x0401,
	TLS_SCHEME_RSA_PKCS1_SHA384 = 0x0501,
	TLS_SCHEME_RSA_PKCS1_SHA512 = 0x0601,
	TLS_SCHEME_ECDSA_SHA256 = 0x0403,
	TLS_SCHEME_ECDSA_SHA384 = 0x0503,
	TLS_SCHEME_ECDSA_SHA512 = 0x0603,
	TLS_SCHEME_RSA_PSS_SHA256 = 0x0804, // MGF1 with the same hash, salt as long as the hash
	TLS_SCHEME_RSA_PSS_SHA384 = 0x0805,
	TLS_SCHEME_RSA_PSS_SHA512 = 0x0806,
};

enum tls_sign_refusal {
	TLS_SIGN_OK = 0,
	TLS_SIGN_BAD_FORM,   // not a TLS handshake signature
	TLS_SIGN_BAD_SCHEME, // not for this key
	TLS_SIGN_NO_KEY,
	TLS_SIGN_RATE,       // more signatures than the signer allows
	TLS_SIGN_FAILED,
};

struct tls_sign_request {
	uint16_t version; // IPC_SIGNER_VERSION
	uint16_t type;    // IPC_SIGNER_TLS_SIGN or IPC_SIGNER_PROFILE_SIGN: the form that `octets` must have
	uint32_t request; // chosen by the handshake thread, echoed; a late answer is recognised by it
	uint16_t key;     // which TLS key; 0 is the one of settings.certificate
	uint16_t scheme;  // enum tls_scheme
	uint32_t len;     // of `octets`, 1..TLS_SIGN_OCTETS_MAX
	uint8_t octets[TLS_SIGN_OCTETS_MAX]; // to be hashed and signed; zero beyond `len`
};

struct tls_sign_answer {
	uint16_t version; // IPC_SIGNER_VERSION
	uint16_t type;    // IPC_SIGNER_TLS_ANSWER
	uint32_t request;
	uint16_t refused; // enum tls_sign_refusal
	uint16_t len;     // of `signature`; 0 when refused
	uint8_t signature[TLS_SIGNATURE_MAX]; // DER (ECDSA) or as long as the modulus (RSA)
};

#endif
