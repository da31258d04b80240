/* Tables of figures beside published ones: the four formats, the differences, the verdict. */
#include "eval/experiments/table.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const table_column columns[] = {
    {"mIoU", "%", "miou_percent", 2, true},
    {"CPU", "s", "seconds", 3, false},
};

/* Without a range. */
static table_value of(double value, double spread, double published) {
    return (table_value){.value = value, .spread = spread, .published = published};
}

/* Two sections: one with its own published figures, one beside those of another data set. */
static table make_table(void) {
    table t = {.title = "A table", .row_label = "method", .columns = columns, .column_count = 2};
    const table_row rows[] = {
        {"set_1", "net", 1, NULL, {{92.3844, NAN, 92.37, true, 91.904, 92.77, false}, of(0.0123, NAN, 0.5)}},
        {"set_1", "old", 2, NULL, {of(61.386, 0.251, 64.68), of(1.5, NAN, NAN)}},
        {"set_1", "new", 0, NULL, {of(NAN, NAN, 50), of(NAN, NAN, NAN)}},
        {"set 2, real", "net", 1, "set 3", {of(59.391, NAN, 74.56), of(0.25, NAN, NAN)}},
    };
    for (int i = 0; i < 4; i++)
        assert_ok(table_add_row(&t, &rows[i]));
    assert_ok(name_list_add(&t.notes, "A note."));
    return t;
}

static char *printed(const table *t, void (*print)(const table *, FILE *)) {
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    assert_non_null(stream);
    print(t, stream);
    fclose(stream);
    return text;
}

static void expect_text(void (*print)(const table *, FILE *), const char *expected) {
    table t = make_table();
    char *text = printed(&t, print);
    assert_string_equal(text, expected);
    free(text);
    table_free(&t);
}

static void test_csv(void **state) {
    (void)state;
    expect_text(table_print_csv,
                "section,row,seeds,published_on,miou_percent,miou_percent_spread,miou_percent_low,miou_percent_high,"
                "miou_percent_published,miou_percent_difference,seconds,seconds_spread,seconds_low,seconds_high,"
                "seconds_published,seconds_difference\n"
                "set_1,net,1,set_1,92.3844,,91.904,92.77,92.37,0.0144,0.0123,,,,0.5,-0.4877\n"
                "set_1,old,2,set_1,61.386,0.251,,,64.68,-3.294,1.5,,,,,\n"
                "set_1,new,0,set_1,,,,,50,,,,,,,\n"
                "\"set 2, real\",net,1,set 3,59.391,,,,74.56,-15.169,0.25,,,,,\n");
}

static void test_markdown(void **state) {
    (void)state;
    expect_text(table_print_markdown, "# A table\n"
                                      "\n## set_1\n\n"
                                      "| method | mIoU % | published | difference | CPU s | published | difference |\n"
                                      "| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n"
                                      "| net | 92.38 [91.90, 92.77] | 92.37 | +0.01 | 0.012 | 0.500 | -0.488 |\n"
                                      "| old | 61.39 ± 0.25 | 64.68 | -3.29 | 1.500 |  |  |\n"
                                      "| new | - | 50.00 |  | - |  |  |\n"
                                      "\n## set 2, real\n\n"
                                      "| method | mIoU % | published | CPU s |\n"
                                      "| --- | ---: | ---: | ---: |\n"
                                      "| net | 59.39 | (74.56) | 0.250 |\n");
}

/* The rows; what a table is in HTML, test_html.c says. */
static void test_html(void **state) {
    (void)state;
    table t = make_table();
    char *text = printed(&t, table_print_html);
    static const char number[] = "<td class=\"number\" data-value=\"";
    char expected[512];
    snprintf(expected, sizeof expected,
             "<tr><td>old</td>%s61.386\">61.39 ± 0.25</td>%s64.68\">64.68</td>%s-3.29\">-3.29</td>%s1.5\">1.500</td>"
             "<td class=\"number\"></td><td class=\"number\"></td></tr>\n",
             number, number, number, number);
    assert_non_null(strstr(text, expected));
    snprintf(expected, sizeof expected,
             "<tr><td>net</td>%s59.391\">59.39</td>%s74.56\">(74.56)</td>%s0.25\">0.250</td></tr>\n"
             "</tbody></table></div>\n",
             number, number, number);
    assert_non_null(strstr(text, expected));
    assert_non_null(strstr(text, "<caption>set_1</caption>"));
    assert_non_null(strstr(text, "<caption>set 2, real</caption>"));
    free(text);
    table_free(&t);
}

static void test_latex(void **state) {
    (void)state;
    expect_text(table_print_latex, "% A table; needs \\usepackage{booktabs}\n"
                                   "\\begin{tabular}{lrrrrrr}\n"
                                   "\\toprule\n"
                                   "method & mIoU \\% & publ. & diff. & CPU s & publ. & diff. \\\\\n"
                                   "\\midrule\n"
                                   "\\multicolumn{7}{l}{set\\_1} \\\\\n"
                                   "net & 92.38 [91.90, 92.77] & 92.37 & $+0.01$ & 0.012 & 0.500 & $-0.488$ \\\\\n"
                                   "old & 61.39 $\\pm$ 0.25 & 64.68 & $-3.29$ & 1.500 &  &  \\\\\n"
                                   "new & - & 50.00 &  & - &  &  \\\\\n"
                                   "\\midrule\n"
                                   "\\multicolumn{7}{l}{set 2, real} \\\\\n"
                                   "net & 59.39 & (74.56) &  & 0.250 &  &  \\\\\n"
                                   "\\bottomrule\n"
                                   "\\end{tabular}\n");
}

/* A name may hold what a format has another use for. */
static void test_odd_names(void **state) {
    (void)state;
    table t = {.title = "A table", .row_label = "method", .columns = columns, .column_count = 1};
    assert_ok(table_add_row(&t, &(table_row){"a^{2}~b", "p|q{r}", 1, NULL, {of(1, NAN, NAN)}}));
    char *latex = printed(&t, table_print_latex), *markdown = printed(&t, table_print_markdown);
    assert_non_null(strstr(latex, "{l}{a\\^{}\\{2\\}\\~{}b} \\\\\n"));
    assert_non_null(strstr(latex, "p|q\\{r\\} & 1.00 \\\\\n"));
    assert_non_null(strstr(markdown, "\n| p\\|q{r} | 1.00 |\n"));
    free(latex);
    free(markdown);
    table_free(&t);
}

/* Times, figures of another data set, missing ones and those judged in another row are not counted. */
static void test_verdict(void **state) {
    (void)state;
    expect_text(table_print_verdict,
                "\n## Verdict\n\n"
                "- mIoU: of 2 published figures 1 within 0.01, 1 within 0.10, 1 within 1.00; farthest: method old on "
                "set_1, -3.29\n"
                "\nOurs minus published:\n\n"
                "- method net on set_1: mIoU +0.01\n"
                "- method old on set_1: mIoU -3.29\n");
    table t = make_table();
    t.rows[1].values[0].is_aside = true;
    char *without = printed(&t, table_print_verdict);
    assert_non_null(strstr(without, "- mIoU: of 1 published figures 1 within 0.01"));
    assert_null(strstr(without, "method old"));
    free(without);
    t.row_count = 0;
    char *text = printed(&t, table_print_verdict);
    assert_non_null(strstr(text, "Nothing here has a published counterpart"));
    free(text);
    table_free(&t);
}

static void test_difference_is_of_rounded_figures(void **state) {
    (void)state;
    table_value v = of(92.3751, NAN, 92.37);
    assert_true(fabs(table_difference(&columns[0], &v) - 0.01) < 1e-12);
    v.value = 92.3749;
    assert_true(fabs(table_difference(&columns[0], &v)) < 1e-12);
    v.value = 92.3651;
    assert_false(signbit(table_difference(&columns[0], &v))); /* "+0.00" */
    v = of(1.0044, NAN, 1.0055); /* beside 1.01 stands 1.00, whatever lies between what they are */
    assert_true(fabs(table_difference(&columns[0], &v) + 0.01) < 1e-12);
    v.value = NAN;
    assert_true(isnan(table_difference(&columns[0], &v)));
}

static void test_files(void **state) {
    (void)state;
    table t = make_table();
    char path[4096], line[256];
    assert_ok(table_write(&t, scratch_path(""), "t"));
    static const char *const suffixes[] = {".csv", ".md", ".tex"};
    for (int i = 0; i < 3; i++) {
        assert_ok(path_join(path, scratch_path(""), "t", suffixes[i]));
        assert_true(path_is_file(path));
    }
    FILE *file = fopen(scratch_path("t.md"), "r");
    assert_non_null(file);
    bool note = false, verdict = false;
    while (fgets(line, sizeof line, file)) {
        note |= strcmp(line, "A note.\n") == 0;
        verdict |= strcmp(line, "## Verdict\n") == 0;
    }
    fclose(file);
    assert_true(note && verdict);
    assert_fails(table_write(&t, scratch_path("no-such-folder"), "t"), STATUS_OUTPUT, "no-such-folder/t.csv",
                 "written");
    table_free(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv),   cmocka_unit_test(test_markdown),
        cmocka_unit_test(test_latex), cmocka_unit_test(test_odd_names),
        cmocka_unit_test(test_html),  cmocka_unit_test(test_verdict),
        cmocka_unit_test(test_files), cmocka_unit_test(test_difference_is_of_rounded_figures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
