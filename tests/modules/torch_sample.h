/* Small checkpoints of other programs, written byte by byte. */
#ifndef IRST_TESTS_MODULES_TORCH_SAMPLE_H
#define IRST_TESTS_MODULES_TORCH_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

/* Grows as bytes are added. A zeroed struct is an empty one; free `data`. */
typedef struct bytes {
    uint8_t *data;
    size_t size;
} bytes;

void bytes_add(bytes *b, const void *data, size_t size);
void bytes_text(bytes *b, const char *text);
void bytes_number(bytes *b, uint64_t number, int count); /* little-endian */

/* --- pickles of protocol 2 --- */

void pickle_begin(bytes *b);
void pickle_end(bytes *b);
void pickle_name(bytes *b, const char *text); /* BINUNICODE */
void pickle_global_name(bytes *b, const char *module, const char *name);
/* A float32 tensor of `count` elements in one dimension, the whole storage `key`. `legacy`: as before PyTorch 1.6. */
void pickle_float_tensor(bytes *b, const char *key, unsigned count, int legacy);
/* {NAME: tensor, ...}, all of them the storage "0" of `floats` elements: a whole pickle, whose data the caller frees.
 */
bytes pickle_state_dict(const char *const *names, int count, unsigned floats, int legacy);
/* numpy.float64(0.5), as its own pickle says it: a dtype that is built, and bytes as text. */
void pickle_numpy_scalar(bytes *b);

/* --- the files around them; each returns its path in the scratch folder, see scratch_path --- */

/* One storage "0" of the floats 1, 2, 3, ... */
const char *torch_zip_file(const char *name, const bytes *pickle, unsigned floats);
bytes torch_legacy_bytes(const bytes *pickle, unsigned floats);
bytes safetensors_bytes(const char *header, unsigned floats);

#endif
