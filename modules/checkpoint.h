/* Checkpoints: one HDF5 file. Group `model` holds one dataset per parameter and running statistic, named as
 * in PyTorch's state_dict; the configuration stands in attributes of the root, one per key ("model.stages").
 * The trainer adds the groups `optimizer` and `trainer`. */
#ifndef IRST_MODULES_CHECKPOINT_H
#define IRST_MODULES_CHECKPOINT_H

#include "core/config.h"
#include "core/hdf5_io.h"
#include "core/status.h"
#include "modules/detector.h"

/* Writes the group `model` and the detector's own options (model.*) into a file being created. `compress`: the large
 * tensors deflated, a tenth less for the time it takes. */
status checkpoint_write_model(h5_file *file, detector *d, bool compress);
/* Writes every key of `c` as a text attribute of the root. */
status checkpoint_write_config(h5_file *file, const config *c);

/* Creates the detector that the file's attributes describe and loads its parameters. A tensor that is
 * missing, superfluous or of another shape is an error that names it. */
status checkpoint_load(const char *path, detector **out);
/* Loads the parameters of the open file into an existing detector of the same method and options. */
status checkpoint_read_model(const h5_file *file, detector *d);

#endif
