/* compare_metrics FILE.h5: our metrics against the counts and rates of the reference implementations, case by case and
 * pooled. FILE holds cases/NAME/{score, prob, mask} with results under {logit, max_prob, max_raw}/{lrpcanet, basic},
 * the same results under pooled/, and the names of the cases in the root attribute `order`. */
#include "core/io/hdf5_io.h"
#include "eval/measure/metric_table.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* Rates are quotients of the same integers in double: equal up to the order of a few operations. */
#define RATE_TOLERANCE 1e-12

enum { LARGEST_SIDE = 32768 };

typedef struct rule_case {
    const char *name;
    const char *score; /* dataset that is thresholded */
    score_rule rule;
    bool roc;
} rule_case;

static const rule_case rules[] = {
    {"logit", "score", RULE_LOGIT, false}, /* the reference sweeps no ROC over logits */
    {"max_prob", "prob", RULE_MAX, true},
    {"max_raw", "score", RULE_MAX, true},
};
enum { RULES = sizeof rules / sizeof *rules };

/* One image or the pool, under both protocols. */
typedef struct measured {
    metrics overlap, centroid;
} measured;

typedef struct deviation {
    double count, rate; /* largest */
    int compared, wrong;
} deviation;

typedef struct object_path {
    char text[512];
} object_path;

static object_path join(const char *group, const char *rest) {
    object_path out;
    if (snprintf(out.text, sizeof out.text, "%s/%s", group, rest) >= (int)sizeof out.text)
        out.text[0] = '\0'; /* absurdly long: no such object */
    return out;
}

static status compare(const h5_file *file, const char *group, const char *name, int count, const double *ours,
                      double tolerance, deviation *dev) {
    double theirs[ROC_POINTS];
    object_path path = join(group, name);
    TRY(h5_read(file, path.text, H5_FLOAT64, (size_t)count, theirs));
    for (int i = 0; i < count; i++) {
        double off = fabs(ours[i] - theirs[i]);
        double *largest = tolerance > 0 ? &dev->rate : &dev->count;
        *largest = off > *largest || isnan(off) ? off : *largest;
        dev->compared++;
        if (off <= tolerance)
            continue;
        if (dev->wrong++ == 0)
            printf("  %s[%d] is %.17g, the reference has %.17g\n", path.text, i, ours[i], theirs[i]);
    }
    return STATUS_OK;
}

static status compare_count(const h5_file *file, const char *group, const char *name, int64_t ours, deviation *dev) {
    return compare(file, group, name, 1, (double[]){(double)ours}, 0, dev);
}

static status compare_lrpcanet(const h5_file *file, const char *group, const metrics *m, deviation *dev) {
    double pixels[] = {(double)m->tp, (double)m->fp, (double)m->fn};
    double rates[] = {metric_value(METRIC_miou, m), metric_value(METRIC_precision, m), metric_value(METRIC_recall, m),
                      metric_value(METRIC_f1, m)};
    TRY(compare(file, group, "tp_fp_fn", 3, pixels, 0, dev));
    TRY(compare(file, group, "miou_prec_recall_f1", 4, rates, RATE_TOLERANCE, dev));
    TRY(compare_count(file, group, "detected", m->targets_detected, dev));
    TRY(compare_count(file, group, "targets", m->targets, dev));
    TRY(compare_count(file, group, "false_pixels", m->false_pixels, dev));
    TRY(compare_count(file, group, "background_pixels", m->area_pixels, dev));
    if (m->targets == 0)
        return STATUS_OK; /* the reference divides 0 by 0 and the file has no rates */
    return compare(file, group, "pd_fa", 2, (double[]){metric_value(METRIC_pd, m), metric_value(METRIC_fa, m)},
                   RATE_TOLERANCE, dev);
}

static status compare_roc(const h5_file *file, const char *group, const metrics *m, deviation *dev) {
    double detected[ROC_POINTS], false_pixels[ROC_POINTS], tpr[ROC_POINTS], fpr[ROC_POINTS];
    for (int i = 0; i < ROC_POINTS; i++) {
        detected[i] = (double)m->roc_detected[i];
        false_pixels[i] = (double)m->roc_false_pixels[i];
        tpr[i] = detected[i] / (double)m->roc_targets;
        fpr[i] = false_pixels[i] / (double)m->roc_background;
    }
    TRY(compare(file, group, "roc/detected", ROC_POINTS, detected, 0, dev));
    TRY(compare(file, group, "roc/false_pixels", ROC_POINTS, false_pixels, 0, dev));
    TRY(compare_count(file, group, "roc/targets", m->roc_targets, dev));
    TRY(compare_count(file, group, "roc/background_pixels", m->roc_background, dev));
    if (m->roc_targets == 0)
        return STATUS_OK;
    double auc = metric_value(METRIC_auc, m);
    TRY(compare(file, group, "roc/tpr", ROC_POINTS, tpr, RATE_TOLERANCE, dev));
    TRY(compare(file, group, "roc/fpr", ROC_POINTS, fpr, RATE_TOLERANCE, dev));
    return compare(file, group, "roc/auc", 1, &auc, RATE_TOLERANCE, dev);
}

static status compare_basic(const h5_file *file, const char *group, const metrics *m, deviation *dev) {
    TRY(compare_count(file, group, "detected", m->targets_detected, dev));
    TRY(compare_count(file, group, "targets", m->targets, dev));
    TRY(compare_count(file, group, "false_pixels", m->false_pixels, dev));
    TRY(compare_count(file, group, "all_pixels", m->area_pixels, dev));
    TRY(compare(file, group, "fa", 1, (double[]){metric_value(METRIC_fa, m)}, RATE_TOLERANCE, dev));
    return m->targets == 0 ? STATUS_OK
                           : compare(file, group, "pd", 1, (double[]){metric_value(METRIC_pd, m)}, RATE_TOLERANCE, dev);
}

/* False pixels, detected, targets of the old form, where the reference could compute them: it wants square images. */
static status compare_old(const h5_file *file, const char *group, const metrics *m, deviation *dev) {
    object_path path = join(group, "mshnet_old");
    const double counts[] = {(double)m->old_false_pixels, (double)m->centroid_detected, (double)m->targets};
    return h5_exists(file, path.text) ? compare(file, group, "mshnet_old", 3, counts, 0, dev) : STATUS_OK;
}

/* All results of one case, or of the pool, under one rule. */
static status compare_group(const h5_file *file, const char *group, const rule_case *rule, const measured *ours,
                            deviation *total) {
    deviation dev = {0};
    object_path under = join(group, rule->name);
    object_path lrpcanet = join(under.text, "lrpcanet");
    TRY(compare_lrpcanet(file, lrpcanet.text, &ours->overlap, &dev));
    if (rule->roc)
        TRY(compare_roc(file, lrpcanet.text, &ours->overlap, &dev));
    TRY(compare_basic(file, join(under.text, "basic").text, &ours->centroid, &dev));
    TRY(compare_old(file, under.text, &ours->overlap, &dev));
    printf("%-40s %5d values   counts off by %g   rates by %.2g   %s\n", under.text, dev.compared, dev.count, dev.rate,
           dev.wrong ? "WRONG" : "ok");
    total->count = dev.count > total->count ? dev.count : total->count;
    total->rate = dev.rate > total->rate ? dev.rate : total->rate;
    total->compared += dev.compared;
    total->wrong += dev.wrong;
    return STATUS_OK;
}

static status measure(const float *score, const uint8_t *mask, int width, int height, score_rule rule, measured *m) {
    const scored_image image = {
        .width = width, .height = height, .score = score, .kind = SCORE_RAW, .logit = score, .label = mask};
    TRY(metrics_add(&m->overlap, &image, &(scoring){.rule = rule, .protocol = PROTOCOL_OVERLAP}));
    return metrics_add(&m->centroid, &image, &(scoring){.rule = rule, .protocol = PROTOCOL_CENTROID});
}

static status compare_case(const h5_file *file, const char *group, const uint8_t *mask, float *score, int width,
                           int height, measured *pool, deviation *total) {
    size_t pixels = (size_t)width * (size_t)height;
    for (int r = 0; r < RULES; r++) {
        measured alone = {{0}, {0}};
        TRY(h5_read(file, join(group, rules[r].score).text, H5_FLOAT32, pixels, score));
        TRY(measure(score, mask, width, height, rules[r].rule, &alone));
        TRY(measure(score, mask, width, height, rules[r].rule, &pool[r]));
        TRY(compare_group(file, group, &rules[r], &alone, total));
    }
    return STATUS_OK;
}

static status run_case(const h5_file *file, const char *name, measured *pool, deviation *total) {
    object_path group = join("cases", name), path = join(group.text, "mask");
    h5_shape shape;
    TRY(h5_get_shape(file, path.text, &shape));
    if (shape.rank != 2 || shape.size[0] < 1 || shape.size[0] > LARGEST_SIDE || shape.size[1] < 1 ||
        shape.size[1] > LARGEST_SIDE)
        return status_fail(STATUS_INPUT, "%s: %s is no map of rows and columns", h5_path(file), path.text);
    size_t pixels = (size_t)shape.size[0] * (size_t)shape.size[1];
    uint8_t *mask = malloc(pixels);
    float *score = malloc(pixels * sizeof *score);
    status result = mask && score ? h5_read(file, path.text, H5_UINT8, pixels, mask)
                                  : status_fail(STATUS_MEMORY, "out of memory for %s", group.text);
    if (result == STATUS_OK)
        result = compare_case(file, group.text, mask, score, (int)shape.size[1], (int)shape.size[0], pool, total);
    free(mask);
    free(score);
    return result;
}

static status run_cases(const h5_file *file, char **names, int count, deviation *total) {
    static measured pool[RULES];
    for (int i = 0; i < count; i++)
        TRY(run_case(file, names[i], pool, total));
    for (int r = 0; r < RULES; r++)
        TRY(compare_group(file, "pooled", &rules[r], &pool[r], total));
    return STATUS_OK;
}

static status run(const char *path, deviation *total) {
    h5_file *file;
    char **names = NULL;
    int count = 0;
    TRY(h5_open(path, &file));
    status result = h5_read_attribute_strings(file, "/", "order", &names, &count);
    if (result == STATUS_OK)
        result = run_cases(file, names, count, total);
    for (int i = 0; i < count; i++)
        free(names[i]);
    free(names);
    h5_close(file);
    return result;
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: compare_metrics FILE.h5\n");
        return 2;
    }
    deviation total = {0};
    if (run(argv[1], &total) != STATUS_OK) {
        fprintf(stderr, "compare_metrics: %s\n", status_message());
        return 1;
    }
    printf("%d values, %d wrong; largest deviation of a count %g, of a rate %.3g\n", total.compared, total.wrong,
           total.count, total.rate);
    return total.wrong != 0 || total.compared == 0;
}
