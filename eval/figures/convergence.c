#include "eval/figures/convergence.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const convergence_parts[CONVERGENCE_PARTS] = {"B", "T", "N"};

typedef struct measuring {
    detector *d;
    const scoring *how;
    convergence *out;
    int images;
    int changes[CONVERGENCE_PARTS][CONVERGENCE_STAGES]; /* how many images each mean is of */
} measuring;

static double norm_of(const float *x, const float *minus, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        double v = (double)x[i] - (minus ? minus[i] : 0);
        sum += v * v;
    }
    return sqrt(sum);
}

static double residual_norm(const float *D, const float *const parts[CONVERGENCE_PARTS], size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        double v = D[i];
        for (int p = 0; p < CONVERGENCE_PARTS; p++)
            v -= parts[p] ? parts[p][i] : 0;
        sum += v * v;
    }
    return sqrt(sum);
}

static status score_stage(measuring *m, int stage, const sample *s, const float *T) {
    size_t pixels = (size_t)s->width * (size_t)s->height;
    float *score = malloc(pixels * sizeof *score);
    if (!score)
        return status_fail(STATUS_MEMORY, "out of memory for a score map");
    for (size_t i = 0; i < pixels; i++)
        score[i] = 1 / (1 + expf(-T[i]));
    const scored_image image = {.width = s->width,
                                .height = s->height,
                                .score = score,
                                .kind = SCORE_PROBABILITY,
                                .logit = T,
                                .label = s->label};
    status result = metrics_add(&m->out->counts[stage], &image, m->how);
    free(score);
    return result;
}

static status add_stages(measuring *m, const sample *s, const detector_maps *maps) {
    size_t pixels = (size_t)s->width * (size_t)s->height;
    const float *before[CONVERGENCE_PARTS] = {NULL};
    double whole = norm_of(s->image, NULL, pixels);
    int k = 0;
    for (; k < CONVERGENCE_STAGES && detector_stage_map(maps, k + 1, 'B'); k++) {
        const float *parts[CONVERGENCE_PARTS];
        for (int p = 0; p < CONVERGENCE_PARTS; p++)
            parts[p] = detector_stage_map(maps, k + 1, convergence_parts[p][0]);
        m->out->residual[k] += whole > 0 ? residual_norm(s->image, parts, pixels) / whole : 0;
        for (int p = 0; p < CONVERGENCE_PARTS; p++) {
            bool has_before = k > 0 || strcmp(convergence_parts[p], "B") != 0;
            if (!parts[p] || !has_before)
                continue;
            m->out->change[p][k] += whole > 0 ? norm_of(parts[p], before[p], pixels) / whole : 0;
            m->changes[p][k]++;
        }
        memcpy(before, parts, sizeof before);
        TRY(score_stage(m, k, s, parts[1]));
    }
    m->out->steps = k;
    return STATUS_OK;
}

static void add_iterations(measuring *m, const detector_maps *maps) {
    convergence *c = m->out;
    c->steps = m->images == 0 || maps->residual_count < c->steps ? maps->residual_count : c->steps;
    for (int k = 0; k < c->steps; k++)
        c->residual[k] += maps->residuals[k];
}

static status see(void *context, const char *name, const sample *s, detector_maps *maps) {
    measuring *m = context;
    (void)name;
    TRY(detector_run(m->d, s->image, s->width, s->height, DETAIL_STAGES, maps));
    if (maps->stage_count > 0)
        TRY(add_stages(m, s, maps));
    else if (maps->residual_count > 0)
        add_iterations(m, maps);
    else
        return status_fail(STATUS_USAGE, "%s has neither stages nor iterations that end by a residual",
                           detector_name(m->d));
    m->images++;
    return STATUS_OK;
}

static void take_means(measuring *m) {
    convergence *c = m->out;
    for (int k = 0; k < c->steps; k++) {
        c->residual[k] /= m->images;
        for (int p = 0; p < CONVERGENCE_PARTS && k < CONVERGENCE_STAGES; p++)
            c->change[p][k] = m->changes[p][k] > 0 ? c->change[p][k] / m->changes[p][k] : NAN;
    }
}

status convergence_measure(detector *d, const dataset *data, const evaluate_options *options, int more_stages,
                           convergence *out) {
    *out = (convergence){0};
    if (detector_score_kind(d) == SCORE_PROBABILITY)
        TRY(detector_set_more_stages(d, more_stages));
    measuring m = {.d = d, .how = &options->how, .out = out};
    score_source source = detector_source(d);
    source.run = see;
    source.context = &m;
    metrics last;
    status result = evaluate_source(&source, data, options, &last, NULL);
    if (result == STATUS_OK) {
        out->trained = detector_score_kind(d) == SCORE_PROBABILITY ? out->steps - more_stages : 0;
        take_means(&m);
    }
    if (detector_score_kind(d) == SCORE_PROBABILITY)
        TRY(detector_set_more_stages(d, 0));
    return result;
}
