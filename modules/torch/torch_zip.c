#include "modules/torch/torch_zip.h"

#include "core/io/file_io.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zip.h>

struct torch_zip {
    zip_t *archive;
    uint64_t file_size;
    const char *prefix; /* "archive/"; not terminated, owned by the archive */
    int prefix_length;
};

/* Before 1.6 torch.save wrote pickles one after the other, the first one holding this number. */
static status check_kind(const char *path, uint64_t *file_size) {
    static const unsigned char legacy[] = {0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20};
    if (path_is_folder(path))
        return status_fail(STATUS_INPUT, "%s: is a folder; expected a PyTorch checkpoint", path);
    FILE *stream = fopen(path, "rb");
    if (!stream)
        return status_fail(STATUS_INPUT, "%s: cannot be opened: %s", path, strerror(errno));
    unsigned char head[sizeof legacy] = {0};
    size_t got = fread(head, 1, sizeof head, stream);
    struct stat info;
    int known = fstat(fileno(stream), &info);
    fclose(stream);
    if (!memcmp(head, legacy, sizeof legacy))
        return status_fail(STATUS_INPUT,
                           "%s: a checkpoint in PyTorch's format before 1.6; load it there and save it again with "
                           "torch.save(..., _use_new_zipfile_serialization=True)",
                           path);
    if (known != 0 || got < 4 || memcmp(head, "PK\3\4", 4) != 0)
        return status_fail(STATUS_INPUT, "%s: not a PyTorch checkpoint: expected a zip file written by torch.save",
                           path);
    *file_size = (uint64_t)info.st_size;
    return STATUS_OK;
}

static status open_archive(const char *path, zip_t **out) {
    int code = 0;
    *out = zip_open(path, ZIP_RDONLY, &code);
    if (*out)
        return STATUS_OK;
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    status result = status_fail(STATUS_INPUT, "%s: damaged or cut short: %s", path, zip_error_strerror(&error));
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

status torch_zip_open(const char *path, torch_zip **out) {
    *out = NULL;
    uint64_t file_size = 0;
    TRY(check_kind(path, &file_size));
    torch_zip *z = calloc(1, sizeof *z);
    if (!z)
        return status_fail(STATUS_MEMORY, "%s: out of memory to open it", path);
    z->file_size = file_size;
    status result = open_archive(path, &z->archive);
    if (result == STATUS_OK && (result = find_prefix(z)) != STATUS_OK)
        status_prefix(result, "%s", path);
    if (result != STATUS_OK) {
        torch_zip_close(z);
        return result;
    }
    *out = z;
    return STATUS_OK;
}

void torch_zip_close(torch_zip *z) {
    if (!z)
        return;
    if (z->archive)
        zip_discard(z->archive);
    free(z);
}

static zip_int64_t locate(const torch_zip *z, const char *entry) {
    char name[512];
    int length = snprintf(name, sizeof name, "%.*s%s", z->prefix_length, z->prefix, entry);
    return length < (int)sizeof name ? zip_name_locate(z->archive, name, ZIP_FL_ENC_RAW) : -1;
}

bool torch_zip_has(const torch_zip *z, const char *entry) {
    return locate(z, entry) >= 0;
}

/* Fills `size` bytes; the read behind them makes libzip compare the checksum. */
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

status torch_zip_read(const torch_zip *z, const char *entry, uint64_t limit, void **data, size_t *size) {
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
