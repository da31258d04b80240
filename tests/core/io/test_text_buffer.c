/* Texts that are built in memory and written whole, and cells of CSV. */
#include "core/io/csv_text.h"
#include "core/io/file_io.h"
#include "core/io/text_buffer.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <stdlib.h>
#include <string.h>

static void test_a_text_becomes_a_file(void **state) {
    (void)state;
    char path[4096];
    uint8_t *stored;
    size_t size;
    text_buffer b;
    snprintf(path, sizeof path, "%s", scratch_path("text"));
    assert_ok(text_buffer_begin(&b));
    fprintf(b.stream, "%d\n", 1);
    assert_ok(text_buffer_end(&b));
    assert_string_equal(b.text, "1\n");
    fprintf(b.stream, "%d\n", 2);
    assert_ok(text_buffer_save(&b, path));
    assert_true(b.stream == NULL && b.text == NULL);
    text_buffer_free(&b);
    assert_ok(file_read(path, 100, &stored, &size));
    assert_int_equal(size, 4);
    assert_memory_equal(stored, "1\n2\n", 4);
    free(stored);
    assert_ok(text_buffer_begin(&b));
    assert_fails(text_buffer_save(&b, "/no/such/folder/text"), STATUS_OUTPUT, "/no/such/folder", "");
    assert_null(b.stream);
}

static void expect_cell(const char *text, const char *cell) {
    text_buffer b;
    assert_ok(text_buffer_begin(&b));
    csv_text_print(b.stream, text);
    assert_ok(text_buffer_end(&b));
    assert_string_equal(b.text, cell);
    text_buffer_free(&b);
}

static void test_cells(void **state) {
    (void)state;
    expect_cell("", "");
    expect_cell("a b;c", "a b;c");
    expect_cell("a,b", "\"a,b\"");
    expect_cell("say \"a\"", "\"say \"\"a\"\"\"");
    expect_cell("two\nlines", "\"two\nlines\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_text_becomes_a_file),
        cmocka_unit_test(test_cells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
