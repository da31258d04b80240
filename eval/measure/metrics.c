#include "eval/measure/metrics.h"

#include "eval/measure/per_image.h"

const char *metrics_remark(const metrics *m) {
    if (2 * m->false_pixels_all > m->background_pixels)
        return "more than half of the background is predicted: the scores hardly differ, and high Pd and recall mean "
               "nothing";
    if (m->tp + m->fp == 0 && m->images > 0)
        return "no pixel is predicted in any image";
    return NULL;
}

void metrics_merge(metrics *m, const metrics *other) {
#define COUNT(name) m->name += other->name;
#define SUM(name) m->name += other->name;
#define CURVE(name, points)                                                                                            \
    for (int i = 0; i < points; i++)                                                                                   \
        m->name[i] += other->name[i];
#include "eval/measure/counts.def"
#undef COUNT
#undef SUM
#undef CURVE
}

/* Counts stay whole numbers: there are fewer than 2^53 of anything. */
typedef struct metric_numbers {
#define COUNT(name) double name;
#define SUM(name) double name;
#define CURVE(name, points) double name[points];
#include "eval/measure/counts.def"
#undef COUNT
#undef SUM
#undef CURVE
} metric_numbers;

static void sum_over_ranks(peers *p, double *values, int count) {
    for (int done = 0, part; done < count; done += part) {
        part = count - done < PEERS_MOST_VALUES ? count - done : PEERS_MOST_VALUES;
        const double *all = peers_gather(p, values + done, part);
        for (int i = 0; i < part; i++) {
            values[done + i] = 0;
            for (int rank = 0; rank < peers_count(p); rank++)
                values[done + i] += all[rank * part + i];
        }
    }
}

void metrics_sum(metrics *m, peers *p) {
    metric_numbers n;
    if (!p)
        return;
#define COUNT(name) n.name = (double)m->name;
#define SUM(name) n.name = m->name;
#define CURVE(name, points)                                                                                            \
    for (int i = 0; i < points; i++)                                                                                   \
        n.name[i] = (double)m->name[i];
#include "eval/measure/counts.def"
#undef COUNT
#undef SUM
#undef CURVE
    sum_over_ranks(p, (double *)&n, sizeof n / sizeof(double));
#define COUNT(name) m->name = (int64_t)n.name;
#define SUM(name) m->name = n.name;
#define CURVE(name, points)                                                                                            \
    for (int i = 0; i < points; i++)                                                                                   \
        m->name[i] = (int64_t)n.name[i];
#include "eval/measure/counts.def"
#undef COUNT
#undef SUM
#undef CURVE
}

status metrics_add(metrics *m, const scored_image *image, const scoring *how) {
    per_image alone;
    TRY(per_image_measure(image, how, &alone));
    metrics_merge(m, &alone.counts);
    per_image_free(&alone);
    return STATUS_OK;
}
