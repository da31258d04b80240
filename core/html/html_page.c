#include "core/html/html_page.h"

#include "core/html/html_text.h"
#include "core/html/page_parts.h"
#include "core/io/text_buffer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SECTIONS = 16 };

struct html_page {
    char *title, *lead;
    text_buffer body;
    char *sections[MOST_SECTIONS];
    int section_count;
};

status html_page_new(const char *title, const char *lead, html_page **out) {
    html_page *page = calloc(1, sizeof *page);
    *out = NULL;
    if (!page)
        return status_fail(STATUS_MEMORY, "out of memory for a page");
    page->title = strdup(title);
    page->lead = strdup(lead);
    status result =
        page->title && page->lead ? text_buffer_begin(&page->body) : status_fail(STATUS_MEMORY, "out of memory");
    if (result != STATUS_OK) {
        html_page_free(page);
        return result;
    }
    *out = page;
    return STATUS_OK;
}

void html_page_free(html_page *page) {
    if (!page)
        return;
    text_buffer_free(&page->body);
    for (int i = 0; i < page->section_count; i++)
        free(page->sections[i]);
    free(page->title);
    free(page->lead);
    free(page);
}

FILE *html_page_stream(const html_page *page) {
    return page->body.stream;
}

static void end_section(html_page *page) {
    if (page->section_count > 0)
        fputs("</section>\n", page->body.stream);
}

void html_page_section(html_page *page, const char *title) {
    FILE *stream = page->body.stream;
    assert(page->section_count < MOST_SECTIONS);
    end_section(page);
    page->sections[page->section_count++] = strdup(title); /* NULL: html_page_save says so */
    fprintf(stream, "<section id=\"part%d\">\n<h2>", page->section_count);
    html_print_text(stream, title);
    fputs("</h2>\n", stream);
}

static void print_head(const html_page *page, FILE *stream) {
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
          "script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<link rel=\"icon\" href=\"data:,\">\n<title>",
          stream);
    html_print_text(stream, page->title);
    fprintf(stream, "</title>\n<style>\n%s</style>\n</head>\n<body>\n", page_css);
}

static void print_top(const html_page *page, FILE *stream) {
    fputs("<a class=\"skip\" href=\"#content\">Skip to content</a>\n<header>\n<div>\n<h1>", stream);
    html_print_text(stream, page->title);
    fputs("</h1>\n<p class=\"lead\">", stream);
    html_print_text(stream, page->lead);
    fputs("</p>\n</div>\n<button type=\"button\" id=\"theme\" hidden>Dark</button>\n</header>\n"
          "<nav aria-label=\"Contents\"><ul>",
          stream);
    for (int i = 0; i < page->section_count; i++) {
        fprintf(stream, "<li><a href=\"#part%d\">", i + 1);
        html_print_text(stream, page->sections[i]);
        fputs("</a></li>", stream);
    }
    fputs("</ul></nav>\n<main id=\"content\" tabindex=\"-1\">\n", stream);
}

static status check_sections(const html_page *page) {
    for (int i = 0; i < page->section_count; i++)
        if (!page->sections[i])
            return status_fail(STATUS_MEMORY, "out of memory for a page");
    return STATUS_OK;
}

status html_page_save(html_page *page, const char *path) {
    text_buffer whole;
    end_section(page);
    TRY(check_sections(page));
    TRY(text_buffer_end(&page->body));
    TRY(text_buffer_begin(&whole));
    print_head(page, whole.stream);
    print_top(page, whole.stream);
    fwrite(page->body.text, 1, page->body.size, whole.stream);
    fprintf(whole.stream, "</main>\n<footer><p>irst %s</p></footer>\n<script>\n%s</script>\n</body>\n</html>\n",
            IRST_VERSION, page_js);
    return text_buffer_save(&whole, path);
}
