/* A network as an ONNX model, for other runtimes.
 *
 * Input `image`, float, N x 1 x H x W: grey values in [0, 1]; any number of images of any size, or one of a size that
 * is fixed, for runtimes that have to know it. Output `score`, of the same shape: what detector_run gives as the score
 * of images that are not cut. What the network does to its input (input.h, padding.h) is part of the model. Batch norms
 * are folded into the convolutions before them.
 *
 * Thread rule: as detector.h. */
#ifndef IRST_MODULES_ONNX_ONNX_EXPORT_H
#define IRST_MODULES_ONNX_ONNX_EXPORT_H

#include "core/base/status.h"
#include "modules/detector.h"
#include "modules/onnx/onnx_graph.h"

/* Writes the model, of any size if width and height are 0; replaces the file atomically. The notes become its
 * metadata_props, beside `network` and `version` of irst, which it always has. STATUS_USAGE for a method without
 * parameters. */
status onnx_export(detector *d, int width, int height, const onnx_note *notes, int count, const char *path);

#endif
