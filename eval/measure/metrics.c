#include "eval/measure/metrics.h"

#include "eval/measure/per_image.h"

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

status metrics_add(metrics *m, const scored_image *image, const scoring *how) {
    per_image alone;
    TRY(per_image_measure(image, how, &alone));
    metrics_merge(m, &alone.counts);
    per_image_free(&alone);
    return STATUS_OK;
}
