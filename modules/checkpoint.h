/* Checkpoints: one HDF5 file. Group `model` holds one dataset per parameter and running statistic, named as
 * in PyTorch's state_dict, and `average` the same averaged over the last steps of a training, if it did; the
 * configuration stands in attributes of the root, one per key ("model.stages"). The trainer adds the groups `optimizer`
 * and `trainer`.
 *
 * Thread rule: one thread at a time for each file and detector; different ones at once. */
#ifndef IRST_MODULES_CHECKPOINT_H
#define IRST_MODULES_CHECKPOINT_H

#include "core/base/status.h"
#include "core/config/config.h"
#include "core/io/grey_range.h"
#include "core/io/hdf5_io.h"
#include "modules/detector.h"

/* Opens a checkpoint for reading: STATUS_INPUT if a bit of it is not as it was written, or if its format is newer than
 * this program. Older ones and those of other programs pass. */
status checkpoint_open(const char *path, h5_file **out);

/* Writes the group `model` and the detector's own options (model.*) into a file being created. `compress`: the large
 * tensors deflated, a tenth less for the time it takes. */
status checkpoint_write_model(h5_file *file, detector *d, bool compress);
/* Writes the group `average`: values of each parameter, in the detector's order. */
status checkpoint_write_average(h5_file *file, detector *d, const float *const *values);
/* Writes every key of `c` as a text attribute of the root. */
status checkpoint_write_config(h5_file *file, const config *c);

typedef enum checkpoint_weights {
    WEIGHTS_BEST, /* averaged ones where there are any, else raw ones */
    WEIGHTS_RAW   /* as the last step left them */
} checkpoint_weights;

/* Creates the detector that the file's attributes describe and loads its parameters. A tensor that is
 * missing, superfluous or of another shape is an error that names it. */
status checkpoint_load_weights(engine *e, const char *path, checkpoint_weights which, detector **out);

/* Whether it has averaged weights beside the raw ones; no file of another format has. */
status checkpoint_has_average(const char *path, bool *out);
status checkpoint_load(engine *e, const char *path, detector **out); /* WEIGHTS_BEST */

/* Loads the raw parameters of the open file into an existing detector of the same method and options. */
status checkpoint_read_model(const h5_file *file, detector *d);
/* Reads the group `average` into memory for the values of each parameter. */
status checkpoint_read_average(const h5_file *file, detector *d, float *const *values);

/* The threshold for detection that a checkpoint carries: a score in [0, 1) that target pixels exceed. NaN if it carries
 * none, as files of other programs do; STATUS_INPUT if it carries another number. Storing replaces the file by one that
 * carries it, all else unchanged; STATUS_USAGE outside [0, 1). */
bool checkpoint_is_threshold(double value); /* in [0, 1) as a float, as scores are */
status checkpoint_read_threshold(const char *path, double *out);
status checkpoint_write_threshold(h5_file *file, double threshold); /* into a file being created */
status checkpoint_store_threshold(const char *path, double threshold);

/* Ranges of activations for int8 (detector_set_precision): group `ranges`, ranges and means of the channels of each
 * layer, by the name of its weights. A file may have none. Reading takes them with the weights: STATUS_INPUT for a
 * layer that the network lacks, and for what is no range. Writing, into a file being created, those that the detector
 * has. */
status checkpoint_write_ranges(h5_file *file, detector *d);

/* The range of grey values that the network was trained with (data.range); RANGE_FULL if the file says nothing, as
 * older ones and those of other programs do. STATUS_INPUT if what it says is no range. */
status checkpoint_read_range(const char *path, grey_range *out);

#endif
