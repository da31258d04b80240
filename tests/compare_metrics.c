/* compare_metrics FILE.h5: our metrics against the reference implementations' counts, case by case.
 * FILE: cases/NAME/{score, prob, mask} with results under {logit, max_prob, max_raw}/{lrpcanet, basic}, and pooled/. */
#include "core/hdf5_io.h"
#include "eval/metrics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rates are quotients of the same integers in double: equal up to the order of a few operations. */
#define RATE_TOLERANCE 1e-12

typedef struct rule_case {
    const char *name;
    const char *score; /* dataset that is thresholded */
    score_rule rule;
} rule_case;

static const rule_case rules[] = {
    {"logit", "score", RULE_LOGIT},
    {"max_prob", "prob", RULE_MAX},
    {"max_raw", "score", RULE_MAX},
};
enum { RULES = 3 };

typedef struct comparison {
    const h5_file *file;
    metrics pooled[RULES][2]; /* overlap, centroid */
    int groups, wrong;
    int64_t count_deviation; /* largest */
    double rate_deviation;
} comparison;

typedef struct text {
    char s[256];
} text;

static text path(const char *group, const char *rule, const char *rest) {
    text out;
    snprintf(out.s, sizeof out.s, "%s/%s/%s", group, rule, rest);
    return out;
}

/* Compares `count` integers or reals with a dataset, if the file has it. */
static status compare(comparison *c, const char *dataset, int count, const double *ours, bool exact) {
    double theirs[ROC_POINTS];
    if (!h5_exists(c->file, dataset))
        return STATUS_OK;
    TRY(h5_read(c->file, dataset, H5_FLOAT64, (size_t)count, theirs));
    for (int i = 0; i < count; i++) {
        double off = fabs(ours[i] - theirs[i]);
        if (isnan(ours[i]) != isnan(theirs[i]))
            off = INFINITY;
        else if (isnan(ours[i]))
            off = 0;
        if (exact && off > (double)c->count_deviation)
            c->count_deviation = isinf(off) ? INT64_MAX : (int64_t)off;
        if (!exact && off > c->rate_deviation)
            c->rate_deviation = off;
        if (off > (exact ? 0 : RATE_TOLERANCE)) {
            printf("%s[%d]: %.17g, the reference has %.17g\n", dataset, i, ours[i], theirs[i]);
            c->wrong++;
            break;
        }
    }
    return STATUS_OK;
}

static status compare_roc(comparison *c, const char *group, const char *rule, const metrics *m) {
    double detected[ROC_POINTS], false_pixels[ROC_POINTS], tpr[ROC_POINTS], fpr[ROC_POINTS];
    double targets = (double)m->roc_targets, background = (double)m->roc_background, auc = metrics_summarize(m).auc;
    for (int i = 0; i < ROC_POINTS; i++) {
        detected[i] = (double)m->roc_detected[i];
        false_pixels[i] = (double)m->roc_false_pixels[i];
        tpr[i] = targets > 0 ? detected[i] / targets : 0;
        fpr[i] = background > 0 ? false_pixels[i] / background : 0;
    }
    TRY(compare(c, path(group, rule, "lrpcanet/roc/detected").s, ROC_POINTS, detected, true));
    TRY(compare(c, path(group, rule, "lrpcanet/roc/false_pixels").s, ROC_POINTS, false_pixels, true));
    TRY(compare(c, path(group, rule, "lrpcanet/roc/targets").s, 1, &targets, true));
    TRY(compare(c, path(group, rule, "lrpcanet/roc/background_pixels").s, 1, &background, true));
    if (m->roc_targets == 0)
        return STATUS_OK; /* rates of nothing: the reference's NaN or 0 is no figure to meet */
    TRY(compare(c, path(group, rule, "lrpcanet/roc/tpr").s, ROC_POINTS, tpr, false));
    TRY(compare(c, path(group, rule, "lrpcanet/roc/fpr").s, ROC_POINTS, fpr, false));
    return compare(c, path(group, rule, "lrpcanet/roc/auc").s, 1, &auc, false);
}

static status compare_group(comparison *c, const char *group, const char *rule, const metrics *overlap,
                            const metrics *centroid) {
    int wrong = c->wrong;
    metrics_summary s = metrics_summarize(overlap), s2 = metrics_summarize(centroid);
    double pixels[] = {(double)overlap->tp, (double)overlap->fp, (double)overlap->fn};
    double rates[] = {s.miou, s.precision, s.recall, s.f1};
    double detected = (double)overlap->targets_detected, targets = (double)overlap->targets;
    double false_pixels = (double)overlap->false_pixels, background = (double)overlap->area_pixels;
    TRY(compare(c, path(group, rule, "lrpcanet/tp_fp_fn").s, 3, pixels, true));
    TRY(compare(c, path(group, rule, "lrpcanet/detected").s, 1, &detected, true));
    TRY(compare(c, path(group, rule, "lrpcanet/targets").s, 1, &targets, true));
    TRY(compare(c, path(group, rule, "lrpcanet/false_pixels").s, 1, &false_pixels, true));
    TRY(compare(c, path(group, rule, "lrpcanet/background_pixels").s, 1, &background, true));
    TRY(compare(c, path(group, rule, "lrpcanet/miou_prec_recall_f1").s, 4, rates, false));
    if (overlap->targets > 0)
        TRY(compare(c, path(group, rule, "lrpcanet/pd_fa").s, 2, (double[]){s.pd, s.fa}, false));
    detected = (double)centroid->targets_detected, targets = (double)centroid->targets;
    false_pixels = (double)centroid->false_pixels;
    double all = (double)centroid->area_pixels;
    TRY(compare(c, path(group, rule, "basic/detected").s, 1, &detected, true));
    TRY(compare(c, path(group, rule, "basic/targets").s, 1, &targets, true));
    TRY(compare(c, path(group, rule, "basic/false_pixels").s, 1, &false_pixels, true));
    TRY(compare(c, path(group, rule, "basic/all_pixels").s, 1, &all, true));
    if (centroid->targets > 0)
        TRY(compare(c, path(group, rule, "basic/pd").s, 1, &s2.pd, false));
    TRY(compare(c, path(group, rule, "basic/fa").s, 1, &s2.fa, false));
    if (strcmp(rule, "logit"))
        TRY(compare_roc(c, group, rule, overlap));
    c->groups++;
    printf("%-32s %-9s %s\n", group, rule, c->wrong == wrong ? "equal" : "DIFFERENT");
    return STATUS_OK;
}

static status compare_case(void *context, const char *name) {
    comparison *c = context;
    text group, mask_path, score_path;
    snprintf(group.s, sizeof group.s, "cases/%s", name);
    snprintf(mask_path.s, sizeof mask_path.s, "cases/%s/mask", name);
    h5_shape shape;
    TRY(h5_get_shape(c->file, mask_path.s, &shape));
    if (shape.rank != 2 || shape.size[0] < 1 || shape.size[1] < 1)
        return status_fail(STATUS_INPUT, "%s: %s is not a map", h5_path(c->file), mask_path.s);
    int height = (int)shape.size[0], width = (int)shape.size[1];
    size_t pixels = (size_t)width * (size_t)height;
    uint8_t *mask = malloc(pixels);
    float *score = malloc(pixels * sizeof *score);
    status result = mask && score ? h5_read(c->file, mask_path.s, H5_UINT8, pixels, mask)
                                  : status_fail(STATUS_MEMORY, "out of memory for %s", group.s);
    for (int r = 0; r < RULES && result == STATUS_OK; r++) {
        metrics one[2] = {{0}, {0}};
        snprintf(score_path.s, sizeof score_path.s, "cases/%s/%s", name, rules[r].score);
        result = h5_read(c->file, score_path.s, H5_FLOAT32, pixels, score);
        for (int p = 0; p < 2 && result == STATUS_OK; p++) {
            match_protocol protocol = p ? PROTOCOL_CENTROID : PROTOCOL_OVERLAP;
            result = metrics_add(&one[p], score, score, mask, width, height, rules[r].rule, protocol);
            if (result == STATUS_OK)
                result = metrics_add(&c->pooled[r][p], score, score, mask, width, height, rules[r].rule, protocol);
        }
        if (result == STATUS_OK)
            result = compare_group(c, group.s, rules[r].name, &one[0], &one[1]);
    }
    free(mask);
    free(score);
    return result;
}

static status run(const char *path_of_file, comparison *c) {
    h5_file *file;
    TRY(h5_open(path_of_file, &file));
    c->file = file;
    status result = h5_each_child(file, "cases", compare_case, c);
    for (int r = 0; r < RULES && result == STATUS_OK; r++)
        result = compare_group(c, "pooled", rules[r].name, &c->pooled[r][0], &c->pooled[r][1]);
    h5_close(file);
    return result;
}

int main(int argc, char **argv) {
    static comparison c;
    if (argc != 2) {
        fprintf(stderr, "usage: compare_metrics FILE.h5\n");
        return 2;
    }
    if (run(argv[1], &c) != STATUS_OK) {
        fprintf(stderr, "compare_metrics: %s\n", status_message());
        return 1;
    }
    printf("%d groups, %d wrong; largest deviation of a count %lld, of a rate %.3g\n", c.groups, c.wrong,
           (long long)c.count_deviation, c.rate_deviation);
    return c.wrong != 0 || c.groups == 0;
}
