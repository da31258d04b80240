#include "eval/measure/predictions.h"

#include "core/io/file_io.h"
#include "core/io/png_io.h"
#include "eval/measure/score_map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct predictions {
    char folder[4096];
    int size, twofold; /* twofold: samples with pictures of both names */
    float *map;
};

/* NAME.png or, as detect writes them, NAME_score.png. */
static status path_of(const char *folder, const char *name, char out[4096]) {
    TRY(path_join(out, folder, name, "_score.png"));
    return path_is_file(out) ? STATUS_OK : path_join(out, folder, name, ".png");
}

/* Every sample has a prediction, and so many have pictures of both names. */
static status check_complete(const char *folder, const dataset *data, int *twofold) {
    int missing = 0;
    char path[4096], plain[4096], first[4096] = "";
    *twofold = 0;
    for (int i = 0; i < dataset_count(data); i++) {
        TRY(path_of(folder, dataset_sample_name(data, i), path));
        TRY(path_join(plain, folder, dataset_sample_name(data, i), ".png"));
        if (strcmp(path, plain) != 0)
            *twofold += path_is_file(plain);
        else if (!path_is_file(path) && missing++ == 0)
            snprintf(first, sizeof first, "%s", path);
    }
    if (missing == 0)
        return STATUS_OK;
    return status_fail(STATUS_INPUT, "%.2000s: no such file; %d of the %d predictions for %s, split %s, are missing",
                       first, missing, dataset_count(data), dataset_name(data), dataset_split(data));
}

status predictions_open(const char *folder, const dataset *data, int size, predictions **out) {
    int twofold;
    *out = NULL;
    if (!path_is_folder(folder))
        return status_fail(STATUS_INPUT, "%s: no such folder of predictions", folder);
    TRY(check_complete(folder, data, &twofold));
    predictions *p = calloc(1, sizeof *p);
    if (!p)
        return status_fail(STATUS_MEMORY, "out of memory for predictions");
    snprintf(p->folder, sizeof p->folder, "%s", folder);
    p->size = size;
    p->twofold = twofold;
    *out = p;
    return STATUS_OK;
}

bool predictions_remark(const predictions *p, char *text, size_t size) {
    snprintf(text, size, "%.2000s: of %d images both NAME_score.png and NAME.png are there; the former is taken",
             p->folder, p->twofold);
    return p->twofold > 0;
}

void predictions_free(predictions *p) {
    if (!p)
        return;
    free(p->map);
    free(p);
}

/* The stored map on the size of the sample. */
static status bring_to_size(predictions *p, const grey_image *stored, const sample *s, const char *path) {
    bool fits = stored->width == s->width && stored->height == s->height;
    if (!fits && p->size == 0)
        return status_fail(STATUS_INPUT, "%s: %dx%d, but its image is %dx%d; a size resizes both (--size N)", path,
                           stored->width, stored->height, s->width, s->height);
    float *unit = malloc((size_t)stored->width * (size_t)stored->height * sizeof *unit);
    free(p->map);
    p->map = malloc((size_t)s->width * (size_t)s->height * sizeof *p->map);
    bool ready = unit && p->map;
    if (ready) {
        image_to_unit(stored, unit);
        score_map_resize(unit, stored->width, stored->height, s->width, s->height, p->map);
    }
    free(unit);
    return ready ? STATUS_OK : status_fail(STATUS_MEMORY, "%s: out of memory for it", path);
}

static status run(void *context, const char *name, const sample *s, detector_maps *maps) {
    predictions *p = context;
    char path[4096];
    grey_image stored = {0};
    TRY(path_of(p->folder, name, path));
    TRY(png_read_grey(path, &stored));
    status result = bring_to_size(p, &stored, s, path);
    grey_image_free(&stored);
    *maps = (detector_maps){.width = s->width, .height = s->height, .score = p->map};
    return result;
}

score_source predictions_source(predictions *p) {
    return (score_source){.name = p->folder, .kind = SCORE_PROBABILITY, .run = run, .context = p};
}
