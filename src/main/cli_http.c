// SPDX-License-Identifier: Apache-2.0
// One request over the local socket, by libcurl. What comes back is bounded; strange octets were escaped at the source
// and are escaped again before a terminal sees them.
#include "main/cli.h"

#include "admin/text.h"
#include "base/memory.h"

#include <curl/curl.h>
#include <string.h>

enum {
	ANSWER_MAX = 64 * 1024 * 1024, // [octets] 10 000 calls are below 16 MiB
	URL_MAX = 8192,
	ANSWER_S = 40,                 // a reload resolves names
};

struct receipt {
	char *at;
	size_t len, room;
	FILE *to; // NULL: keep
	CURL *curl;
	bool failed;
};

static bool receipt_grow(struct receipt *r, size_t needed)
{
	if (needed <= r->room)
		return true;
	size_t room = r->room == 0 ? 16384 : r->room;
	while (room < needed)
		room *= 2;
	char *at = room <= ANSWER_MAX ? memory_alloc(room) : NULL;
	if (at == NULL)
		return false;
	if (r->len > 0)
		memcpy(at, r->at, r->len);
	memory_free(r->at);
	r->at = at;
	r->room = room;
	return true;
}

static size_t receive(char *octets, size_t size, size_t count, void *ctx)
{
	struct receipt *r = ctx;
	size_t n = size * count;
	long status = 0;
	curl_easy_getinfo(r->curl, CURLINFO_RESPONSE_CODE, &status);
	if (r->to != NULL && status == 200)
		return fwrite(octets, 1, n, r->to) == n && fflush(r->to) == 0 ? n : 0;
	if (!receipt_grow(r, r->len + n))
		return 0;
	memcpy(r->at + r->len, octets, n);
	r->len += n;
	return n;
}

static bool append(char *url, size_t *len, const char *text)
{
	size_t n = strlen(text);
	if (*len + n + 1 > URL_MAX)
		return false;
	memcpy(url + *len, text, n + 1);
	*len += n;
	return true;
}

static bool append_encoded(CURL *curl, char *url, size_t *len, const char *text)
{
	char *encoded = curl_easy_escape(curl, text, (int)strnlen(text, URL_MAX));
	bool good = encoded != NULL && append(url, len, encoded);
	curl_free(encoded);
	return good;
}

static bool make_url(CURL *curl, const struct cli_request *r, char url[URL_MAX])
{
	size_t len = 0;
	bool good = append(url, &len, "http://sallyport") && append(url, &len, r->path);
	if (good && r->segment != NULL)
		good = append_encoded(curl, url, &len, r->segment);
	if (good && r->suffix != NULL)
		good = append(url, &len, r->suffix);
	bool first = true;
	for (uint32_t i = 0; good && i < ARRAY_LEN(r->query); i++) {
		if (r->query[i].key == NULL || r->query[i].value == NULL)
			continue;
		good = append(url, &len, first ? "?" : "&") && append(url, &len, r->query[i].key) && append(url, &len, "=") &&
		       append_encoded(curl, url, &len, r->query[i].value);
		first = false;
	}
	return good;
}

static void print_error(const struct cli *c, const json_t *answer, long status)
{
	char what[512], where[512], mend[1024], buf[32];
	const json_t *e = json_object_get(answer, "error");
	if (e == NULL) {
		cli_say(c, "refused with status %ld; only root and the owner of the socket may ask", status);
		return;
	}
	cli_say(c, "%s (%s); %s", text_terminal(cli_member(e, "what", buf), what, sizeof(what)),
		text_terminal(cli_member(e, "where", buf), where, sizeof(where)),
		text_terminal(cli_member(e, "mend", buf), mend, sizeof(mend)));
}

static int judge(const struct cli *c, CURLcode code, const char *socket, struct receipt *got, json_t **out)
{
	long status = 0;
	curl_easy_getinfo(got->curl, CURLINFO_RESPONSE_CODE, &status);
	if (code != CURLE_OK && status == 0) {
		cli_say(c, "no sallyport answers on %s (%s); start it, or name its socket with --socket or --config", socket,
			curl_easy_strerror(code));
		return CLI_UNREACHABLE;
	}
	json_t *answer = got->len > 0 ? json_loadb(got->at, got->len, 0, NULL) : NULL;
	bool good = code == CURLE_OK && status == 200 && (answer != NULL || got->to != NULL);
	if (code != CURLE_OK)
		cli_say(c, "the answer broke off (%s); look at the log of the admin process", curl_easy_strerror(code));
	else if (status != 200)
		print_error(c, answer, status);
	else if (!good)
		cli_say(c, "the answer is no JSON; do program and running system have the same version?");
	if (!good) {
		json_decref(answer);
		return CLI_FAILED;
	}
	*out = answer;
	return CLI_OK;
}

static void set_options(CURL *curl, const struct cli_request *r, const char *socket, const char *url, struct receipt *got)
{
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 5L);
	if (r->to == NULL)
		curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)ANSWER_S);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, got);
	if (strcmp(r->method, "POST") != 0)
		return;
	curl_easy_setopt(curl, CURLOPT_POST, 1L);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_len);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, r->body != NULL ? r->body : "");
}

int cli_request(const struct cli *c, const struct cli_request *r, json_t **out)
{
	char socket[CLI_PATH_MAX], url[URL_MAX];
	*out = NULL;
	if (!cli_socket_path(c, socket))
		return CLI_FAILED;
	CURL *curl = curl_easy_init();
	struct curl_slist *head = curl_slist_append(NULL, "Content-Type: application/octet-stream");
	if (curl == NULL || head == NULL || !make_url(curl, r, url)) {
		cli_say(c, "%s", curl == NULL || head == NULL ? "out of memory" : "an argument is too long; shorten it");
		curl_slist_free_all(head);
		curl_easy_cleanup(curl);
		return CLI_FAILED;
	}
	struct receipt got = {.to = r->to, .curl = curl};
	set_options(curl, r, socket, url, &got);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, head);
	int status = judge(c, curl_easy_perform(curl), socket, &got, out);
	curl_slist_free_all(head);
	curl_easy_cleanup(curl);
	memory_free(got.at);
	return status;
}
