/* The published figures: that they agree among themselves, and what a bad file is told. */
#include "eval/experiments/published.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <math.h>
#include <stdio.h>

static published *read_ours(void) {
    published *p;
    assert_ok(published_read("configs/published.ini", &p));
    return p;
}

static double value(const published *p, const char *section, const char *row, const char *set, int index) {
    char name[64];
    snprintf(name, sizeof name, "%s/%s", row, set);
    double found = published_value(p, section, name, index);
    assert_false(isnan(found));
    return found;
}

static const char *const sets[] = {"NUDT-SIRST", "IRSTD-1k", "SIRST-Aug"};

/* The published average table is the mean of the main table's data sets, to a unit of the last digit. */
static void test_averages(void **state) {
    (void)state;
    published *p = read_ours();
    static const char *const methods[] = {"IPI", "PSTNN", "MPCM", "RPCANet+"};
    for (int m = 0; m < 4; m++)
        for (int i = 0; i < 4; i++) {
            double mean = 0;
            for (int s = 0; s < 3; s++)
                mean += value(p, "table", methods[m], sets[s], i) / 3;
            assert_true(fabs(published_value(p, "average", methods[m], i) - mean) < 0.0101);
        }
    published_free(p);
}

/* RPCANet+ with K = 6, BC = 4, TC = 32 is the same row in all three tables: this tells which column is which set. */
static void test_ablations_hold_the_main_row(void **state) {
    (void)state;
    published *p = read_ours();
    for (int i = 0; i < 2; i++) {
        for (int s = 0; s < 3; s++)
            assert_true(value(p, "stages", "6", sets[s], i) == value(p, "table", "RPCANet+", sets[s], i));
        assert_true(value(p, "channels", "4x32", "SIRST-Aug", i) == value(p, "table", "RPCANet+", "SIRST-Aug", i));
    }
    published_free(p);
}

/* The parameters are K times those of a stage, 35 986. */
static void test_parameters(void **state) {
    (void)state;
    published *p = read_ours();
    for (int k = 1; k <= 7; k++) {
        char row[16];
        snprintf(row, sizeof row, "%d", k);
        assert_true(fabs(published_value(p, "stages_params", row, 0) - k * 0.035986) < 5e-5);
    }
    assert_true(published_value(p, "table_params", "RPCANet+", 0) == 0.216);
    assert_true(published_value(p, "table_params", "RPCANet++", 0) == 1.435);
    assert_true(published_value(p, "table_params", "DRPCA-Net", 0) == 1.169);
    published_free(p);
}

/* Of pooled counts F1 = 2 mIoU / (1 + mIoU). What differs by more than both roundings can is marked, and nothing else.
 */
static void expect_f1(const published *p, const char *table, const char *row) {
    char name[128];
    double miou = published_value(p, table, row, 0), f1 = published_value(p, table, row, 1);
    snprintf(name, sizeof name, "%s/%s", table, row);
    double marked = published_value(p, "f1_off", name, 0), off = f1 - 200 * miou / (100 + miou);
    double rounding = 0.005 + 0.005 * 2e4 / pow(100 + miou, 2);
    if (fabs(off) > rounding ? !(fabs(off - marked) < 0.0051) : !isnan(marked))
        fail_msg("%s: F1 is %.3f off, marked as %.2f", name, off, marked);
}

static void test_f1_follows_or_is_marked(void **state) {
    (void)state;
    published *p = read_ours();
    static const char *const methods[] = {"IPI",    "PSTNN",   "MPCM",     "AGPCNet",  "UIUNet",
                                          "MSHNet", "RPCANet", "RPCANet+", "DRPCA-Net"};
    static const char *const channels[] = {"4x32", "4x40", "4x48", "4x56", "4x64", "8x32", "16x32"};
    char row[64];
    for (int s = 0; s < 3; s++) {
        for (int m = 0; m < 9; m++) {
            snprintf(row, sizeof row, "%s/%s", methods[m], sets[s]);
            expect_f1(p, "table", row);
        }
        for (int k = 1; k <= 7; k++) {
            snprintf(row, sizeof row, "%d/%s", k, sets[s]);
            expect_f1(p, "stages", row);
        }
    }
    for (int i = 0; i < 7; i++) {
        snprintf(row, sizeof row, "%s/SIRST-Aug", channels[i]);
        expect_f1(p, "channels", row);
    }
    assert_true(published_value(p, "f1_off", "table/MSHNet/IRSTD-1k", 0) == -0.87);
    published_free(p);
}

static void test_missing_and_notes(void **state) {
    (void)state;
    published *p = read_ours();
    assert_true(isnan(published_value(p, "table_seconds", "RPCANet+", 0))); /* only on a GPU */
    assert_true(published_value(p, "table_seconds", "RPCANet+", 1) == 0.0072);
    assert_true(isnan(published_value(p, "table", "RPCANet+/SIRST", 0)));
    assert_true(isnan(published_value(p, "table", "RPCANet+/IRSTD-1k", 4)));
    assert_non_null(strstr(published_note(p, "stages", 1), "permutes"));
    assert_null(published_note(p, "stages", 9));
    published_free(p);
}

static void expect_refused(const char *text, const char *a, const char *b) {
    published *p;
    const char *path = scratch_file("bad.ini", text, strlen(text));
    assert_fails(published_read(path, &p), STATUS_USAGE, a, b);
    assert_null(p);
}

static void test_refused(void **state) {
    (void)state;
    expect_refused("[table]\nx/y = 1 2 three\n", "bad.ini: table.x/y = 1 2 three", "expected numbers");
    expect_refused("[table]\nx/y = 1 --\n", "table.x/y = 1 --", "expected numbers");
    expect_refused("[tables]\nx/y = 1\n", "bad.ini:2: tables.x/y", "unknown key");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_averages),          cmocka_unit_test(test_ablations_hold_the_main_row),
        cmocka_unit_test(test_parameters),        cmocka_unit_test(test_f1_follows_or_is_marked),
        cmocka_unit_test(test_missing_and_notes), cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
