#include "eval/report/gallery_page.h"

#include "core/draw/colour_map.h"
#include "core/html/html_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

/* Margin around a thumbnail's mark, and gap between its two pictures, in pixels of the image. */
#define MARK_MARGIN 2.0
#define PAIR_GAP 2

static const char *const kind_classes[] = {
    [GALLERY_FOUND] = "found", [GALLERY_MISSED] = "missed", [GALLERY_FALSE] = "false"};

/* --- pictures --- */

typedef enum map_kind { MAP_IMAGE, MAP_SCORE, MAP_LABEL } map_kind;

static status print_map(FILE *stream, const gallery_maps *maps, map_kind kind) {
    uint32_t heat[256];
    static const uint32_t black_and_white[] = {0x000000, 0xffffff};
    for (int i = 0; i < 256; i++)
        heat[i] = colour_map_at(COLOUR_HEAT, i / 255.0);
    if (kind == MAP_IMAGE)
        return html_print_png(stream, maps->width, maps->height, 1, maps->image);
    if (kind == MAP_LABEL)
        return html_print_palette_png(stream, maps->width, maps->height, black_and_white, 2, maps->label);
    return html_print_palette_png(stream, maps->width, maps->height, heat, 256, maps->score);
}

/* `id`: the picture's name in the page; NULL: none. */
static status print_image(FILE *stream, const gallery_maps *maps, map_kind kind, int x, const char *id) {
    fputs("<image", stream);
    if (id)
        fprintf(stream, " id=\"%s\"", id);
    fprintf(stream, " x=\"%d\" width=\"%d\" height=\"%d\" href=\"", x, maps->width, maps->height);
    TRY(print_map(stream, maps, kind));
    fputs("\"/>", stream);
    return STATUS_OK;
}

static void begin_svg(FILE *stream, int width, int height, const char *what, const char *name) {
    fprintf(stream, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s of ", width, height, what);
    html_print_text(stream, name);
    fputs("\">", stream);
}

/* Targets in boxes, false alarms in ellipses: colours are not all that tells them apart. */
static void print_box(FILE *stream, const gallery_box *b, double x) {
    double left = b->x0 - MARK_MARGIN + x, top = b->y0 - MARK_MARGIN;
    double width = b->x1 - b->x0 + 2 * MARK_MARGIN, height = b->y1 - b->y0 + 2 * MARK_MARGIN;
    if (b->kind == GALLERY_FALSE)
        fprintf(stream, "<ellipse class=\"mark false\" cx=\"%.1f\" cy=\"%.1f\" rx=\"%.1f\" ry=\"%.1f\"/>",
                left + width / 2, top + height / 2, width / 2 + 1, height / 2 + 1);
    else
        fprintf(stream, "<rect class=\"mark %s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
                kind_classes[b->kind], left, top, width, height);
}

static void print_key(FILE *stream) {
    fputs(
        "<ul class=\"key\">"
        "<li><svg viewBox=\"0 0 16 16\"><rect class=\"mark found\" x=\"3\" y=\"3\" width=\"10\" height=\"10\"/></svg>"
        "target found</li>"
        "<li><svg viewBox=\"0 0 16 16\"><rect class=\"mark missed\" x=\"3\" y=\"3\" width=\"10\" height=\"10\"/></svg>"
        "target missed</li>"
        "<li><svg viewBox=\"0 0 16 16\"><ellipse class=\"mark false\" cx=\"8\" cy=\"8\" rx=\"5\" ry=\"5\"/></svg>"
        "false alarm</li></ul>\n",
        stream);
}

/* --- whole images --- */

static status print_panel(FILE *stream, const gallery_scene *s, map_kind kind, const char *what, const char *id) {
    fputs("<figure>", stream);
    begin_svg(stream, s->maps.width, s->maps.height, what, s->name);
    TRY(print_image(stream, &s->maps, kind, 0, id));
    fprintf(stream, "</svg><figcaption>%s</figcaption></figure>", what);
    return STATUS_OK;
}

static void print_scene_figures(FILE *stream, const gallery_scene *s) {
    fprintf(stream, " <small>%d &times; %d, IoU ", s->full_width, s->full_height);
    if (isfinite(s->iou))
        fprintf(stream, "%.1f %%", 100 * s->iou);
    else
        fputs("–", stream);
    if (s->false_pixels >= 0)
        fprintf(stream, " (pixels: %lld false, %lld missed)", (long long)s->false_pixels, (long long)s->missed_pixels);
    fprintf(stream, ", %d of %d target%s found, %d false alarm%s", s->found, s->targets, s->targets == 1 ? "" : "s",
            s->false_alarms, s->false_alarms == 1 ? "" : "s");
    if (s->box_count < s->targets + s->false_alarms)
        fprintf(stream, "; the first %d of them are marked", s->box_count);
    fputs("</small></h3>", stream);
}

static status print_scene(FILE *stream, const gallery_scene *s, const char *group, int index) {
    char id[64];
    snprintf(id, sizeof id, "%s%d", group, index);
    fputs("<article class=\"scene\"><h3>", stream);
    html_print_text(stream, s->name);
    print_scene_figures(stream, s);
    fputs("<div class=\"panels\">", stream);
    TRY(print_panel(stream, s, MAP_IMAGE, "Image", id));
    TRY(print_panel(stream, s, MAP_LABEL, "Ground truth", NULL));
    TRY(print_panel(stream, s, MAP_SCORE, "Score", NULL));
    fputs("<figure>", stream);
    begin_svg(stream, s->maps.width, s->maps.height, "Detections", s->name);
    fprintf(stream, "<use href=\"#%s\"/>", id);
    for (int i = 0; i < s->box_count; i++)
        print_box(stream, &s->boxes[i], 0);
    fputs("</svg><figcaption>Detections</figcaption></figure></div></article>\n", stream);
    return STATUS_OK;
}

static status print_scenes(html_page *page, const gallery_scene *scenes, int count, const char *title,
                           const char *group, const char *note) {
    if (count == 0)
        return STATUS_OK;
    html_page_section(page, title);
    FILE *stream = html_page_stream(page);
    fprintf(stream, "<p class=\"note\">%s</p>\n", note);
    print_key(stream);
    for (int i = 0; i < count; i++)
        TRY(print_scene(stream, &scenes[i], group, i + 1));
    return STATUS_OK;
}

/* --- marks --- */

static status print_mark(FILE *stream, const gallery_mark *m) {
    int width = m->maps.width, second = width + PAIR_GAP;
    fputs("<li><figure>", stream);
    begin_svg(stream, second + width, m->maps.height, "Part and its score", m->name);
    TRY(print_image(stream, &m->maps, MAP_IMAGE, 0, NULL));
    TRY(print_image(stream, &m->maps, MAP_SCORE, second, NULL));
    print_box(stream, &m->box, 0);
    print_box(stream, &m->box, second);
    fputs("</svg><figcaption><b>", stream);
    html_print_text(stream, m->name);
    fprintf(stream, "</b><br>at (%.0f, %.0f), %d pixel%s, score %.3g", m->x, m->y, m->area, m->area == 1 ? "" : "s",
            m->peak);
    if (isfinite(m->contrast))
        fprintf(stream, ", SCR %.1f", m->contrast);
    fputs("</figcaption></figure></li>\n", stream);
    return STATUS_OK;
}

static status print_list(FILE *stream, const gallery_mark *marks, int count) {
    fputs("<ul class=\"thumbs\">\n", stream);
    for (int i = 0; i < count; i++)
        TRY(print_mark(stream, &marks[i]));
    fputs("</ul>\n", stream);
    return STATUS_OK;
}

static status print_marks(html_page *page, const gallery_mark *marks, int count, const char *title, const char *note,
                          const char *none) {
    html_page_section(page, title);
    FILE *stream = html_page_stream(page);
    fprintf(stream, "<p class=\"note\">%s</p>\n", count > 0 ? note : none);
    return count > 0 ? print_list(stream, marks, count) : STATUS_OK;
}

/* --- the table of images --- */

static int by_iou(const void *left, const void *right) {
    const gallery_row *a = *(const gallery_row *const *)left, *b = *(const gallery_row *const *)right;
    double x = isnan(a->iou) ? INFINITY : a->iou, y = isnan(b->iou) ? INFINITY : b->iou;
    if (x != y)
        return x < y ? -1 : 1;
    return a < b ? -1 : a > b;
}

static void cell_count(FILE *stream, int64_t count) {
    char shown[32];
    snprintf(shown, sizeof shown, "%" PRId64, count);
    html_cell_number(stream, (double)count, shown);
}

static void cell_value(FILE *stream, double value, int decimals) {
    char shown[32] = "–";
    if (isfinite(value))
        snprintf(shown, sizeof shown, "%.*f", decimals, value);
    html_cell_number(stream, value, shown);
}

static void print_row(FILE *stream, const gallery_row *row) {
    html_row_begin(stream);
    html_cell_text(stream, row->name);
    cell_value(stream, 100 * row->iou, 2);
    cell_count(stream, row->targets);
    cell_count(stream, row->targets - row->found);
    cell_count(stream, row->detections);
    cell_count(stream, row->false_alarms);
    cell_count(stream, row->false_pixels);
    cell_count(stream, row->missed_pixels);
    cell_value(stream, row->peak, 3);
    html_row_end(stream);
}

static status print_rows(html_page *page, const gallery_row *rows, int count) {
    static const html_column columns[] = {
        {"image", NULL, false},
        {"IoU %", "pixels right / (right + false + missed)", true},
        {"targets", NULL, true},
        {"missed", "targets that were not found", true},
        {"detections", NULL, true},
        {"false alarms", "detections without a target", true},
        {"false pixels", "predicted, but not labelled", true},
        {"missed pixels", "labelled, but not predicted", true},
        {"highest score", NULL, true},
    };
    const gallery_row **order = malloc(((size_t)count + 1) * sizeof *order);
    if (!order)
        return status_fail(STATUS_MEMORY, "out of memory for a table of images");
    for (int i = 0; i < count; i++)
        order[i] = &rows[i];
    int shown = count < GALLERY_MOST_ROWS ? count : GALLERY_MOST_ROWS;
    if (shown < count)
        qsort(order, (size_t)count, sizeof *order, by_iou);
    html_page_section(page, "Images");
    FILE *stream = html_page_stream(page);
    if (shown < count)
        fprintf(stream, "<p class=\"note\">The %d images with the least IoU, of %d.</p>\n", shown, count);
    html_table_begin(stream, NULL, columns, sizeof columns / sizeof *columns);
    for (int i = 0; i < shown; i++)
        print_row(stream, order[i]);
    html_table_end(stream);
    free(order);
    return STATUS_OK;
}

/* --- the whole --- */

status gallery_print(const gallery *g, html_page *page) {
    int count;
    const gallery_mark *marks = gallery_misses(g, &count);
    TRY(print_marks(page, marks, count, "Missed targets",
                    "The targets with the lowest scores in them: image and score around each.",
                    "No target was missed."));
    marks = gallery_false_alarms(g, &count);
    TRY(print_marks(page, marks, count, "False alarms",
                    "The false alarms with the highest scores: image and score around each.",
                    "There was no false alarm."));
    const gallery_scene *scenes = gallery_worst(g, &count);
    TRY(print_scenes(page, scenes, count, "Worst images", "worst", "The images with the least IoU."));
    scenes = gallery_chosen(g, &count);
    TRY(print_scenes(page, scenes, count, "Sample images", "chosen",
                     "Evenly spread over the split, whatever was made of them."));
    const gallery_row *rows = gallery_rows(g, &count);
    return print_rows(page, rows, count);
}

static status print_marks_short(FILE *stream, const gallery_mark *marks, int count, const char *title) {
    if (count == 0)
        return STATUS_OK;
    fprintf(stream, "<p class=\"note\">%s</p>\n", title);
    return print_list(stream, marks, count);
}

status gallery_print_short(const gallery *g, const char *group, FILE *stream) {
    int count;
    const gallery_mark *marks = gallery_misses(g, &count);
    TRY(print_marks_short(stream, marks, count, "Missed targets with the lowest scores"));
    marks = gallery_false_alarms(g, &count);
    TRY(print_marks_short(stream, marks, count, "False alarms with the highest scores"));
    const gallery_scene *scenes = gallery_chosen(g, &count);
    for (int i = 0; i < count; i++)
        TRY(print_scene(stream, &scenes[i], group, i + 1));
    return STATUS_OK;
}
