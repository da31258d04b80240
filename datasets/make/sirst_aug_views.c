#include "datasets/make/sirst_aug_views.h"

#include "datasets/check/components.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOW_TRIES = 20, TURN_TRIES = 6, DRAWS_OF_A_WINDOW = 1 << 16 };

typedef struct place {
    int x, y;
} place;

static const struct {
    const char *image;
    place windows[SIRST_AUG_WINDOWS];
} test_targets[] = {
#define TARGET(image, x0, y0, x1, y1, x2, y2, x3, y3, x4, y4)                                                          \
    {image, {{x0, y0}, {x1, y1}, {x2, y2}, {x3, y3}, {x4, y4}}},
#include "datasets/make/sirst_aug_windows.def"
#undef TARGET
};

static const struct {
    const char *image, *counts;
} training_images[] = {
#define IMAGE(image, counts) {image, counts},
#include "datasets/make/sirst_aug_counts.def"
#undef IMAGE
};
enum { TRAINING_IMAGES = sizeof training_images / sizeof *training_images };

int sirst_aug_test_count(void) {
    return SIRST_AUG_WINDOWS * (int)(sizeof test_targets / sizeof *test_targets);
}

const char *sirst_aug_test_image(int index) {
    return test_targets[index / SIRST_AUG_WINDOWS].image;
}

sirst_aug_view sirst_aug_test_view(int index) {
    place at = test_targets[index / SIRST_AUG_WINDOWS].windows[index % SIRST_AUG_WINDOWS];
    return (sirst_aug_view){.x = at.x, .y = at.y};
}

/* --- training --- */

static status count_targets(const grey_image *window, int degrees, int *out) {
    grey_image turned;
    component_list list;
    TRY(sirst_aug_turn_mask(window, degrees, &turned));
    status result = components_of_mask(&turned, 255, MASK_MAX, &list);
    grey_image_free(&turned);
    TRY(result);
    *out = list.count;
    component_list_free(&list);
    return STATUS_OK;
}

/* The angles of one window; *off is by how many targets they miss the published numbers together. Gives up at `limit`.
 */
static status turn_window(const grey_image *window, const char *counts, rng *r, int limit,
                          sirst_aug_view views[SIRST_AUG_TURNS], int *off, int *equal) {
    *off = *equal = 0;
    for (int i = 0; i < SIRST_AUG_TURNS && *off < limit; i++) {
        int nearest = -1;
        for (int attempt = 0; attempt < TURN_TRIES && nearest != 0; attempt++) {
            int degrees = SIRST_AUG_TURN_DEGREES * i + (int)rng_below(r, SIRST_AUG_TURN_DEGREES), targets;
            TRY(count_targets(window, degrees, &targets));
            int miss = abs(targets - (counts[i] - '0'));
            if (nearest < 0 || miss < nearest) {
                nearest = miss;
                views[i].degrees = degrees;
            }
        }
        *off += nearest;
        *equal += nearest == 0;
    }
    return STATUS_OK;
}

/* A window for one target or another, until one and its angles show what they should; else what came nearest. */
static status draw_window(const grey_image *mask, const component_list *targets, int number, const char *counts, rng *r,
                          sirst_aug_view views[SIRST_AUG_TURNS], int *equal) {
    int least = INT_MAX;
    for (int attempt = 0; attempt < WINDOW_TRIES && least > 0; attempt++) {
        const component *target = &targets->items[rng_below(r, (uint32_t)targets->count)];
        sirst_aug_view drawn[SIRST_AUG_TURNS];
        grey_image window;
        int x, y, off, same;
        sirst_aug_place(r, number, target->centroid_x, target->centroid_y, mask->width, mask->height, &x, &y);
        TRY(sirst_aug_cut(mask, x, y, &window));
        status result = turn_window(&window, counts, r, least, drawn, &off, &same);
        grey_image_free(&window);
        TRY(result);
        if (off >= least)
            continue;
        least = off;
        *equal = same;
        for (int i = 0; i < SIRST_AUG_TURNS; i++)
            views[i] = (sirst_aug_view){x, y, drawn[i].degrees};
    }
    return STATUS_OK;
}

status sirst_aug_training_views(int index, const char *name, const grey_image *mask, uint64_t seed,
                                sirst_aug_view views[SIRST_AUG_TRAINING_VIEWS], int *equal) {
    if (index >= TRAINING_IMAGES || strcmp(training_images[index].image, name) != 0)
        return status_fail(STATUS_INPUT, "image %d of the trainval list is %s, SIRST has %s there", index + 1, name,
                           index < TRAINING_IMAGES ? training_images[index].image : "none");
    component_list targets;
    TRY(components_of_mask(mask, 255, MASK_MAX, &targets));
    status result = targets.count ? STATUS_OK : status_fail(STATUS_INPUT, "%s: its mask has no target", name);
    int total = 0;
    for (int w = 0; w < SIRST_AUG_WINDOWS && result == STATUS_OK; w++) {
        rng r = rng_new(seed, rng_stream_of("sirst-aug") ^ rng_stream_of(name));
        r.index = (uint64_t)w * DRAWS_OF_A_WINDOW;
        int same = 0;
        result = draw_window(mask, &targets, w, training_images[index].counts + w * SIRST_AUG_TURNS, &r,
                             views + w * SIRST_AUG_TURNS, &same);
        total += same;
    }
    component_list_free(&targets);
    if (equal)
        *equal = total;
    return result;
}
