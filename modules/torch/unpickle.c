/* The stack machine: one function for each instruction, and the table that makes the whitelist. */
#include "modules/torch/unpickle_private.h"

#include <stdlib.h>
#include <string.h>

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

/* --- bytes --- */

static status take(machine *m, size_t count, const uint8_t **out) {
    if (count > m->size - m->position) {
        status_fail(STATUS_INPUT, "cut short: an instruction at byte %zu goes on behind the end", m->position);
        return STATUS_INPUT;
    }
    *out = m->data + m->position;
    m->position += count;
    return STATUS_OK;
}

/* An unsigned little-endian number of `count` <= 4 bytes. */
static status take_number(machine *m, size_t count, uint32_t *out) {
    const uint8_t *bytes;
    TRY(take(m, count, &bytes));
    *out = 0;
    for (size_t i = 0; i < count; i++)
        *out |= (uint32_t)bytes[i] << (8 * i);
    return STATUS_OK;
}

/* --- stack and memo --- */

static status damaged(const machine *m, const char *what) {
    status_fail(STATUS_INPUT, "damaged: %s at byte %zu", what, m->position);
    return STATUS_INPUT; /* in plain sight of the compiler, which then knows that outputs are set otherwise */
}

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

/* `value` may be NULL: its maker has left the message. */
static status push(machine *m, pickle_value *value) {
    if (!value)
        return STATUS_INPUT;
    TRY(grow(&m->stack, &m->stack_capacity, m->depth + 1, PICKLE_STACK_LIMIT, "stack"));
    m->stack[m->depth++] = value;
    return STATUS_OK;
}

/* Depth below which instructions without a mark may not reach. */
static size_t floor_of(const machine *m) {
    return m->mark_count ? m->marks[m->mark_count - 1] : 0;
}

static status pop(machine *m, pickle_value **out) {
    if (m->depth == floor_of(m))
        return damaged(m, "an instruction lacks its operand");
    *out = m->stack[--m->depth];
    return STATUS_OK;
}

static status top(machine *m, pickle_kind kind, pickle_value **out) {
    TRY(pop(m, out));
    m->depth++;
    return (*out)->kind == kind ? STATUS_OK : damaged(m, "an instruction meets a value of another type");
}

/* Removes the last mark; the values above it stand at stack[*first .. depth). */
static status pop_mark(machine *m, size_t *first) {
    if (!m->mark_count)
        return damaged(m, "an instruction lacks its mark");
    *first = m->marks[--m->mark_count];
    return STATUS_OK;
}

/* --- plain values --- */

static status push_int(machine *m, pickle_kind kind, int64_t integer) {
    pickle_value *value = pickle_new(m->p, kind);
    if (value)
        value->integer = integer;
    return push(m, value);
}

static status none(machine *m, int argument) {
    (void)argument;
    return push_int(m, PICKLE_NONE, 0);
}

static status boolean(machine *m, int value) {
    return push_int(m, PICKLE_BOOL, value);
}

/* Little-endian; four bytes hold a signed number, fewer an unsigned one. */
static status binint(machine *m, int bytes) {
    uint32_t number;
    TRY(take_number(m, (size_t)bytes, &number));
    return push_int(m, PICKLE_INT, bytes == 4 ? (int32_t)number : (int64_t)number);
}

/* Two's complement of 0 to 8 bytes. */
static status long1(machine *m, int argument) {
    (void)argument;
    uint32_t count;
    const uint8_t *bytes;
    TRY(take_number(m, 1, &count));
    if (count > 8)
        return damaged(m, "an integer of more than 64 bits");
    TRY(take(m, count, &bytes));
    uint64_t number = count && bytes[count - 1] >= 128 ? UINT64_MAX : 0;
    for (uint32_t i = count; i-- > 0;)
        number = number << 8 | bytes[i];
    return push_int(m, PICKLE_INT, (int64_t)number);
}

static status binfloat(machine *m, int argument) {
    (void)argument;
    const uint8_t *bytes; /* big-endian */
    TRY(take(m, 8, &bytes));
    uint64_t number = 0;
    for (int i = 0; i < 8; i++)
        number = number << 8 | bytes[i];
    pickle_value *value = pickle_new(m->p, PICKLE_REAL);
    if (value)
        memcpy(&value->real, &number, sizeof number);
    return push(m, value);
}

/* Also the strings of Python 2, in which a state dict has its names, and bytes that are written as text. What has a
 * zero in it is no name. */
static status text(machine *m, int length_bytes) {
    uint32_t size;
    const uint8_t *bytes;
    TRY(take_number(m, (size_t)length_bytes, &size));
    TRY(take(m, size, &bytes));
    if (memchr(bytes, 0, size))
        return push(m, pickle_new(m->p, PICKLE_OPAQUE));
    const char *text = pickle_text(m->p, bytes, size);
    pickle_value *value = text ? pickle_new(m->p, PICKLE_TEXT) : NULL;
    if (value)
        value->text = text;
    return push(m, value);
}

/* --- containers --- */

/* A tuple, list or dict of the values from `first` on, which leave the stack. */
static status fill(machine *m, pickle_value *container, size_t first) {
    for (size_t i = first; i < m->depth; i++)
        TRY(pickle_append(m->p, container, m->stack[i]));
    m->depth = first;
    return STATUS_OK;
}

static status push_tuple(machine *m, size_t first) {
    pickle_value *value = pickle_new(m->p, PICKLE_TUPLE);
    if (value)
        TRY(fill(m, value, first));
    return push(m, value);
}

static status last_as_tuple(machine *m, int count) {
    if (m->depth - floor_of(m) < (size_t)count)
        return damaged(m, "an instruction lacks its operand");
    return push_tuple(m, m->depth - (size_t)count);
}

static status mark(machine *m, int argument) {
    (void)argument;
    if (m->mark_count == PICKLE_MARK_LIMIT)
        return status_fail(STATUS_INPUT, "refused: nested more than %d deep", PICKLE_MARK_LIMIT);
    m->marks[m->mark_count++] = m->depth;
    return STATUS_OK;
}

static status marked_tuple(machine *m, int argument) {
    (void)argument;
    size_t first;
    TRY(pop_mark(m, &first));
    return push_tuple(m, first);
}

static status empty(machine *m, int kind) {
    return push(m, pickle_new(m->p, (pickle_kind)kind));
}

/* Moves stack[first .. depth) into the container just below. */
static status extend(machine *m, size_t first, pickle_kind kind) {
    size_t end = m->depth;
    pickle_value *container;
    m->depth = first;
    TRY(top(m, kind, &container));
    m->depth = end;
    if (kind == PICKLE_DICT && (end - first) % 2)
        return damaged(m, "a key without value");
    return fill(m, container, first);
}

/* The last values on the stack, an item (1) or a key and a value (2), into the list or dict below them. */
static status add_last(machine *m, int count) {
    if (m->depth - floor_of(m) < (size_t)count)
        return damaged(m, "an instruction lacks its operand");
    return extend(m, m->depth - (size_t)count, count == 1 ? PICKLE_LIST : PICKLE_DICT);
}

static status add_marked(machine *m, int kind) {
    size_t first;
    TRY(pop_mark(m, &first));
    return extend(m, first, (pickle_kind)kind);
}

/* --- names and what stands for objects --- */

static status take_line(machine *m, const char **out) {
    const uint8_t *start = m->data + m->position;
    const uint8_t *end = memchr(start, '\n', m->size - m->position);
    if (!end)
        return damaged(m, "a name without end");
    m->position += (size_t)(end - start) + 1;
    *out = pickle_text(m->p, start, (size_t)(end - start));
    return *out ? STATUS_OK : STATUS_INPUT;
}

static status global(machine *m, int argument) {
    (void)argument;
    const char *module, *name;
    TRY(take_line(m, &module));
    TRY(take_line(m, &name));
    return push(m, pickle_global(m->p, module, name));
}

static status reduce(machine *m, int argument) {
    (void)argument;
    pickle_value *arguments, *callee;
    TRY(pop(m, &arguments));
    TRY(pop(m, &callee));
    return push(m, pickle_call(m->p, callee, arguments));
}

static status binpersid(machine *m, int argument) {
    (void)argument;
    pickle_value *id;
    TRY(pop(m, &id));
    return push(m, pickle_persistent(m->p, id));
}

/* Attributes of an object, which are not needed: a state dict has one, _metadata, with versions of PyTorch's layers. */
static status build(machine *m, int argument) {
    (void)argument;
    pickle_value *attributes, *object;
    TRY(pop(m, &attributes));
    TRY(pop(m, &object));
    m->depth++;
    bool fits = object->kind == PICKLE_OPAQUE || (object->kind == PICKLE_DICT && attributes->kind == PICKLE_DICT);
    return fits ? STATUS_OK : damaged(m, "an instruction meets a value of another type");
}

/* The memo: values that are needed again. */
static status put(machine *m, int bytes) {
    uint32_t index;
    pickle_value *value;
    TRY(take_number(m, (size_t)bytes, &index));
    TRY(pop(m, &value));
    m->depth++;
    TRY(grow(&m->memo, &m->memo_capacity, (size_t)index + 1, PICKLE_MEMO_LIMIT, "memo"));
    m->memo[index] = value;
    return STATUS_OK;
}

static status get(machine *m, int bytes) {
    uint32_t index;
    TRY(take_number(m, (size_t)bytes, &index));
    if (index >= m->memo_capacity || !m->memo[index])
        return damaged(m, "an empty place of the memo is asked for");
    return push(m, m->memo[index]);
}

/* --- the program --- */

static status proto(machine *m, int argument) {
    (void)argument;
    uint32_t version;
    TRY(take_number(m, 1, &version));
    if (version != 2)
        return status_fail(STATUS_INPUT, "refused: pickle protocol %u, expected 2 as torch.save writes", version);
    return STATUS_OK;
}

static status stop(machine *m, int argument) {
    (void)argument;
    if (m->depth != 1 || m->mark_count)
        return damaged(m, "the end comes too early");
    m->stopped = true;
    return STATUS_OK;
}

/* An instruction without function is refused; some have a name here to say what was met. */
static const struct instruction {
    const char *name;
    status (*run)(machine *m, int argument);
    int argument; /* a number of bytes or values, a boolean or a kind of container */
} instructions[256] = {
    [0x80] = {"PROTO", proto, 0},
    ['.'] = {"STOP", stop, 0},
    ['N'] = {"NONE", none, 0},
    [0x88] = {"NEWTRUE", boolean, 1},
    [0x89] = {"NEWFALSE", boolean, 0},
    ['K'] = {"BININT1", binint, 1},
    ['M'] = {"BININT2", binint, 2},
    ['J'] = {"BININT", binint, 4},
    [0x8a] = {"LONG1", long1, 0},
    ['G'] = {"BINFLOAT", binfloat, 0},
    ['X'] = {"BINUNICODE", text, 4},
    ['T'] = {"BINSTRING", text, 4},
    ['U'] = {"SHORT_BINSTRING", text, 1},
    ['('] = {"MARK", mark, 0},
    [')'] = {"EMPTY_TUPLE", last_as_tuple, 0},
    [0x85] = {"TUPLE1", last_as_tuple, 1},
    [0x86] = {"TUPLE2", last_as_tuple, 2},
    [0x87] = {"TUPLE3", last_as_tuple, 3},
    ['t'] = {"TUPLE", marked_tuple, 0},
    [']'] = {"EMPTY_LIST", empty, PICKLE_LIST},
    ['a'] = {"APPEND", add_last, 1},
    ['e'] = {"APPENDS", add_marked, PICKLE_LIST},
    ['}'] = {"EMPTY_DICT", empty, PICKLE_DICT},
    ['s'] = {"SETITEM", add_last, 2},
    ['u'] = {"SETITEMS", add_marked, PICKLE_DICT},
    ['q'] = {"BINPUT", put, 1},
    ['r'] = {"LONG_BINPUT", put, 4},
    ['h'] = {"BINGET", get, 1},
    ['j'] = {"LONG_BINGET", get, 4},
    ['c'] = {"GLOBAL", global, 0},
    ['R'] = {"REDUCE", reduce, 0},
    [0x81] = {"NEWOBJ", reduce, 0},
    ['Q'] = {"BINPERSID", binpersid, 0},
    ['b'] = {"BUILD", build, 0},
    ['i'] = {"INST", NULL, 0},
    ['o'] = {"OBJ", NULL, 0},
    [0x92] = {"NEWOBJ_EX", NULL, 0},
    [0x93] = {"STACK_GLOBAL", NULL, 0},
    [0x82] = {"EXT1", NULL, 0},
    [0x83] = {"EXT2", NULL, 0},
    [0x84] = {"EXT4", NULL, 0},
    ['P'] = {"PERSID", NULL, 0},
};

static status run(machine *m) {
    while (!m->stopped) {
        const uint8_t *code;
        TRY(take(m, 1, &code));
        const struct instruction *instruction = &instructions[*code];
        if (!instruction->run)
            return status_fail(STATUS_INPUT, "refused: instruction 0x%02x%s%s at byte %zu is not used by state dicts",
                               *code, instruction->name ? " " : "", instruction->name ? instruction->name : "",
                               m->position - 1);
        TRY(instruction->run(m, instruction->argument));
    }
    m->p->root = m->stack[0];
    return STATUS_OK;
}

status pickle_read_first(const void *data, size_t size, pickle **out, size_t *used) {
    *out = NULL;
    machine *m = calloc(1, sizeof *m);
    pickle *p = m ? pickle_make() : NULL;
    status result = STATUS_OK;
    if (p) {
        *m = (machine){.data = data, .size = size, .p = p};
        result = run(m);
        *used = m->position;
        free(m->stack);
        free(m->memo);
    } else {
        result = status_fail(STATUS_MEMORY, "out of memory to read a checkpoint");
    }
    free(m);
    if (result == STATUS_OK)
        *out = p;
    else
        pickle_free(p);
    return result;
}

status pickle_read(const void *data, size_t size, pickle **out) {
    size_t used;
    TRY(pickle_read_first(data, size, out, &used));
    if (used == size)
        return STATUS_OK;
    pickle_free(*out);
    *out = NULL;
    return status_fail(STATUS_INPUT, "damaged: something follows the end at byte %zu", used);
}
