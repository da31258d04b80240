/* Convolution 3x3 with padding 1 by Winograd's F(4x4, 3x3), see conv_strategy.h: less than half of the direct kernel's
 * time at 32 channels, with rounding errors a few times as large (below 1e-6 of the largest output). Here is what
 * streaming (conv_stream.h) and F(2x2, 3x3) (conv_winograd_small.c) use of it, too.
 *
 * Thread rule: as conv.h. */
#ifndef IRST_CORE_CONV_CONV_WINOGRAD_H
#define IRST_CORE_CONV_CONV_WINOGRAD_H

#include "core/conv/conv_strategy.h"
#include "core/tensor/kernels.h"

/* Whether these methods compute such a convolution at all. */
bool conv_winograd_fits(const conv_task *t);

/* Whether it is faster than the direct kernel, for maps of `width` pixels a row: narrower ones do not fill the vectors
 * of tiles, and with fewer channels the transforms take what the products save. */
enum { WINOGRAD_LEAST_WIDTH = 32, WINOGRAD_LEAST_CHANNELS = 8 };
bool conv_winograd_pays(int ic, int oc, int width);

/* Side of an input tile: of kernel_table.winograd_rows and of winograd_small_rows. */
typedef enum winograd_side { WINOGRAD_LARGE = 6, WINOGRAD_SMALL = 4 } winograd_side;

/* Transforms weight[oc][ic][3][3] for these kernels: [point][oc / block][ic][block], missing channels zero; `block` is
 * WINOGRAD_BLOCK, or TILE_CHANNELS for tiles (conv_tiles.h). With `transposed`, weight[ic][oc][3][3] is that of the
 * convolution whose gradient this is: channels are swapped and taps turned by 180 degrees. */
void conv_winograd_pack(engine *e, winograd_side side, int block, const float *weight, int oc, int ic, bool transposed,
                        float *packed);
size_t conv_winograd_packed_count(winograd_side side, int block, int oc, int ic); /* floats */

/* The same for a direction of a task, forward or the gradient of the input: conv_strategy's packed and pack. */
size_t conv_winograd_task_packed(winograd_side side, int block, conv_direction d, const conv_task *t);
void conv_winograd_pack_task(engine *e, winograd_side side, int block, conv_direction d, const conv_task *t,
                             const float *weight, float *packed);

/* All rows of y = conv(x) by such a kernel; of `k` output and channels are filled in. Scratch: winograd_scratch floats
 * for each thread. */
winograd_input conv_winograd_input(const tensor *x, const conv_norm *norm);
void conv_winograd_run(const conv_run *run, winograd_side side, winograd_rows k, const tensor *x, const tensor *y);

#endif
