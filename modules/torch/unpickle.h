/* Reads the pickle inside a PyTorch checkpoint, and can do nothing else with it.
 *
 * A pickle is a program for a small stack machine, and in Python it may call any function. This machine has only the
 * instructions that torch.save writes (protocol 2); every other is refused by name. Nothing is ever called: a tensor
 * becomes a description of where its numbers lie, and what any name makes but the handful of a state dict's own, an
 * opaque value without content. Lengths, depths and memory are limited, and no function recurses over the data.
 *
 * Thread rule: one thread at a time for each pickle; different ones at once. */
#ifndef IRST_MODULES_TORCH_UNPICKLE_H
#define IRST_MODULES_TORCH_UNPICKLE_H

#include "core/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum torch_type {
    TORCH_FLOAT64,
    TORCH_FLOAT32,
    TORCH_FLOAT16,
    TORCH_BFLOAT16,
    TORCH_INT64,
    TORCH_INT32,
    TORCH_INT16,
    TORCH_INT8,
    TORCH_UINT8,
    TORCH_BOOL
} torch_type;

const char *torch_type_name(torch_type type); /* "float32" */
size_t torch_type_size(torch_type type);      /* bytes of one element */
bool torch_type_is_floating(torch_type type);

typedef enum pickle_kind {
    PICKLE_NONE,
    PICKLE_BOOL,
    PICKLE_INT,
    PICKLE_REAL,
    PICKLE_TEXT,
    PICKLE_TUPLE,
    PICKLE_LIST,
    PICKLE_DICT,   /* dict or OrderedDict */
    PICKLE_GLOBAL, /* one of the known names; an index into a table of the reader */
    PICKLE_STORAGE,
    PICKLE_TENSOR,
    PICKLE_OPAQUE /* something that no tensor of a state dict needs: not looked into */
} pickle_kind;

typedef struct pickle_value pickle_value;
struct pickle_value {
    pickle_kind kind;
    union {
        int64_t integer; /* also a bool's 0 or 1, and the index of a known name */
        double real;
        const char *text; /* UTF-8 without inner zeros; of an opaque value the name that made it, printable, or NULL */
        struct {
            pickle_value **items; /* a dict: key, value, key, value, ... */
            size_t count, capacity;
        } list; /* tuple, list, dict; may contain itself */
        struct {
            torch_type type;
            const char *key; /* names it in its container */
            int64_t count;   /* elements; not negative */
        } storage;
        struct {
            const pickle_value *storage;
            int64_t offset;              /* elements; unchecked */
            const pickle_value *size;    /* tuple of ints; values unchecked */
            const pickle_value *strides; /* tuple of as many ints; values unchecked */
        } tensor;
    };
};

typedef struct pickle pickle; /* owns all values */

/* Runs the `size` bytes at `data`, which are not needed afterwards. STATUS_INPUT with the reason if they are no pickle
 * of a state dict. Free with pickle_free. */
status pickle_read(const void *data, size_t size, pickle **out);
/* The same of a pickle that others may follow; *used is its length. */
status pickle_read_first(const void *data, size_t size, pickle **out, size_t *used);
void pickle_free(pickle *p); /* accepts NULL */
const pickle_value *pickle_root(const pickle *p);

/* What safetensors that irst wrote say of an option, "model.KEY"; NULL if there is nothing. */
const char *pickle_option(const pickle *p, const char *key);

/* The first name, "posix.system", that stands for something opaque; NULL if there is none. */
const char *pickle_foreign(const pickle *p);

/* The last value of `key` in a dict; NULL if there is none. */
const pickle_value *pickle_dict_find(const pickle_value *dict, const char *key);

/* The storage of that key, also of those that no tensor of the state dict has; NULL if there is none. Sorts the
 * storages at its first call: not for two threads at once. */
const pickle_value *pickle_find_storage(pickle *p, const char *key);

#endif
