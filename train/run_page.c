#include "train/run_page.h"

#include "core/html/html_text.h"
#include "core/io/file_io.h"
#include "core/io/text_buffer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void print_state(const run_page *w, FILE *stream) {
    fprintf(stream, "<p class=\"note\">After epoch %" PRId64 " of %" PRId64 "; evaluated on ", w->epoch, w->epochs);
    html_print_text(stream, w->validated_on);
    fprintf(stream, ". best.h5 is epoch %" PRId64 ", chosen by ", w->best_epoch);
    html_print_text(stream, w->selection);
    fputs(".</p>\n", stream);
}

static status print_config(const config *c, html_page *page) {
    text_buffer ini;
    TRY(text_buffer_begin(&ini));
    status result = config_write(c, ini.stream);
    if (result == STATUS_OK)
        result = text_buffer_end(&ini);
    html_page_section(page, "Configuration");
    FILE *stream = html_page_stream(page);
    fputs("<details><summary>config.ini</summary><pre>", stream);
    for (char *line = result == STATUS_OK ? ini.text : NULL, *end; line && *line; line = end) {
        end = line + strcspn(line, "\n");
        if (*end)
            *end++ = '\0';
        html_print_text(stream, line);
        putc('\n', stream);
    }
    fputs("</pre></details>\n", stream);
    text_buffer_free(&ini);
    return result;
}

static status print_parts(const run_page *w, html_page *page) {
    html_page_section(page, "Run");
    print_state(w, html_page_stream(page));
    run_log_print(w->log, page);
    TRY(evaluation_page_print(w->last, w->seen, page));
    return print_config(w->c, page);
}

status run_page_write(const run_page *w) {
    char title[600], lead[400], path[4096];
    html_page *page;
    const char *slash = strrchr(w->folder, '/');
    snprintf(title, sizeof title, "%.200s, trained on %.200s", w->last->method, config_text(w->c, "data.root"));
    snprintf(lead, sizeof lead, "Run %.300s", slash && slash[1] ? slash + 1 : w->folder);
    TRY(path_join(path, w->folder, "report", ".html"));
    TRY(html_page_new(title, lead, &page));
    status result = print_parts(w, page);
    if (result == STATUS_OK)
        result = html_page_save(page, path);
    html_page_free(page);
    return result;
}
