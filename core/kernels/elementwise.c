/* Elementwise kernels and sums over one plane. Only the W pixels of each row are written: the halo stays zero. */
#include "core/kernels/vector.h"

#define EACH_ROW(s) for (int y_ = 0; y_ < (s).h; y_++)
#define EACH_PIXEL(s) for (int i = 0; i < (s).w; i++)

void KERNEL(plane_affine)(plane_shape s, const float *x, float scale, float shift, bool relu, float *y) {
    EACH_ROW(s) {
        if (relu)
            EACH_PIXEL(s) {
                float v = scale * x[i] + shift;
                y[i] = v <= 0 ? 0 : v;
            }
        else
            EACH_PIXEL(s) y[i] = scale * x[i] + shift;
        x += s.row;
        y += s.row;
    }
}

void KERNEL(plane_combine)(plane_shape s, float a, const float *x, float b, const float *z, bool accumulate, float *y) {
    EACH_ROW(s) {
        if (z && accumulate)
            EACH_PIXEL(s) y[i] += a * x[i] + b * z[i];
        else if (z)
            EACH_PIXEL(s) y[i] = a * x[i] + b * z[i];
        else if (accumulate)
            EACH_PIXEL(s) y[i] += a * x[i];
        else
            EACH_PIXEL(s) y[i] = a * x[i];
        x += s.row;
        y += s.row;
        z = z ? z + s.row : NULL;
    }
}

void KERNEL(plane_sum_up)(plane_shape s, int count, const float *const *x, const float *weight, float *y) {
    for (int row = 0; row < s.h; row++) {
        ptrdiff_t at = row * s.row, end = at + s.w;
        for (; at + LANES <= end; at += LANES) {
            vec sum = weight[0] * vec_load(x[0] + at);
            for (int i = 1; i < count; i++)
                sum += weight[i] * vec_load(x[i] + at);
            vec_store(y + at, sum);
        }
        for (; at < end; at++) {
            float sum = weight[0] * x[0][at];
            for (int i = 1; i < count; i++)
                sum += weight[i] * x[i][at];
            y[at] = sum;
        }
    }
}

void KERNEL(plane_product)(plane_shape s, const float *x, const float *z, bool accumulate, float *y) {
    EACH_ROW(s) {
        if (accumulate)
            EACH_PIXEL(s) y[i] += x[i] * z[i];
        else
            EACH_PIXEL(s) y[i] = x[i] * z[i];
        x += s.row;
        y += s.row;
        z += s.row;
    }
}

/* Each row is summed in float32 lanes (at most a few hundred terms), the rows in double. */
double KERNEL(plane_sum)(plane_shape s, const float *x) {
    double total = 0;
    EACH_ROW(s) {
        vec sum = {0};
        int i = 0;
        for (; i + LANES <= s.w; i += LANES)
            sum += vec_load(x + i);
        float rest = 0;
        for (; i < s.w; i++)
            rest += x[i];
        total += vec_sum(sum) + rest;
        x += s.row;
    }
    return total;
}

double KERNEL(plane_dot)(plane_shape s, const float *x, const float *y) {
    double total = 0;
    EACH_ROW(s) {
        vec sum = {0};
        int i = 0;
        for (; i + LANES <= s.w; i += LANES)
            sum += vec_load(x + i) * vec_load(y + i);
        float rest = 0;
        for (; i < s.w; i++)
            rest += x[i] * y[i];
        total += vec_sum(sum) + rest;
        x += s.row;
        y += s.row;
    }
    return total;
}

/* Two passes over a plane that fits the cache: the mean first, so that the squares do not cancel. */
plane_moments KERNEL(plane_moments)(plane_shape s, const float *x) {
    double count = (double)s.h * s.w;
    double mean = KERNEL(plane_sum)(s, x) / count;
    float centre = (float)mean;
    double m2 = 0, deviation = 0;
    EACH_ROW(s) {
        vec square = {0}, linear = {0};
        int i = 0;
        for (; i + LANES <= s.w; i += LANES) {
            vec d = vec_load(x + i) - vec_set(centre);
            square += d * d;
            linear += d;
        }
        float square_rest = 0, linear_rest = 0;
        for (; i < s.w; i++) {
            float d = x[i] - centre;
            square_rest += d * d;
            linear_rest += d;
        }
        m2 += vec_sum(square) + square_rest;
        deviation += vec_sum(linear) + linear_rest;
        x += s.row;
    }
    /* The centre was rounded to float32; moving it to the true mean takes away deviation^2 / count. */
    return (plane_moments){.mean = centre + deviation / count, .m2 = m2 - deviation * deviation / count};
}

void KERNEL(plane_norm_sums)(plane_shape s, const float *x, const float *dy, float mean, float scale, float shift,
                             bool relu, double out[2]) {
    out[0] = out[1] = 0;
    EACH_ROW(s) {
        vec sum = {0}, product = {0};
        int i = 0;
        for (; i + LANES <= s.w; i += LANES) {
            vec v = vec_load(x + i);
            vec dz = vec_load(dy + i);
            if (relu)
                dz = (vec)((ivec)dz & (scale * v + shift > (vec){0}));
            sum += dz;
            product += dz * (v - vec_set(mean));
        }
        float sum_rest = 0, product_rest = 0;
        for (; i < s.w; i++) {
            float dz = !relu || scale * x[i] + shift > 0 ? dy[i] : 0;
            sum_rest += dz;
            product_rest += dz * (x[i] - mean);
        }
        out[0] += vec_sum(sum) + sum_rest;
        out[1] += vec_sum(product) + product_rest;
        x += s.row;
        dy += s.row;
    }
}

void KERNEL(plane_norm_mask)(plane_shape s, const float *x, float *dy, float constant, float mean, float scale,
                             float shift, double out[2]) {
    out[0] = out[1] = 0;
    EACH_ROW(s) {
        vec sum = {0}, product = {0};
        int i = 0;
        for (; i + LANES <= s.w; i += LANES) {
            vec v = vec_load(x + i);
            vec dz = (vec)((ivec)(vec_load(dy + i) + constant) & (scale * v + shift > (vec){0}));
            vec_store(dy + i, dz);
            sum += dz;
            product += dz * (v - mean);
        }
        float sum_rest = 0, product_rest = 0;
        for (; i < s.w; i++) {
            dy[i] = scale * x[i] + shift > 0 ? dy[i] + constant : 0;
            sum_rest += dy[i];
            product_rest += dy[i] * (x[i] - mean);
        }
        out[0] += vec_sum(sum) + sum_rest;
        out[1] += vec_sum(product) + product_rest;
        x += s.row;
        dy += s.row;
    }
}

void KERNEL(plane_norm_backward)(plane_shape s, const float *x, const float *dy, float mean, float scale, float shift,
                                 bool relu, float a, float b, float c, bool accumulate, float *dx) {
    EACH_ROW(s) {
        EACH_PIXEL(s) {
            float dz = !relu || scale * x[i] + shift > 0 ? dy[i] : 0;
            float value = a * dz + b * (x[i] - mean) + c;
            dx[i] = accumulate ? dx[i] + value : value;
        }
        x += s.row;
        dy += s.row;
        dx += s.row;
    }
}

void KERNEL(plane_relu_backward)(plane_shape s, const float *y, const float *dy, bool accumulate, float *dx) {
    EACH_ROW(s) {
        if (accumulate)
            EACH_PIXEL(s) dx[i] += y[i] > 0 ? dy[i] : 0;
        else
            EACH_PIXEL(s) dx[i] = y[i] > 0 ? dy[i] : 0;
        y += s.row;
        dy += s.row;
        dx += s.row;
    }
}
