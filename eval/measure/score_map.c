#include "eval/measure/score_map.h"

#include <math.h>
#include <string.h>

status score_map_check(const float *score, size_t pixels) {
    for (size_t i = 0; i < pixels; i++)
        if (!isfinite(score[i]))
            return status_fail(STATUS_NUMERIC, "the score map holds a value that is not finite");
    return STATUS_OK;
}

void score_map_to_unit(const float *score, size_t pixels, score_kind kind, float *out) {
    if (kind == SCORE_PROBABILITY) {
        memmove(out, score, pixels * sizeof *out);
        return;
    }
    float most = 0;
    for (size_t i = 0; i < pixels; i++)
        most = fmaxf(most, score[i]);
    for (size_t i = 0; i < pixels; i++)
        out[i] = most > 0 ? fmaxf(score[i] / most, 0) : 0;
}

/* Where an output pixel's centre falls between two input pixels. */
typedef struct between {
    int first, second;
    float weight; /* of the second */
} between;

static between locate(int index, int from, int to) {
    double place = (index + 0.5) * from / to - 0.5;
    place = fmin(fmax(place, 0), from - 1);
    int first = (int)place;
    return (between){first, first + 1 < from ? first + 1 : first, (float)(place - first)};
}

void score_map_resize(const float *map, int width, int height, int out_width, int out_height, float *out) {
    for (int y = 0; y < out_height; y++) {
        between rows = locate(y, height, out_height);
        const float *upper = map + (ptrdiff_t)rows.first * width, *lower = map + (ptrdiff_t)rows.second * width;
        for (int x = 0; x < out_width; x++) {
            between columns = locate(x, width, out_width);
            float above = upper[columns.first] + columns.weight * (upper[columns.second] - upper[columns.first]);
            float below = lower[columns.first] + columns.weight * (lower[columns.second] - lower[columns.first]);
            out[(ptrdiff_t)y * out_width + x] = above + rows.weight * (below - above);
        }
    }
}

void score_map_threshold(const float *score, size_t pixels, double threshold, uint8_t *mask) {
    float limit = (float)threshold;
    for (size_t i = 0; i < pixels; i++)
        mask[i] = score[i] > limit;
}
