/* Kernels that work on one plane. */
#include "tests/core/tensor/kernel_checks.h"
#include "tests/core/tensor/watched.h"
#include "tests/expect.h"

#include <math.h>

void expect_near(double got, double expected, double size, const char *what, const kernel_table *set) {
    if (!(fabs(got - expected) <= 16 * FLOAT_ROUNDING * size))
        fail_msg("%s, %s: %.9g, expected %.9g", what, set->name, got, expected);
}

#define EACH_PIXEL(plane, at)                                                                                          \
    for (ptrdiff_t at = 0; at < (plane).s.h * (plane).s.row; at++)                                                     \
        if (at % (plane).s.row < (plane).s.w)

/* A plane for each argument of a kernel; `y` is what it writes, `before` what stood there. */
typedef struct planes {
    watched_plane x, z, y, before;
} planes;

static planes planes_new(int shape) {
    rng r = rng_new(6, (uint64_t)shape);
    planes p = {
        .x = watched_plane_new(shape, &r), .z = watched_plane_new(shape, &r), .y = watched_plane_new(shape, &r)};
    p.before = watched_plane_copy(&p.y);
    return p;
}

static void planes_free(planes *p, const char *what) {
    watched_plane *all[] = {&p->x, &p->z, &p->y, &p->before};
    for (int i = 0; i < 4; i++) {
        expect_watched_plane(all[i], what);
        watched_free(&all[i]->room);
    }
}

static void restore(planes *p) {
    memcpy(p->y.room.data, p->before.room.data, p->y.room.count * sizeof(float));
}

void check_plane_affine(const kernel_table *set) {
    for (int shape = 0; shape < WATCHED_SHAPES; shape++) {
        planes p = planes_new(shape);
        for (int relu = 0; relu < 2; relu++)
            for (int in_place = 0; in_place < 2; in_place++) {
                restore(&p);
                const float *x = in_place ? p.y.room.data : p.x.room.data;
                const float *was = in_place ? p.before.room.data : p.x.room.data;
                set->plane_affine(p.y.s, x, -1.5f, 0.25f, relu, p.y.room.data);
                EACH_PIXEL(p.y, i) {
                    double expected = -1.5 * (double)was[i] + 0.25;
                    expect_near(p.y.room.data[i], relu ? fmax(0, expected) : expected, 2 + fabs(expected),
                                "plane_affine", set);
                }
            }
        p.x.room.data[0] = NAN;
        set->plane_affine(p.y.s, p.x.room.data, 1, 0, true, p.y.room.data);
        assert_true(isnan(p.y.room.data[0])); /* not lost in the maximum */
        planes_free(&p, "plane_affine");
    }
}

void check_plane_combine(const kernel_table *set) {
    for (int shape = 0; shape < WATCHED_SHAPES; shape++) {
        planes p = planes_new(shape);
        for (int with_z = 0; with_z < 2; with_z++)
            for (int accumulate = 0; accumulate < 2; accumulate++)
                for (int in_place = 0; in_place < 2; in_place++) {
                    restore(&p);
                    const float *x = in_place ? p.y.room.data : p.x.room.data;
                    const float *was = in_place ? p.before.room.data : p.x.room.data;
                    set->plane_combine(p.y.s, 0.75f, x, -2.5f, with_z ? p.z.room.data : NULL, accumulate,
                                       p.y.room.data);
                    EACH_PIXEL(p.y, i) {
                        double a = 0.75 * (double)was[i], b = with_z ? -2.5 * (double)p.z.room.data[i] : 0;
                        double c = accumulate ? p.before.room.data[i] : 0;
                        expect_near(p.y.room.data[i], a + b + c, fabs(a) + fabs(b) + fabs(c), "plane_combine", set);
                    }
                }
        planes_free(&p, "plane_combine");
    }
}

void check_plane_sum_up(const kernel_table *set) {
    static const float weights[] = {0.75f, -2.5f, 1, -1};
    for (int shape = 0; shape < WATCHED_SHAPES; shape++) {
        planes p = planes_new(shape);
        for (int count = 1; count <= 4; count++)
            for (int in_place = 0; in_place < 2; in_place++) {
                const float *x[] = {p.x.room.data, p.z.room.data, in_place ? p.y.room.data : p.before.room.data,
                                    p.x.room.data};
                restore(&p);
                set->plane_sum_up(p.y.s, count, x, weights, p.y.room.data);
                EACH_PIXEL(p.y, i) {
                    const double was[] = {p.x.room.data[i], p.z.room.data[i], p.before.room.data[i], p.x.room.data[i]};
                    double sum = 0, size = 0;
                    for (int k = 0; k < count; k++) {
                        sum += weights[k] * was[k];
                        size += fabs(weights[k] * was[k]);
                    }
                    expect_near(p.y.room.data[i], sum, size, "plane_sum_up", set);
                }
            }
        planes_free(&p, "plane_sum_up");
    }
}

void check_plane_product(const kernel_table *set) {
    for (int shape = 0; shape < WATCHED_SHAPES; shape++) {
        planes p = planes_new(shape);
        for (int accumulate = 0; accumulate < 2; accumulate++) {
            restore(&p);
            set->plane_product(p.y.s, p.x.room.data, p.z.room.data, accumulate, p.y.room.data);
            EACH_PIXEL(p.y, i) {
                double product = (double)p.x.room.data[i] * p.z.room.data[i];
                double before = accumulate ? p.before.room.data[i] : 0;
                expect_near(p.y.room.data[i], product + before, fabs(product) + fabs(before), "plane_product", set);
            }
        }
        planes_free(&p, "plane_product");
    }
}

void check_plane_sum(const kernel_table *set) {
    for (int shape = 0; shape < WATCHED_SHAPES; shape++) {
        planes p = planes_new(shape);
        double sum = 0, size = 0;
        EACH_PIXEL(p.x, i) {
            sum += p.x.room.data[i];
            size += fabs((double)p.x.room.data[i]);
        }
        expect_near(set->plane_sum(p.x.s, p.x.room.data), sum, size, "plane_sum", set);
        planes_free(&p, "plane_sum");
    }
}

void check_plane_dot(const kernel_table *set) {
    for (int shape = 0; shape < WATCHED_SHAPES; shape++) {
        planes p = planes_new(shape);
        double sum = 0, size = 0;
        EACH_PIXEL(p.x, i) {
            double product = (double)p.x.room.data[i] * p.z.room.data[i];
            sum += product;
            size += fabs(product);
        }
        expect_near(set->plane_dot(p.x.s, p.x.room.data, p.z.room.data), sum, size, "plane_dot", set);
        planes_free(&p, "plane_dot");
    }
}

/* Around a mean of 1000, where squares minus the mean's square would have nothing left in float32. */
void check_plane_moments(const kernel_table *set) {
    for (int shape = 0; shape < WATCHED_SHAPES; shape++) {
        planes p = planes_new(shape);
        double count = (double)p.x.s.h * p.x.s.w, mean = 0, m2 = 0;
        EACH_PIXEL(p.x, i) {
            p.x.room.data[i] += 1000;
            mean += p.x.room.data[i] / count;
        }
        EACH_PIXEL(p.x, i) {
            m2 += pow((double)p.x.room.data[i] - mean, 2);
        }
        plane_moments got = set->plane_moments(p.x.s, p.x.room.data);
        expect_near(got.mean, mean, 1000, "plane_moments: mean", set);
        expect_near(got.m2, m2, m2 + 1e-3 * count, "plane_moments: m2", set);
        planes_free(&p, "plane_moments");
    }
}

static void expect_peak(const kernel_table *set, const watched_plane *w, int y, int x) {
    plane_peak got = set->plane_peak(w->s, w->room.data);
    float expected = w->room.data[y * w->s.row + x];
    if (got.y != y || got.x != x || !(got.value == expected || (isnan(got.value) && isnan(expected))))
        fail_msg("plane_peak, %s: %g at (%d, %d), expected %g at (%d, %d)", set->name, (double)got.value, got.y, got.x,
                 (double)expected, y, x);
}

/* The maximum anywhere, its equals after it, NaN, and planes below every number. */
void check_plane_peak(const kernel_table *set) {
    for (int shape = 0; shape < WATCHED_SHAPES; shape++) {
        planes p = planes_new(shape);
        int h = p.x.s.h, w = p.x.s.w;
        for (int at = 0; at < h * w; at += 1 + h * w / 40) {
            float *pixel = &p.x.room.data[at / w * p.x.s.row + at % w], before = *pixel;
            float *last = &p.x.room.data[(h - 1) * p.x.s.row + w - 1], last_before = *last;
            *pixel = 100;
            *last = 100;
            expect_peak(set, &p.x, at / w, at % w);
            *last = last_before;
            *pixel = NAN;
            expect_peak(set, &p.x, at / w, at % w);
            *pixel = before;
        }
        EACH_PIXEL(p.x, i) {
            p.x.room.data[i] = -INFINITY;
        }
        expect_peak(set, &p.x, 0, 0);
        planes_free(&p, "plane_peak");
    }
}

/* --- backward pass of batch norm and ReLU: dy is z; mean, scale and shift as below --- */

#define MEAN 0.3f
#define SCALE (-1.25f)
#define SHIFT 0.1f

/* Whether the ReLU let a pixel through; none of the samples lies within rounding of the edge. */
static bool passes(float x) {
    return SCALE * (double)x + SHIFT > 0;
}

static void expect_sums(const planes *p, const float *dz, const double out[2], const char *what,
                        const kernel_table *set) {
    double sum = 0, product = 0, size = 0, product_size = 0;
    EACH_PIXEL(p->x, i) {
        double centred = (double)p->x.room.data[i] - MEAN;
        sum += dz[i];
        size += fabs((double)dz[i]);
        product += dz[i] * centred;
        product_size += fabs(dz[i] * centred);
    }
    expect_near(out[0], sum, size, what, set);
    expect_near(out[1], product, product_size, what, set);
}

void check_plane_norm_sums(const kernel_table *set) {
    for (int shape = 0; shape < WATCHED_SHAPES; shape++) {
        planes p = planes_new(shape);
        for (int relu = 0; relu < 2; relu++) {
            double out[2] = {NAN, NAN};
            set->plane_norm_sums(p.x.s, p.x.room.data, p.z.room.data, MEAN, SCALE, SHIFT, relu, out);
            EACH_PIXEL(p.y, i) {
                p.y.room.data[i] = !relu || passes(p.x.room.data[i]) ? p.z.room.data[i] : 0;
            }
            expect_sums(&p, p.y.room.data, out, "plane_norm_sums", set);
        }
        planes_free(&p, "plane_norm_sums");
    }
}

void check_plane_norm_mask(const kernel_table *set) {
    for (int shape = 0; shape < WATCHED_SHAPES; shape++) {
        planes p = planes_new(shape);
        double out[2] = {NAN, NAN};
        set->plane_norm_mask(p.x.s, p.x.room.data, p.y.room.data, 0.5f, MEAN, SCALE, SHIFT, out);
        EACH_PIXEL(p.y, i) {
            float dz = passes(p.x.room.data[i]) ? p.before.room.data[i] + 0.5f : 0;
            assert_true(p.y.room.data[i] == dz);
        }
        expect_sums(&p, p.y.room.data, out, "plane_norm_mask", set);
        planes_free(&p, "plane_norm_mask");
    }
}

void check_plane_norm_backward(const kernel_table *set) {
    for (int shape = 0; shape < WATCHED_SHAPES; shape++) {
        planes p = planes_new(shape);
        for (int relu = 0; relu < 2; relu++)
            for (int accumulate = 0; accumulate < 2; accumulate++) {
                restore(&p);
                set->plane_norm_backward(p.x.s, p.x.room.data, p.z.room.data, MEAN, SCALE, SHIFT, relu, 2, -0.5f, 0.75f,
                                         accumulate, p.y.room.data);
                EACH_PIXEL(p.y, i) {
                    double x = p.x.room.data[i], dz = !relu || passes((float)x) ? p.z.room.data[i] : 0;
                    double before = accumulate ? p.before.room.data[i] : 0;
                    expect_near(p.y.room.data[i], 2 * dz - 0.5 * (x - MEAN) + 0.75 + before,
                                2 * fabs(dz) + fabs(x) + 1 + fabs(before), "plane_norm_backward", set);
                }
            }
        planes_free(&p, "plane_norm_backward");
    }
}

void check_plane_relu_backward(const kernel_table *set) {
    for (int shape = 0; shape < WATCHED_SHAPES; shape++) {
        planes p = planes_new(shape);
        p.x.room.data[0] = 0; /* y = 0: nothing passes */
        for (int accumulate = 0; accumulate < 2; accumulate++) {
            restore(&p);
            set->plane_relu_backward(p.y.s, p.x.room.data, p.z.room.data, accumulate, p.y.room.data);
            EACH_PIXEL(p.y, i) {
                float dz = p.x.room.data[i] > 0 ? p.z.room.data[i] : 0;
                assert_true(p.y.room.data[i] == (accumulate ? p.before.room.data[i] + dz : dz));
                assert_false(accumulate ? false : dz == 0 && signbit(p.y.room.data[i]));
            }
        }
        restore(&p);
        set->plane_relu_backward(p.y.s, p.x.room.data, p.y.room.data, false, p.y.room.data); /* in place */
        EACH_PIXEL(p.y, i) {
            assert_true(p.y.room.data[i] == (p.x.room.data[i] > 0 ? p.before.room.data[i] : 0));
        }
        planes_free(&p, "plane_relu_backward");
    }
}
