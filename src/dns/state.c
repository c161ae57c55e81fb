// SPDX-License-Identifier: Apache-2.0
// What libunbound 1.17 writes: comments with what it did last, then one DNSKEY record a line, with ";;state=N" behind it.
#include "dns/state.h"

#include <errno.h>
#include <fcntl.h>
#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEPT_BY_LIBRARY "; autotrust trust anchor file"
#define STATE_MARK ";;state="
#define REVOKED_MARK ";;REVOKED"

enum {
	RECORD_MAX = 4096,          // [octets] a DNSKEY of RSA with 4096 bit and its name
	OTHERS_MAY_WRITE = 022,     // mode bits
	SEP = 1,                    // flag of a DNSKEY (RFC4034#2.1.1)
	PRINT_OCTETS = 8,           // of the SHA-256: it tells configurations apart, and proves nothing
};

// ---- records

static uint64_t print_of(ldns_rr *rr)
{
	uint8_t *wire = NULL, digest[LDNS_SHA256_DIGEST_LENGTH];
	size_t len = 0;
	uint64_t print = 0;
	ldns_rr_set_ttl(rr, 0);
	ldns_rr2canonical(rr);
	if (ldns_rr2wire(&wire, rr, LDNS_SECTION_ANSWER, &len) != LDNS_STATUS_OK)
		return 0;
	ldns_sha256(wire, (unsigned)len, digest);
	for (int i = 0; i < PRINT_OCTETS; i++)
		print = print << 8 | digest[i];
	free(wire);
	return print;
}

static result owner_of(const ldns_rr *rr, char out[DOMAIN_MAX])
{
	char *text = ldns_rdf2str(ldns_rr_owner(rr));
	REQUIRE(text != NULL, E_NO_MEMORY);
	size_t n = strlen(text);
	if (n > 0 && text[n - 1] == '.')
		text[--n] = '\0';
	bool fits = n < DOMAIN_MAX;
	for (size_t i = 0; fits && i <= n; i++)
		out[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] + 'a' - 'A' : text[i]);
	free(text);
	return fits ? OK : FAIL(E_SYNTAX);
}

static result fill(struct dns_record *out, ldns_rr *rr)
{
	ldns_rr_type type = ldns_rr_get_type(rr);
	REQUIRE((type == LDNS_RR_TYPE_DS || type == LDNS_RR_TYPE_DNSKEY) && ldns_rr_get_class(rr) == LDNS_RR_CLASS_IN, E_SYNTAX);
	TRY(owner_of(rr, out->owner));
	out->key = type == LDNS_RR_TYPE_DNSKEY;
	out->tag = out->key ? ldns_calc_keytag(rr) : ldns_rdf2native_int16(ldns_rr_rdf(rr, 0));
	out->secure_entry = !out->key || (ldns_rdf2native_int16(ldns_rr_dnskey_flags(rr)) & SEP) != 0;
	out->print = print_of(rr);
	return OK;
}

result dns_record_read(struct dns_record *out, const char *text)
{
	char record[RECORD_MAX];
	ldns_rr *rr = NULL;
	size_t n = strcspn(text, ";\r\n");
	memset(out, 0, sizeof(*out));
	REQUIRE(n > 0 && n < sizeof(record), E_SYNTAX);
	memcpy(record, text, n);
	record[n] = '\0';
	REQUIRE(ldns_rr_new_frm_str(&rr, record, 0, NULL, NULL) == LDNS_STATUS_OK && rr != NULL, E_SYNTAX);
	result r = fill(out, rr);
	ldns_rr_free(rr);
	return r;
}

// ---- reading

static const char *file_fault(const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return "no regular file";
	if (st->st_nlink != 1)
		return "has a second name";
	if (st->st_uid != geteuid())
		return "belongs to another user";
	if ((st->st_mode & OTHERS_MAY_WRITE) != 0)
		return "others may write it";
	return st->st_size > DNS_STATE_MAX ? "too long" : NULL;
}

static const char *read_text(struct dns_state *s, int fd)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return "cannot be looked at";
	const char *fault = file_fault(&st);
	while (fault == NULL && s->len < DNS_STATE_MAX) {
		ssize_t n = read(fd, s->text + s->len, DNS_STATE_MAX - s->len);
		if (n < 0)
			return "cannot be read";
		if (n == 0)
			break;
		s->len += (size_t)n;
	}
	s->text[s->len] = '\0';
	return fault;
}

// A seed's records are all trusted; a kept one says of each what it is.
static bool state_of(const struct dns_state *s, const char *line, const char *end, uint8_t *state)
{
	const char *mark = strstr(line, STATE_MARK);
	bool marked = mark != NULL && mark < end;
	*state = DNS_KEY_VALID;
	if (!marked || !s->kept)
		return marked == s->kept;
	char digit = mark[sizeof(STATE_MARK) - 1];
	*state = (uint8_t)(digit - '0');
	return digit >= '0' && digit < '0' + DNS_KEY_STATES;
}

static const char *take_record(struct dns_state *s, const char *line, const char *end, const char *apex)
{
	struct dns_record r;
	uint8_t state;
	if (!is_ok(dns_record_read(&r, line)) || (s->kept && !r.key))
		return "damaged: a record cannot be read";
	if (strcmp(r.owner, apex) != 0)
		return "of another zone";
	if (!state_of(s, line, end, &state))
		return "damaged: a key has no state";
	if (s->count == DNS_STATE_KEYS_MAX)
		return "has too many keys";
	s->key[s->count].tag = r.tag;
	s->key[s->count].state = state;
	s->key[s->count++].at = (uint32_t)(line - s->text);
	s->trusted += state == DNS_KEY_VALID || state == DNS_KEY_MISSING;
	s->seed += r.print;
	return NULL;
}

static const char *take_line(struct dns_state *s, const char *line, const char *end, const char *apex)
{
	if (end == line || strncmp(line, "; ", 2) == 0 || *line == '\r')
		return NULL;
	s->all_revoked |= strncmp(line, REVOKED_MARK, sizeof(REVOKED_MARK) - 1) == 0;
	return *line == ';' ? NULL : take_record(s, line, end, apex);
}

static const char *take_all(struct dns_state *s, const char *apex)
{
	const char *fault = NULL, *end;
	if (memchr(s->text, '\0', s->len) != NULL || s->len == 0 || s->text[s->len - 1] != '\n')
		return "damaged: cut off, or no text";
	s->kept = strncmp(s->text, KEPT_BY_LIBRARY, sizeof(KEPT_BY_LIBRARY) - 1) == 0;
	for (const char *line = s->text; fault == NULL && *line != '\0'; line = end + 1) {
		end = strchr(line, '\n');
		fault = take_line(s, line, end, apex);
	}
	if (fault == NULL && s->trusted == 0 && !s->all_revoked)
		return "damaged: no key in it is trusted";
	return fault;
}

void dns_state_read(struct dns_state *s, int folder, const char *name, const char *apex)
{
	memset(s, 0, sizeof(*s));
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		s->absent = errno == ENOENT;
		s->fault = s->absent ? NULL : errno == ELOOP ? "a symbolic link" : "cannot be opened";
		return;
	}
	s->fault = read_text(s, fd);
	close(fd);
	if (s->fault == NULL)
		s->fault = take_all(s, apex);
}

char *dns_state_text(const struct dns_state *s, char out[DNS_STATE_TEXT_MAX])
{
	static const char *const words[DNS_KEY_STATES] = {"START", "ADDPEND", "VALID", "MISSING", "REVOKED", "REMOVED"};
	size_t n = 0;
	out[0] = '\0';
	for (uint32_t i = 0; i < s->count && n < DNS_STATE_TEXT_MAX; i++)
		n += (size_t)snprintf(out + n, DNS_STATE_TEXT_MAX - n, "%s%u %s", i > 0 ? ", " : "", s->key[i].tag, words[s->key[i].state]);
	return out;
}

// ---- writing

static bool put(int fd, struct bytes text)
{
	while (text.len > 0) {
		ssize_t n = write(fd, text.at, text.len);
		if (n <= 0)
			return false;
		text = bytes_make(text.at + n, text.len - (size_t)n);
	}
	return fsync(fd) == 0;
}

result dns_state_write(int folder, const char *name, struct bytes text)
{
	char next[DOMAIN_MAX + 64];
	REQUIRE((size_t)snprintf(next, sizeof(next), "%s.new", name) < sizeof(next), E_SYSTEM);
	unlinkat(folder, next, 0); // of one that was killed here
	int fd = openat(folder, next, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	REQUIRE(fd >= 0, E_SYSTEM);
	bool good = put(fd, text);
	close(fd);
	if (good && renameat(folder, next, folder, name) == 0 && fsync(folder) == 0)
		return OK;
	unlinkat(folder, next, 0);
	return FAIL(E_SYSTEM);
}
