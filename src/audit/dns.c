// SPDX-License-Identifier: Apache-2.0
// Sockets and thread of the audit's DNS server. One question a packet, one a connection; ldns reads and writes them.
#include "audit/dns.h"
#include "base/memory.h"
#include "wire/enum/name.h"

#include <errno.h>
#include <ldns/ldns.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum {
	PACKET_MAX = 65535,
	LINE_MAX_OCTETS = 1024, // of one record: two names of 255 and an expression
	UDP_MAX = 1232,      // [octets] longer answers are cut, and asked for again by TCP (RFC 7766)
	TURN_MS = 100,       // [ms] how soon the thread sees that it shall end
	CONNECTION_S = 1,    // [s] who says nothing holds up the others no longer
	BACKLOG = 64,
};

struct audit_dns {
	const struct audit *audit;
	int udp, tcp, elsewhere;  // ELSEWHERE: from the stranger's host, for forged answers
	pthread_t thread;
	bool running;
	atomic_bool ending;
	pthread_mutex_t lock;     // of all below
	struct audit_dns_script script;
	uint32_t questions;       // all
	char (*asked)[AUDIT_NAME_MAX]; // the first AUDIT_QUESTIONS_MAX since the last script
	uint32_t first, kept;     // number of the first that is kept, and how many are
	struct audit_dns_reply reply; // of the thread alone
	uint8_t in[PACKET_MAX];
};

struct asker { // where an answer goes
	int fd;
	bool tcp;
	struct sockaddr_storage at;
	socklen_t len;
};

// ---- questions

static void note(struct audit_dns *d, const char *name)
{
	d->questions++;
	if (d->kept < AUDIT_QUESTIONS_MAX)
		(void)snprintf(d->asked[d->kept++], AUDIT_NAME_MAX, "%s", name);
}

// Lower case, without the dot of the root.
static bool name_of(const ldns_rr *question, char out[AUDIT_NAME_MAX])
{
	char *text = ldns_rdf2str(ldns_rr_owner(question));
	size_t n = text != NULL ? strlen(text) : 0;
	bool fits = n > 0 && n < AUDIT_NAME_MAX;

	for (size_t i = 0; fits && i < n; i++)
		out[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] + 'a' - 'A' : text[i]);
	if (fits)
		out[n - (text[n - 1] == '.' && n > 1)] = '\0';
	free(text);
	return fits;
}

// ---- answers

static void add_lines(ldns_pkt *out, const char *lines)
{
	char one[LINE_MAX_OCTETS];

	for (const char *end = strchr(lines, '\n'); end != NULL; lines = end + 1, end = strchr(lines, '\n')) {
		ldns_rr *rr = NULL;
		int n = snprintf(one, sizeof(one), "%.*s", (int)(end - lines), lines);
		if (n > 0 && (size_t)n < sizeof(one) && ldns_rr_new_frm_str(&rr, one, 1, NULL, NULL) == LDNS_STATUS_OK)
			(void)ldns_pkt_push_rr(out, LDNS_SECTION_ANSWER, rr); // out of memory: one record less
	}
}

// The answer to IN with the lines of R, as number ID. NULL: no memory.
static ldns_pkt *answer_make(const ldns_pkt *in, const ldns_rr *question, const struct audit_dns_reply *r, uint16_t id)
{
	ldns_pkt *out = ldns_pkt_new();
	ldns_rr *copy = out != NULL ? ldns_rr_clone(question) : NULL;

	if (copy == NULL) {
		ldns_pkt_free(out);
		return NULL;
	}
	ldns_pkt_set_id(out, id);
	ldns_pkt_set_qr(out, true);
	ldns_pkt_set_rd(out, ldns_pkt_rd(in));
	ldns_pkt_set_ra(out, true);
	ldns_pkt_set_rcode(out, r->rcode);
	(void)ldns_pkt_push_rr(out, LDNS_SECTION_QUESTION, copy);
	add_lines(out, r->lines);
	return out;
}

static void send_tcp(int fd, const uint8_t *wire, size_t n)
{
	const uint8_t length[2] = {(uint8_t)(n >> 8), (uint8_t)n};
	if (n <= PACKET_MAX && send(fd, length, sizeof(length), MSG_NOSIGNAL | MSG_MORE) == (ssize_t)sizeof(length))
		(void)send(fd, wire, n, MSG_NOSIGNAL); // who does not take it goes without
}

static void answer_send(ldns_pkt *out, const struct asker *to)
{
	uint8_t *wire = NULL;
	size_t n = 0;

	if (out == NULL)
		return;
	if (ldns_pkt2wire(&wire, out, &n) == LDNS_STATUS_OK && !to->tcp && n > UDP_MAX) {
		free(wire);
		wire = NULL;
		ldns_rr_list_deep_free(ldns_pkt_answer(out));
		ldns_pkt_set_answer(out, ldns_rr_list_new());
		ldns_pkt_set_ancount(out, 0);
		ldns_pkt_set_tc(out, true);
		if (ldns_pkt2wire(&wire, out, &n) != LDNS_STATUS_OK)
			wire = NULL;
	}
	if (wire != NULL && to->tcp)
		send_tcp(to->fd, wire, n);
	else if (wire != NULL)
		(void)sendto(to->fd, wire, n, MSG_NOSIGNAL, (const struct sockaddr *)&to->at, to->len); // a lost one is asked for again
	free(wire);
	ldns_pkt_free(out);
}

// Two lies ahead of the answer: with a wrong number, and from another source.
static void forge(struct audit_dns *d, const ldns_pkt *in, const ldns_rr *question, const char *name, const struct asker *to)
{
	struct asker elsewhere = *to;
	uint16_t id = ldns_pkt_id(in);

	elsewhere.fd = d->elsewhere;
	audit_dns_lie(d->audit, name, &d->reply);
	answer_send(answer_make(in, question, &d->reply, (uint16_t)(id + 1)), to);
	if (elsewhere.fd >= 0)
		answer_send(answer_make(in, question, &d->reply, id), &elsewhere);
}

static void asked(struct audit_dns *d, const uint8_t *octets, size_t n, const struct asker *to)
{
	ldns_pkt *in = NULL;
	char name[AUDIT_NAME_MAX];

	if (ldns_wire2pkt(&in, octets, n) != LDNS_STATUS_OK)
		return;
	ldns_rr *question = !ldns_pkt_qr(in) ? ldns_rr_list_rr(ldns_pkt_question(in), 0) : NULL;
	if (question != NULL && name_of(question, name)) {
		pthread_mutex_lock(&d->lock);
		struct audit_dns_script script = d->script;
		note(d, name);
		pthread_mutex_unlock(&d->lock);
		unsigned type = ldns_rr_get_type(question);
		if (script.mode == AUDIT_DNS_FORGED && !to->tcp && type == LDNS_RR_TYPE_NAPTR && enum_name_within(name, d->audit->s->apex))
			forge(d, in, question, name, to);
		audit_dns_answer(d->audit, &script, name, type, &d->reply);
		if (!d->reply.silent)
			answer_send(answer_make(in, question, &d->reply, ldns_pkt_id(in)), to);
	}
	ldns_pkt_free(in);
}

// ---- the thread

static void datagrams(struct audit_dns *d)
{
	struct asker to = {.fd = d->udp, .len = sizeof(to.at)};
	ssize_t n = recvfrom(d->udp, d->in, sizeof(d->in), MSG_DONTWAIT, (struct sockaddr *)&to.at, &to.len);
	if (n > 0)
		asked(d, d->in, (size_t)n, &to);
}

static void connection(struct audit_dns *d)
{
	const struct timeval deadline = {.tv_sec = CONNECTION_S};
	struct asker to = {.fd = accept4(d->tcp, NULL, NULL, SOCK_CLOEXEC), .tcp = true};
	uint8_t length[2];

	if (to.fd < 0)
		return;
	bool bounded = setsockopt(to.fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline)) == 0 &&
		       setsockopt(to.fd, SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof(deadline)) == 0;
	if (bounded && recv(to.fd, length, sizeof(length), MSG_WAITALL) == (ssize_t)sizeof(length)) {
		size_t n = (size_t)length[0] << 8 | length[1];
		if (recv(to.fd, d->in, n, MSG_WAITALL) == (ssize_t)n)
			asked(d, d->in, n, &to);
	}
	(void)close(to.fd);
}

static void *serve(void *arg)
{
	struct audit_dns *d = arg;
	struct pollfd p[] = {{.fd = d->udp, .events = POLLIN}, {.fd = d->tcp, .events = POLLIN}};

	while (!atomic_load(&d->ending)) {
		if (poll(p, ARRAY_LEN(p), TURN_MS) <= 0)
			continue;
		if (p[0].revents != 0)
			datagrams(d);
		if (p[1].revents != 0)
			connection(d);
	}
	return NULL;
}

static int bound(const struct address *local, int kind)
{
	struct sockaddr_storage sa;
	socklen_t len = address_to_sockaddr(local, &sa);
	int fd = socket(sa.ss_family, kind | SOCK_CLOEXEC, 0), on = 1;

	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 && bind(fd, (struct sockaddr *)&sa, len) == 0)
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

static result begin(struct audit_dns *d)
{
	struct address stranger = d->audit->end[AUDIT_STRANGER].local;

	REQUIRE(pthread_mutex_init(&d->lock, NULL) == 0, E_SYSTEM);
	d->asked = memory_array(AUDIT_QUESTIONS_MAX, sizeof(*d->asked));
	d->reply.lines = memory_alloc(AUDIT_ZONE_MAX);
	REQUIRE(d->asked != NULL && d->reply.lines != NULL, E_NO_MEMORY);
	stranger.port = 0;
	d->udp = bound(&d->audit->s->dns, SOCK_DGRAM);
	d->tcp = bound(&d->audit->s->dns, SOCK_STREAM);
	d->elsewhere = stranger.family != 0 ? bound(&stranger, SOCK_DGRAM) : -1;
	REQUIRE(d->udp >= 0 && d->tcp >= 0 && listen(d->tcp, BACKLOG) == 0, E_SYSTEM);
	d->running = pthread_create(&d->thread, NULL, serve, d) == 0;
	REQUIRE(d->running, E_SYSTEM);
	return OK;
}

result audit_dns_open(struct audit_dns **out, const struct audit *a)
{
	*out = memory_alloc(sizeof(**out));
	REQUIRE(*out != NULL, E_NO_MEMORY);
	**out = (struct audit_dns){.audit = a, .udp = -1, .tcp = -1, .elsewhere = -1};
	return begin(*out);
}

void audit_dns_close(struct audit_dns *d)
{
	if (d == NULL)
		return;
	atomic_store(&d->ending, true);
	if (d->running)
		(void)pthread_join(d->thread, NULL);
	const int fd[] = {d->udp, d->tcp, d->elsewhere};
	for (uint32_t i = 0; i < ARRAY_LEN(fd); i++)
		if (fd[i] >= 0)
			(void)close(fd[i]);
	(void)pthread_mutex_destroy(&d->lock);
	memory_free(d->asked);
	memory_free(d->reply.lines);
	memory_free(d);
}

// ---- what probes see

uint32_t audit_dns_play(struct audit_dns *d, const struct audit_dns_script *script)
{
	pthread_mutex_lock(&d->lock);
	d->script = *script;
	d->first = d->questions;
	d->kept = 0;
	uint32_t mark = d->questions;
	pthread_mutex_unlock(&d->lock);
	return mark;
}

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), k = strlen(end);
	return n >= k && strcmp(name + n - k, end) == 0;
}

uint32_t audit_dns_asked(struct audit_dns *d, uint32_t mark, const char *text, bool end)
{
	uint32_t n = 0;

	pthread_mutex_lock(&d->lock);
	for (uint32_t i = mark > d->first ? mark - d->first : 0; i < d->kept; i++)
		n += end ? ends_with(d->asked[i], text) : strcmp(d->asked[i], text) == 0;
	pthread_mutex_unlock(&d->lock);
	return n;
}

uint32_t audit_dns_asked_all(struct audit_dns *d, uint32_t mark)
{
	pthread_mutex_lock(&d->lock);
	uint32_t n = d->questions - mark;
	pthread_mutex_unlock(&d->lock);
	return n;
}

bool audit_dns_find(struct audit_dns *d, uint32_t mark, const char *text, char out[AUDIT_NAME_MAX])
{
	bool found = false;

	pthread_mutex_lock(&d->lock);
	for (uint32_t i = mark > d->first ? mark - d->first : 0; i < d->kept && !found; i++) {
		found = strncmp(d->asked[i], text, strlen(text)) == 0;
		if (found)
			(void)snprintf(out, AUDIT_NAME_MAX, "%s", d->asked[i]);
	}
	pthread_mutex_unlock(&d->lock);
	return found;
}
