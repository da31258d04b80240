/* What detect leaves of one image: pictures, and the unquantised maps.
 *
 * Thread rule: any thread at any time, on different files. */
#ifndef IRST_EVAL_DETECT_DETECTION_FILES_H
#define IRST_EVAL_DETECT_DETECTION_FILES_H

#include "core/base/status.h"
#include "core/io/hdf5_io.h"
#include "core/io/image.h"
#include "eval/detect/detections.h"

/* FOLDER/NAME_score.png (16-bit grey, 65535 for a score of 1), NAME_mask.png (0 and 255), NAME_labels.png (16-bit
 * grey: the number of the detection that a pixel belongs to), NAME_overlay.png. If one
 * cannot be written, the others are removed. */
status detection_write_pictures(const char *folder, const char *name, const grey_image *image,
                                const detected_image *result);

/* Removes them again. */
void detection_remove_pictures(const char *folder, const char *name);

/* NAME/score, NAME/logit, NAME/reconstruction and NAME/stageK/{B,T,N,D}, whatever `maps` holds: float32, height x
 * width at the size that the method saw. */
status detection_write_maps(h5_file *file, const char *name, const detector_maps *maps);

#endif
