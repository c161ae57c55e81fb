// SPDX-License-Identifier: Apache-2.0
// Every message of RFC 4475 and RFC 5118 through the input of a stream with the framer of SIP, cut in two at every offset, and
// octet by octet: what is handed up, what the parser says of it, and whether the connection lives, is as in one piece. A
// lawful message follows each, so that one that swallows its successor, or gives birth to another, is seen.
#include "../wire-sip/support.h"

#include "../../../src/net/stream_input.c" // with nothing of the network below: the four calls it makes are here

enum { TEXT_MAX = 4096, MESSAGE_MAX = 65536 };

struct outcome {
	char text[TEXT_MAX]; // one line for each message handed up, and how it ended
	size_t len;
};

static struct outcome *now_told;

static void tell(const char *what, uint32_t n, uint64_t hash)
{
	struct outcome *o = now_told;
	int k = snprintf(o->text + o->len, sizeof(o->text) - o->len, "%s %u %016llx\n", what, n, (unsigned long long)hash);

	assert_true(k > 0 && o->len + (size_t)k < sizeof(o->text));
	o->len += (size_t)k;
}

void conn_close(struct conn *c, enum net_counter why, enum error error)
{
	c->state = CONN_DEAD;
	tell(net_counter_name(why), (uint32_t)error, 0);
}

result conn_write(struct conn *c, struct bytes octets)
{
	UNUSED(c);
	tell("pong", (uint32_t)octets.len, 0);
	return OK;
}

void conn_arm(struct conn *c)
{
	UNUSED(c); // no clock here
}

void conn_mark(struct conn *c)
{
	UNUSED(c);
}

struct net_counters *conn_counters(struct conn *c)
{
	return &c->owner->worker->counters;
}

static uint64_t hash_of(const uint8_t *at, uint32_t n)
{
	uint64_t h = 0xcbf29ce484222325ull;

	for (uint32_t i = 0; i < n; i++)
		h = (h ^ at[i]) * 0x100000001b3ull;
	return h;
}

// The layer above: what came, and what the parser says of it.
static void receive_h(void *ctx, uint8_t *octets, uint32_t n, const struct origin *origin, const struct now *now)
{
	static struct sip_msg m;
	struct sip_fault fault = {0};
	char what[128];

	UNUSED(ctx);
	UNUSED(origin);
	UNUSED(now);
	result r = sip_msg_parse(&m, octets, n, &fault);
	if (is_ok(r))
		r = sip_msg_check_all(&m, &fault);
	snprintf(what, sizeof(what), "%s %d %s", is_ok(r) ? "accept" : fault.answerable ? "reply" : "drop", is_ok(r) ? 0 : fault.status,
		is_ok(r) ? "-" : fault.phrase);
	tell(what, n, hash_of(octets, n));
}

struct line { // one connection, and all that it hangs on
	struct net net;
	struct net_worker worker;
	struct streams streams;
	struct conn conn;
};

static void line_open(struct line *l)
{
	memset(&l->conn, 0, sizeof(l->conn));
	l->net.config.message_max = SIP_MESSAGE_MAX_STREAM;
	l->worker.net = &l->net;
	l->worker.handlers.frame = sip_frame;
	l->worker.handlers.receive = receive_h;
	l->streams.worker = &l->worker;
	l->streams.ping_rate = gcra_rate_make(STREAM_PINGS_PER_SECOND, STREAM_PINGS_BURST);
	l->conn.owner = &l->streams;
	l->conn.state = CONN_OPEN;
}

static void put(struct line *l, const uint8_t *at, uint32_t n)
{
	uint8_t *exact = malloc(n + 1u); // what lies behind has not come yet

	assert_non_null(exact);
	memcpy(exact, at, n);
	if (l->conn.state == CONN_OPEN)
		stream_take(&l->conn, exact, n);
	free(exact);
}

// AT arrives as pieces: N octets cut at CUT, or in steps of one when CUT is 0.
static void play(struct line *l, const uint8_t *at, uint32_t n, uint32_t cut, struct outcome *o)
{
	now_told = o;
	o->len = 0;
	o->text[0] = '\0';
	line_open(l);
	if (cut == 0)
		for (uint32_t i = 0; i < n; i++)
			put(l, at + i, 1);
	else
		put(l, at, cut);
	if (cut > 0 && cut < n)
		put(l, at + cut, n - cut);
	if (l->conn.state == CONN_OPEN)
		tell("waits", l->conn.in.len, hash_of(l->conn.in.at, l->conn.in.len));
	stream_input_free(&l->conn.in);
}

static const char next[] = "OPTIONS sip:a@b.example SIP/2.0\r\nVia: SIP/2.0/TCP h.example;branch=z9hG4bKnext\r\n"
			   "Max-Forwards: 70\r\nFrom: <sip:x@y.example>;tag=1\r\nTo: <sip:a@b.example>\r\nCall-ID: next\r\n"
			   "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";

static uint32_t every_cut(struct line *l, const char *name, const uint8_t *at, uint32_t n)
{
	static struct outcome whole, cut;

	play(l, at, n, n, &whole);
	for (uint32_t i = 0; i < n; i++) {
		play(l, at, n, i, &cut);
		if (strcmp(whole.text, cut.text) != 0)
			fail_msg("%s cut at %u:\n%swhole:\n%s", name, i, cut.text, whole.text);
	}
	return n;
}

static void every_message_at_every_offset(void **state)
{
	static uint8_t raw[MESSAGE_MAX + sizeof(next)];
	struct line *l = calloc(1, sizeof(*l));
	FILE *f = torture_open();
	struct torture_row row;
	uint32_t cuts = 0, rows = 0;

	(void)state;
	assert_non_null(l);
	for (; torture_next(f, &row); rows++) {
		uint32_t n = torture_read(row.name, raw, MESSAGE_MAX);
		cuts += every_cut(l, row.name, raw, n);
		memcpy(raw + n, next, sizeof(next) - 1);
		cuts += every_cut(l, row.name, raw, n + (uint32_t)sizeof(next) - 1);
	}
	fclose(f);
	free(l);
	print_message("%u messages, %u cuts\n", rows, cuts);
	assert_int_equal(rows, 62);
}

// Keep-alives before, between and behind (RFC5626#4.4.1): a cut within one must not make or lose a ping.
static void keepalives_between(void **state)
{
	static char text[4 * sizeof(next)];
	struct line *l = calloc(1, sizeof(*l));

	(void)state;
	assert_non_null(l);
	snprintf(text, sizeof(text), "\r\n%s\r\n\r\n%s\r\n%s\r\n\r\n\r\n", next, next, next);
	every_cut(l, "keep-alives", (const uint8_t *)text, (uint32_t)strlen(text));
	snprintf(text, sizeof(text), "%s\r\rx", next);
	every_cut(l, "a CR alone", (const uint8_t *)text, (uint32_t)strlen(text));
	free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_message_at_every_offset), cmocka_unit_test(keepalives_between)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
