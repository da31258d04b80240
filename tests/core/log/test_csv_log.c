/* CSV logs: rows as text and as columns, resuming, and files that are not what they should be. */
#include "core/log/csv_log.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *const columns[] = {"epoch", "loss", "miou"};
enum { COLUMNS = 3 };

static void expect_text(const char *path, const char *expected) {
    char text[4096];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    assert_string_equal(text, expected);
}

static const char *file_of(const char *text) {
    return scratch_file("log.csv", text, strlen(text));
}

static void test_rows_are_there_at_once(void **state) {
    (void)state;
    csv_log *log;
    const char *path = file_of("old\n");
    assert_ok(csv_log_create(path, columns, COLUMNS, &log));
    expect_text(path, "epoch,loss,miou\n");
    assert_int_equal(csv_log_row_count(log), 0);
    assert_ok(csv_log_row(log, (double[]){1, 0.5, NAN}));
    expect_text(path, "epoch,loss,miou\n1,0.5,\n");
    assert_ok(csv_log_row(log, (double[]){100000000, 1.0 / 3, -1e-20}));
    expect_text(path, "epoch,loss,miou\n1,0.5,\n100000000,0.333333333,-1e-20\n");
    assert_int_equal(csv_log_row_count(log), 2);
    assert_true(csv_log_column(log, 0)[1] == 1e8);
    assert_true(isnan(csv_log_column(log, 2)[0]));
    csv_log_close(log);
    csv_log_close(NULL);
}

static void test_many_rows(void **state) {
    (void)state;
    csv_log *log;
    const char *path = scratch_path("many.csv");
    assert_ok(csv_log_create(path, columns, COLUMNS, &log));
    for (int i = 0; i < 1000; i++)
        assert_ok(csv_log_row(log, (double[]){i, i * 0.5, -i}));
    csv_log_close(log);
    assert_ok(csv_log_resume(path, columns, COLUMNS, 899, &log));
    assert_int_equal(csv_log_row_count(log), 900);
    for (int i = 0; i < 900; i++) {
        assert_true(csv_log_column(log, 0)[i] == i);
        assert_true(csv_log_column(log, 1)[i] == i * 0.5);
        assert_true(csv_log_column(log, 2)[i] == -i);
    }
    csv_log_close(log);
}

/* As a loss of power leaves it. */
static void test_an_empty_file(void **state) {
    (void)state;
    csv_log *log;
    const char *path = file_of("");
    assert_ok(csv_log_resume(path, columns, COLUMNS, 7, &log));
    assert_int_equal(csv_log_row_count(log), 0);
    assert_ok(csv_log_row(log, (double[]){8, 0.5, 1}));
    csv_log_close(log);
    expect_text(path, "epoch,loss,miou\n8,0.5,1\n");
}

static void test_resume(void **state) {
    (void)state;
    csv_log *log;
    const char *path = file_of("epoch,loss,miou\n1,0.5,\n2,0.25,0.75\n3,0.125,\n3,9,9\n2,8,8\n");
    assert_ok(csv_log_resume(path, columns, COLUMNS, 2, &log));
    expect_text(path, "epoch,loss,miou\n1,0.5,\n2,0.25,0.75\n2,8,8\n");
    assert_ok(csv_log_row(log, (double[]){3, 0.5, 1}));
    csv_log_close(log);
    expect_text(path, "epoch,loss,miou\n1,0.5,\n2,0.25,0.75\n2,8,8\n3,0.5,1\n");

    /* A row that a crash cut off goes, even where it reads well as it stands. */
    path = file_of("epoch,loss,miou\n1,0.5,\n2,0.25,0.7");
    assert_ok(csv_log_resume(path, columns, COLUMNS, 9, &log));
    assert_int_equal(csv_log_row_count(log), 1);
    csv_log_close(log);
    expect_text(path, "epoch,loss,miou\n1,0.5,\n");

    /* Nothing to drop: the file is not written anew. */
    struct stat before, after;
    assert_int_equal(stat(path, &before), 0);
    assert_ok(csv_log_resume(path, columns, COLUMNS, 1, &log));
    csv_log_close(log);
    assert_int_equal(stat(path, &after), 0);
    assert_true(before.st_ino == after.st_ino);

    path = scratch_path("new.csv");
    assert_ok(csv_log_resume(path, columns, COLUMNS, 1, &log));
    csv_log_close(log);
    expect_text(path, "epoch,loss,miou\n");
}

/* The file must be refused with this message, and stay as it is. */
static void expect_refused(const char *text, const char *a, const char *b) {
    csv_log *log;
    const char *path = file_of(text);
    assert_fails(csv_log_resume(path, columns, COLUMNS, 1, &log), STATUS_INPUT, a, b);
    assert_null(log);
    expect_text(path, text);
}

static void test_foreign_files(void **state) {
    (void)state;
    expect_refused("epoch,loss\n", "log.csv:1: column 3 is missing", "expected miou");
    expect_refused("epoch,loss,miou,fa\n", "log.csv:1: column 4 is fa", "expected no more columns");
    expect_refused("epoch,lose,miou\n", "log.csv:1: column 2 is lose", "expected loss");
    expect_refused("epoch,loss,miou", "log.csv:1:", "not a line");
    expect_refused("epoch,loss,miou\n1,2\n", "log.csv:2: 2 cells", "expected 3");
    expect_refused("epoch,loss,miou\n1,2,3,\n", "log.csv:2: more than 3 cells", "");
    expect_refused("epoch,loss,miou\n1,2,3\n2,x,3\n", "log.csv:3: cell 2 is x", "a number or nothing");
    expect_refused("epoch,loss,miou\n1.5,2,3\n", "log.csv:2: cell 1 is 1.5", "an integer");
    expect_refused("epoch,loss,miou\n,2,3\n", "log.csv:2: cell 1", "an integer");
    expect_refused("epoch,loss,miou\n\n", "log.csv:2: cell 1", "an integer");
    static char flood[20000];
    memset(flood, 'x', sizeof flood - 1);
    csv_log *log;
    assert_fails(csv_log_resume(file_of(flood), columns, COLUMNS, 1, &log), STATUS_INPUT, "log.csv:1:", "not a line");
    assert_int_equal(csv_log_create("no/such/folder/log.csv", columns, COLUMNS, &log), STATUS_OUTPUT);
    assert_null(log);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_there_at_once), cmocka_unit_test(test_many_rows),
        cmocka_unit_test(test_an_empty_file),          cmocka_unit_test(test_resume),
        cmocka_unit_test(test_foreign_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
