#include "eval/experiments/experiment_page.h"

#include "core/html/html_text.h"
#include "core/io/file_io.h"
#include "core/io/text_buffer.h"
#include "eval/report/gallery_file.h"
#include "eval/report/gallery_page.h"

#include <string.h>

enum { LARGEST_PAGE = 4 << 20, LARGEST_PICTURE = 1 << 20 }; /* bytes */

status experiment_page_new(const experiment_kind *kind, const experiment *e, html_page **out) {
    char lead[600] = "";
    for (int d = 0; d < e->data_count; d++) {
        size_t used = strlen(lead);
        snprintf(lead + used, sizeof lead - used, "%s%.100s", d ? ", " : "", e->data[d].title);
    }
    return html_page_new(kind->title ? kind->title : kind->summary, lead, out);
}

void experiment_page_print_table(html_page *page, const table *t) {
    html_page_section(page, "Table");
    table_print_html(t, html_page_stream(page));
}

/* --- what is said of it, which is in Markdown --- */

/* Text in which `backquotes` stand around code. */
static void print_marked(FILE *stream, char *text) {
    bool is_code = false;
    for (char *end; *text; text = end) {
        end = text + strcspn(text, "`");
        bool toggles = *end == '`';
        if (toggles)
            *end++ = '\0';
        html_print_text(stream, text);
        if (toggles)
            fputs(is_code ? "</code>" : "<code>", stream);
        is_code = is_code != toggles;
    }
    if (is_code)
        fputs("</code>", stream);
}

static void print_line(FILE *stream, char *line, bool *in_list) {
    bool is_item = strncmp(line, "- ", 2) == 0, is_heading = *line == '#';
    if (*in_list && !is_item)
        fputs("</ul>\n", stream);
    if (!*in_list && is_item)
        fputs("<ul>\n", stream);
    *in_list = is_item;
    if (!*line)
        return;
    fputs(is_item ? "<li>" : is_heading ? "<h3>" : "<p>", stream);
    print_marked(stream, is_item ? line + 2 : is_heading ? line + strspn(line, "# ") : line);
    fputs(is_item ? "</li>\n" : is_heading ? "</h3>\n" : "</p>\n", stream);
}

static void print_lines(FILE *stream, char *text) {
    bool in_list = false;
    for (char *line = text, *end; *line; line = end) {
        end = line + strcspn(line, "\n");
        if (*end)
            *end++ = '\0';
        print_line(stream, line, &in_list);
    }
    print_line(stream, text + strlen(text), &in_list);
}

static status print_notes(FILE *stream, const table *t) {
    text_buffer b;
    TRY(text_buffer_begin(&b));
    for (int i = 0; i < t->notes.count; i++)
        fprintf(b.stream, "%s\n", t->notes.names[i]);
    table_print_verdict(t, b.stream);
    status result = text_buffer_end(&b);
    if (result == STATUS_OK)
        print_lines(stream, b.text);
    text_buffer_free(&b);
    return result;
}

/* --- evaluations --- */

static status print_gallery(FILE *stream, const char *path, int index) {
    gallery *g;
    char group[32];
    TRY(gallery_file_read(path, &g));
    snprintf(group, sizeof group, "cell%dimage", index);
    status result = gallery_print_short(g, group, stream);
    gallery_free(g);
    return result;
}

/* What there is of an evaluation: nothing of one that another version left. */
static status print_evaluation(html_page *page, const grid *g, const grid_place *at, int *count) {
    char name[512], folder[4096], path[4096];
    FILE *stream = html_page_stream(page);
    grid_page_name(g, at, name);
    TRY(path_join(folder, g->folder, "cells", ""));
    TRY(path_join(path, folder, name, ".html"));
    if (!path_is_file(path))
        return STATUS_OK;
    if (*count == 0)
        html_page_section(page, "Evaluations");
    ++*count;
    fputs("<h3><a href=\"cells/", stream);
    html_print_path(stream, name);
    fputs(".html\">", stream);
    html_print_text(stream, name);
    fputs("</a> <small>the link leads to all of its figures and images</small></h3>\n", stream);
    TRY(path_join(path, folder, name, ".h5"));
    return ftell(stream) < LARGEST_PAGE && path_is_file(path) ? print_gallery(stream, path, *count) : STATUS_OK;
}

static status print_evaluations(html_page *page, const grid *g) {
    int count = 0;
    for (int m = 0; m < g->e->method_count; m++)
        for (int d = 0; d < g->e->data_count; d++)
            for (int i = 0; i < grid_count(g, m, d, 0); i++)
                TRY(print_evaluation(page, g, grid_place_of(g, m, d, 0, i), &count));
    return STATUS_OK;
}

status experiment_page_print_notes(html_page *page, const grid *g, const table *t) {
    html_page_section(page, "Notes");
    TRY(print_notes(html_page_stream(page), t));
    return grid_has_pages(g) ? print_evaluations(page, g) : STATUS_OK;
}

/* --- pictures --- */

status experiment_page_print_picture(html_page *page, const char *path) {
    FILE *stream = html_page_stream(page);
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    fputs("<figure>", stream);
    bool fits = ftell(stream) < LARGEST_PAGE - 2 * LARGEST_PICTURE &&
                html_print_picture_file(stream, path, LARGEST_PICTURE, name) == STATUS_OK;
    fputs("<figcaption>", stream);
    html_print_text(stream, name);
    fprintf(stream, "%s</figcaption></figure>\n", fits ? "" : ", beside this page: too large to be in it");
    return STATUS_OK;
}

status experiment_page_save(html_page *page, const char *folder) {
    char path[4096];
    TRY(path_join(path, folder, "report", ".html"));
    return html_page_save(page, path);
}
