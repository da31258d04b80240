/* Tracks of points over frames: which detections are the same target, and which are a flash that nothing follows.
 *
 * Each track is a Kalman filter of a point that moves at constant velocity, disturbed by white-noise acceleration that
 * is constant over a step (Bar-Shalom, Li and Kirubarajan, Estimation with Applications to Tracking and Navigation,
 * 2001, section 6.3.2); both axes have the same covariance. A detection may belong to a track if its squared
 * normalised distance d^2 from where the track is expected is within the gate. Of all such pairs the one with the least
 * d^2 + ln |S| is joined first, S being the covariance of that distance, then the next one of those that are still
 * free: nearest neighbours of all tracks at once (Blackman and Popoli, Design and Analysis of Modern Tracking Systems,
 * 1999, sections 6.4 and 6.7). Confirmed tracks choose before new ones. What remains begins a new track, which is
 * confirmed and gets its number with `confirm` detections in its first `of` frames, and forgotten when it cannot have
 * them any more. A confirmed track ends when it was not seen in more than `coast` frames in a row.
 *
 * Thread rule: one thread at a time for each tracker. */
#ifndef IRST_EVAL_VIDEO_TRACKER_H
#define IRST_EVAL_VIDEO_TRACKER_H

#include "core/base/status.h"

#include <stdint.h>

typedef struct tracker_options {
    double noise;        /* standard deviation of a detection's place, in pixels */
    double acceleration; /* of the acceleration, in pixels a frame, each frame */
    double speed;        /* of a new target's speed along each axis, in pixels a frame */
    double gate;         /* of d^2; 9.21 leaves out one true detection in 100 (chi-square, two degrees of freedom) */
    int confirm, of;     /* 1 <= confirm <= of */
    int coast;           /* frames */
} tracker_options;

#define TRACKER_KEYS "noise, acceleration, speed, gate, confirm, coast"
#define TRACKER_DEFAULTS "noise=0.7,acceleration=0.3,speed=2,gate=9.21,confirm=3/5,coast=8"

/* "KEY=VALUE,..." over the defaults, which are TRACKER_DEFAULTS; NULL or "": the defaults. Anything else is
 * STATUS_USAGE, and the message begins with `option`. */
status tracker_options_read(const char *text, const char *option, tracker_options *out);

typedef struct track_point {
    double x, y; /* pixels */
} track_point;

typedef struct track {
    int64_t id;    /* from 1 in the order of confirmation; 0: not confirmed */
    double x, y;   /* pixels; where it is expected if it was not seen */
    double vx, vy; /* pixels a frame */
    int point;     /* the detection of this frame that it was joined with; -1: none */
    int missed;    /* frames in a row in which it was not seen */
} track;

/* No more tracks than these are followed at a time: further detections begin none. */
enum { TRACKER_MOST = 4096 };

typedef struct tracker tracker;

status tracker_new(const tracker_options *options, tracker **out); /* free with tracker_free */
void tracker_free(tracker *t);                                     /* accepts NULL */

/* The detections of the next frame; `frame` is a number above the last one's, and what lies between has passed unseen
 * by everybody: it counts as time, not as missed. The time it takes is in proportion to tracks times detections at
 * worst, and mostly far below. */
status tracker_step(tracker *t, int64_t frame, const track_point *points, int count);

/* The confirmed tracks after the last step, in order of number: `out` is new, owned by the caller. */
status tracker_confirmed(const tracker *t, track **out, int *count);

int64_t tracker_count(const tracker *t); /* how many were ever confirmed */

#endif
