/* Convolution 3x3 with padding 1 by Winograd's F(4x4, 3x3), see conv_strategy.h: a third of the direct kernel's time at
 * 32 channels, with rounding errors a few times as large (below 1e-6 of the largest output). Here is what streaming
 * (conv_stream.h) uses of it, too.
 *
 * Thread rule: as conv.h. */
#ifndef IRST_CORE_CONV_CONV_WINOGRAD_H
#define IRST_CORE_CONV_CONV_WINOGRAD_H

#include "core/conv/conv_strategy.h"

/* Whether it is faster than the direct kernel, for maps of `width` pixels a row. */
bool conv_winograd_pays(int ic, int oc, int width);

/* Transforms weight[oc][ic][3][3] for kernel_table.winograd_rows: [point][oc / WINOGRAD_BLOCK][ic][WINOGRAD_BLOCK],
 * missing channels zero. With `transposed`, weight[ic][oc][3][3] is that of the convolution whose gradient this is:
 * channels are swapped and taps turned by 180 degrees. */
void conv_winograd_pack(engine *e, const float *weight, int oc, int ic, bool transposed, float *packed);
size_t conv_winograd_packed_count(int oc, int ic); /* floats */

#endif
