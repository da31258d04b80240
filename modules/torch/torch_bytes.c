#include "modules/torch/torch_container.h"
#include "modules/torch/torch_tensor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The storages, and the descriptions of a whole file: the old format has four beside its magic number. */
#define FILE_LIMIT (TORCH_STORAGE_LIMIT + 4 * (uint64_t)TORCH_DESCRIPTION_LIMIT)

static status read_stream(FILE *stream, torch_bytes *out) {
    struct stat info;
    if (fstat(fileno(stream), &info) != 0)
        return status_fail(STATUS_INPUT, "cannot be read: %s", strerror(errno));
    if ((uint64_t)info.st_size > FILE_LIMIT)
        return status_fail(STATUS_INPUT, "refused: %lld bytes; expected at most %llu", (long long)info.st_size,
                           (unsigned long long)FILE_LIMIT);
    out->size = (size_t)info.st_size;
    out->data = malloc(out->size + 1);
    if (!out->data)
        return status_fail(STATUS_MEMORY, "out of memory for its %zu bytes", out->size);
    if (fread(out->data, 1, out->size, stream) == out->size)
        return STATUS_OK;
    free(out->data);
    *out = (torch_bytes){0};
    return status_fail(STATUS_INPUT, "cannot be read to its end");
}

status torch_bytes_read(const char *path, torch_bytes *out) {
    *out = (torch_bytes){0};
    FILE *stream = fopen(path, "rb");
    if (!stream)
        return status_fail(STATUS_INPUT, "cannot be opened: %s", strerror(errno));
    status result = read_stream(stream, out);
    fclose(stream);
    return result;
}

uint64_t torch_little_endian_64(const uint8_t bytes[8]) {
    uint64_t number = 0;
    for (int i = 8; i-- > 0;)
        number = number << 8 | bytes[i];
    return number;
}
