#include "modules/torch/unpickle_machine.h"

#include <stdlib.h>
#include <string.h>

status machine_damaged(const machine *m, const char *what) {
    status_fail(STATUS_INPUT, "damaged: %s at byte %zu", what, m->position);
    return STATUS_INPUT; /* in plain sight of the compiler, which then knows that outputs are set otherwise */
}

/* --- bytes --- */

status machine_take(machine *m, size_t count, const uint8_t **out) {
    if (count > m->size - m->position) {
        status_fail(STATUS_INPUT, "cut short: an instruction at byte %zu goes on past the end", m->position);
        return STATUS_INPUT;
    }
    *out = m->data + m->position;
    m->position += count;
    return STATUS_OK;
}

status machine_take_number(machine *m, size_t count, uint32_t *out) {
    const uint8_t *bytes;
    TRY(machine_take(m, count, &bytes));
    *out = 0;
    for (size_t i = 0; i < count; i++)
        *out |= (uint32_t)bytes[i] << (8 * i);
    return STATUS_OK;
}

status machine_take_line(machine *m, const char **out) {
    const uint8_t *start = m->data + m->position;
    const uint8_t *end = memchr(start, '\n', m->size - m->position);
    if (!end)
        return machine_damaged(m, "a name without end");
    m->position += (size_t)(end - start) + 1;
    *out = pickle_text(m->p, start, (size_t)(end - start));
    return *out ? STATUS_OK : STATUS_INPUT;
}

/* --- stack and memo --- */

/* Doubles an array of pointers up to `limit`. */
static status grow(pickle_value ***array, size_t *capacity, size_t needed, size_t limit, const char *what) {
    if (needed <= *capacity)
        return STATUS_OK;
    if (needed > limit)
        return status_fail(STATUS_INPUT, "refused: its %s has more than %zu entries", what, limit);
    size_t larger = *capacity ? *capacity : 256;
    while (larger < needed)
        larger *= 2;
    pickle_value **grown = realloc(*array, larger * sizeof *grown);
    if (!grown)
        return status_fail(STATUS_MEMORY, "out of memory for its %s", what);
    memset(grown + *capacity, 0, (larger - *capacity) * sizeof *grown);
    *array = grown;
    *capacity = larger;
    return STATUS_OK;
}

status machine_push(machine *m, pickle_value *value) {
    if (!value)
        return STATUS_INPUT;
    TRY(grow(&m->stack, &m->stack_capacity, m->depth + 1, PICKLE_STACK_LIMIT, "stack"));
    m->stack[m->depth++] = value;
    return STATUS_OK;
}

size_t machine_floor(const machine *m) {
    return m->mark_count ? m->marks[m->mark_count - 1] : 0;
}

status machine_pop(machine *m, pickle_value **out) {
    if (m->depth == machine_floor(m))
        return machine_damaged(m, "an instruction lacks its operand");
    *out = m->stack[--m->depth];
    return STATUS_OK;
}

status machine_top(machine *m, pickle_value **out) {
    TRY(machine_pop(m, out));
    m->depth++;
    return STATUS_OK;
}

status machine_pop_mark(machine *m, size_t *first) {
    if (!m->mark_count)
        return machine_damaged(m, "an instruction lacks its mark");
    *first = m->marks[--m->mark_count];
    return STATUS_OK;
}
status machine_keep(machine *m, uint32_t index, pickle_value *value) {
    TRY(grow(&m->memo, &m->memo_capacity, (size_t)index + 1, PICKLE_MEMO_LIMIT, "memo"));
    m->memo[index] = value;
    return STATUS_OK;
}

status machine_recall(const machine *m, uint32_t index, pickle_value **out) {
    if (index >= m->memo_capacity || !m->memo[index])
        return machine_damaged(m, "an empty place of the memo is asked for");
    *out = m->memo[index];
    return STATUS_OK;
}
