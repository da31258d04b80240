/* Widths and depths of an unrolled network, told from the tensors of a published checkpoint. All stages are alike, so
 * the first one tells; whether the others agree shows when the tensors are loaded.
 *
 * Thread rule: any thread at any time, on different configs. */
#ifndef IRST_MODULES_NETWORKS_UNROLLED_TENSORS_H
#define IRST_MODULES_NETWORKS_UNROLLED_TENSORS_H

#include "modules/tensor_options.h"

/* K of "decos.K.rest", with *rest after the dot; -1 for another name. */
int unrolled_stage_of(const char *name, const char **rest);

/* Sets model.stages. */
status unrolled_stages_from_tensors(const named_shape *tensors, int count, config *options);

/* Output channels of the convolution decos.0.LAYER. */
status unrolled_channels_of(const named_shape *tensors, int count, const char *layer, int *out);

/* Sets `key` to the number of convolutions in decos.0.SEQUENCE, apart from `others`. */
status unrolled_layers_from_tensors(const named_shape *tensors, int count, const char *sequence, int others,
                                    const char *key, config *options);

/* Sets an integer. */
status unrolled_set(config *options, const char *key, int value);

#endif
