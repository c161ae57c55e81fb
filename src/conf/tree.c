// SPDX-License-Identifier: Apache-2.0
// YAML text as a tree, by libyaml's events: every bound is checked before the node is kept, so that neither
// depth nor size nor sharing in the file can make the process work without end.
//
// Trusts nothing in the text. Anchors and aliases are refused: a value then has one place, and no file
// unfolds into more than it holds.
#include "conf/tree.h"
#include "base/memory.h"

#include <yaml.h>

enum { CHUNK_SIZE = 64 * 1024 }; // [octets] many nodes per call to the heap

struct tree_chunk {
	struct tree_chunk *next;
	size_t used;
	_Alignas(16) uint8_t room[CHUNK_SIZE];
};

struct builder {
	struct conf_tree *tree;
	struct conf_messages *messages;
	struct conf_node *open[TREE_DEPTH_MAX];
	struct conf_node *key[TREE_DEPTH_MAX]; // pending key of each open mapping
	uint32_t depth;
	uint32_t documents;
};

static void *tree_alloc(struct conf_tree *t, size_t n)
{
	size_t need = (n + 15) & ~(size_t)15;
	struct tree_chunk *c = t->chunk;
	void *at;

	if (c == NULL || c->used + need > CHUNK_SIZE) {
		c = memory_alloc(sizeof(*c));
		if (c == NULL)
			return NULL;
		c->next = t->chunk;
		t->chunk = c;
	}
	at = c->room + c->used;
	c->used += need;
	return at;
}

void conf_tree_free(struct conf_tree *t)
{
	while (t->chunk != NULL) {
		struct tree_chunk *next = t->chunk->next;
		memory_free(t->chunk);
		t->chunk = next;
	}
	t->root = NULL;
}

static result refuse(struct builder *b, const yaml_mark_t *at, const char *what)
{
	conf_say(b->messages, CONF_ERROR, (uint32_t)at->line + 1, (uint32_t)at->column + 1, "%s", what);
	return FAIL(E_CONFIG);
}

static bool key_doubled(const struct conf_node *map, const struct conf_node *key)
{
	for (const struct conf_node *n = map->first; n != NULL; n = n->next) {
		if (n->key->text_len == key->text_len && memcmp(n->key->text, key->text, key->text_len) == 0)
			return true;
	}
	return false;
}

static void append(struct conf_node *parent, struct conf_node *n)
{
	if (parent->last == NULL)
		parent->first = n;
	else
		parent->last->next = n;
	parent->last = n;
	parent->count++;
}

static result attach_to_map(
	struct builder *b, struct conf_node *map, struct conf_node *n, const yaml_mark_t *at)
{
	struct conf_node **key = &b->key[b->depth - 1];

	if (*key == NULL) {
		if (n->kind != TREE_SCALAR)
			return refuse(
				b, at, "a key must be a word; remove the brackets, braces or dash before it");
		*key = n;
		return OK;
	}
	n->key = *key;
	*key = NULL;
	if (map->count >= TREE_KEYS_MAX)
		return refuse(b, at, "too many keys in one mapping (64 at most); split or remove them");
	if (!key_doubled(map, n->key)) {
		append(map, n);
		return OK;
	}
	conf_say(b->messages, CONF_ERROR, n->key->line, n->key->column,
		"key \"%.40s\" stands twice; keep one of them", n->key->text);
	return OK; // the first one is kept; the file is refused all the same, after its other errors
}

static result attach(struct builder *b, struct conf_node *n, const yaml_mark_t *at)
{
	struct conf_node *parent;

	if (b->depth == 0) {
		b->tree->root = n;
		return OK;
	}
	parent = b->open[b->depth - 1];
	if (parent->kind == TREE_MAP)
		return attach_to_map(b, parent, n, at);
	append(parent, n);
	return OK;
}

static result node_new(struct builder *b, enum tree_kind kind, const yaml_mark_t *at, struct conf_node **out)
{
	if (b->tree->nodes >= TREE_NODES_MAX)
		return refuse(b, at, "the file holds too many values; split the peers over several systems");
	b->tree->nodes++;
	*out = tree_alloc(b->tree, sizeof(**out));
	REQUIRE(*out != NULL, E_NO_MEMORY);
	**out = (struct conf_node){
		.kind = kind, .line = (uint32_t)at->line + 1, .column = (uint32_t)at->column + 1, .text = ""};
	return OK;
}

static result plain_only(
	struct builder *b, const yaml_event_t *e, const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (anchor != NULL)
		return refuse(
			b, &e->start_mark, "anchors (&) are not allowed; write the value where it is needed");
	if (tag != NULL)
		return refuse(b, &e->start_mark, "tags (!) are not allowed; remove the tag");
	return OK;
}

static bool has_control(const uint8_t *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] < ' ' || text[i] == 0x7f)
			return true;
	}
	return false;
}

static result scalar_h(struct builder *b, const yaml_event_t *e)
{
	size_t len = e->data.scalar.length;
	const uint8_t *value = e->data.scalar.value;
	struct conf_node *n;
	char *text;

	TRY(plain_only(b, e, e->data.scalar.anchor, e->data.scalar.tag));
	if (len > TREE_SCALAR_MAX)
		return refuse(b, &e->start_mark, "the value is too long (1024 octets at most); shorten it");
	if (has_control(value, len))
		return refuse(b, &e->start_mark,
			"control characters and line ends are not allowed in a value; remove them");
	TRY(node_new(b, TREE_SCALAR, &e->start_mark, &n));
	text = tree_alloc(b->tree, len + 1);
	REQUIRE(text != NULL, E_NO_MEMORY);
	memcpy(text, value, len);
	text[len] = '\0';
	n->text = text;
	n->text_len = (uint32_t)len;
	return attach(b, n, &e->start_mark);
}

static result open_h(struct builder *b, const yaml_event_t *e, enum tree_kind kind)
{
	struct conf_node *n;

	if (kind == TREE_MAP)
		TRY(plain_only(b, e, e->data.mapping_start.anchor, e->data.mapping_start.tag));
	else
		TRY(plain_only(b, e, e->data.sequence_start.anchor, e->data.sequence_start.tag));
	if (b->depth >= TREE_DEPTH_MAX)
		return refuse(b, &e->start_mark, "nested too deep (8 levels at most); no option needs this");
	TRY(node_new(b, kind, &e->start_mark, &n));
	TRY(attach(b, n, &e->start_mark));
	b->open[b->depth] = n;
	b->key[b->depth] = NULL;
	b->depth++;
	return OK;
}

static result event_h(struct builder *b, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_ALIAS_EVENT:
		return refuse(b, &e->start_mark, "aliases (*) are not allowed; write the value out");
	case YAML_SCALAR_EVENT:
		return scalar_h(b, e);
	case YAML_SEQUENCE_START_EVENT:
		return open_h(b, e, TREE_LIST);
	case YAML_MAPPING_START_EVENT:
		return open_h(b, e, TREE_MAP);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		REQUIRE(b->depth > 0, E_IMPOSSIBLE);
		b->depth--;
		return OK;
	case YAML_DOCUMENT_START_EVENT:
		if (b->documents++ > 0)
			return refuse(
				b, &e->start_mark, "a second document begins here; remove the line \"---\"");
		return OK;
	default:
		return OK;
	}
}

// libyaml gives places of bad encodings as an offset only.
static void say_syntax(const yaml_parser_t *p, struct bytes text, struct conf_messages *m)
{
	uint32_t line = (uint32_t)p->problem_mark.line + 1, column = (uint32_t)p->problem_mark.column + 1;
	const char *problem = p->problem != NULL ? p->problem : "not readable";

	if (p->error == YAML_READER_ERROR) {
		line = column = 1;
		for (size_t i = 0; i < p->problem_offset && i < text.len; i++) {
			column = text.at[i] == '\n' ? 1 : column + 1;
			line += text.at[i] == '\n';
		}
	}
	conf_say(m, CONF_ERROR, line, column, "not YAML: %s; mend the text here or just before", problem);
}

static result next_event(yaml_parser_t *p, struct builder *b, struct bytes text, bool *end)
{
	yaml_event_t e;
	result r;

	if (!yaml_parser_parse(p, &e)) {
		REQUIRE(p->error != YAML_MEMORY_ERROR, E_NO_MEMORY);
		say_syntax(p, text, b->messages);
		return FAIL(E_CONFIG);
	}
	*end = e.type == YAML_STREAM_END_EVENT;
	r = event_h(b, &e);
	yaml_event_delete(&e);
	return r;
}

result conf_tree_parse(struct conf_tree *t, struct bytes text, struct conf_messages *m)
{
	struct builder b = {.tree = t, .messages = m};
	yaml_parser_t parser;
	bool end = false;
	result r = OK;

	*t = (struct conf_tree){0};
	if (text.len > CONF_FILE_MAX) {
		conf_say(m, CONF_ERROR, 0, 0,
			"the file is larger than 4 MiB; split the peers over several systems");
		return FAIL(E_CONFIG);
	}
	REQUIRE(yaml_parser_initialize(&parser), E_NO_MEMORY);
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, text.at, text.len);
	while (is_ok(r) && !end)
		r = next_event(&parser, &b, text, &end);
	yaml_parser_delete(&parser);
	if (is_ok(r) && (t->root == NULL || t->root->kind != TREE_MAP)) {
		conf_say(m, CONF_ERROR, 1, 1,
			"the file holds no mapping; begin with \"domain: your.example\"");
		return FAIL(E_CONFIG);
	}
	return r;
}

const struct conf_node *conf_tree_find(const struct conf_node *node, const char *key)
{
	const struct conf_node *n = node != NULL && node->kind == TREE_MAP ? node->first : NULL;

	for (; n != NULL; n = n->next) {
		if (strcmp(n->key->text, key) == 0)
			return n;
	}
	return NULL;
}

const struct conf_node *conf_tree_place(const struct conf_node *node, const char *path)
{
	char key[32];

	while (path != NULL && *path != '\0') {
		size_t len = strcspn(path, ".");
		const struct conf_node *n;
		if (len >= sizeof(key))
			return node;
		memcpy(key, path, len);
		key[len] = '\0';
		n = conf_tree_find(node, key);
		if (n == NULL)
			return node;
		node = n;
		path += len + (path[len] == '.');
	}
	return node;
}
