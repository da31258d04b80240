/* What a resumed training finds of its log: by the first byte the table log.csv, with or without the head that it has
 * to have, or the events for TensorBoard, whose checksums are right again after most mutations. */
#include "core/html/html_page.h"
#include "core/log/event_log.h"
#include "tests/fuzz/fuzzing.h"
#include "train/run_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { TABLE, TABLE_WITH_HEAD, EVENTS, KINDS };
enum { LAST = 3 /* the epoch that the run stands at */, DRAWN = 64 /* one of so many: it takes long */ };

static const char csv[] = "log.csv", events[] = "events.out.tfevents.irst";

/* --- checksums --- */

static void put(uint8_t *at, uint32_t sum) {
    sum = (sum >> 15 | sum << 17) + 0xa282ead8u; /* as the format stores them */
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(sum >> 8 * i);
}

/* A length that is too large becomes that of the rest. */
static void mend_records(uint8_t *data, size_t size) {
    enum { HEAD = 12, TAIL = 4 };
    for (size_t at = 0; size - at >= HEAD + TAIL;) {
        size_t length = data[at] | (size_t)data[at + 1] << 8, most = size - at - HEAD - TAIL;
        length = length < most ? length : most;
        memset(data + at, 0, 8);
        data[at] = (uint8_t)length;
        data[at + 1] = (uint8_t)(length >> 8);
        data[at + 2] = (uint8_t)(length >> 16);
        put(data + at + 8, crc32c(data + at, 8));
        put(data + at + HEAD + length, crc32c(data + at + HEAD, length));
        at += HEAD + length + TAIL;
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed) {
    enum { LEFT_WRONG = 16 }; /* one of so many */
    size = LLVMFuzzerMutate(data, size, room);
    if (size > 0 && data[0] % KINDS == EVENTS && seed % LEFT_WRONG)
        mend_records(data + 1, size - 1);
    return size;
}

/* --- the log --- */

/* A log that goes on behind epoch `last`; NULL if the files were refused. */
static run_log *reopen(int64_t last) {
    const run_log_options options = {.resume = true, .last = last};
    run_log *log;
    status code = run_log_open(".", &options, &log);
    fuzz_expect_outcome(code);
    return log;
}

static void write_head(void) {
    run_log *log;
    fuzz_expect(run_log_open(".", &(run_log_options){.resume = false}, &log) == STATUS_OK, "no log");
    run_log_close(log);
}

static void append(const char *path, const uint8_t *data, size_t size) {
    FILE *stream = fopen(path, "ab");
    int written = stream && fwrite(data, 1, size, stream) == size;
    fuzz_expect(stream && fclose(stream) == 0 && written, "the input cannot be written");
}

static int64_t size_of(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 ? (int64_t)info.st_size : -1;
}

/* Shows what was read as a page, and now and then as a picture. */
static void show(run_log *log, bool draws) {
    html_page *page;
    fuzz_expect(html_page_new("run", "", &page) == STATUS_OK, "no page");
    run_log_print(log, page);
    fuzz_expect(html_page_save(page, "page.html") == STATUS_OK, "no page");
    html_page_free(page);
    if (draws)
        fuzz_expect(run_log_draw(log) == STATUS_OK, "no picture");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static unsigned inputs;
    if (size == 0)
        return 0;
    write_head();
    if (data[0] % KINDS == TABLE)
        fuzz_write(csv, data + 1, size - 1);
    else if (data[0] % KINDS == TABLE_WITH_HEAD)
        append(csv, data + 1, size - 1);
    else
        fuzz_write(events, data + 1, size - 1);
    run_log *log = reopen(LAST);
    if (!log)
        return 0;
    show(log, inputs++ % DRAWN == 0);
    epoch_row row = {.epoch = LAST + 1, .step = 7};
    fuzz_expect(run_log_add(log, &row) == STATUS_OK, "no row");
    run_log_close(log);
    /* Whoever resumes there again finds the whole of both files. */
    int64_t rows = size_of(csv), records = size_of(events);
    log = reopen(LAST + 1);
    fuzz_expect(log && size_of(csv) == rows && size_of(events) == records, "the log became shorter");
    run_log_close(log);
    return 0;
}
