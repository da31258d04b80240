#include "eval/detect/range_use.h"

#include <stdio.h>

/* Looks no further than to the first pixels that show it, in nearly every image. */
void range_use_add(range_use *use, const grey_image *image) {
    size_t pixels = grey_image_pixels(image);
    use->is_used = true;
    for (size_t i = 0; i < pixels && !(use->above_black && use->below_white); i++) {
        use->above_black |= image->pixels[i] > 0;
        use->below_white |= image->pixels[i] < image->maximum;
    }
}

bool range_use_remark(const range_use *use, const grey_range *range, const grey_span *span, char *out, size_t size) {
    char values[96] = "";
    if (range->kind != RANGE_VALUES || !use->is_used || (use->above_black && use->below_white))
        return false;
    if (span->own_scales == 0)
        snprintf(values, sizeof values, ": grey values run from %.6g to %.6g", grey_span_value(span, span->low),
                 grey_span_value(span, span->high));
    snprintf(out, size, "the range %.6g,%.6g makes every pixel %s%s", range->low, range->high,
             use->above_black ? "white" : "black", values);
    return true;
}
