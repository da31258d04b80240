#include "core/log/event_log.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A record is: length (8 bytes), CRC of the length (4), payload, CRC of the payload (4), little-endian. In ours all but
 * the bytes of a picture, which stand last, is short; a file with longer ones is not ours. */
#define RECORD_HEAD 12
#define LONGEST_MESSAGE 1024
#define LONGEST_PAYLOAD (LONGEST_MESSAGE + EVENT_LOG_LARGEST_PICTURE)

struct event_log {
    char *path;
    FILE *file;
};

/* --- CRC-32C --- */

/* Goes on with a CRC that is not complemented yet; it begins with CRC_BEGIN. */
#define CRC_BEGIN 0xffffffffu
static uint32_t crc_extend(uint32_t crc, const void *data, size_t size) {
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0); /* the polynomial 0x1edc6f41, bits reversed */
    }
    return crc;
}

uint32_t crc32c(const void *data, size_t size) {
    return ~crc_extend(CRC_BEGIN, data, size);
}

/* A CRC over data that holds CRCs is weak, hence the format stores them rotated and offset. */
static uint32_t mask_crc(uint32_t crc) {
    return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

static uint32_t masked_crc(const void *data, size_t size) {
    return mask_crc(crc32c(data, size));
}

/* --- protobuf's wire encoding --- */

enum { WIRE_VARINT = 0, WIRE_64_BITS = 1, WIRE_BYTES = 2, WIRE_32_BITS = 5 };

/* Fields of the messages Event, Summary, Summary.Value and Summary.Image. */
enum {
    EVENT_WALL_TIME = 1,
    EVENT_STEP = 2,
    EVENT_FILE_VERSION = 3,
    EVENT_SUMMARY = 5,
    SUMMARY_VALUE = 1,
    VALUE_TAG = 1,
    VALUE_SIMPLE = 2,
    VALUE_IMAGE = 4,
    IMAGE_HEIGHT = 1,
    IMAGE_WIDTH = 2,
    IMAGE_COLOUR_SPACE = 3,
    IMAGE_ENCODED = 4
};
enum { COLOUR_SPACE_RGB = 3 };

typedef struct message {
    unsigned char bytes[LONGEST_MESSAGE];
    size_t size;
} message;

static void put_byte(message *m, unsigned byte) {
    assert(m->size < sizeof m->bytes);
    m->bytes[m->size++] = (unsigned char)byte;
}

static void put_little_endian(message *m, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; i++)
        put_byte(m, value >> 8 * i & 0xff);
}

static void put_varint(message *m, uint64_t value) {
    for (; value >= 0x80; value >>= 7)
        put_byte(m, (value & 0x7f) | 0x80);
    put_byte(m, (unsigned)value);
}

static void put_key(message *m, int field, int wire) {
    put_varint(m, (uint64_t)field << 3 | (uint64_t)wire);
}

/* The head of a field of `size` bytes, which come next. */
static void put_length(message *m, int field, size_t size) {
    put_key(m, field, WIRE_BYTES);
    put_varint(m, size);
}

static void put_bytes(message *m, int field, const void *data, size_t size) {
    put_length(m, field, size);
    assert(size <= sizeof m->bytes - m->size);
    memcpy(m->bytes + m->size, data, size);
    m->size += size;
}

static void put_double(message *m, int field, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_key(m, field, WIRE_64_BITS);
    put_little_endian(m, bits, 8);
}

static void put_float(message *m, int field, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_key(m, field, WIRE_32_BITS);
    put_little_endian(m, bits, 4);
}

static message new_event(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    message event = {.size = 0};
    put_double(&event, EVENT_WALL_TIME, (double)now.tv_sec + 1e-9 * (double)now.tv_nsec);
    return event;
}

/* --- records --- */

/* The payload is the message and the `size` bytes of `more` after it. */
static status write_record(event_log *log, const message *payload, const void *more, size_t size) {
    message head = {.size = 0}, tail = {.size = 0};
    uint32_t crc = crc_extend(crc_extend(CRC_BEGIN, payload->bytes, payload->size), more, size);
    put_little_endian(&head, payload->size + size, 8);
    put_little_endian(&head, masked_crc(head.bytes, 8), 4);
    put_little_endian(&tail, mask_crc(~crc), 4);
    fwrite(head.bytes, 1, head.size, log->file);
    fwrite(payload->bytes, 1, payload->size, log->file);
    if (size > 0)
        fwrite(more, 1, size, log->file);
    fwrite(tail.bytes, 1, tail.size, log->file);
    if (fflush(log->file) != 0 || ferror(log->file))
        return status_fail(STATUS_OUTPUT, "%s: cannot be written: %s", log->path, strerror(errno));
    return STATUS_OK;
}

static uint64_t get_little_endian(const unsigned char *bytes, int count) {
    uint64_t value = 0;
    for (int i = 0; i < count; i++)
        value |= (uint64_t)bytes[i] << 8 * i;
    return value;
}

/* Reads `size` bytes into the CRC; the first ones, as many as it has room for, into the message. */
static bool read_payload(FILE *file, uint64_t size, message *payload, uint32_t *crc) {
    unsigned char more[LONGEST_MESSAGE];
    payload->size = size < sizeof payload->bytes ? (size_t)size : sizeof payload->bytes;
    if (fread(payload->bytes, 1, payload->size, file) != payload->size)
        return false;
    *crc = crc_extend(CRC_BEGIN, payload->bytes, payload->size);
    for (uint64_t left = size - payload->size; left > 0;) {
        size_t part = left < sizeof more ? (size_t)left : sizeof more;
        if (fread(more, 1, part, file) != part)
            return false;
        *crc = crc_extend(*crc, more, part);
        left -= part;
    }
    return true;
}

/* Reads the next record, of a long one the beginning; false at the end of the file or where it is torn. */
static bool read_record(FILE *file, message *payload) {
    unsigned char head[RECORD_HEAD], tail[4];
    uint32_t crc;
    if (fread(head, 1, sizeof head, file) != sizeof head ||
        masked_crc(head, 8) != (uint32_t)get_little_endian(head + 8, 4))
        return false;
    uint64_t size = get_little_endian(head, 8);
    return size <= LONGEST_PAYLOAD && read_payload(file, size, payload, &crc) &&
           fread(tail, 1, sizeof tail, file) == sizeof tail && mask_crc(~crc) == (uint32_t)get_little_endian(tail, 4);
}

static bool get_varint(const message *m, size_t *at, uint64_t *value) {
    *value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        if (*at >= m->size)
            return false;
        unsigned char byte = m->bytes[(*at)++];
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

/* The step of an event, which stands before its summary; 0 if it has none, as protobuf leaves zeros out. */
static bool event_step(const message *event, int64_t *step) {
    uint64_t key, value;
    *step = 0;
    for (size_t at = 0; at < event->size;) {
        if (!get_varint(event, &at, &key))
            return false;
        size_t length = (key & 7) == WIRE_64_BITS ? 8 : (key & 7) == WIRE_32_BITS ? 4 : 0;
        if ((key & 7) == WIRE_VARINT || (key & 7) == WIRE_BYTES) {
            if (!get_varint(event, &at, &value))
                return false;
            if (key == (EVENT_SUMMARY << 3 | WIRE_BYTES))
                return true;
            if (key == (EVENT_STEP << 3 | WIRE_VARINT))
                *step = (int64_t)value;
            length = (key & 7) == WIRE_BYTES ? (size_t)value : 0;
        } else if (length == 0) {
            return false;
        }
        if (length > event->size - at)
            return false;
        at += length;
    }
    return true;
}

/* The size of the file up to its last whole record of a step up to `last`; 0 if not even the first is there. */
static long whole_size(FILE *file, int64_t last) {
    long size = 0;
    message event;
    int64_t step;
    while (read_record(file, &event) && event_step(&event, &step) && step <= last)
        size = ftell(file);
    return size;
}

/* --- the log --- */

static const char file_version[] = "brain.Event:2";

static status write_version(event_log *log) {
    message event = new_event();
    put_bytes(&event, EVENT_FILE_VERSION, file_version, strlen(file_version));
    return write_record(log, &event, NULL, 0);
}

/* *exists: there is something to go on after. Power that goes before the first record is on disk leaves an empty file,
 * which counts as none. */
static status shorten(const event_log *log, int64_t last, bool *exists) {
    FILE *file = fopen(log->path, "rb");
    *exists = file != NULL;
    if (file == NULL)
        return errno == ENOENT ? STATUS_OK
                               : status_fail(STATUS_INPUT, "%s: cannot be opened: %s", log->path, strerror(errno));
    long size = whole_size(file, last);
    bool failed = ferror(file);
    *exists = fseek(file, 0, SEEK_END) != 0 || ftell(file) != 0;
    fclose(file);
    if (!failed && !*exists)
        return STATUS_OK;
    if (failed || size <= 0)
        return status_fail(STATUS_INPUT, "%s: is not a file of TensorBoard events", log->path);
    if (truncate(log->path, size) != 0)
        return status_fail(STATUS_OUTPUT, "%s: cannot be shortened: %s", log->path, strerror(errno));
    return STATUS_OK;
}

static status begin(event_log *log, bool resume, int64_t last) {
    bool exists = false;
    if (resume)
        TRY(shorten(log, last, &exists));
    log->file = fopen(log->path, exists ? "ab" : "wb");
    if (log->file == NULL)
        return status_fail(STATUS_OUTPUT, "%s: cannot be written: %s", log->path, strerror(errno));
    return exists ? STATUS_OK : write_version(log);
}

static status new_and_begin(const char *path, bool resume, int64_t last, event_log **out) {
    event_log *log = calloc(1, sizeof *log);
    char *copy = strdup(path);
    *out = NULL;
    if (log == NULL || copy == NULL) {
        free(log);
        free(copy);
        return status_fail(STATUS_MEMORY, "%s: out of memory", path);
    }
    log->path = copy;
    status result = begin(log, resume, last);
    if (result == STATUS_OK)
        *out = log;
    else
        event_log_close(log);
    return result;
}

status event_log_create(const char *path, event_log **out) {
    return new_and_begin(path, false, 0, out);
}

status event_log_resume(const char *path, int64_t last, event_log **out) {
    return new_and_begin(path, true, last, out);
}

void event_log_close(event_log *log) {
    if (log == NULL)
        return;
    if (log->file)
        fclose(log->file); /* each record was flushed: nothing can fail any more */
    free(log->path);
    free(log);
}

/* The event up to its summary, which takes `size` bytes. */
static message event_with_summary(int64_t step, size_t size) {
    message event = new_event();
    put_key(&event, EVENT_STEP, WIRE_VARINT);
    put_varint(&event, (uint64_t)step);
    put_length(&event, EVENT_SUMMARY, size);
    return event;
}

static void put_message(message *m, const message *part) {
    assert(part->size <= sizeof m->bytes - m->size);
    memcpy(m->bytes + m->size, part->bytes, part->size);
    m->size += part->size;
}

/* A summary of one value holds `begun` and the `size` bytes of `more`. */
static status write_value(event_log *log, int64_t step, const message *begun, const void *more, size_t size) {
    message summary = {.size = 0};
    put_length(&summary, SUMMARY_VALUE, begun->size + size);
    put_message(&summary, begun);
    message event = event_with_summary(step, summary.size + size);
    put_message(&event, &summary);
    return write_record(log, &event, more, size);
}

static message value_with_tag(const char *tag) {
    message value = {.size = 0};
    size_t length = strlen(tag);
    assert(length <= EVENT_LOG_LONGEST_TAG);
    put_bytes(&value, VALUE_TAG, tag, length);
    return value;
}

status event_log_scalar(event_log *log, const char *tag, int64_t step, double value) {
    message scalar = value_with_tag(tag);
    put_float(&scalar, VALUE_SIMPLE, (float)value);
    return write_value(log, step, &scalar, NULL, 0);
}

static void put_number(message *m, int field, int value) {
    put_key(m, field, WIRE_VARINT);
    put_varint(m, (uint64_t)value);
}

status event_log_picture(event_log *log, const char *tag, int64_t step, int width, int height, const void *png,
                         size_t size) {
    assert(size <= EVENT_LOG_LARGEST_PICTURE);
    message image = {.size = 0}, value = value_with_tag(tag);
    put_number(&image, IMAGE_HEIGHT, height);
    put_number(&image, IMAGE_WIDTH, width);
    put_number(&image, IMAGE_COLOUR_SPACE, COLOUR_SPACE_RGB);
    put_length(&image, IMAGE_ENCODED, size);
    put_length(&value, VALUE_IMAGE, image.size + size);
    put_message(&value, &image);
    return write_value(log, step, &value, png, size);
}
