// SPDX-License-Identifier: Apache-2.0
// The cells of the state tables, for check_cells.py.
#ifndef REPLAY_CELLS_H
#define REPLAY_CELLS_H

// Print every possible cell: machine, state, event; a line each.
void cells_print(void);
// Print those of the call table that were run through so far.
void cells_print_visited(void);

#endif
