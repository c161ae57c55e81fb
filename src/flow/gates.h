// SPDX-License-Identifier: Apache-2.0
// The gates: each has this one signature, decides one thing and changes nothing but the passage.
#ifndef FLOW_GATES_H
#define FLOW_GATES_H

#include "flow/steps.h"

struct verdict gate_source(struct passage *p);           // do we know anybody there?
struct verdict gate_source_rate(struct passage *p);      // messages per second of that peer
struct verdict gate_syntax(struct passage *p);           // strict grammar, one meaning
struct verdict gate_peer(struct passage *p);             // certificate or address -> exactly one peer
struct verdict gate_transport_floor(struct passage *p);  // never below what the peer is provisioned for
struct verdict gate_transaction(struct passage *p);      // retransmissions, CANCEL and ACK end here
struct verdict gate_response_token(struct passage *p);  // it bears a branch that we sealed
struct verdict gate_response_source(struct passage *p); // from where the request went
struct verdict gate_response_body(struct passage *p);    // as gate_body, for responses
struct verdict gate_response_deliver(struct passage *p); // always: the call takes it
struct verdict gate_dialog_token(struct passage *p);    // it bears the tag of a dialog that lives
struct verdict gate_dialog_owner(struct passage *p);    // from the peer and over the flow that own the leg
struct verdict gate_dialog_method(struct passage *p);   // a method that may come in a dialog
struct verdict gate_dialog_deliver(struct passage *p);  // the dialog takes it: order, offer and answer
struct verdict gate_service(struct passage *p);          // in service, not blocked, no waiver run out
struct verdict gate_method(struct passage *p);           // what a peering border takes at all
struct verdict gate_rate(struct passage *p);             // calls per second
struct verdict gate_share(struct passage *p);            // nobody takes the tables from the others
struct verdict gate_admission(struct passage *p);        // concurrent calls, records, draining
struct verdict gate_headers(struct passage *p);          // every known header field, body type
struct verdict gate_body(struct passage *p);             // one session description at most, none hidden
struct verdict gate_view(struct passage *p);             // where only look-ups are answered: may this peer ask?
struct verdict gate_destination(struct passage *p);      // Request-URI is one that we may route
struct verdict gate_identity(struct passage *p);         // the caller's number belongs to this peer
struct verdict gate_harvest(struct passage *p);          // does this peer go through our numbers?
struct verdict gate_lookup(struct passage *p);           // LUF
struct verdict gate_route(struct passage *p);            // LRF
struct verdict gate_redirect(struct passage *p);         // a look-up ends here: who asks is told what his view holds
struct verdict gate_media_policy(struct passage *p);     // could this offer be taken at all?
struct verdict gate_send(struct passage *p);            // loop, option tags, room: then the other leg is begun
struct verdict gate_send_standalone(struct passage *p); // the same without a call; OPTIONS for us is answered before

#endif
