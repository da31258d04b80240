/* An image cut into P x P patches, stacked into a tensor P x P x n3, and back (Zhang & Peng, 2019).
 *
 * Patches start every `step` pixels, the last ones at the image's far border. Columns of patches are walked first, from
 * top to bottom; inside a patch, memory runs down the columns too.
 *
 * Thread rule: any thread at any time, on different tensors. */
#ifndef IRST_MODULES_CLASSIC_PSTNN_PATCH_TENSOR_H
#define IRST_MODULES_CLASSIC_PSTNN_PATCH_TENSOR_H

typedef struct patch_tensor {
    int width, height; /* of the image, each at least P */
    int P, step;
    int rows, columns; /* of patches */
    int n3;            /* rows * columns */
} patch_tensor;

patch_tensor patch_tensor_of(int width, int height, int P, int step);

void patch_tensor_cut(const patch_tensor *t, const double *image, double *tensor);

/* Where patches overlap, the last one written stays. */
void patch_tensor_paste(const patch_tensor *t, const double *tensor, double *image);

#endif
