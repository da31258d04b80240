#include "eval/measure/target_match.h"

#include "eval/measure/assignment.h"
#include "eval/measure/target_outcome.h"

#include <stdbool.h>
#include <stdlib.h>

#define OVERLAP 0.5 /* a pair with this IoU is one */

/* Of every target (row) with every detection (column). */
typedef struct pairing {
    const component_list *targets, *detections;
    int *common;      /* pixels in both */
    double *distance; /* of the centroids */
    double *left;     /* distances among what is not matched yet */
    int *rows, *columns, *column_of;
} pairing;

static size_t place(const pairing *p, int target, int detection) {
    return (size_t)target * (size_t)p->detections->count + (size_t)detection;
}

static double iou_of(const pairing *p, int target, int detection) {
    int common = p->common[place(p, target, detection)];
    return (double)common / (p->targets->items[target].area + p->detections->items[detection].area - common);
}

static bool is_near(const pairing *p, int target, int detection) {
    return p->distance[place(p, target, detection)] < CENTROID_DISTANCE;
}

static bool overlaps(const pairing *p, int target, int detection) {
    return iou_of(p, target, detection) >= OVERLAP;
}

static void fill(pairing *p, size_t pixels) {
    for (size_t i = 0; i < pixels; i++)
        if (p->targets->labels[i] && p->detections->labels[i])
            p->common[place(p, p->targets->labels[i] - 1, p->detections->labels[i] - 1)]++;
    for (int t = 0; t < p->targets->count; t++)
        for (int d = 0; d < p->detections->count; d++)
            p->distance[place(p, t, d)] = component_distance(&p->targets->items[t], &p->detections->items[d]);
}

/* Assigns what has no partner yet, and keeps the pairs that `stays` allows. */
static status assign(pairing *p, bool (*stays)(const pairing *, int, int), target_match *m) {
    int rows = 0, columns = 0;
    for (int t = 0; t < p->targets->count; t++)
        if (m->detection[t] < 0)
            p->rows[rows++] = t;
    for (int d = 0; d < p->detections->count; d++) {
        bool taken = false;
        for (int t = 0; t < p->targets->count; t++)
            taken |= m->detection[t] == d;
        if (!taken)
            p->columns[columns++] = d;
    }
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++)
            p->left[(size_t)r * (size_t)columns + (size_t)c] = p->distance[place(p, p->rows[r], p->columns[c])];
    TRY(assignment_solve(p->left, rows, columns, p->column_of));
    for (int r = 0; r < rows; r++)
        if (p->column_of[r] >= 0 && stays(p, p->rows[r], p->columns[p->column_of[r]]))
            m->detection[p->rows[r]] = p->columns[p->column_of[r]];
    return STATUS_OK;
}

static void add_pair(const pairing *p, int target, target_match *m) {
    int detection = m->detection[target], others = 0;
    for (int t = 0; t < p->targets->count; t++)
        others += t != target ? p->common[place(p, t, detection)] : 0;
    int common = p->common[place(p, target, detection)], area = p->detections->items[detection].area;
    int missed = p->targets->items[target].area - common;
    double all = area + missed;
    m->iou[target] = common / all;
    m->count++;
    m->iou_sum += m->iou[target];
    m->merge_sum += others / all;
    m->interference_sum += (area - common - others) / all;
    m->perception_sum += missed / all;
}

static void count_lonely(const pairing *p, target_match *m) {
    for (int t = 0; t < p->targets->count; t++) {
        bool lonely = true;
        for (int d = 0; d < p->detections->count; d++)
            lonely = lonely && !overlaps(p, t, d) && !is_near(p, t, d);
        m->lone_targets += lonely;
    }
    for (int d = 0; d < p->detections->count; d++) {
        bool lonely = true;
        for (int t = 0; t < p->targets->count; t++)
            lonely = lonely && !overlaps(p, t, d) && !is_near(p, t, d);
        m->stray_detections += lonely;
    }
}

static status find(pairing *p, size_t pixels, target_match *m) {
    size_t targets = (size_t)p->targets->count + 1, detections = (size_t)p->detections->count + 1;
    m->detection = calloc(targets, sizeof *m->detection);
    m->iou = calloc(targets, sizeof *m->iou);
    p->common = calloc(targets * detections, sizeof *p->common);
    p->distance = calloc(targets * detections, sizeof *p->distance);
    p->left = calloc(targets * detections, sizeof *p->left);
    p->rows = calloc(targets, sizeof *p->rows);
    p->column_of = calloc(targets, sizeof *p->column_of);
    p->columns = calloc(detections, sizeof *p->columns);
    if (!m->detection || !m->iou || !p->common || !p->distance || !p->left || !p->rows || !p->column_of || !p->columns)
        return status_fail(STATUS_MEMORY, "out of memory for matching %d targets with %d detections", p->targets->count,
                           p->detections->count);
    for (int t = 0; t < p->targets->count; t++)
        m->detection[t] = -1;
    fill(p, pixels);
    TRY(assign(p, overlaps, m));
    TRY(assign(p, is_near, m));
    for (int t = 0; t < p->targets->count; t++)
        if (m->detection[t] >= 0)
            add_pair(p, t, m);
    count_lonely(p, m);
    return STATUS_OK;
}

status target_match_find(const component_list *targets, const component_list *detections, size_t pixels,
                         target_match *out) {
    *out = (target_match){0};
    pairing p = {.targets = targets, .detections = detections};
    status result = find(&p, pixels, out);
    free(p.common);
    free(p.distance);
    free(p.left);
    free(p.rows);
    free(p.columns);
    free(p.column_of);
    return result;
}

void target_match_free(target_match *m) {
    free(m->detection);
    free(m->iou);
    *m = (target_match){0};
}
