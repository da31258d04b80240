#include "modules/input.h"

const input_format input_grey = {.channels = 1, .std = {1}};
const input_format input_imagenet = {.channels = 3, .mean = {0.485f, 0.456f, 0.406f}, .std = {0.229f, 0.224f, 0.225f}};

/* An image without light stays as it is. */
static float largest_or_one(const float *image, int pixels) {
    float largest = 0;
    for (int i = 0; i < pixels; i++)
        largest = image[i] > largest ? image[i] : largest;
    return largest > 0 ? largest : 1;
}

static void fill_plane(const float *image, float scale, float shift, const tensor *to, float *plane) {
    for (int y = 0; y < to->h; y++)
        for (int x = 0; x < to->w; x++)
            plane[y * to->row + x] = image[y * to->w + x] * scale + shift;
}

void input_fill(const input_format *format, const float *images, const tensor *to) {
    int pixels = to->h * to->w;
    for (int n = 0; n < to->n; n++) {
        const float *image = images + (ptrdiff_t)n * pixels;
        float unit = format->own_maximum ? largest_or_one(image, pixels) : 1;
        for (int c = 0; c < format->channels; c++)
            fill_plane(image, 1 / (unit * format->std[c]), -format->mean[c] / format->std[c], to,
                       tensor_plane(to, n, c));
    }
}
