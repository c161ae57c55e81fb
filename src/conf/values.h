// SPDX-License-Identifier: Apache-2.0
// Grammars of single values. Each is a conf_set: false when the value does not fit its option's form.
#ifndef CONF_VALUES_H
#define CONF_VALUES_H

#include "conf/draft.h"

// Lower-case host name (RFC1123#2.1): labels of letters, digits and hyphens. OUT holds DOMAIN_MAX.
bool conf_read_domain(const char *text, char out[DOMAIN_MAX]);
// A word for zones, listeners and peers: letters, digits, ".", "_", "-"; OUT holds NAME_MAX_LEN.
bool conf_read_name(const char *text, char out[NAME_MAX_LEN]);
// "udp", "tcp", "tls".
bool conf_read_transport(const char *text, size_t len, uint8_t *out);
// "2027-03-31" to 00:00 UTC after that day [ms since 1970].
bool conf_read_date(const char *text, uint64_t *out_ms);

// into struct conf_draft
bool conf_set_domain(struct conf_load *c, void *target, const struct conf_node *n);
bool conf_set_metrics(struct conf_load *c, void *target, const struct conf_node *n);
bool conf_set_registry(struct conf_load *c, void *target, const struct conf_node *n);
bool conf_set_upstream(struct conf_load *c, void *target, const struct conf_node *n);
bool conf_set_forward_tls(struct conf_load *c, void *target, const struct conf_node *n);
bool conf_set_dns_only(struct conf_load *c, void *target, const struct conf_node *n);
// into struct dns_policy
bool conf_set_dns_suffix(struct conf_load *c, void *target, const struct conf_node *n);
// into struct conf_zone
bool conf_set_zone_name(struct conf_load *c, void *target, const struct conf_node *n);
// into struct conf_listener
bool conf_set_listener_name(struct conf_load *c, void *target, const struct conf_node *n);
bool conf_set_listener_zone(struct conf_load *c, void *target, const struct conf_node *n);
bool conf_set_sip(struct conf_load *c, void *target, const struct conf_node *n);
bool conf_set_media_range(struct conf_load *c, void *target, const struct conf_node *n);
bool conf_set_advertise(struct conf_load *c, void *target, const struct conf_node *n);
bool conf_set_dscp_sip(struct conf_load *c, void *target, const struct conf_node *n);
bool conf_set_dscp_media(struct conf_load *c, void *target, const struct conf_node *n);
// into struct conf_peer
bool conf_set_peer_name(struct conf_load *c, void *target, const struct conf_node *n);
bool conf_set_peer_zone(struct conf_load *c, void *target, const struct conf_node *n);
bool conf_set_reach_domain(struct conf_load *c, void *target, const struct conf_node *n);
bool conf_set_demand_below(struct conf_load *c, void *target, const struct conf_node *n);
bool conf_set_reach_transport(struct conf_load *c, void *target, const struct conf_node *n);
bool conf_set_target(struct conf_load *c, void *target, const struct conf_node *n);
bool conf_set_tls_name(struct conf_load *c, void *target, const struct conf_node *n);
bool conf_set_address(struct conf_load *c, void *target, const struct conf_node *n);
bool conf_set_calls_from(struct conf_load *c, void *target, const struct conf_node *n);
bool conf_set_calls_to(struct conf_load *c, void *target, const struct conf_node *n);
bool conf_set_media_address(struct conf_load *c, void *target, const struct conf_node *n);
bool conf_set_codec(struct conf_load *c, void *target, const struct conf_node *n);
bool conf_set_suite(struct conf_load *c, void *target, const struct conf_node *n);
bool conf_set_reroute(struct conf_load *c, void *target, const struct conf_node *n);
bool conf_set_extension(struct conf_load *c, void *target, const struct conf_node *n);
bool conf_set_shadow(struct conf_load *c, void *target, const struct conf_node *n);
// into struct conf_waiver
bool conf_set_waiver_control(struct conf_load *c, void *target, const struct conf_node *n);
bool conf_set_waiver_until(struct conf_load *c, void *target, const struct conf_node *n);

#endif
