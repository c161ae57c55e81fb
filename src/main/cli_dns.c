// SPDX-License-Identifier: Apache-2.0
// `sallyport dns-forwarder`: the configuration of Debian's unbound as DNS-over-TLS forwarder on this host, from `dns.forward_tls`.
//
// The resolver library has no TLS (doc/manual.md, "DNS"); the daemon has. It only forwards: the resolver process validates itself.
#include "main/cli.h"
#include "main/cli_conf.h"

#include <string.h>

#define LISTEN_DEFAULT "127.0.0.1@5335"
#define BUNDLE "/etc/ssl/certs/ca-certificates.crt" // package ca-certificates

static const char *host_text(const struct address *a, char out[ADDRESS_TEXT_MAX])
{
	uint32_t n = address_host_text(a, out);
	if (out[0] != '[')
		return out;
	out[n - 1] = '\0'; // unbound writes IPv6 without brackets
	return out + 1;
}

static void print_interfaces(const struct dns_settings *d)
{
	char text[ADDRESS_TEXT_MAX];
	uint32_t printed = 0;
	for (uint32_t i = 0; i < d->upstream_count; i++) {
		if (address_classify(&d->upstream[i]) != ADDRESS_LOOPBACK)
			continue;
		printf("    interface: %s@%u\n", host_text(&d->upstream[i], text), d->upstream[i].port);
		printed++;
	}
	if (printed == 0)
		printf("    interface: " LISTEN_DEFAULT "  # name it in dns.upstreams\n");
}

static void print_fixed(void)
{
	printf("    access-control: 0.0.0.0/0 refuse\n"
	       "    access-control: ::0/0 refuse\n"
	       "    access-control: 127.0.0.0/8 allow\n"
	       "    access-control: ::1/128 allow\n"
	       "    do-not-query-localhost: no\n"
	       "    module-config: \"iterator\"        # sallyport validates\n"
	       "    tls-cert-bundle: \"" BUNDLE "\"\n"
	       "    edns-buffer-size: 1232\n"
	       "    qname-minimisation: no           # a forwarder is told the whole name\n"
	       "    cache-max-ttl: 86400\n"
	       "    cache-max-negative-ttl: 60\n"
	       "    hide-identity: yes\n"
	       "    hide-version: yes\n"
	       "    local-zone: \"test.\" nodefault    # private trees are the servers' matter\n"
	       "    unblock-lan-zones: yes\n"
	       "remote-control:\n"
	       "    control-enable: no\n"
	       "forward-zone:\n"
	       "    name: \".\"\n"
	       "    forward-tls-upstream: yes\n"
	       "    forward-first: no                # never past the forwarder, never in clear\n");
}

static void print_all(const struct dns_settings *d, const struct conf_private *p)
{
	char text[ADDRESS_TEXT_MAX];
	printf("# Debian's unbound as forwarder of DNS over TLS for sallyport, made by `sallyport dns-forwarder` from dns.forward_tls.\n"
	       "# Put it into a file of its own and run: unbound -d -c FILE; it serves this host alone.\n"
	       "server:\n");
	print_interfaces(d);
	print_fixed();
	for (uint32_t i = 0; i < p->forward_tls_count; i++)
		printf("    forward-addr: %s@%u#%s\n", host_text(&p->forward_tls[i].address, text), p->forward_tls[i].address.port,
			p->forward_tls[i].name);
}

int cli_dns_forwarder(const struct cli *c)
{
	struct conf_result r = {0};
	if (c->config == NULL) {
		cli_say(c, "no configuration is named; write --config FILE");
		return CLI_USAGE;
	}
	if (!is_ok(cli_conf_load(c, c->config, &r)) || r.snapshot == NULL) {
		cli_say(c, "%s is no valid configuration; see `sallyport check %s`", c->config, c->config);
		conf_result_free(&r);
		return CLI_FAILED;
	}
	int status = CLI_OK;
	if (r.private.forward_tls_count > 0) {
		print_all(&r.snapshot->settings.dns, &r.private);
	} else {
		cli_say(c, "dns.forward_tls names no server; write one like \"192.0.2.53@853#dns.example\"");
		status = CLI_FAILED;
	}
	conf_result_free(&r);
	return status;
}
