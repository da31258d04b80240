#include "eval/programs/prepare_boxes.h"

#include "core/log/progress.h"
#include "datasets/make/box_set.h"
#include "eval/programs/arguments.h"

#include <stdio.h>

static const char *plural(int count) {
    return count == 1 ? "" : "s";
}

status prepare_boxes(const char *images, const char *annotations, const char *to, const char *fill) {
    int rule;
    TRY(argument_choice("fill", fill, box_fill_names, 2, &rule));
    box_set_counts c;
    progress bar;
    progress_begin(&bar, "filling boxes", "image", 0);
    status result = box_set_write(images, annotations, to, (box_fill)rule, &c, progress_share, &bar);
    progress_end(&bar);
    TRY(result);
    printf("%s: %d image%s, %d box%s (%s), split all\n%s\n", to, c.images, plural(c.images), c.boxes,
           c.boxes == 1 ? "" : "es", c.format, box_fill_description((box_fill)rule));
    if (c.empty)
        printf("%d image%s without a box: the mask is empty\n", c.empty, plural(c.empty));
    if (c.flat)
        printf("%d box%s with nothing brighter than around: filled whole\n", c.flat, c.flat == 1 ? "" : "es");
    if (c.absent)
        printf("%d of the %d images that %s names are not in %s\n", c.absent, c.named, annotations, images);
    if (c.stray)
        printf("%d box%s of an image that %s does not name: left out\n", c.stray, c.stray == 1 ? "" : "es",
               annotations);
    if (c.recounted)
        printf(
            "%d image%s of a scale that no PNG holds: a range by values (--range LO,HI) counts to 65535 there; a pack "
            "keeps theirs\n",
            c.recounted, plural(c.recounted));
    if (c.unannotated)
        printf("%d image%s without annotation: left out\n", c.unannotated, plural(c.unannotated));
    return STATUS_OK;
}
