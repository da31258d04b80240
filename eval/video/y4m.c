#include "eval/video/y4m.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The planes of colour: how many pixels of a row and a column share a value. */
static const struct {
    const char *name;
    int across, down, planes;
} kinds[] = {
    {"mono", 1, 1, 0}, {"420", 2, 2, 2}, {"411", 4, 1, 2}, {"422", 2, 1, 2}, {"444", 1, 1, 2}, {"444alpha", 1, 1, 3},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* What may stand behind a kind's name: nothing, bits, or where colour was sampled. */
static bool read_suffix(const char *text, bool grey, int *bits) {
    static const char *const sites[] = {"", "jpeg", "mpeg2", "paldv"};
    for (size_t i = 0; i < sizeof sites / sizeof *sites; i++)
        if (!strcmp(text, sites[i])) {
            *bits = 8;
            return true;
        }
    const char *digits = grey || *text != 'p' ? text : text + 1;
    char *end;
    long number = strtol(digits, &end, 10);
    *bits = (int)number;
    return (grey || *text == 'p') && *end == '\0' && *digits >= '1' && *digits <= '9' && number > 8 && number <= 16;
}

static bool read_kind(const char *text, y4m_format *out) {
    for (int i = KINDS - 1; i >= 0; i--) { /* the longest name first */
        size_t length = strlen(kinds[i].name);
        if (strncmp(text, kinds[i].name, length) != 0 || !read_suffix(text + length, kinds[i].planes == 0, &out->bits))
            continue;
        int64_t across = (out->width + kinds[i].across - 1) / kinds[i].across;
        int64_t down = (out->height + kinds[i].down - 1) / kinds[i].down;
        out->rest_bytes = across * down * kinds[i].planes * (out->bits > 8 ? 2 : 1);
        out->limited = kinds[i].planes > 0;
        return true;
    }
    return false;
}

static int read_side(const char *text) {
    char *end;
    long side = strtol(text, &end, 10);
    return *end == '\0' && side > 0 && side <= IMAGE_LARGEST_SIDE ? (int)side : 0;
}

static double read_rate(const char *text) {
    int above, below;
    char after;
    bool good = sscanf(text, "%9d:%9d%c", &above, &below, &after) == 2 && above > 0 && below > 0;
    return good ? (double)above / below : 0;
}

status y4m_parse(const char *line, y4m_format *out) {
    char copy[Y4M_LONGEST_LINE], kind[32] = "420", *rest;
    int limited = -1;
    *out = (y4m_format){0};
    if (strlen(line) >= sizeof copy || strncmp(line, Y4M_MAGIC, strlen(Y4M_MAGIC)) != 0)
        return status_fail(STATUS_INPUT, "not YUV4MPEG2");
    strcpy(copy, line + strlen(Y4M_MAGIC));
    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        if (*word == 'W')
            out->width = read_side(word + 1);
        else if (*word == 'H')
            out->height = read_side(word + 1);
        else if (*word == 'F')
            out->rate = read_rate(word + 1);
        else if (*word == 'C')
            snprintf(kind, sizeof kind, "%s", word + 1);
        else if (!strcmp(word, "XCOLORRANGE=FULL") || !strcmp(word, "XCOLORRANGE=LIMITED"))
            limited = word[strlen("XCOLORRANGE=")] == 'L';
    }
    if (out->width == 0 || out->height == 0)
        return status_fail(STATUS_INPUT, "a YUV4MPEG2 header without sides of 1 to %d", IMAGE_LARGEST_SIDE);
    TRY(grey_image_check_size(out->width, out->height));
    if (!read_kind(kind, out))
        return status_fail(STATUS_INPUT, "YUV4MPEG2 of the kind C%s, expected mono, 420, 411, 422 or 444", kind);
    if (limited >= 0)
        out->limited = limited;
    return STATUS_OK;
}

size_t y4m_row_bytes(const y4m_format *format) {
    return (size_t)format->width * (format->bits > 8 ? 2 : 1);
}

int y4m_maximum(const y4m_format *format) {
    return format->bits > 8 ? 65535 : 255;
}

void y4m_row(const y4m_format *format, const uint8_t *bytes, uint16_t *out) {
    const int shift = format->bits - 8, full = (1 << format->bits) - 1, maximum = y4m_maximum(format);
    const int black = format->limited ? 16 << shift : 0, white = format->limited ? 235 << shift : full;
    for (int x = 0; x < format->width; x++) {
        int64_t value = format->bits > 8 ? bytes[2 * x] | bytes[2 * x + 1] << 8 : bytes[x];
        value = value < black ? black : value > white ? white : value;
        out[x] = (uint16_t)(((value - black) * maximum + (white - black) / 2) / (white - black));
    }
}

int y4m_print(char *out, size_t size, int width, int height, double rate) {
    bool slow = rate < 1; /* less than a thousandth of a frame a second must not become 0 */
    return snprintf(out, size, Y4M_MAGIC " W%d H%d F%ld:%ld Ip A1:1 C444 XCOLORRANGE=LIMITED\n", width, height,
                    slow ? 1000 : lrint(rate * 1000), slow ? lrint(fmin(1000 / rate, 999999999)) : 1000);
}

/* In 1/65536; the sums of a line of the matrix are 219 and 0. */
void y4m_from_rgb(const uint8_t *rgb, size_t pixels, uint8_t *planes) {
    enum { HALF = 1 << 15 };
    for (size_t i = 0; i < pixels; i++) {
        int r = rgb[3 * i], g = rgb[3 * i + 1], b = rgb[3 * i + 2];
        planes[i] = (uint8_t)(16 + ((16829 * r + 33039 * g + 6416 * b + HALF) >> 16));
        planes[pixels + i] = (uint8_t)(128 + ((-9714 * r - 19070 * g + 28784 * b + HALF) >> 16));
        planes[2 * pixels + i] = (uint8_t)(128 + ((28784 * r - 24103 * g - 4681 * b + HALF) >> 16));
    }
}
