/* RPCANet+ (L-RPCANet, Xiu et al., arXiv 2509.08205): robust PCA, unrolled into K stages of small networks.
 *
 * Thread rule: any thread at any time, on different configs. */
#ifndef IRST_MODULES_NETWORKS_RPCANET_PLUS_H
#define IRST_MODULES_NETWORKS_RPCANET_PLUS_H

#include "modules/detector_type.h"

extern const detector_type rpcanet_plus;

/* Recognises the published checkpoints and tells their options (rpcanet_plus_tensors.c). */
bool rpcanet_plus_recognises(const named_shape *tensors, int count);
status rpcanet_plus_options_from_tensors(const named_shape *tensors, int count, config *options);

#endif
