// SPDX-License-Identifier: Apache-2.0
// YAML text as a tree of scalars, lists and mappings, each with its place in the file.
#ifndef CONF_TREE_H
#define CONF_TREE_H

#include "conf/message.h"

enum {
	TREE_DEPTH_MAX = 8,      // the deepest option stands at 6
	TREE_NODES_MAX = 600000, // PEERS_MAX peers of about 140 nodes
	TREE_KEYS_MAX = 64,      // keys of one mapping; the largest section has fewer than 20
	TREE_SCALAR_MAX = 1024,  // [octets] the longest value is a path of 255
};

enum tree_kind { TREE_SCALAR, TREE_LIST, TREE_MAP };

struct conf_node {
	enum tree_kind kind;
	uint32_t line, column; // from 1
	uint32_t count;        // of children
	uint32_t text_len;
	const char *text;            // scalars; NUL-terminated, no control octets inside
	const struct conf_node *key; // children of mappings: the key
	struct conf_node *first, *last, *next;
};

struct tree_chunk;
struct conf_tree {
	struct conf_node *root; // NULL when the text was no tree
	struct tree_chunk *chunk;
	uint32_t nodes;
};

// Parse TEXT. Aliases, anchors, tags, doubled keys, several documents and everything beyond the bounds are
// errors in M. E_CONFIG when there is no usable tree, E_NO_MEMORY. Free the tree in any case.
MUST_USE result conf_tree_parse(struct conf_tree *t, struct bytes text, struct conf_messages *m);
void conf_tree_free(struct conf_tree *t);
// The value of KEY in the mapping NODE, NULL when absent or NODE is no mapping.
const struct conf_node *conf_tree_find(const struct conf_node *node, const char *key);
// The value at the path "a.b.c" below NODE, as far as it exists: the best place for a message.
const struct conf_node *conf_tree_place(const struct conf_node *node, const char *path);

#endif
