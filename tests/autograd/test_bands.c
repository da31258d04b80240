/* Elementwise work in items: every pixel once, whatever the shape, and sums that no number of threads changes. */
#include "autograd/shared/bands.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <stdlib.h>

typedef struct visits {
    const tensor *t;
    double *sums;
} visits;

static void count_pixels(const worker *w, void *context, const plane_band *b) {
    (void)w;
    const visits *v = context;
    float *pixels = band_data(v->t, b);
    for (int row = 0; row < b->rows.h; row++)
        for (int i = 0; i < b->rows.w; i++)
            pixels[row * b->rows.row + i] += 1;
    v->sums[b->item] += b->rows.h * b->rows.w;
}

static void check(tensor t, int items) {
    float *memory = calloc(tensor_footprint(&t), sizeof *memory);
    double *sums = calloc(bands_sum_scratch(&t), sizeof *memory);
    assert_true(memory && sums);
    t.data = memory + tensor_origin(&t);
    assert_int_equal(bands_items(&t), items);
    visits v = {&t, sums};
    assert_true(bands_sum(test_engine(), &t, count_pixels, &v, sums) == (double)tensor_count(&t));
    double all = 0;
    for (size_t i = 0; i < tensor_footprint(&t); i++)
        all += memory[i];
    assert_true(all == (double)tensor_count(&t));
    for (int p = 0; p < t.n * t.c; p++)
        for (int y = 0; y < t.h; y++)
            for (int x = 0; x < t.w; x++)
                assert_true(plane_data(&t, p)[y * t.row + x] == 1);
    free(memory);
    free(sums);
}

static void test_every_pixel_once(void **state) {
    (void)state;
    check(tensor_planar(1, 1, 256, 256), 8);
    check(tensor_planar(2, 3, 41, 247), 8); /* 33 rows: from one plane into the next */
    check(tensor_planar(3, 40, 8, 8), 1);
    check(tensor_planar(2, 64, 16, 16), 4);
    check(tensor_planar(1, 2, 3, 9000), 6);
    check(tensor_dense(8, 32, 1, 1), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_pixel_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
