/* TensorBoard events: the CRC, the bytes of a file read back by a decoder of its own, resuming. */
#include "core/log/event_log.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* RFC 3720, appendix B.4, and the usual check value of CRC-32C. */
static void test_crc(void **state) {
    (void)state;
    unsigned char data[32];
    memset(data, 0, sizeof data);
    assert_int_equal(crc32c(data, 32), 0x8a9136aa);
    memset(data, 0xff, sizeof data);
    assert_int_equal(crc32c(data, 32), 0x62a8ab43);
    for (int i = 0; i < 32; i++)
        data[i] = (unsigned char)i;
    assert_int_equal(crc32c(data, 32), 0x46dd794e);
    for (int i = 0; i < 32; i++)
        data[i] = (unsigned char)(31 - i);
    assert_int_equal(crc32c(data, 32), 0x113fdb5c);
    static const unsigned char read_command[48] = {0x01, 0xc0, 0, 0, 0, 0, 0,    0, 0,    0, 0, 0,    0, 0, 0, 0,
                                                   0x14, 0,    0, 0, 0, 0, 0x04, 0, 0,    0, 0, 0x14, 0, 0, 0, 0x18,
                                                   0x28, 0,    0, 0, 0, 0, 0,    0, 0x02, 0, 0, 0,    0, 0, 0, 0};
    assert_int_equal(crc32c(read_command, 48), 0xd9963a56);
    assert_int_equal(crc32c("123456789", 9), 0xe3069283);
    assert_int_equal(crc32c("", 0), 0);
}

/* --- a decoder that shares no code with the encoder --- */

typedef struct file_bytes {
    unsigned char bytes[65536];
    size_t size;
} file_bytes;

static file_bytes slurp(const char *path) {
    file_bytes content;
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    content.size = fread(content.bytes, 1, sizeof content.bytes, file);
    fclose(file);
    return content;
}

static uint32_t masked(const unsigned char *data, size_t size) {
    uint32_t crc = crc32c(data, size);
    return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

static uint32_t u32_at(const unsigned char *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Takes one record apart; returns the bytes that it spans. */
static size_t take_record(const file_bytes *content, size_t at, const unsigned char **payload, size_t *size) {
    const unsigned char *p = content->bytes + at;
    assert_true(at + 16 <= content->size);
    *size = u32_at(p);
    assert_int_equal(u32_at(p + 4), 0);
    assert_int_equal(u32_at(p + 8), masked(p, 8));
    assert_true(at + 16 + *size <= content->size);
    assert_int_equal(u32_at(p + 12 + *size), masked(p + 12, *size));
    *payload = p + 12;
    return 16 + *size;
}

/* What a scalar event must look like, byte by byte, behind its wall time. */
static void expect_scalar(const unsigned char *payload, size_t size, const char *step, size_t step_size,
                          const char *tag, float value) {
    double wall_time;
    assert_int_equal(payload[0], 0x09); /* field 1, 64 bits */
    memcpy(&wall_time, payload + 1, 8);
    assert_true(fabs(wall_time - (double)time(NULL)) < 60);
    payload += 9;
    size_t tag_size = strlen(tag), scalar = 2 + tag_size + 5;
    assert_int_equal(size, 9 + 1 + step_size + 2 + 2 + scalar);
    assert_int_equal(payload[0], 0x10); /* field 2, varint */
    assert_memory_equal(payload + 1, step, step_size);
    payload += 1 + step_size;
    assert_int_equal(payload[0], 0x2a); /* field 5, bytes: the summary */
    assert_int_equal(payload[1], 2 + scalar);
    assert_int_equal(payload[2], 0x0a); /* field 1, bytes: its value */
    assert_int_equal(payload[3], scalar);
    assert_int_equal(payload[4], 0x0a); /* field 1, bytes: the tag */
    assert_int_equal(payload[5], tag_size);
    assert_memory_equal(payload + 6, tag, tag_size);
    assert_int_equal(payload[6 + tag_size], 0x15); /* field 2, 32 bits */
    float stored;
    memcpy(&stored, payload + 7 + tag_size, 4);
    assert_true(stored == value || (isnan(stored) && isnan(value)));
}

static void test_file(void **state) {
    (void)state;
    const char *path = scratch_path("events.out.tfevents.test");
    event_log *log;
    assert_ok(event_log_create(path, &log));
    assert_ok(event_log_scalar(log, "loss/total", 1, 0.1));
    assert_ok(event_log_scalar(log, "miou", 300, NAN));
    file_bytes content = slurp(path); /* before it is closed: each record is flushed */
    event_log_close(log);
    event_log_close(NULL);
    const unsigned char *payload;
    size_t size, at = take_record(&content, 0, &payload, &size);
    assert_int_equal(size, 9 + 2 + 13);
    assert_memory_equal(payload + 9,
                        "\x1a\x0d"
                        "brain.Event:2",
                        15); /* field 3 */
    at += take_record(&content, at, &payload, &size);
    expect_scalar(payload, size, "\x01", 1, "loss/total", 0.1f);
    at += take_record(&content, at, &payload, &size);
    expect_scalar(payload, size, "\xac\x02", 2, "miou", NAN); /* 300 = 0x2c + 2 * 128 */
    assert_int_equal(at, content.size);
}

static size_t size_after(const char *path, int64_t last) {
    event_log *log;
    assert_ok(event_log_resume(path, last, &log));
    event_log_close(log);
    return slurp(path).size;
}

static void test_resume(void **state) {
    (void)state;
    const char *path = scratch_path("events.out.tfevents.test");
    event_log *log;
    size_t sizes[6];
    assert_ok(event_log_resume(path, 0, &log)); /* a missing file is created */
    sizes[0] = slurp(path).size;
    for (int step = 1; step <= 5; step++) {
        assert_ok(event_log_scalar(log, "loss", step * 100000, step));
        sizes[step] = slurp(path).size;
    }
    event_log_close(log);
    file_bytes whole = slurp(path);
    assert_int_equal(size_after(path, INT64_MAX), sizes[5]);
    assert_int_equal(size_after(path, 400000), sizes[4]);
    assert_int_equal(size_after(path, 399999), sizes[3]);
    assert_int_equal(size_after(path, 0), sizes[0]);
    assert_ok(event_log_resume(path, 0, &log));
    assert_ok(event_log_scalar(log, "loss", 7, 7));
    event_log_close(log);
    file_bytes content = slurp(path);
    const unsigned char *payload;
    size_t size;
    assert_int_equal(sizes[0] + take_record(&content, sizes[0], &payload, &size), content.size);
    expect_scalar(payload, size, "\x07", 1, "loss", 7);

    /* A file cut off anywhere, or with a bit flipped anywhere, goes on behind its last whole record. */
    for (size_t cut = sizes[0]; cut < whole.size; cut++) {
        size_t expected = sizes[0];
        for (int i = 0; i < 6 && sizes[i] <= cut; i++)
            expected = sizes[i];
        path = scratch_file("cut.tfevents", whole.bytes, cut);
        assert_int_equal(size_after(path, INT64_MAX), expected);
        whole.bytes[cut] ^= 0x10;
        path = scratch_file("cut.tfevents", whole.bytes, whole.size);
        whole.bytes[cut] ^= 0x10;
        assert_int_equal(size_after(path, INT64_MAX), expected);
    }
}

/* --- pictures --- */

enum { PICTURE = 5000 }; /* bytes: more than what is kept of a record that is looked over */

static size_t take_varint(const unsigned char *p, unsigned long *value) {
    size_t size = 0;
    *value = 0;
    do
        *value |= (unsigned long)(p[size] & 0x7f) << 7 * size;
    while (p[size++] >= 0x80);
    return size;
}

/* Steps over the key and the length of a field of bytes. */
static const unsigned char *enter(const unsigned char *p, unsigned key, const unsigned char *end) {
    unsigned long length;
    assert_int_equal(*p, key);
    p += 1 + take_varint(p + 1, &length);
    assert_int_equal(end - p, length);
    return p;
}

static void expect_picture(const unsigned char *payload, size_t size, const unsigned char *png) {
    const unsigned char *p = payload + 9, *end = payload + size; /* behind the wall time */
    assert_memory_equal(p, "\x10\x03", 2);                       /* step 3 */
    p = enter(p + 2, 0x2a, end);                                 /* field 5: the summary */
    p = enter(p, 0x0a, end);                                     /* field 1: its value */
    assert_memory_equal(p, "\x0a\x07scene/1", 9);                /* field 1: the tag */
    p = enter(p + 9, 0x22, end);                                 /* field 4: the image */
    assert_memory_equal(p, "\x08\xc8\x01\x10\x50\x18\x03", 7);   /* height 200, width 80, RGB */
    p = enter(p + 7, 0x22, end);                                 /* field 4: the file */
    assert_int_equal(end - p, PICTURE);
    assert_memory_equal(p, png, PICTURE);
}

static void test_pictures(void **state) {
    (void)state;
    const char *path = scratch_path("events.out.tfevents.test");
    unsigned char png[PICTURE];
    event_log *log;
    for (int i = 0; i < PICTURE; i++)
        png[i] = (unsigned char)(i * 7 + i / 256);
    assert_ok(event_log_create(path, &log));
    assert_ok(event_log_scalar(log, "loss", 2, 0.5));
    size_t before = slurp(path).size;
    assert_ok(event_log_picture(log, "scene/1", 3, 80, 200, png, PICTURE));
    size_t between = slurp(path).size;
    assert_ok(event_log_scalar(log, "loss", 4, 0.25));
    event_log_close(log);
    file_bytes whole = slurp(path);
    const unsigned char *payload;
    size_t size;
    assert_int_equal(before + take_record(&whole, before, &payload, &size), between);
    expect_picture(payload, size, png);
    assert_int_equal(size_after(path, 4), whole.size);
    assert_int_equal(size_after(path, 3), between);
    assert_int_equal(size_after(path, 2), before);
    for (size_t cut = before; cut < between; cut += 97) {
        path = scratch_file("cut.tfevents", whole.bytes, cut);
        assert_int_equal(size_after(path, INT64_MAX), before);
        whole.bytes[cut] ^= 0x10;
        path = scratch_file("cut.tfevents", whole.bytes, whole.size);
        whole.bytes[cut] ^= 0x10;
        assert_int_equal(size_after(path, INT64_MAX), before);
    }
}

static void test_foreign_files(void **state) {
    (void)state;
    event_log *log;
    const char *path = scratch_file("notes.txt", "these are my notes, not events", 30);
    assert_fails(event_log_resume(path, 5, &log), STATUS_INPUT, "notes.txt", "not a file of TensorBoard events");
    assert_int_equal(slurp(path).size, 30);
    path = scratch_file("empty", "", 0); /* as a loss of power leaves it */
    assert_ok(event_log_resume(path, 5, &log));
    event_log_close(log);
    size_t size = slurp(path).size;
    assert_true(size > 0);
    assert_int_equal(size_after(path, 5), size);
    assert_fails(event_log_create("no/such/folder/x", &log), STATUS_OUTPUT, "no/such/folder/x", "No such");
    assert_null(log);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crc),      cmocka_unit_test(test_file),          cmocka_unit_test(test_resume),
        cmocka_unit_test(test_pictures), cmocka_unit_test(test_foreign_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
