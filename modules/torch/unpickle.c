/* The stack machine: one function for each instruction, and the table that makes the whitelist. */
#include "modules/torch/unpickle_machine.h"

#include <stdlib.h>
#include <string.h>

/* --- plain values --- */

static status push_int(machine *m, pickle_kind kind, int64_t integer) {
    pickle_value *value = pickle_new(m->p, kind);
    if (value)
        value->integer = integer;
    return machine_push(m, value);
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
    TRY(machine_take_number(m, (size_t)bytes, &number));
    return push_int(m, PICKLE_INT, bytes == 4 ? (int32_t)number : (int64_t)number);
}

/* Two's complement of any number of bytes, in front of which stands that number. */
static status longer(machine *m, int length_bytes) {
    uint32_t count;
    const uint8_t *bytes;
    TRY(machine_take_number(m, (size_t)length_bytes, &count));
    TRY(machine_take(m, count, &bytes));
    if (count > 8) /* no tensor needs it */
        return machine_push(m, pickle_new(m->p, PICKLE_OPAQUE));
    uint64_t number = count && bytes[count - 1] >= 128 ? UINT64_MAX : 0;
    for (uint32_t i = count; i-- > 0;)
        number = number << 8 | bytes[i];
    return push_int(m, PICKLE_INT, (int64_t)number);
}

static status binfloat(machine *m, int argument) {
    (void)argument;
    const uint8_t *bytes; /* big-endian */
    TRY(machine_take(m, 8, &bytes));
    uint64_t number = 0;
    for (int i = 0; i < 8; i++)
        number = number << 8 | bytes[i];
    pickle_value *value = pickle_new(m->p, PICKLE_REAL);
    if (value)
        memcpy(&value->real, &number, sizeof number);
    return machine_push(m, value);
}

/* Also the strings of Python 2, in which a state dict has its names, and bytes that are written as text. What has a
 * zero in it is no name. */
static status text(machine *m, int length_bytes) {
    uint32_t size;
    const uint8_t *bytes;
    TRY(machine_take_number(m, (size_t)length_bytes, &size));
    TRY(machine_take(m, size, &bytes));
    if (memchr(bytes, 0, size))
        return machine_push(m, pickle_new(m->p, PICKLE_OPAQUE));
    const char *text = pickle_text(m->p, bytes, size);
    pickle_value *value = text ? pickle_new(m->p, PICKLE_TEXT) : NULL;
    if (value)
        value->text = text;
    return machine_push(m, value);
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
    return machine_push(m, value);
}

static status last_as_tuple(machine *m, int count) {
    if (m->depth - machine_floor(m) < (size_t)count)
        return machine_damaged(m, "an instruction lacks its operand");
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
    TRY(machine_pop_mark(m, &first));
    return push_tuple(m, first);
}

static status empty(machine *m, int kind) {
    return machine_push(m, pickle_new(m->p, (pickle_kind)kind));
}

/* Moves stack[first .. depth) into the container just below; one that is opaque swallows them. */
static status extend(machine *m, size_t first, pickle_kind kind) {
    size_t end = m->depth;
    pickle_value *container;
    m->depth = first;
    TRY(machine_top(m, &container));
    if (container->kind == PICKLE_OPAQUE)
        return STATUS_OK;
    if (container->kind != kind)
        return machine_damaged(m, "an instruction meets a value of another type");
    if (kind == PICKLE_DICT && (end - first) % 2)
        return machine_damaged(m, "a key without value");
    m->depth = end;
    return fill(m, container, first);
}

/* The last values on the stack, an item (1) or a key and a value (2), into the list or dict below them. */
static status add_last(machine *m, int count) {
    if (m->depth - machine_floor(m) < (size_t)count)
        return machine_damaged(m, "an instruction lacks its operand");
    return extend(m, m->depth - (size_t)count, count == 1 ? PICKLE_LIST : PICKLE_DICT);
}

static status add_marked(machine *m, int kind) {
    size_t first;
    TRY(machine_pop_mark(m, &first));
    return extend(m, first, (pickle_kind)kind);
}

/* --- names and what stands for objects --- */

static status global(machine *m, int argument) {
    (void)argument;
    const char *module, *name;
    TRY(machine_take_line(m, &module));
    TRY(machine_take_line(m, &name));
    return machine_push(m, pickle_global(m->p, module, name));
}

static status reduce(machine *m, int argument) {
    (void)argument;
    pickle_value *arguments, *callee;
    TRY(machine_pop(m, &arguments));
    TRY(machine_pop(m, &callee));
    return machine_push(m, pickle_call(m->p, callee, arguments));
}

static status binpersid(machine *m, int argument) {
    (void)argument;
    pickle_value *id;
    TRY(machine_pop(m, &id));
    return machine_push(m, pickle_persistent(m->p, id));
}

/* Attributes of an object, which are not needed: a state dict has one, _metadata, with versions of PyTorch's layers. */
static status build(machine *m, int argument) {
    (void)argument;
    pickle_value *attributes, *object;
    TRY(machine_pop(m, &attributes));
    TRY(machine_top(m, &object));
    bool fits = object->kind == PICKLE_OPAQUE || (object->kind == PICKLE_DICT && attributes->kind == PICKLE_DICT);
    return fits ? STATUS_OK : machine_damaged(m, "an instruction meets a value of another type");
}

static status put(machine *m, int bytes) {
    uint32_t index;
    pickle_value *value;
    TRY(machine_take_number(m, (size_t)bytes, &index));
    TRY(machine_top(m, &value));
    return machine_keep(m, index, value);
}

static status get(machine *m, int bytes) {
    uint32_t index;
    pickle_value *value;
    TRY(machine_take_number(m, (size_t)bytes, &index));
    TRY(machine_recall(m, index, &value));
    return machine_push(m, value);
}

/* --- the program --- */

static status proto(machine *m, int argument) {
    (void)argument;
    uint32_t version;
    TRY(machine_take_number(m, 1, &version));
    if (version != 2)
        return status_fail(STATUS_INPUT, "refused: pickle protocol %u, expected 2 as torch.save writes", version);
    return STATUS_OK;
}

static status stop(machine *m, int argument) {
    (void)argument;
    if (m->depth != 1 || m->mark_count)
        return machine_damaged(m, "the end comes too early");
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
    [0x8a] = {"LONG1", longer, 1},
    [0x8b] = {"LONG4", longer, 4},
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
        TRY(machine_take(m, 1, &code));
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
