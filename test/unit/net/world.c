// SPDX-License-Identifier: Apache-2.0
// The world's inside.
#include "world.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <unistd.h>

void world_start(struct world *w, struct fixture_options o)
{
	memset(w, 0, sizeof(*w));
	w->ours = pki_authority("ours");
	w->b_ca = pki_authority("b authority");
	w->c_ca = pki_authority("c authority");
	w->own = pki_issue_for(&w->ours, "a.example");
	w->b = pki_issue_for(&w->b_ca, "b.example");
	w->c = pki_issue_for(&w->c_ca, "c.example");
	w->peer[0] = (struct fixture_peer){"b", "b.example", w->b_ca.pem, NULL};
	w->peer[1] = (struct fixture_peer){"c", "c.example", w->c_ca.pem, "127.0.0.8/30"};
	w->peer[2] = (struct fixture_peer){"d", "sip:d.example", w->b_ca.pem, NULL};
	o.own = &w->own;
	o.peer = w->peer;
	o.peers = 3;
	fixture_start(&w->f, &o);
}

void world_stop(struct world *w)
{
	fixture_stop(&w->f);
	pki_free(&w->b);
	pki_free(&w->c);
	pki_free(&w->own);
	pki_free(&w->b_ca);
	pki_free(&w->c_ca);
	pki_free(&w->ours);
}

bool world_gets_through(struct world *w, const struct pki *p, int version, const char *from)
{
	char back[16] = {0};
	int fd = fixture_connect(w->f.tls, from);
	SSL *s = fixture_tls(fd, p, version);
	bool good = s != NULL && SSL_write(s, "M00009abc", 9) == 9 && SSL_read(s, back, 9) == 9 &&
		    memcmp(back, "M00009abc", 9) == 0;
	if (good)
		fixture_tls_end(s);
	else
		SSL_free(s);
	ERR_clear_error();
	close(fd);
	return good;
}

void world_reload(struct world *w, uint32_t n, void (*change)(struct peer *first))
{
	struct fixture_options o = {.own = &w->own, .peer = w->peer, .peers = 3};
	struct snapshot *next = fixture_snapshot(&o, n);
	struct registry *r, *old;
	if (change != NULL) {
		change((struct peer *)(void *)((uint8_t *)next + next->peers.offset));
		snapshot_seal(next, next->size);
	}
	assert_true(is_ok(registry_new(&r, next)));
	old = net_swap_registry(w->f.net, r);
	assert_ptr_equal(old, w->f.registry);
	registry_free(old);
	free(w->f.snapshot);
	w->f.registry = r;
	w->f.snapshot = next;
}

SSL *world_comes_in(struct world *w, const struct pki *p, const char *from)
{
	char back[16];
	SSL *s = fixture_tls(fixture_connect(w->f.tls, from), p, 0);
	assert_non_null(s);
	assert_int_equal(SSL_write(s, "M00009abc", 9), 9); // in TLS 1.3 only an answer shows that we were let in
	assert_int_equal(SSL_read(s, back, 9), 9);
	return s;
}

bool world_still_in(SSL *s)
{
	char back[16];
	return SSL_write(s, "M00009abc", 9) == 9 && SSL_read(s, back, 9) == 9;
}

bool world_was_closed(SSL *s)
{
	char c;
	int n = SSL_read(s, &c, 1);
	bool closed = n <= 0 && SSL_get_error(s, n) == SSL_ERROR_ZERO_RETURN;
	ERR_clear_error();
	return closed;
}

void world_leaves(SSL *s)
{
	int fd = SSL_get_fd(s);
	SSL_free(s);
	close(fd);
}
