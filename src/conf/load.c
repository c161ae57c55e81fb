// SPDX-License-Identifier: Apache-2.0
// One load: tree, rows, checks, snapshot. Every step runs over all of the file, so that one run shows every
// error; only then is it decided whether the file is refused.
#include "conf/option.h"
#include "conf/steps.h"

#include "base/memory.h"

static void check_all(struct conf_load *c)
{
	conf_check_system(c);
	conf_read_certificates(c);
	conf_check_dns(c);
	for (uint32_t i = 0; i < c->draft.peer_count; i++) {
		conf_check_demand(c, &c->draft.peer[i]);
		conf_check_reach(c, &c->draft.peer[i]);
		conf_check_controls(c, &c->draft.peer[i]);
	}
	conf_check_unique(c);
	conf_check_publish(c);
	conf_check_portal(c);
	conf_check_reload(c);
}

static result run(struct conf_load *c, struct bytes yaml, struct conf_result *out)
{
	TRY(conf_tree_parse(&c->tree, yaml, &c->messages));
	conf_parse_section(c, &conf_root_section, &c->draft, c->tree.root);
	check_all(c);
	REQUIRE(!c->messages.no_memory, E_NO_MEMORY);
	REQUIRE(c->messages.tally[CONF_ERROR] == 0, E_CONFIG);
	TRY(conf_build(c, out));
	REQUIRE(is_ok(snapshot_check(out->snapshot, out->size)), E_IMPOSSIBLE);
	return OK;
}

static void free_load(struct conf_load *c)
{
	for (uint32_t i = 0; i < c->draft.peer_count; i++)
		memory_free(c->draft.peer[i].trust);
	memory_free(c->draft.peer);
	memory_free(c->draft.certificate);
	memory_free(c->draft.anchors);
	conf_tree_free(&c->tree);
	memory_free(c);
}

static void hand_over(struct conf_messages *m, struct conf_result *out)
{
	conf_messages_sort(m);
	out->message = m->list;
	out->message_count = m->count;
	out->messages_lost = m->lost;
	out->errors = m->tally[CONF_ERROR];
	out->out_of_service = m->tally[CONF_OUT_OF_SERVICE];
	out->warnings = m->tally[CONF_WARNING];
}

result conf_load(const char *file_name, struct bytes yaml, const struct conf_hooks *hooks, uint64_t wall_ms,
	const struct snapshot *previous, struct conf_result *out)
{
	struct conf_load *c = memory_alloc(sizeof(*c));
	result r;

	*out = (struct conf_result){0};
	snprintf(out->file_name, sizeof(out->file_name), "%s", file_name);
	REQUIRE(c != NULL, E_NO_MEMORY);
	c->hooks = hooks;
	c->wall_ms = wall_ms;
	c->previous = previous;
	r = run(c, yaml, out);
	if (!is_ok(r)) {
		memory_free(out->snapshot);
		memory_free(out->private.name);
		out->snapshot = NULL;
		out->private = (struct conf_private){0};
		out->size = 0;
	}
	hand_over(&c->messages, out);
	free_load(c);
	return r;
}

void conf_result_free(struct conf_result *out)
{
	memory_free(out->snapshot);
	memory_free(out->private.name);
	memory_free(out->message);
	*out = (struct conf_result){0};
}

int conf_check_status(const struct conf_result *r)
{
	return r->snapshot == NULL || r->errors > 0 || r->out_of_service > 0 ? 1 : 0;
}

char *conf_message_text(const struct conf_result *r, uint32_t i, char *out, size_t room)
{
	static const char *const words[] = {
		[CONF_ERROR] = "error", [CONF_OUT_OF_SERVICE] = "out of service", [CONF_WARNING] = "warning"};
	const struct conf_message *m;

	if (room > 0)
		out[0] = '\0';
	if (i >= r->message_count)
		return out;
	m = &r->message[i];
	snprintf(
		out, room, "%s:%u:%u: %s: %s", r->file_name, m->line, m->column, words[m->severity], m->text);
	return out;
}
