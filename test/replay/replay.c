// SPDX-License-Identifier: Apache-2.0
// Plays a scenario against a subject on a fake network and clock. The language is in README.md.
//
// Strict: whatever the subject sends or says must be expected before the next stimulus and before the end.
// The first difference ends the run with the file, the line and what was seen.
#include "replay.h"

#include "cells.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct replay_subject *const subjects[] = {&replay_transaction, &replay_flow};

// ---- lines and blocks
// -------------------------------------------------------------------------------------------

static char *word(char **rest)
{
	char *w = *rest;

	while (*w == ' ')
		w++;
	char *end = w;
	while (*end != 0 && *end != ' ')
		end++;
	*rest = *end != 0 ? end + 1 : end;
	*end = 0;
	return *w != 0 ? w : NULL;
}

static bool is(const char *w, const char *keyword)
{
	return w != NULL && strcmp(w, keyword) == 0;
}

// The lines up to END, as they are.
static void block_read(struct replay *r, struct block *b)
{
	struct bytes line;
	size_t n = 0;

	while (scene_line(&r->reader->rest, &line)) {
		r->reader->line_no++;
		if (bytes_equal(line, BYTES("END"))) {
			b->text[n] = 0;
			return;
		}
		if (n + line.len + 2 > BLOCK_MAX)
			die(r, "block too long");
		memcpy(b->text + n, line.at, line.len);
		n += line.len;
		b->text[n++] = '\n';
	}
	die(r, "block without END");
}

// A block by its name, or the one that follows when none is named.
static struct bytes block_named(struct replay *r, const char *name)
{
	if (name == NULL) {
		block_read(r, &r->block);
		return bytes_of_string(r->block.text);
	}
	for (uint32_t i = 0; i < r->defines; i++)
		if (strcmp(r->define[i].name, name) == 0)
			return bytes_of_string(r->define[i].text);
	die(r, "nothing is defined as %s", name);
}

static struct bytes message_of(struct replay *r, struct bytes block)
{
	static char out[SCENE_MESSAGE_MAX];
	size_t n = 0;

	if (!scene_message(&r->vars, block, out, sizeof(out), &n))
		die(r, "the message cannot be made: $%s", out);
	return bytes_make(out, n);
}

// ---- steps
// ------------------------------------------------------------------------------------------------------

static void must_be_quiet(struct replay *r)
{
	if (r->packets != 0 || r->events != 0)
		die(r, "something was not expected");
}

static void subject_open(struct replay *r)
{
	if (r->s != NULL)
		return;
	if (r->subject == NULL)
		die(r, "no SUBJECT");
	r->s = r->subject->open(&r->host, bytes_of_string(r->config.text), &r->now);
	if (r->s == NULL)
		die(r, "the subject did not open");
}

static void do_subject(struct replay *r, char *rest)
{
	char *name = word(&rest);

	for (uint32_t i = 0; i < ARRAY_LEN(subjects); i++)
		if (is(name, subjects[i]->name))
			r->subject = subjects[i];
	if (r->subject == NULL)
		die(r, "no such subject");
}

static enum transport transport_of(struct replay *r, const char *name)
{
	static const char *const names[TRANSPORT_COUNT] = {"UDP", "TCP", "TLS", "DTLS"};

	for (uint32_t i = 0; i < TRANSPORT_COUNT; i++)
		if (is(name, names[i]))
			return (enum transport)i;
	die(r, "no such transport");
}

static void address_of(struct replay *r, const char *text, struct address *out)
{
	if (text == NULL || !is_ok(address_parse(bytes_of_string(text), out)))
		die(r, "not an address");
}

static unsigned number_of(struct replay *r, const char *text)
{
	char *end = NULL;
	unsigned long n = text != NULL ? strtoul(text, &end, 10) : 0;

	if (text == NULL || end == text || n > 65535)
		die(r, "not a number");
	return (unsigned)n;
}

// LISTEN n address: where listener N of ours stands
static void do_listen(struct replay *r, char *rest)
{
	unsigned n = number_of(r, word(&rest));

	if (n >= LISTENERS_MAX)
		die(r, "no such listener");
	address_of(r, word(&rest), &r->local[n]);
}

// PEER name TRANSPORT address [ZONE n] [LISTENER n] [CONN n]
static void do_peer(struct replay *r, char *rest)
{
	char *name = word(&rest), *w;

	if (name == NULL || r->peers == PEERS_MAX)
		die(r, "no room for a peer");
	struct replay_peer *p = &r->peer[r->peers];
	snprintf(r->peer_name[r->peers], SCENE_NAME_MAX, "%s", name);
	*p = (struct replay_peer){.name = r->peer_name[r->peers], .id = (peer_id)(r->peers + 1)};
	p->transport = transport_of(r, word(&rest));
	address_of(r, word(&rest), &p->address);
	if (transport_is_stream(p->transport))
		p->conn = (struct conn_ref){r->peers + 1, 1, 0};
	r->peers++;
	while ((w = word(&rest)) != NULL) {
		unsigned n = number_of(r, word(&rest));
		if (is(w, "ZONE"))
			p->zone = (zone_id)n;
		else if (is(w, "LISTENER"))
			p->listener = (listener_id)n;
		else if (is(w, "CONN"))
			p->conn.id = n;
		else
			die(r, "unknown word: %s", w);
	}
}

// SEND FROM peer [AT address] [AS peer] [name]
static void do_send(struct replay *r, char *rest)
{
	char *w;

	if (!is(word(&rest), "FROM"))
		die(r, "FROM is missing");
	const struct replay_peer *p = peer_named(r, word(&rest)), *as = p;
	struct origin o = {.transport = p->transport,
		.listener = p->listener,
		.zone = p->zone,
		.tls_peer = PEER_NONE,
		.conn = p->conn,
		.remote = p->address};
	if (p->listener < LISTENERS_MAX)
		o.local = r->local[p->listener];
	for (w = word(&rest); is(w, "AT") || is(w, "AS"); w = word(&rest)) {
		if (is(w, "AT"))
			address_of(r, word(&rest), &o.remote);
		else
			as = peer_named(r, word(&rest));
	}
	struct bytes m = message_of(r, block_named(r, w));
	subject_open(r);
	if (transport_is_secure(o.transport))
		o.tls_peer = r->subject->identify != NULL ? r->subject->identify(r->s, as->name) : as->id;
	r->subject->receive(r->s, &o, as->id, m, &r->now);
}

static void packet_take(struct replay *r, uint32_t i)
{
	r->packets--;
	memmove(&r->packet[i], &r->packet[i + 1], (r->packets - i) * sizeof(r->packet[0]));
}

// EXPECT [ONLY] TO peer [name]
static void expect_to(struct replay *r, char *rest, bool only)
{
	const struct replay_peer *p = peer_named(r, word(&rest));
	struct bytes pattern = block_named(r, word(&rest));
	char why[256];

	for (uint32_t i = 0; i < r->packets; i++) {
		if (!goes_to(&r->packet[i].to, p))
			continue;
		if (!scene_match(
			    &r->vars, pattern, bytes_make(r->packet[i].octets, r->packet[i].len), only, why))
			die(r, "%s", why);
		packet_take(r, i);
		return;
	}
	die(r, "nothing was sent to %s", p->name);
}

static void expect_event(struct replay *r, const char *text)
{
	if (r->events == 0)
		die(r, "no event");
	if (!scene_match_line(&r->vars, bytes_of_string(text), bytes_of_string(r->event[0])))
		die(r, "another event than %s", text);
	r->events--;
	memmove(r->event[0], r->event[1], r->events * EVENT_MAX);
}

static void do_expect(struct replay *r, char *rest)
{
	char *w = word(&rest);
	bool only = is(w, "ONLY");

	if (only)
		w = word(&rest);
	if (is(w, "TO"))
		expect_to(r, rest, only);
	else if (is(w, "EVENT"))
		expect_event(r, rest);
	else if (is(w, "NOTHING"))
		must_be_quiet(r);
	else
		die(r, "EXPECT what?");
}

// The clock goes on; all that falls due on the way happens at its own time.
static void do_wait(struct replay *r, char *rest)
{
	char *w = word(&rest), *unit = NULL;
	unsigned long n = w != NULL ? strtoul(w, &unit, 10) : 0;
	uint64_t each = is(unit, "ms") ? MS : is(unit, "s") ? SECOND : 0;

	if (each == 0)
		die(r, "WAIT 500ms or WAIT 32s");
	uint64_t until = r->now.mono_us + n * each, next;
	while ((next = r->subject->deadline(r->s)) <= until) {
		uint64_t step = next > r->now.mono_us ? next - r->now.mono_us : 0;
		r->now.mono_us += step;
		r->now.wall_ms += step / MS;
		r->subject->run(r->s, &r->now);
	}
	r->now.wall_ms += (until - r->now.mono_us) / MS;
	r->now.mono_us = until;
}

// DO command [: name], with the block of that name or the one that follows when the name is "block".
static void do_act(struct replay *r, const char *verb, char *rest)
{
	char command[256];
	struct bytes octets = {0};
	char *colon = strstr(rest, " : ");

	if (colon != NULL) {
		*colon = 0;
		octets = message_of(r, block_named(r, is(colon + 3, "block") ? NULL : colon + 3));
	}
	snprintf(command, sizeof(command), "%s%s%s", verb, verb[0] ? " " : "", rest);
	subject_open(r);
	if (!r->subject->act(r->s, command, octets, &r->now))
		die(r, "the subject cannot do that: %s", command);
}

static void do_reach(struct replay *r, char *rest, bool unreachable)
{
	const struct replay_peer *p = peer_named(r, word(&rest));

	r->unreachable[p - r->peer] = unreachable;
}

static void do_let(struct replay *r, char *rest)
{
	char value[SCENE_VALUE_MAX];
	char *name = word(&rest);

	if (name == NULL || !scene_expand(&r->vars, bytes_of_string(rest), value, sizeof(value)))
		die(r, "LET name value");
	r->host.let(r, name, bytes_of_string(value));
}

// FORGET name ...: the names take what stands there once more
static void do_forget(struct replay *r, char *rest)
{
	char *name;

	while ((name = word(&rest)) != NULL)
		scene_forget(&r->vars, name);
}

// NEVER TO peer text: no message to that peer holds this text, in the whole scenario
static void do_never(struct replay *r, char *rest)
{
	char *to = word(&rest);
	const struct replay_peer *p = peer_named(r, word(&rest));

	if (!is(to, "TO") || r->nevers == NEVERS_MAX || rest[0] == 0 || strlen(rest) >= SCENE_NAME_MAX)
		die(r, "NEVER TO peer text");
	r->never[r->nevers].peer = p;
	snprintf(r->never[r->nevers++].text, SCENE_NAME_MAX, "%s", rest);
}

static void do_define(struct replay *r, char *rest)
{
	char *name = word(&rest);

	if (name == NULL || r->defines == DEFINES_MAX)
		die(r, "DEFINE name");
	snprintf(r->define[r->defines].name, SCENE_NAME_MAX, "%s", name);
	block_read(r, &r->define[r->defines++]);
}

static void do_state(struct replay *r, char *rest)
{
	subject_open(r);
	if (strcmp(r->subject->state(r->s), rest) != 0)
		die(r, "state is %s", r->subject->state(r->s));
}

static void play(struct replay *r, const char *path, uint32_t depth);

static void do_include(struct replay *r, const char *name)
{
	char path[512];
	const char *slash = strrchr(r->reader->path, '/');
	int dir = slash != NULL ? (int)(slash - r->reader->path) + 1 : 0;

	snprintf(path, sizeof(path), "%.*s%s", dir, r->reader->path, name);
	play(r, path, r->reader->depth + 1);
}

static bool step_declares(struct replay *r, const char *verb, char *rest)
{
	if (is(verb, "SUBJECT"))
		do_subject(r, rest);
	else if (is(verb, "INCLUDE"))
		do_include(r, rest);
	else if (is(verb, "LISTEN"))
		do_listen(r, rest);
	else if (is(verb, "PEER"))
		do_peer(r, rest);
	else if (is(verb, "CONFIG"))
		block_read(r, &r->config);
	else if (is(verb, "DEFINE"))
		do_define(r, rest);
	else if (is(verb, "LET"))
		do_let(r, rest);
	else if (is(verb, "UNREACHABLE") || is(verb, "REACHABLE"))
		do_reach(r, rest, verb[0] == 'U');
	else if (is(verb, "FORGET"))
		do_forget(r, rest);
	else if (is(verb, "NEVER"))
		do_never(r, rest);
	else if (is(verb, "STATE"))
		do_state(r, rest);
	else if (is(verb, "EXPECT"))
		do_expect(r, rest);
	else
		return false;
	return true;
}

static void step(struct replay *r, const char *verb, char *rest)
{
	if (step_declares(r, verb, rest))
		return;
	must_be_quiet(r);
	if (is(verb, "SEND"))
		do_send(r, rest);
	else if (is(verb, "DO"))
		do_act(r, "", rest);
	else if (is(verb, "MEDIA") || is(verb, "CLOSE"))
		do_act(r, verb, rest);
	else if (is(verb, "WAIT")) {
		subject_open(r);
		do_wait(r, rest);
	} else
		die(r, "unknown step: %s", verb);
}

static void play(struct replay *r, const char *path, uint32_t depth)
{
	struct reader here = {.path = path, .depth = depth}, *before = r->reader;
	char line[2048], *rest, *verb;
	struct bytes text;

	r->reader = &here;
	FILE *f = depth < INCLUDE_DEPTH ? fopen(path, "r") : NULL;
	char *file = malloc(FILE_MAX);
	if (f == NULL || file == NULL)
		die(r, "cannot be read");
	here.rest = bytes_make(file, fread(file, 1, FILE_MAX, f));
	fclose(f);
	while (scene_line(&here.rest, &text)) {
		here.line_no++;
		snprintf(line, sizeof(line), "%.*s", (int)text.len, (const char *)text.at);
		rest = line;
		verb = word(&rest);
		if (verb != NULL && verb[0] != '#')
			step(r, verb, rest);
	}
	if (depth == 0)
		must_be_quiet(r);
	free(file);
	r->reader = before;
}

int main(int argc, char **argv)
{
	bool visited = argc == 3 && strcmp(argv[1], "--visited") == 0;

	if (argc == 2 && strcmp(argv[1], "--cells") == 0) { // for check_cells.py
		cells_print();
		return 0;
	}
	struct replay *r = calloc(1, sizeof(*r));
	if ((argc != 2 && !visited) || r == NULL) {
		fprintf(stderr, "usage: replay [--visited] SCENARIO | --cells\n");
		return 2;
	}
	r->host = replay_host_of(r);
	r->now = (struct now){1000 * SECOND, 1800000000000};
	play(r, argv[argc - 1], 0);
	if (visited)
		cells_print_visited();
	if (r->s != NULL)
		r->subject->close(r->s);
	free(r);
	return 0;
}
