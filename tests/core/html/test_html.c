/* Pages: nothing that a text holds gets out of it, pictures are whole, and a page asks for nothing. */
#include "core/html/html_page.h"
#include "core/html/html_plot.h"
#include "core/html/html_text.h"
#include "core/html/page_parts.h"
#include "core/io/file_io.h"
#include "core/io/text_buffer.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <math.h>
#include <stdlib.h>

static void expect_printed(text_buffer *b, const char *expected) {
    assert_ok(text_buffer_end(b));
    assert_string_equal(b->text, expected);
    text_buffer_free(b);
}

static void expect_text(const char *text, const char *expected) {
    text_buffer b;
    assert_ok(text_buffer_begin(&b));
    html_print_text(b.stream, text);
    expect_printed(&b, expected);
}

#define UNKNOWN "\xef\xbf\xbd" /* U+FFFD */

static void test_text(void **state) {
    (void)state;
    expect_text("", "");
    expect_text("a<b>&\"'", "a&lt;b&gt;&amp;&quot;&#39;");
    expect_text("m\xc3\xbc\xe2\x82\xac\xf0\x9f\x9b\xb0", "m\xc3\xbc\xe2\x82\xac\xf0\x9f\x9b\xb0");
    expect_text("two\nlines\t\x7f", "two" UNKNOWN "lines" UNKNOWN UNKNOWN);
    expect_text("\xff<\xc3", UNKNOWN "&lt;" UNKNOWN);
    /* Other ways to write '<', a surrogate, beyond the last code, a control character of two bytes, a lone tail. */
    expect_text("\xc0\xbc", UNKNOWN UNKNOWN);
    expect_text("\xe0\x80\xbc", UNKNOWN UNKNOWN UNKNOWN);
    expect_text("\xed\xa0\x80", UNKNOWN UNKNOWN UNKNOWN);
    expect_text("\xf4\x90\x80\x80", UNKNOWN UNKNOWN UNKNOWN UNKNOWN);
    expect_text("\xc2\x85", UNKNOWN); /* a control character */
    expect_text("\xe2\x82", UNKNOWN UNKNOWN);
}

/* RFC 4648, section 10. */
static void test_base64(void **state) {
    (void)state;
    static const char *const vectors[][2] = {{"", ""},
                                             {"f", "Zg=="},
                                             {"fo", "Zm8="},
                                             {"foo", "Zm9v"},
                                             {"foob", "Zm9vYg=="},
                                             {"fooba", "Zm9vYmE="},
                                             {"foobar", "Zm9vYmFy"},
                                             {"\xff\xfe\xfd", "//79"}};
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        text_buffer b;
        assert_ok(text_buffer_begin(&b));
        html_print_base64(b.stream, vectors[i][0], strlen(vectors[i][0]));
        expect_printed(&b, vectors[i][1]);
    }
}

static void test_pictures(void **state) {
    (void)state;
    static const uint8_t pixels[] = {0, 50, 100, 150, 200, 250};
    static const uint32_t colours[] = {0x000000, 0xff8000};
    static const uint8_t indices[] = {0, 1, 1, 0};
    static const char head[] = "data:image/png;base64,iVBORw0KGgo"; /* the signature */
    text_buffer b;
    assert_ok(text_buffer_begin(&b));
    assert_ok(html_print_png(b.stream, 3, 2, 1, pixels));
    putc(' ', b.stream);
    assert_ok(html_print_palette_png(b.stream, 2, 2, colours, 2, indices));
    assert_ok(text_buffer_end(&b));
    assert_memory_equal(b.text, head, strlen(head));
    assert_memory_equal(strchr(b.text, ' ') + 1, head, strlen(head));
    assert_null(strpbrk(b.text, "<>\"'&"));
    text_buffer_free(&b);
    assert_ok(text_buffer_begin(&b));
    assert_fails(html_print_png(b.stream, 0, 2, 1, pixels), STATUS_OUTPUT, "picture", "0 x 2");
    expect_printed(&b, "");
}

static void test_table(void **state) {
    (void)state;
    static const html_column columns[] = {{"<name>", NULL, false}, {"Fa", "\"less\" is better", true}};
    text_buffer b;
    assert_ok(text_buffer_begin(&b));
    html_table_begin(b.stream, "A & B", columns, 2);
    html_row_begin(b.stream);
    html_cell_text(b.stream, "</td>");
    html_cell_number(b.stream, NAN, "–");
    html_row_end(b.stream);
    html_row_begin(b.stream);
    html_cell_text(b.stream, "b");
    html_cell_number(b.stream, 0.5, "50 %");
    html_row_end(b.stream);
    html_table_end(b.stream);
    expect_printed(&b, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"A &amp; B\"><table "
                       "class=\"sortable\"><caption>A &amp; B</caption><thead><tr><th scope=\"col\" "
                       "aria-sort=\"none\"><button type=\"button\">&lt;name&gt;</button></th><th scope=\"col\" "
                       "aria-sort=\"none\" class=\"number\"><button type=\"button\" title=\"&quot;less&quot; is "
                       "better\">Fa</button></th></tr></thead>\n<tbody>\n"
                       "<tr><td>&lt;/td&gt;</td><td class=\"number\">–</td></tr>\n"
                       "<tr><td>b</td><td class=\"number\" data-value=\"0.5\">50 %</td></tr>\n"
                       "</tbody></table></div>\n");
}

static int count_of(const char *text, const char *part) {
    int count = 0;
    for (; (text = strstr(text, part)); text += strlen(part))
        count++;
    return count;
}

static void test_plot(void **state) {
    (void)state;
    const double x[] = {1, 2, 3, 4}, y[] = {0.5, NAN, 0.75, INFINITY}, spread[] = {0.1, 0.1, NAN, 0.1};
    const plot_series series[] = {{.name = "loss <1>", .x = x, .y = y, .count = 4, .spread = spread},
                                  {.name = "rate", .x = x, .y = x, .count = 4, .axis = PLOT_RIGHT},
                                  {.x = x, .y = y, .count = 0}};
    const plot p = {.x_label = "epoch", .y_label = "a&b", .y2_label = "r", .series = series, .series_count = 3};
    const plot nothing = {.series_count = 0};
    text_buffer b;
    assert_ok(text_buffer_begin(&b));
    html_print_plot(b.stream, &p);
    assert_ok(text_buffer_end(&b));
    assert_null(strstr(b.text, "nan"));
    assert_null(strstr(b.text, "inf"));
    assert_int_equal(count_of(b.text, "<circle"), 2 + 4);
    assert_int_equal(count_of(b.text, "class=\"bar\""), 1);
    assert_int_equal(count_of(b.text, "<li"), 2);
    assert_non_null(strstr(b.text, "loss &lt;1&gt; (left)"));
    assert_non_null(strstr(b.text, "loss &lt;1&gt;: 0.75 at 3"));
    assert_non_null(strstr(b.text, "aria-label=\"a&amp;b over epoch\""));
    assert_int_equal(count_of(b.text, "<g "), count_of(b.text, "</g>"));
    text_buffer_free(&b);
    const char *const names[] = {"<a>", "b", "c", "d"};
    const plot_series named = {.name = "front", .x = x, .y = x, .count = 4, .labels = names, .is_scattered = true};
    const plot scatter = {.series = &named, .series_count = 1};
    assert_ok(text_buffer_begin(&b));
    html_print_plot(b.stream, &scatter);
    assert_ok(text_buffer_end(&b));
    assert_non_null(strstr(b.text, "<title>&lt;a&gt;: 1</title>")); /* at the point, and beside it */
    assert_non_null(strstr(b.text, ">&lt;a&gt;</text>"));
    const char *line = strstr(b.text, "class=\"line\"");
    assert_true(line && strcspn(line, "L") > strcspn(line, "/")); /* nothing is joined */
    text_buffer_free(&b);
    assert_ok(text_buffer_begin(&b));
    html_print_plot(b.stream, &nothing);
    assert_ok(text_buffer_end(&b));
    assert_non_null(strstr(b.text, "</svg>"));
    text_buffer_free(&b);
}

static void test_page(void **state) {
    (void)state;
    html_page *page;
    uint8_t *text;
    size_t size;
    const char *path = scratch_path("page.html");
    assert_ok(html_page_new("<title>", "lead & more", &page));
    html_page_section(page, "First > all");
    fputs("<p>one</p>", html_page_stream(page));
    html_page_section(page, "Second");
    fputs("<p>two</p>", html_page_stream(page));
    assert_ok(html_page_save(page, path));
    html_page_free(page);
    html_page_free(NULL);
    assert_ok(file_read(path, 1 << 20, &text, &size));
    const char *page_text = (const char *)text;
    assert_non_null(strstr(page_text, "<title>&lt;title&gt;</title>"));
    assert_non_null(strstr(page_text, "<a href=\"#part1\">First &gt; all</a>"));
    assert_non_null(strstr(page_text, "<section id=\"part2\">\n<h2>Second</h2>\n<p>two</p></section>"));
    assert_non_null(strstr(page_text, "default-src 'none'"));
    assert_null(strstr(page_text, "http://"));
    assert_null(strstr(page_text, "https://"));
    assert_null(strstr(page_css, "@import"));
    assert_null(strstr(page_css, "url("));
    assert_null(strstr(page_css, "</style"));
    assert_null(strstr(page_js, "</script"));
    free(text);
    assert_ok(html_page_new("t", "l", &page));
    assert_fails(html_page_save(page, "no/such/folder/page.html"), STATUS_OUTPUT, "no/such/folder", "No such");
    html_page_free(page);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),  cmocka_unit_test(test_base64), cmocka_unit_test(test_pictures),
        cmocka_unit_test(test_table), cmocka_unit_test(test_plot),   cmocka_unit_test(test_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
