/* What the instructions of a pickle work on: the bytes of the program, a stack with marks, and a memo.
 *
 * Thread rule: one thread at a time for each machine; different ones at once. */
#ifndef IRST_MODULES_TORCH_UNPICKLE_MACHINE_H
#define IRST_MODULES_TORCH_UNPICKLE_MACHINE_H

#include "modules/torch/unpickle_private.h"

typedef struct machine {
    const uint8_t *data;
    size_t size, position;
    pickle *p;
    pickle_value **stack;
    size_t depth, stack_capacity;
    size_t marks[PICKLE_MARK_LIMIT]; /* stack depths */
    size_t mark_count;
    pickle_value **memo;
    size_t memo_capacity;
    bool stopped;
} machine;

/* STATUS_INPUT that says what is wrong at this byte. */
status machine_damaged(const machine *m, const char *what);

/* The next `count` bytes of the program. */
status machine_take(machine *m, size_t count, const uint8_t **out);
/* An unsigned little-endian number of `count` <= 4 bytes. */
status machine_take_number(machine *m, size_t count, uint32_t *out);
/* A text up to the end of the line. */
status machine_take_line(machine *m, const char **out);

/* `value` may be NULL: its maker has left the message. */
status machine_push(machine *m, pickle_value *value);
/* Depth below which instructions without a mark may not reach. */
size_t machine_floor(const machine *m);
status machine_pop(machine *m, pickle_value **out);
status machine_top(machine *m, pickle_value **out); /* stays on the stack */
/* Removes the last mark; the values above it stand at stack[*first .. depth). */
status machine_pop_mark(machine *m, size_t *first);

/* The memo: values that are needed again. */
status machine_keep(machine *m, uint32_t index, pickle_value *value);
status machine_recall(const machine *m, uint32_t index, pickle_value **out);

#endif
