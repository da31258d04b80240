#include "core/io/image_sizes.h"

#include <math.h>

void image_sizes_add(image_sizes *s, const image_sizes *o) {
    if (o->images == 0)
        return;
    s->least = s->images ? fmin(s->least, o->least) : o->least;
    s->most = fmax(s->most, o->most);
    s->shortest = s->images ? fmin(s->shortest, o->shortest) : o->shortest;
    s->images += o->images;
    s->width += o->width;
    s->height += o->height;
}

void image_sizes_add_image(image_sizes *s, const grey_image *image) {
    double pixels = (double)grey_image_pixels(image);
    double shortest = fmin(image->width, image->height);
    image_sizes_add(s, &(image_sizes){1, image->width, image->height, pixels, pixels, shortest});
}
