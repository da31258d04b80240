#include "eval/video/tracker.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* A track takes part with so many of the detections in its gate, the nearest ones. */
enum { CANDIDATES = 8 };

typedef struct followed {
    track shown;
    double place, mixed, velocity; /* covariance of place and velocity along each axis */
    int age, hits;                 /* frames since it began, the first one included, and detections in them */
} followed;

/* A track and a detection in its gate. */
typedef struct pair {
    double cost, distance;
    int follower, point;
} pair;

typedef struct sorted_point {
    double x, y;
    int index;
} sorted_point;

struct tracker {
    tracker_options how;
    int64_t frame, confirmed;
    int count;
    followed *tracks; /* TRACKER_MOST */
    pair *pairs;      /* TRACKER_MOST * CANDIDATES */
    int pair_count;
    sorted_point *points; /* of the frame, by y */
    bool *taken;
    int room; /* of both */
};

status tracker_new(const tracker_options *options, tracker **out) {
    tracker *t = *out = calloc(1, sizeof *t);
    if (t) {
        t->how = *options;
        t->tracks = malloc(TRACKER_MOST * sizeof *t->tracks);
        t->pairs = malloc((size_t)TRACKER_MOST * CANDIDATES * sizeof *t->pairs);
    }
    if (t && t->tracks && t->pairs)
        return STATUS_OK;
    tracker_free(t);
    *out = NULL;
    return status_fail(STATUS_MEMORY, "out of memory for %d tracks", TRACKER_MOST);
}

void tracker_free(tracker *t) {
    if (!t)
        return;
    free(t->tracks);
    free(t->pairs);
    free(t->points);
    free(t->taken);
    free(t);
}

/* --- the filter --- */

static void predict(followed *f, double acceleration, double frames) {
    double q = acceleration * acceleration, f2 = frames * frames;
    f->shown.x += frames * f->shown.vx;
    f->shown.y += frames * f->shown.vy;
    f->place += 2 * frames * f->mixed + f2 * f->velocity + q * f2 * f2 / 4;
    f->mixed += frames * f->velocity + q * f2 * frames / 2;
    f->velocity += q * f2;
}

/* The variance of a detection's distance along each axis. */
static double spread(const tracker *t, const followed *f) {
    return f->place + t->how.noise * t->how.noise;
}

static void update(const tracker *t, followed *f, const sorted_point *p) {
    double place_gain = f->place / spread(t, f), velocity_gain = f->mixed / spread(t, f);
    double dx = p->x - f->shown.x, dy = p->y - f->shown.y;
    f->shown.x += place_gain * dx;
    f->shown.y += place_gain * dy;
    f->shown.vx += velocity_gain * dx;
    f->shown.vy += velocity_gain * dy;
    f->velocity -= velocity_gain * f->mixed;
    f->place *= 1 - place_gain;
    f->mixed *= 1 - place_gain;
}

/* --- which detection belongs to which track --- */

static int by_y(const void *a, const void *b) {
    const sorted_point *p = a, *q = b;
    return p->y != q->y ? (p->y > q->y) - (p->y < q->y) : (p->index > q->index) - (p->index < q->index);
}

static status sort_points(tracker *t, const track_point *points, int count) {
    if (count > t->room) {
        free(t->points);
        free(t->taken);
        t->room = 0;
        t->points = malloc((size_t)count * sizeof *t->points);
        t->taken = malloc((size_t)count * sizeof *t->taken);
        if (!t->points || !t->taken)
            return status_fail(STATUS_MEMORY, "out of memory for %d detections", count);
        t->room = count;
    }
    for (int i = 0; i < count; i++) {
        t->points[i] = (sorted_point){points[i].x, points[i].y, i};
        t->taken[i] = false;
    }
    if (count > 0)
        qsort(t->points, (size_t)count, sizeof *t->points, by_y);
    return STATUS_OK;
}

static int first_from(const tracker *t, int count, double y) {
    int low = 0, high = count;
    while (low < high) {
        int middle = (low + high) / 2;
        if (t->points[middle].y < y)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Puts it among the nearest, of which the farthest falls out when there are enough; returns their number. */
static int offer(pair *nearest, int count, pair new) {
    if (count == CANDIDATES && nearest[count - 1].distance <= new.distance)
        return count;
    int at = count < CANDIDATES ? count++ : CANDIDATES - 1;
    for (; at > 0 && nearest[at - 1].distance > new.distance; at--)
        nearest[at] = nearest[at - 1];
    nearest[at] = new;
    return count;
}

static void find_pairs_of(tracker *t, int follower, int count) {
    const followed *f = &t->tracks[follower];
    double variance = spread(t, f), reach = sqrt(t->how.gate * variance);
    pair *nearest = t->pairs + t->pair_count;
    int found = 0;
    for (int i = first_from(t, count, f->shown.y - reach); i < count && t->points[i].y <= f->shown.y + reach; i++) {
        double dx = t->points[i].x - f->shown.x, dy = t->points[i].y - f->shown.y;
        double distance = (dx * dx + dy * dy) / variance;
        if (!t->taken[i] && distance <= t->how.gate)
            found = offer(nearest, found, (pair){distance + 2 * log(variance), distance, follower, i});
    }
    t->pair_count += found;
}

static int by_cost(const void *a, const void *b) {
    const pair *p = a, *q = b;
    if (p->cost != q->cost)
        return p->cost > q->cost ? 1 : -1;
    return p->follower != q->follower ? p->follower - q->follower : p->point - q->point;
}

/* Joins tracks, either the confirmed ones or the others, with what is free. */
static void join(tracker *t, bool confirmed, int count) {
    t->pair_count = 0;
    for (int i = 0; i < t->count; i++)
        if ((t->tracks[i].shown.id > 0) == confirmed)
            find_pairs_of(t, i, count);
    qsort(t->pairs, (size_t)t->pair_count, sizeof *t->pairs, by_cost);
    for (int i = 0; i < t->pair_count; i++) {
        const pair *p = &t->pairs[i];
        followed *f = &t->tracks[p->follower];
        if (f->shown.point >= 0 || t->taken[p->point])
            continue;
        t->taken[p->point] = true;
        f->shown.point = t->points[p->point].index;
        update(t, f, &t->points[p->point]);
    }
}

/* --- beginning and end --- */

static void begin_tracks(tracker *t, int count) {
    for (int i = 0; i < count && t->count < TRACKER_MOST; i++) {
        const sorted_point *p = &t->points[i];
        if (t->taken[i])
            continue;
        t->tracks[t->count++] = (followed){.shown = {.x = p->x, .y = p->y, .point = p->index},
                                           .place = t->how.noise * t->how.noise,
                                           .velocity = t->how.speed * t->how.speed};
    }
}

/* Whether it is followed further. */
static bool goes_on(const tracker *t, followed *f) {
    bool seen = f->shown.point >= 0;
    f->age++;
    f->hits += seen;
    f->shown.missed = seen ? 0 : f->shown.missed + 1;
    return f->shown.id > 0 ? f->shown.missed <= t->how.coast : f->hits + t->how.of - f->age >= t->how.confirm;
}

/* Drops what ended, and numbers what is confirmed, in the order in which tracks began. */
static void end_tracks(tracker *t) {
    int kept = 0;
    for (int i = 0; i < t->count; i++) {
        followed *f = &t->tracks[i];
        if (!goes_on(t, f))
            continue;
        if (f->shown.id == 0 && f->hits >= t->how.confirm)
            f->shown.id = ++t->confirmed;
        t->tracks[kept++] = *f;
    }
    t->count = kept;
}

status tracker_step(tracker *t, int64_t frame, const track_point *points, int count) {
    assert(t->count == 0 || frame > t->frame);
    TRY(sort_points(t, points, count));
    for (int i = 0; i < t->count; i++) {
        predict(&t->tracks[i], t->how.acceleration, (double)(frame - t->frame));
        t->tracks[i].shown.point = -1;
    }
    join(t, true, count);
    join(t, false, count);
    begin_tracks(t, count);
    end_tracks(t);
    t->frame = frame;
    return STATUS_OK;
}

/* --- results --- */

static int by_id(const void *a, const void *b) {
    const track *p = a, *q = b;
    return (p->id > q->id) - (p->id < q->id);
}

status tracker_confirmed(const tracker *t, track **out, int *count) {
    *count = 0;
    *out = malloc(((size_t)t->count + 1) * sizeof **out);
    if (!*out)
        return status_fail(STATUS_MEMORY, "out of memory for %d tracks", t->count);
    for (int i = 0; i < t->count; i++)
        if (t->tracks[i].shown.id > 0)
            (*out)[(*count)++] = t->tracks[i].shown;
    qsort(*out, (size_t)*count, sizeof **out, by_id);
    return STATUS_OK;
}

int64_t tracker_count(const tracker *t) {
    return t->confirmed;
}
