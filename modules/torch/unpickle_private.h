/* What the parts of the unpickler share.
 *
 * Thread rule: as unpickle.h. */
#ifndef IRST_MODULES_TORCH_UNPICKLE_PRIVATE_H
#define IRST_MODULES_TORCH_UNPICKLE_PRIVATE_H

#include "modules/torch/unpickle.h"

/* Far above what a state dict of 10 000 tensors needs. */
enum {
    PICKLE_MEMORY_LIMIT = 256 << 20, /* bytes of all values together */
    PICKLE_STACK_LIMIT = 1 << 16,
    PICKLE_MARK_LIMIT = 1 << 10,
    PICKLE_MEMO_LIMIT = 1 << 20
};

struct pickle {
    struct pickle_block *blocks; /* all memory of the values */
    size_t used;                 /* bytes in them */
    pickle_value *root;
    pickle_value storages; /* a list of all that were met */
    bool sorted;           /* it is, by key */
    pickle_value options;  /* a dict of texts, see pickle_option */
    const char *foreign;   /* see pickle_foreign */
};

pickle *pickle_make(void); /* without values yet; NULL with a message */

pickle_value *pickle_new(pickle *p, pickle_kind kind);             /* NULL with a message */
const char *pickle_text(pickle *p, const void *data, size_t size); /* a copy; NULL with a message */
status pickle_append(pickle *p, pickle_value *list, pickle_value *item);

/* The parts that know PyTorch. Each makes a value, or leaves a message and returns NULL. */
pickle_value *pickle_global(pickle *p, const char *module, const char *name);
pickle_value *pickle_call(pickle *p, const pickle_value *callee, const pickle_value *arguments);
pickle_value *pickle_persistent(pickle *p, const pickle_value *id);

#endif
