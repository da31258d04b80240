/* One scene: clutter, targets, noise. */
#include "datasets/make/synthesize.h"

#include "core/base/rng.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

typedef struct scene {
    int size;
    float *level; /* grey levels, 0 .. 255 */
    uint8_t *target;
    rng random;
    uint64_t lattice_seed;
} scene;

static double between(rng *r, double low, double high) {
    return low + (high - low) * rng_uniform(r);
}

/* A fixed random number in [0, 1) for each lattice point of each octave. */
static double lattice(const scene *s, int octave, int x, int y) {
    rng r = rng_new(s->lattice_seed, (uint64_t)octave);
    r.index = 4 * (((uint64_t)(uint32_t)y << 24) + (uint64_t)(uint32_t)x);
    return rng_uniform(&r);
}

static double smooth(double t) {
    return t * t * (3 - 2 * t);
}

/* Value noise: random numbers on the integer lattice, smoothly interpolated. */
static double value_noise(const scene *s, int octave, double x, double y) {
    int ix = (int)floor(x), iy = (int)floor(y);
    double fx = smooth(x - ix), fy = smooth(y - iy);
    double top = lattice(s, octave, ix, iy) * (1 - fx) + lattice(s, octave, ix + 1, iy) * fx;
    double bottom = lattice(s, octave, ix, iy + 1) * (1 - fx) + lattice(s, octave, ix + 1, iy + 1) * fx;
    return top * (1 - fy) + bottom * fy;
}

/* Octaves of value noise around 0, from `cell` pixels down to 3; stretch > 1 draws it out along rows. */
static void add_texture(scene *s, int first_octave, double cell, double stretch, double amplitude, double persistence) {
    for (int octave = first_octave; cell >= 3; octave++, cell /= 2, amplitude *= persistence)
        for (int y = 0; y < s->size; y++)
            for (int x = 0; x < s->size; x++)
                s->level[y * s->size + x] +=
                    (float)(amplitude * (value_noise(s, octave, x / (cell * stretch), y / cell) - 0.5));
}

static void add_gradient(scene *s, double base, double across, double down) {
    for (int y = 0; y < s->size; y++)
        for (int x = 0; x < s->size; x++)
            s->level[y * s->size + x] += (float)(base + across * x / s->size + down * y / s->size);
}

/* Billowing bright cloud on a dark sky. */
static void paint_cloud(scene *s) {
    rng *r = &s->random;
    add_gradient(s, between(r, 30, 80), between(r, -20, 20), between(r, -10, 40));
    add_texture(s, 0, s->size * between(r, 0.3, 0.7), 1, between(r, 60, 150), between(r, 0.35, 0.55));
}

/* Sky above a horizon, waves drawn out along it below, with glints. */
static void paint_sea(scene *s) {
    rng *r = &s->random;
    int horizon = (int)(s->size * between(r, 0.05, 0.6));
    double sky = between(r, 40, 110), water = between(r, 40, 100);
    add_texture(s, 0, s->size * 0.5, 2, between(r, 15, 40), 0.4);
    for (int y = 0; y < s->size; y++)
        for (int x = 0; x < s->size; x++)
            s->level[y * s->size + x] += (float)(y < horizon ? sky + 20.0 * y / s->size : water);
    double amplitude = between(r, 15, 45), length = between(r, 12, 40), depth = s->size / 10.0;
    for (int y = horizon; y < s->size; y++) {
        double distance = 5 * log(1 + (y - horizon) / depth); /* waves crowd together towards the horizon */
        for (int x = 0; x < s->size; x++) {
            double wave =
                value_noise(s, 20, x / length, distance * 2) + 0.6 * value_noise(s, 22, 2 * x / length, distance * 5);
            double glint = value_noise(s, 21, x / 5.0, y / 3.0);
            s->level[y * s->size + x] += (float)(amplitude * (wave - 0.8) + (glint > 0.93 ? 150 * (glint - 0.93) : 0));
        }
    }
}

/* Fields of different warmth with straight edges, roads, and a few warm buildings far larger than a target. */
static void paint_ground(scene *s) {
    rng *r = &s->random;
    add_gradient(s, between(r, 50, 100), between(r, -30, 30), between(r, -20, 30));
    add_texture(s, 0, s->size * 0.25, 1, between(r, 30, 70), 0.6);
    for (int field = 0; field < 5; field++) {
        double angle = between(r, 0, 6.283), offset = between(r, -0.4, 0.4) * s->size, step = between(r, -18, 18);
        bool road = field == 4;
        for (int y = 0; y < s->size; y++)
            for (int x = 0; x < s->size; x++) {
                double side = (x - s->size / 2) * cos(angle) + (y - s->size / 2) * sin(angle) - offset;
                if (road ? fabs(side) < 2 : side > 0)
                    s->level[y * s->size + x] += (float)(road ? 25 : step);
            }
    }
    int buildings = (int)rng_below(r, 4);
    for (int i = 0; i < buildings; i++) {
        int w = 12 + (int)rng_below(r, 14), h = 12 + (int)rng_below(r, 14);
        int x0 = (int)rng_below(r, (uint32_t)s->size), y0 = (int)rng_below(r, (uint32_t)s->size);
        float warmth = (float)between(r, 15, 45);
        for (int y = y0; y < y0 + h && y < s->size; y++)
            for (int x = x0; x < x0 + w && x < s->size; x++)
                s->level[y * s->size + x] += warmth;
    }
}

/* Standard deviation of the clutter in a 17x17 window. */
static double local_deviation(const scene *s, int cx, int cy) {
    double sum = 0, squares = 0;
    int count = 0;
    for (int y = cy - 8; y <= cy + 8; y++)
        for (int x = cx - 8; x <= cx + 8; x++) {
            if (x < 0 || y < 0 || x >= s->size || y >= s->size)
                continue;
            double v = s->level[y * s->size + x];
            sum += v;
            squares += v * v;
            count++;
        }
    double mean = sum / count, variance = squares / count - mean * mean;
    return variance > 0 ? sqrt(variance) : 0;
}

enum { SMALLEST_TARGET = 2, LARGEST_TARGET = 80, MARGIN = 8 };
#define MASK_LEVEL 0.35 /* of a target's peak: what counts as its pixels */

typedef struct spot {
    double x, y, sigma_x, sigma_y, cosine, sine;
} spot;

static double profile(const spot *t, int x, int y) {
    double dx = x - t->x, dy = y - t->y;
    double u = (dx * t->cosine + dy * t->sine) / t->sigma_x, v = (dy * t->cosine - dx * t->sine) / t->sigma_y;
    return exp(-0.5 * (u * u + v * v));
}

/* Whether the spot has a proper size and keeps its distance from other targets. */
static bool fits(const scene *s, const spot *t) {
    int count = 0;
    for (int y = (int)t->y - 14; y <= (int)t->y + 14; y++)
        for (int x = (int)t->x - 14; x <= (int)t->x + 14; x++) {
            if (x < 0 || y < 0 || x >= s->size || y >= s->size)
                continue;
            double p = profile(t, x, y);
            count += p >= MASK_LEVEL;
            if (p > 0.01 && s->target[y * s->size + x])
                return false;
        }
    return count >= SMALLEST_TARGET && count <= LARGEST_TARGET;
}

static void add_target(scene *s, double noise) {
    rng *r = &s->random;
    for (int attempt = 0; attempt < 50; attempt++) {
        double angle = between(r, 0, 6.283), sigma = exp(between(r, log(0.6), log(2.6)));
        double elongation = between(r, 0.7, 1.4);
        spot t = {.x = between(r, MARGIN, s->size - MARGIN),
                  .y = between(r, MARGIN, s->size - MARGIN),
                  .sigma_x = sigma * elongation,
                  .sigma_y = sigma / elongation,
                  .cosine = cos(angle),
                  .sine = sin(angle)};
        if (!fits(s, &t))
            continue;
        double clutter = local_deviation(s, (int)t.x, (int)t.y);
        double peak = between(r, 3, 10) * (sqrt(clutter * clutter + noise * noise) + 1);
        peak = fmin(fmax(peak, 14), 150);
        for (int y = 0; y < s->size; y++)
            for (int x = 0; x < s->size; x++) {
                double p = profile(&t, x, y);
                s->level[y * s->size + x] += (float)(peak * p);
                if (p >= MASK_LEVEL)
                    s->target[y * s->size + x] = 1;
            }
        return;
    }
}

/* White noise of each pixel and a weak fixed pattern of the columns. */
static void add_noise(scene *s, double deviation) {
    rng *r = &s->random;
    for (int x = 0; x < s->size; x++) {
        float column = (float)(0.3 * deviation * rng_normal(r));
        for (int y = 0; y < s->size; y++)
            s->level[y * s->size + x] += column;
    }
    for (int i = 0; i < s->size * s->size; i++)
        s->level[i] += (float)(deviation * rng_normal(r));
}

static void paint(scene *s) {
    rng *r = &s->random;
    void (*const painters[])(scene *) = {paint_cloud, paint_sea, paint_ground};
    painters[rng_below(r, 3)](s);
    double noise = between(r, 1, 4);
    int targets = 1 + (int)rng_below(r, 4);
    for (int i = 0; i < targets; i++)
        add_target(s, noise);
    add_noise(s, noise);
}

status synthesize_scene(uint64_t seed, int index, int size, grey_image *image, grey_image *mask) {
    *image = *mask = (grey_image){0};
    if (size < 4 * MARGIN || size > 4096)
        return status_fail(STATUS_USAGE, "scenes of %d pixels: expected %d to 4096", size, 4 * MARGIN);
    size_t pixels = (size_t)size * (size_t)size;
    scene s = {.size = size, .level = calloc(pixels, sizeof *s.level), .target = calloc(pixels, 1)};
    s.random = rng_new(seed, rng_stream_of("scene") + (uint64_t)index);
    s.lattice_seed = ((uint64_t)rng_u32(&s.random) << 32) | rng_u32(&s.random);
    status result = s.level && s.target ? grey_image_new(size, size, 255, image)
                                        : status_fail(STATUS_MEMORY, "out of memory for a scene");
    if (result == STATUS_OK)
        result = grey_image_new(size, size, 255, mask);
    if (result == STATUS_OK) {
        paint(&s);
        for (size_t i = 0; i < pixels; i++) {
            image->pixels[i] = (uint16_t)lrintf(fminf(fmaxf(s.level[i], 0), 255));
            mask->pixels[i] = s.target[i] ? 255 : 0;
        }
    } else {
        grey_image_free(image);
    }
    free(s.level);
    free(s.target);
    return result;
}
