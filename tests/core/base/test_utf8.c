/* Characters of one to four bytes, and bytes that are none. */
#include "core/base/utf8.h"
#include "tests/expect.h"

static void test_length(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int length;
    } cases[] = {
        {"a", 1},
        {"", 1}, /* the NUL */
        {"\xc3\xa4", 2},
        {"\xe2\x82\xac", 3},
        {"\xf0\x9f\x98\x80", 4},
        {"\xf4\x8f\xbf\xbf", 4},
        {"\xe4\x62", 0},         /* Latin-1 */
        {"\xa4", 0},             /* the rest of one */
        {"\xc0\x80", 0},         /* two bytes where one would do */
        {"\xe0\x80\xaf", 0},     /* three where one would do */
        {"\xed\xa0\x80", 0},     /* half of a pair of UTF-16 */
        {"\xf4\x90\x80\x80", 0}, /* beyond the last one */
        {"\xff", 0},
        {"\xe2\x82", 0}, /* cut */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(utf8_length(cases[i].text), cases[i].length);
        assert_int_equal(utf8_is_valid(cases[i].text), cases[i].length > 0);
    }
    assert_true(utf8_is_valid("na\xc3\xafve"));
    assert_false(utf8_is_valid("na\xefve"));
}

static void expect_copy(const char *text, size_t size, const char *expected) {
    char out[64];
    memset(out, '#', sizeof out);
    utf8_copy(out, size, text);
    assert_string_equal(out, expected);
    assert_int_equal(out[size], '#');
}

static void test_copy(void **state) {
    (void)state;
    expect_copy("\xc3\xa4pfel", 60, "\xc3\xa4pfel");
    expect_copy("na\xefve", 60, "na" UTF8_REPLACEMENT "ve");
    expect_copy("\xff\xff", 7, UTF8_REPLACEMENT UTF8_REPLACEMENT);
    expect_copy("\xff\xff", 6, UTF8_REPLACEMENT);
    expect_copy("a\xc3\xa4", 3, "a");
    expect_copy("a\xe2\x82", 60, "a"); /* the end was cut off */
    expect_copy("a\xe2\x82z", 60, "a" UTF8_REPLACEMENT UTF8_REPLACEMENT "z");
    expect_copy("abc", 3, "ab");
    expect_copy("", 1, "");
}

static void test_cut(void **state) {
    (void)state;
    assert_int_equal(utf8_cut("abc", 5), 3);
    assert_int_equal(utf8_cut("abc", 2), 2);
    assert_int_equal(utf8_cut("a\xe2\x82\xac", 3), 1);
    assert_int_equal(utf8_cut("a\xe2\x82\xac", 4), 4);
    assert_int_equal(utf8_cut("\xff\xff", 1), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_length),
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
