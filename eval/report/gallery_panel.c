#include "eval/report/gallery_panel.h"

#include "core/base/whole_numbers.h"
#include "core/draw/colour_map.h"
#include "core/io/png_io.h"

#include <math.h>
#include <stdlib.h>

enum { PANELS = 4, GAP = 4 }; /* pixels between two of them */

static const unsigned box_colours[] = {
    [GALLERY_FOUND] = 0x35d07f, [GALLERY_MISSED] = 0xff5a4f, [GALLERY_FALSE] = 0x4cc9ff};

typedef struct sheet {
    const gallery_scene *scene;
    int block; /* pixels of the maps that become one */
    int width, height, panel_width;
    uint8_t *rgb;
} sheet;

static void paint(const sheet *s, int panel, int x, int y, unsigned colour) {
    uint8_t *to = s->rgb + 3 * ((size_t)y * (size_t)s->width + (size_t)(panel * (s->panel_width + GAP) + x));
    to[0] = (uint8_t)(colour >> 16);
    to[1] = (uint8_t)(colour >> 8 & 0xff);
    to[2] = (uint8_t)(colour & 0xff);
}

/* Means of grey values, the highest of the others: no small target is lost. */
static void paint_block(const sheet *s, int x, int y) {
    const gallery_maps *m = &s->scene->maps;
    int sum = 0, count = 0, label = 0, score = 0;
    for (int row = y * s->block; row < (y + 1) * s->block && row < m->height; row++)
        for (int column = x * s->block; column < (x + 1) * s->block && column < m->width; column++, count++) {
            ptrdiff_t at = (ptrdiff_t)row * m->width + column;
            sum += m->image[at];
            label |= m->label[at];
            score = m->score[at] > score ? m->score[at] : score;
        }
    unsigned grey = (unsigned)(sum / count) * 0x010101u;
    paint(s, 0, x, y, grey);
    paint(s, 1, x, y, label ? 0xffffff : 0);
    paint(s, 2, x, y, colour_map_at(COLOUR_HEAT, score / 255.0));
    paint(s, 3, x, y, grey);
}

static int clamp(double value, int last) {
    return (int)fmin(fmax(value, 0), last);
}

/* A frame one pixel away from what it is round. */
static void paint_box(const sheet *s, const gallery_box *b) {
    double unit = 1.0 / s->block;
    int left = clamp(floor(b->x0 * unit) - 2, s->panel_width - 1), top = clamp(floor(b->y0 * unit) - 2, s->height - 1);
    int right = clamp(ceil(b->x1 * unit) + 1, s->panel_width - 1),
        bottom = clamp(ceil(b->y1 * unit) + 1, s->height - 1);
    for (int x = left; x <= right; x++) {
        paint(s, 3, x, top, box_colours[b->kind]);
        paint(s, 3, x, bottom, box_colours[b->kind]);
    }
    for (int y = top; y <= bottom; y++) {
        paint(s, 3, left, y, box_colours[b->kind]);
        paint(s, 3, right, y, box_colours[b->kind]);
    }
}

static status draw(sheet *s, int side) {
    const gallery_maps *m = &s->scene->maps;
    int longer = m->width > m->height ? m->width : m->height;
    s->block = int_pieces(longer, side);
    s->panel_width = (m->width + s->block - 1) / s->block;
    s->height = (m->height + s->block - 1) / s->block;
    s->width = PANELS * s->panel_width + (PANELS - 1) * GAP;
    s->rgb = malloc(3 * (size_t)s->width * (size_t)s->height);
    if (!s->rgb)
        return status_fail(STATUS_MEMORY, "out of memory for a picture");
    for (size_t i = 0; i < 3 * (size_t)s->width * (size_t)s->height; i++)
        s->rgb[i] = 255; /* the gaps */
    for (int y = 0; y < s->height; y++)
        for (int x = 0; x < s->panel_width; x++)
            paint_block(s, x, y);
    for (int i = 0; i < s->scene->box_count; i++)
        paint_box(s, &s->scene->boxes[i]);
    return STATUS_OK;
}

static status encode(const sheet *s, gallery_panel *out) {
    out->width = s->width;
    out->height = s->height;
    TRY(text_buffer_begin(&out->png));
    TRY(png_print_8(out->png.stream, s->width, s->height, 3, s->rgb));
    return text_buffer_end(&out->png);
}

status gallery_panel_make(const gallery_scene *scene, int side, gallery_panel *out) {
    sheet s = {.scene = scene};
    *out = (gallery_panel){0};
    status result = draw(&s, side);
    if (result == STATUS_OK)
        result = encode(&s, out);
    free(s.rgb);
    if (result != STATUS_OK)
        gallery_panel_free(out);
    return result;
}

void gallery_panel_free(gallery_panel *panel) {
    text_buffer_free(&panel->png);
    *panel = (gallery_panel){0};
}
