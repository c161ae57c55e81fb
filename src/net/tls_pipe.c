// SPDX-License-Identifier: Apache-2.0
// A BIO_METHOD of five functions. Everything happens on the thread that owns the connection.
#include "net/tls_pipe.h"

#include <openssl/bio.h>

static int pipe_read(BIO *b, char *to, size_t max, size_t *got)
{
	struct tls_pipe *p = BIO_get_data(b);
	BIO_clear_retry_flags(b);
	*got = 0;
	if (p == NULL || p->in.len == 0) {
		if (p != NULL && !p->ended)
			BIO_set_retry_read(b);
		return 0;
	}
	size_t n = max < p->in.len ? max : p->in.len;
	memcpy(to, p->in.at, n);
	p->in = bytes_make(p->in.at + n, p->in.len - n);
	*got = n;
	return 1;
}

static int pipe_write(BIO *b, const char *from, size_t n, size_t *put)
{
	struct tls_pipe *p = BIO_get_data(b);
	BIO_clear_retry_flags(b);
	*put = 0;
	if (p == NULL || p->out == NULL)
		return 0;
	if (!is_ok(octets_put(p->out, bytes_make(from, n), p->out_max))) {
		p->overflow = true;
		return 0;
	}
	*put = n;
	return 1;
}

static long pipe_ctrl(BIO *b, int cmd, long num, void *ptr)
{
	const struct tls_pipe *p = BIO_get_data(b);
	UNUSED(num);
	UNUSED(ptr);
	switch (cmd) {
	case BIO_CTRL_FLUSH:
		return 1;
	case BIO_CTRL_PENDING:
		return p != NULL ? (long)p->in.len : 0;
	case BIO_CTRL_EOF:
		return p != NULL && p->ended && p->in.len == 0;
	default:
		return 0;
	}
}

static int pipe_create(BIO *b)
{
	BIO_set_init(b, 1);
	return 1;
}

BIO_METHOD *tls_pipe_method(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sallyport pipe");
	if (m == NULL)
		return NULL;
	if (BIO_meth_set_read_ex(m, pipe_read) == 1 && BIO_meth_set_write_ex(m, pipe_write) == 1 &&
		BIO_meth_set_ctrl(m, pipe_ctrl) == 1 && BIO_meth_set_create(m, pipe_create) == 1)
		return m;
	BIO_meth_free(m);
	return NULL;
}

result tls_pipe_attach(SSL *ssl, BIO_METHOD *method, struct tls_pipe *p)
{
	BIO *b = BIO_new(method);
	REQUIRE(b != NULL, E_NO_MEMORY);
	BIO_set_data(b, p);
	SSL_set_bio(ssl, b, b); // one BIO, one reference: the SSL's from now on
	return OK;
}

void tls_pipe_exchange(SSL *ssl, struct tls_pipe *p)
{
	BIO_set_data(SSL_get_rbio(ssl), p);
}
