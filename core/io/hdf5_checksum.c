/* A checksum of whole files: after the end of HDF5's part, which HDF5 does not look at, stand sixteen bytes: the mark
 * "irstCRC1" and zlib's CRC-32 of all bytes before, in hexadecimal. */
#include "core/io/hdf5_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define MARK "irstCRC1"
enum { MARK_LENGTH = 8, TRAILER = 16 };

/* Of the first `size` bytes. */
static bool sum_up(FILE *stream, long size, unsigned long *out) {
    unsigned char block[1 << 16];
    *out = crc32_z(0, NULL, 0);
    while (size > 0) {
        size_t wanted = size < (long)sizeof block ? (size_t)size : sizeof block;
        if (fread(block, 1, wanted, stream) != wanted)
            return false;
        *out = crc32_z(*out, block, wanted);
        size -= (long)wanted;
    }
    return true;
}

static bool append_sum(FILE *stream) {
    unsigned long sum;
    long size;
    return fseek(stream, 0, SEEK_END) == 0 && (size = ftell(stream)) >= 0 && fseek(stream, 0, SEEK_SET) == 0 &&
           sum_up(stream, size, &sum) && fseek(stream, 0, SEEK_END) == 0 &&
           fprintf(stream, MARK "%08lx", sum & 0xffffffff) == TRAILER;
}

status h5_append_checksum(const atomic_file *place) {
    FILE *stream = fopen(place->temporary, "r+b");
    bool good = stream && append_sum(stream);
    int reason = errno;
    if (stream && fclose(stream) != 0 && good) {
        good = false;
        reason = errno;
    }
    return good ? STATUS_OK : status_fail(STATUS_OUTPUT, "%s: cannot be written: %s", place->path, strerror(reason));
}

/* Whether the file ends with a checksum, and with which; the stream stands at its begin then. */
static bool find_sum(FILE *stream, long *size, unsigned long *out) {
    char trailer[TRAILER + 1] = "", *end;
    if (fseek(stream, -TRAILER, SEEK_END) != 0 || (*size = ftell(stream)) < 0 ||
        fread(trailer, 1, TRAILER, stream) != TRAILER || memcmp(trailer, MARK, MARK_LENGTH) != 0)
        return false;
    *out = strtoul(trailer + MARK_LENGTH, &end, 16);
    return fseek(stream, 0, SEEK_SET) == 0;
}

status h5_verify(const char *path) {
    FILE *stream = fopen(path, "rb");
    if (!stream)
        return status_fail(STATUS_INPUT, "%s: cannot be opened: %s", path, strerror(errno));
    long size;
    unsigned long expected, found;
    bool same = !find_sum(stream, &size, &expected) || (sum_up(stream, size, &found) && found == expected);
    fclose(stream);
    return same ? STATUS_OK : status_fail(STATUS_INPUT, "%s: is damaged: its checksum does not fit its content", path);
}
