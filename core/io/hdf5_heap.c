/* Strings of variable length, looked at as they stand in the file before HDF5 follows them. There each is a length and
 * a place in a "global heap": the address of a collection of objects and a number in it. HDF5 copies the whole object
 * into memory of the stated length, and trusts the sizes in the collection: both have to be right. */
#include "core/io/hdf5_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of a reference, of the heads of a collection and of an object in it, where addresses and sizes have 8. */
enum { REFERENCE = H5_REFERENCE_SIZE, COLLECTION_HEAD = 16, OBJECT_HEAD = 16, ALIGNED = 8 };

#define LARGEST_COLLECTION ((uint64_t)2 << 20)
#define MOST_READING 64 /* times the file: a hostile one jumps about in it */

typedef struct heap {
    const h5_file *file;
    const char *label;
    FILE *stream;
    uint64_t file_size, base; /* of all addresses */
    uint64_t address, size;   /* of the collection that is held; 0: none */
    uint8_t *collection;
    uint64_t read; /* bytes, so far */
} heap;

static uint64_t number_at(const uint8_t *bytes, int count) {
    uint64_t number = 0;
    for (int i = count; i-- > 0;)
        number = number << 8 | bytes[i];
    return number;
}

static status damaged(const heap *h, const char *what) {
    return status_fail(STATUS_INPUT, "%s: %s: is damaged: %s", h5_path(h->file), h->label, what);
}

/* Whether the objects fill the collection, one after the other. Number 0 is the free rest. */
static bool is_sound(const heap *h) {
    for (uint64_t at = COLLECTION_HEAD; at + OBJECT_HEAD <= h->size;) {
        uint64_t number = number_at(h->collection + at, 2), size = number_at(h->collection + at + 8, 8);
        if (size > h->size - at)
            return false;
        uint64_t whole = number ? OBJECT_HEAD + (size + ALIGNED - 1) / ALIGNED * ALIGNED : size;
        if (whole < OBJECT_HEAD || whole > h->size - at)
            return false;
        at += whole;
    }
    return true;
}

static status read_collection(heap *h, uint64_t address) {
    uint8_t head[COLLECTION_HEAD];
    h->address = 0;
    if (address > h->file_size - h->base || fseeko(h->stream, (off_t)(h->base + address), SEEK_SET) != 0 ||
        fread(head, 1, sizeof head, h->stream) != sizeof head || memcmp(head, "GCOL\1", 5) != 0)
        return damaged(h, "text outside of its heap");
    h->size = number_at(head + 8, 8);
    if (h->size < COLLECTION_HEAD || h->size > LARGEST_COLLECTION || (h->read += h->size) > MOST_READING * h->file_size)
        return damaged(h, "a heap of another size");
    uint8_t *collection = realloc(h->collection, h->size);
    if (!collection)
        return status_fail(STATUS_MEMORY, "%s: %s: out of memory for its text", h5_path(h->file), h->label);
    h->collection = collection;
    memcpy(collection, head, sizeof head);
    size_t rest = h->size - COLLECTION_HEAD;
    if (fread(collection + COLLECTION_HEAD, 1, rest, h->stream) != rest || !is_sound(h))
        return damaged(h, "a heap whose parts do not fit");
    h->address = address;
    return STATUS_OK;
}

/* Whether every object of that number, of which there is one at least, has that size. */
static bool has_object(const heap *h, uint64_t wanted, uint64_t length) {
    bool found = false;
    for (uint64_t at = COLLECTION_HEAD; at + OBJECT_HEAD <= h->size;) {
        uint64_t number = number_at(h->collection + at, 2), size = number_at(h->collection + at + 8, 8);
        if (number == wanted && size != length)
            return false;
        found = found || number == wanted;
        at += number ? OBJECT_HEAD + (size + ALIGNED - 1) / ALIGNED * ALIGNED : size;
    }
    return found;
}

static status check_reference(heap *h, const uint8_t *reference, uint64_t *total) {
    uint64_t length = number_at(reference, 4), address = number_at(reference + 4, 8);
    uint64_t number = number_at(reference + 12, 4);
    if (address == 0) /* no text */
        return STATUS_OK;
    if ((*total += length) > H5_LARGEST_TEXT)
        return status_fail(STATUS_INPUT, "%s: %s: holds more than %llu bytes of text", h5_path(h->file), h->label,
                           (unsigned long long)H5_LARGEST_TEXT);
    if (address != h->address)
        TRY(read_collection(h, address));
    return number && has_object(h, number, length) ? STATUS_OK : damaged(h, "text of another length than its own");
}

static status check_all(heap *h, const uint8_t *references, int count) {
    uint64_t total = 0;
    if (fseeko(h->stream, 0, SEEK_END) != 0 || (h->file_size = (uint64_t)ftello(h->stream)) < h->base)
        return damaged(h, "an offset past its end");
    for (int i = 0; i < count; i++)
        TRY(check_reference(h, references + (size_t)i * REFERENCE, &total));
    return STATUS_OK;
}

/* The offset that all addresses have, of a file whose references are laid out as here. */
static bool find_base(const h5_file *file, uint64_t *out) {
    hsize_t block = 0;
    size_t addresses = 0, sizes = 0;
    hid_t properties = H5Fget_create_plist(file->id);
    bool known = properties >= 0 && H5Pget_userblock(properties, &block) >= 0 &&
                 H5Pget_sizes(properties, &addresses, &sizes) >= 0 && addresses == 8 && sizes == 8;
    if (properties >= 0)
        H5Pclose(properties);
    *out = block;
    return known;
}

status h5_check_references(const h5_file *file, const char *label, const void *references, int count) {
    heap h = {.file = file, .label = label};
    if (file->creating) /* ours */
        return STATUS_OK;
    if (!find_base(file, &h.base))
        return h5_fail(STATUS_INPUT, file, label, "text in a file whose addresses have not 8 bytes");
    h.stream = fopen(h5_path(file), "rb");
    if (!h.stream)
        return status_fail(STATUS_INPUT, "%s: cannot be opened again: %s", h5_path(file), strerror(errno));
    status code = check_all(&h, references, count);
    free(h.collection);
    fclose(h.stream);
    return code;
}

/* A conversion of HDF5's from text of variable length to bytes: it leaves what stands in the file. */
static herr_t keep_reference(hid_t from, hid_t to, H5T_cdata_t *data, size_t count, size_t stride, size_t other_stride,
                             void *values, void *background, hid_t properties) {
    (void)count;
    (void)stride;
    (void)other_stride;
    (void)values;
    (void)background;
    (void)properties;
    if (data->command != H5T_CONV_INIT)
        return 0;
    data->need_bkg = H5T_BKG_NO;
    return H5Tis_variable_str(from) > 0 && H5Tget_size(to) == REFERENCE ? 0 : -1;
}

hid_t h5_reference_type(void) {
    static bool known; /* changes only in a turn */
    hid_t text = H5Tcopy(H5T_C_S1), bytes = H5Tcreate(H5T_OPAQUE, REFERENCE);
    bool good = text >= 0 && bytes >= 0 && H5Tset_size(text, H5T_VARIABLE) >= 0;
    if (good && !known)
        known = H5Tregister(H5T_PERS_SOFT, "reference", text, bytes, keep_reference) >= 0;
    if (text >= 0)
        H5Tclose(text);
    if (bytes >= 0 && !(good && known)) {
        H5Tclose(bytes);
        bytes = H5I_INVALID_HID;
    }
    return bytes;
}
