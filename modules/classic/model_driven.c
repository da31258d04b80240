#include "modules/classic/model_driven.h"

#include "core/base/parallel.h"

typedef struct scoring {
    engine *e;
    model_driven_run *run;
    const detector_type *type;
    const config *options;
    grey_map image;
    float *score;
    status result;
} scoring;

/* All of a method in one region: it has dozens of short loops, or hundreds. At the end of a region OpenMP's threads
 * wait for one another, and for long where another program has their processor. */
static void score_in_region(void *context) {
    scoring *s = context;
    s->result = s->type->score_image(s->e, s->options, &s->image, &s->run->work, s->score, &s->run->report);
}

status model_driven_score(engine *e, model_driven_run *run, const detector_type *type, const config *options,
                          const float *image, int width, int height, detector_maps *out) {
    size_t pixels = (size_t)width * (size_t)height;
    workspace_begin(&run->maps);
    double *grey = workspace_take(&run->maps, pixels, sizeof *grey);
    float *score = workspace_take(&run->maps, pixels, sizeof *score);
    TRY(workspace_check(&run->maps));
    /* A float32 product: of an 8-bit image it gives the stored integers back, exactly. */
    for (size_t i = 0; i < pixels; i++)
        grey[i] = image[i] * FULL_SCALE;
    run->report = (solver_report){0};
    grey_map map = {width, height, grey};
    scoring job = {.e = e, .run = run, .type = type, .options = options, .image = map, .score = score};
    parallel_region(e, score_in_region, &job);
    TRY(job.result);
    out->score = score;
    out->residual_count = run->report.residual_count;
    out->residuals = run->report.residual_count > 0 ? run->report.residuals : NULL;
    return STATUS_OK;
}

size_t model_driven_memory(const model_driven_run *run) {
    return workspace_size(&run->maps) + workspace_size(&run->work);
}

void model_driven_free(model_driven_run *run) {
    workspace_free(&run->maps);
    workspace_free(&run->work);
}
