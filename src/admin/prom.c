// SPDX-License-Identifier: Apache-2.0
// Counter names of the signaller have parts with dots: "step.4.transport-floor.refused", "alarm.loop", "net.udp_sent".
// Label values are escaped, names are cut down to the allowed letters (BE-5).
#include "admin/prom.h"

#include "admin/text.h"

#include <stdio.h>
#include <string.h>

enum { PROM_TEXT_MAX = 256 };

struct prom {
	struct evbuffer *out;
	char family[PROM_TEXT_MAX]; // of the last sample: its TYPE line stands once
	bool failed;
};

static void sample(struct prom *p, const char *family, const char *type, const char *labels, json_int_t value)
{
	bool same = strcmp(p->family, family) == 0;
	if (!same && evbuffer_add_printf(p->out, "# TYPE sallyport_%s %s\n", family, type) < 0)
		p->failed = true;
	if (evbuffer_add_printf(p->out, "sallyport_%s%s%s%s %" JSON_INTEGER_FORMAT "\n", family, labels[0] != '\0' ? "{" : "",
		    labels, labels[0] != '\0' ? "}" : "", value) < 0)
		p->failed = true;
	if ((size_t)snprintf(p->family, sizeof(p->family), "%s", family) >= sizeof(p->family))
		p->failed = true; // cut, the next sample would have its TYPE line twice
}

// key="value" of up to two labels.
static const char *label2(char *out, size_t room, const char *k1, const char *v1, const char *k2, const char *v2)
{
	char a[PROM_TEXT_MAX / 2], b[PROM_TEXT_MAX / 2];
	if (k2 != NULL)
		snprintf(out, room, "%s=\"%s\",%s=\"%s\"", k1, text_label(v1, a, sizeof(a)), k2, text_label(v2, b, sizeof(b)));
	else
		snprintf(out, room, "%s=\"%s\"", k1, text_label(v1, a, sizeof(a)));
	return out;
}

static json_int_t number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static const char *string(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));
	return s != NULL ? s : "";
}

// "step.4.transport-floor.refused": the same name may stand in two lists, the number tells them apart.
static void step_sample(struct prom *p, const char *name, json_int_t value)
{
	char labels[PROM_TEXT_MAX * 2], step[PROM_TEXT_MAX], all[PROM_TEXT_MAX * 3];
	const char *number_from = name + sizeof("step.") - 1;
	const char *from = strchr(number_from, '.'), *last = strrchr(name, '.');
	if (from == NULL || last <= from)
		return;
	snprintf(step, sizeof(step), "%.*s", (int)(last - from - 1), from + 1);
	label2(labels, sizeof(labels), "step", step, "verdict", last + 1);
	snprintf(step, sizeof(step), "%.*s", (int)(from - number_from), number_from);
	char id[16];
	snprintf(all, sizeof(all), "id=\"%s\",%s", text_metric(step, id, sizeof(id)), labels);
	sample(p, "step_total", "counter", all, value);
}

static bool is_gauge(const char *name)
{
	static const char *const gauges[] = {"net.connections", "records.pending", "calls.now", "transactions.now",
		"media.sessions_now", "media.ports_now"};
	for (uint32_t i = 0; i < ARRAY_LEN(gauges); i++)
		if (strcmp(name, gauges[i]) == 0)
			return true;
	return false;
}

static void counter_sample(struct prom *p, const char *name, json_int_t value)
{
	char labels[PROM_TEXT_MAX * 2], metric[PROM_TEXT_MAX], family[PROM_TEXT_MAX + 8];
	if (strncmp(name, "step.", 5) == 0) {
		step_sample(p, name, value);
	} else if (strncmp(name, "alarm.", 6) == 0) {
		sample(p, "alarm_total", "counter", label2(labels, sizeof(labels), "alarm", name + 6, NULL, NULL), value);
	} else if (strncmp(name, "media.refused.", 14) == 0) {
		sample(p, "media_refused_total", "counter", label2(labels, sizeof(labels), "gate", name + 14, NULL, NULL), value);
	} else {
		snprintf(family, sizeof(family), "%s%s", text_metric(name, metric, sizeof(metric) - 8),
			is_gauge(name) ? "" : "_total");
		sample(p, family, is_gauge(name) ? "gauge" : "counter", "", value);
	}
}

static void counters(struct prom *p, const json_t *status)
{
	const char *name;
	json_t *value;
	// Samples of one family must stand together: one pass for each of the families that have labels.
	static const char *const groups[] = {"step.", "alarm.", "media.refused.", ""};
	for (uint32_t g = 0; g < ARRAY_LEN(groups); g++) {
		json_object_foreach((json_t *)(uintptr_t)json_object_get(status, "counters"), name, value) {
			uint32_t of = 0;
			while (strncmp(name, groups[of], strlen(groups[of])) != 0)
				of++; // the last one fits all
			if (of == g)
				counter_sample(p, name, json_integer_value(value));
		}
	}
}

static void peer_gauge(struct prom *p, const json_t *peers, const char *family, const char *type, const char *key)
{
	size_t i;
	json_t *peer;
	char labels[PROM_TEXT_MAX * 2];
	json_array_foreach((json_t *)(uintptr_t)peers, i, peer) {
		json_t *value = json_object_get(peer, key);
		if (value != NULL)
			sample(p, family, type, label2(labels, sizeof(labels), "peer", string(peer, "name"), NULL, NULL),
				json_integer_value(value));
	}
}

static void peers(struct prom *p, const json_t *status)
{
	size_t i;
	json_t *peer, *value;
	const char *step;
	char labels[PROM_TEXT_MAX * 2];
	const json_t *list = json_object_get(status, "peers");
	peer_gauge(p, list, "peer_concurrent_calls", "gauge", "concurrent_calls");
	json_array_foreach((json_t *)(uintptr_t)list, i, peer)
		sample(p, "peer_in_service", "gauge", label2(labels, sizeof(labels), "peer", string(peer, "name"), NULL, NULL),
			strcmp(string(peer, "service"), "in service") == 0);
	json_array_foreach((json_t *)(uintptr_t)list, i, peer)
		json_object_foreach(json_object_get(peer, "refused_by_step"), step, value)
			sample(p, "peer_refused_total", "counter",
				label2(labels, sizeof(labels), "peer", string(peer, "name"), "step", step),
				json_integer_value(value));
}

static void peer_media(struct prom *p, const json_t *status)
{
	static const char *const totals[] = {"packets", "octets", "lost"};
	size_t i;
	json_t *peer, *value;
	const char *gate;
	char labels[PROM_TEXT_MAX * 2], family[PROM_TEXT_MAX];
	const json_t *list = json_object_get(status, "peers");
	for (uint32_t k = 0; k < ARRAY_LEN(totals); k++) {
		snprintf(family, sizeof(family), "peer_media_%s_total", totals[k]);
		json_array_foreach((json_t *)(uintptr_t)list, i, peer)
			if (json_object_get(peer, "media") != NULL)
				sample(p, family, "counter", label2(labels, sizeof(labels), "peer", string(peer, "name"), NULL, NULL),
					number(json_object_get(peer, "media"), totals[k]));
	}
	json_array_foreach((json_t *)(uintptr_t)list, i, peer)
		json_object_foreach(json_object_get(json_object_get(peer, "media"), "dropped"), gate, value)
			sample(p, "peer_media_dropped_total", "counter",
				label2(labels, sizeof(labels), "peer", string(peer, "name"), "gate", gate), json_integer_value(value));
}

static void control_states(struct prom *p, const json_t *status)
{
	size_t i, k;
	json_t *peer, *control;
	char labels[PROM_TEXT_MAX * 2], state[PROM_TEXT_MAX * 3];
	json_array_foreach(json_object_get(status, "peers"), i, peer)
		json_array_foreach(json_object_get(peer, "controls"), k, control) {
			label2(labels, sizeof(labels), "peer", string(peer, "name"), "control", string(control, "control"));
			snprintf(state, sizeof(state), "%s,state=\"%s\"", labels, string(control, "state"));
			sample(p, "peer_control", "gauge", state, 1);
		}
}

static void processes(struct prom *p, const json_t *status)
{
	size_t i;
	json_t *process;
	char labels[PROM_TEXT_MAX * 2];
	const json_t *list = json_object_get(status, "processes");
	json_array_foreach((json_t *)(uintptr_t)list, i, process)
		sample(p, "process_up", "gauge", label2(labels, sizeof(labels), "process", string(process, "name"), NULL, NULL),
			json_is_true(json_object_get(process, "ready")));
	json_array_foreach((json_t *)(uintptr_t)list, i, process)
		sample(p, "process_restarts_total", "counter",
			label2(labels, sizeof(labels), "process", string(process, "name"), NULL, NULL),
			number(process, "restarts"));
}

static void records(struct prom *p, const json_t *status)
{
	const json_t *r = json_object_get(status, "records");
	static const char *const totals[] = {"written", "spilled", "dropped", "failures", "files_removed", "unreadable", "again"};
	char family[PROM_TEXT_MAX];
	for (uint32_t i = 0; i < ARRAY_LEN(totals); i++) {
		snprintf(family, sizeof(family), "call_records_%s_total", totals[i]);
		sample(p, family, "counter", "", number(r, totals[i]));
	}
	sample(p, "call_records_queued", "gauge", "", number(r, "queued"));
	sample(p, "call_records_full", "gauge", "", strcmp(string(r, "state"), "full") == 0);
}

result prom_write(const json_t *status, struct evbuffer *out)
{
	struct prom p = {.out = out};
	sample(&p, "configuration_generation", "gauge", "", number(status, "generation"));
	sample(&p, "unanswered_parts", "gauge", "", (json_int_t)json_array_size(json_object_get(status, "missing")));
	processes(&p, status);
	counters(&p, status);
	peers(&p, status);
	peer_media(&p, status);
	control_states(&p, status);
	records(&p, status);
	return p.failed ? FAIL(E_NO_MEMORY) : OK;
}
