/* The zip file of torch.save: PREFIX/data.pkl, PREFIX/data/KEY for each storage, PREFIX/byteorder.
 *
 * torch.save stores without compression, so every size is bounded by the size of the file, and a compressed entry (how
 * a zip bomb is made) is refused. */
#include "modules/torch/torch_container.h"
#include "modules/torch/torch_tensor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zip.h>

enum { KEY_LIMIT = 127 };

typedef struct torch_zip {
    torch_container base;
    zip_t *archive;
    uint64_t file_size;
    const char *prefix; /* "archive/"; not terminated, owned by the archive */
    int prefix_length;
    void *storage; /* of the last call */
} torch_zip;

static bool recognises(const uint8_t head[TORCH_HEAD_SIZE]) {
    return !memcmp(head, "PK\3\4", 4);
}

static status open_archive(const char *path, zip_t **out) {
    int code = 0;
    *out = zip_open(path, ZIP_RDONLY, &code);
    if (*out)
        return STATUS_OK;
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    status result = status_fail(STATUS_INPUT, "damaged or cut short: %s", zip_error_strerror(&error));
    zip_error_fini(&error);
    return result;
}

/* The prefix is whatever folder data.pkl lies in. */
static status find_prefix(torch_zip *z) {
    static const char wanted[] = "data.pkl";
    zip_int64_t count = zip_get_num_entries(z->archive, 0);
    for (zip_int64_t i = 0; i < count; i++) {
        const char *name = zip_get_name(z->archive, (zip_uint64_t)i, ZIP_FL_ENC_RAW);
        const char *slash = name ? strchr(name, '/') : NULL;
        if (slash && !strcmp(slash + 1, wanted) && slash - name < 256) {
            z->prefix = name;
            z->prefix_length = (int)(slash - name) + 1;
            return STATUS_OK;
        }
    }
    return status_fail(STATUS_INPUT, "not a PyTorch checkpoint: the zip file has no data.pkl");
}

static zip_int64_t locate(const torch_zip *z, const char *entry) {
    char name[512];
    int length = snprintf(name, sizeof name, "%.*s%s", z->prefix_length, z->prefix, entry);
    return length < (int)sizeof name ? zip_name_locate(z->archive, name, ZIP_FL_ENC_RAW) : -1;
}

/* Fills `size` bytes; the read after them makes libzip compare the checksum. */
static status read_all(zip_file_t *file, const char *entry, unsigned char *data, uint64_t size) {
    uint64_t done = 0;
    zip_int64_t got = 1;
    while (done < size && got > 0) {
        got = zip_fread(file, data + done, size - done);
        done += got > 0 ? (uint64_t)got : 0;
    }
    if (got > 0 || size == 0)
        got = zip_fread(file, data + size, 1);
    if (got < 0)
        return status_fail(STATUS_INPUT, "damaged: its entry %s: %s", entry, zip_file_strerror(file));
    if (done < size || got > 0)
        return status_fail(STATUS_INPUT, "damaged: its entry %s has not the size that it states", entry);
    return STATUS_OK;
}

/* Reads an entry of at most `limit` bytes, checksum included. The caller frees *data, which is never NULL on success
 * and has a zero after its end. */
static status read_entry(const torch_zip *z, const char *entry, uint64_t limit, void **data, size_t *size) {
    *data = NULL;
    *size = 0;
    zip_int64_t index = locate(z, entry);
    zip_stat_t info;
    if (index < 0 || zip_stat_index(z->archive, (zip_uint64_t)index, 0, &info) != 0 || !(info.valid & ZIP_STAT_SIZE))
        return status_fail(STATUS_INPUT, "its entry %s is missing", entry);
    if (info.comp_method != ZIP_CM_STORE || info.encryption_method != ZIP_EM_NONE)
        return status_fail(STATUS_INPUT, "refused: its entry %s is compressed or encrypted; torch.save does neither",
                           entry);
    if (info.size > z->file_size)
        return status_fail(STATUS_INPUT, "damaged: its entry %s is larger than the file", entry);
    if (info.size > limit)
        return status_fail(STATUS_INPUT, "refused: its entry %s has %llu bytes, expected at most %llu", entry,
                           (unsigned long long)info.size, (unsigned long long)limit);
    unsigned char *bytes = malloc(info.size + 1);
    if (!bytes)
        return status_fail(STATUS_MEMORY, "out of memory for its entry %s", entry);
    zip_file_t *file = zip_fopen_index(z->archive, (zip_uint64_t)index, 0);
    status result = file ? read_all(file, entry, bytes, info.size)
                         : status_fail(STATUS_INPUT, "damaged: its entry %s: %s", entry, zip_strerror(z->archive));
    if (file)
        zip_fclose(file);
    if (result != STATUS_OK) {
        free(bytes);
        return result;
    }
    bytes[info.size] = 0;
    *data = bytes;
    *size = info.size;
    return STATUS_OK;
}

static status read_byte_order(torch_zip *z) {
    if (locate(z, "byteorder") < 0)
        return STATUS_OK; /* older files do not say; they come from little-endian machines */
    void *text;
    size_t size;
    TRY(read_entry(z, "byteorder", 16, &text, &size));
    z->base.big_endian = !strcmp(text, "big");
    bool known = z->base.big_endian || !strcmp(text, "little");
    free(text);
    return known ? STATUS_OK
                 : status_fail(STATUS_INPUT, "damaged: its entry byteorder is neither \"little\" nor \"big\"");
}

static void close_file(torch_container *c) {
    torch_zip *z = (torch_zip *)c;
    if (z->archive)
        zip_discard(z->archive);
    free(z->storage);
    free(z);
}

static status open_file(const char *path, torch_container **out) {
    torch_zip *z = calloc(1, sizeof *z);
    if (!z)
        return status_fail(STATUS_MEMORY, "out of memory to open it");
    z->base.format = &torch_format_zip;
    struct stat info;
    status result = stat(path, &info) == 0 ? open_archive(path, &z->archive)
                                           : status_fail(STATUS_INPUT, "cannot be opened: %s", strerror(errno));
    if (result == STATUS_OK) {
        z->file_size = (uint64_t)info.st_size;
        result = find_prefix(z);
    }
    if (result == STATUS_OK)
        result = read_byte_order(z);
    if (result != STATUS_OK) {
        close_file(&z->base);
        return result;
    }
    *out = &z->base;
    return STATUS_OK;
}

static status describe(torch_container *c, pickle **out) {
    void *data;
    size_t size;
    TRY(read_entry((torch_zip *)c, "data.pkl", TORCH_DESCRIPTION_LIMIT, &data, &size));
    status result = pickle_read(data, size, out);
    free(data);
    return result;
}

static status storage(torch_container *c, const char *key, const void **data, size_t *size) {
    torch_zip *z = (torch_zip *)c;
    char entry[8 + KEY_LIMIT];
    bool plain = strlen(key) > 0 && strlen(key) <= KEY_LIMIT;
    for (const char *p = key; plain && *p; p++)
        plain = *p > ' ' && *p < 127;
    if (!plain)
        return status_fail(STATUS_INPUT, "damaged: a storage without a proper name");
    snprintf(entry, sizeof entry, "data/%s", key);
    free(z->storage);
    z->storage = NULL;
    TRY(read_entry(z, entry, TORCH_STORAGE_LIMIT, &z->storage, size));
    *data = z->storage;
    return STATUS_OK;
}

const torch_format torch_format_zip = {recognises, open_file, close_file, describe, storage};
