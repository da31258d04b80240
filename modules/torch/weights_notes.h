/* What goes with a network from file to file beside its weights. Where a user may name a checkpoint, it is asked here.
 *
 * Thread rule: any thread at any time, on different files and structs. */
#ifndef IRST_MODULES_TORCH_WEIGHTS_NOTES_H
#define IRST_MODULES_TORCH_WEIGHTS_NOTES_H

#include "core/base/status.h"
#include "core/io/grey_range.h"
#include "core/io/hdf5_io.h"
#include "modules/torch/torch_export.h"
#include "modules/trained_view.h"

typedef struct weights_notes {
    double threshold;         /* of detect; NaN: none */
    trained_view view;        /* at what size it saw images */
    char *range;              /* of grey values, as data.range; NULL: none */
    char *root, *train_split; /* the images trained on, as data.root and data.train_split; NULL: not known */
} weights_notes;

/* Of a checkpoint of ours, or of safetensors that hold them; PyTorch's files have none. STATUS_INPUT for what is no
 * threshold, range or size. Free with weights_notes_free. */
status weights_notes_read(const char *path, weights_notes *out);
status weights_notes_write(h5_file *to, const weights_notes *n);
void weights_notes_free(weights_notes *n); /* accepts a zeroed struct */

/* One of them: NaN, the full range and a zeroed view where the file does not say it, or is none that is known (whoever
 * loads it says what it is). STATUS_INPUT as above. */
status weights_read_threshold(const char *path, double *out);
status weights_read_range(const char *path, grey_range *out);
status weights_read_view(const char *path, trained_view *out);

/* The size at which the network of a checkpoint (NULL: none) is to be evaluated: what it has seen, or, where nobody
 * knows, `otherwise`. */
status weights_read_size(const char *path, int otherwise, int *out);

/* Those that figures depend on, as texts in a file of another format. */
typedef struct weights_note_texts {
    char threshold[32], view[64];
    torch_note notes[3];
    int count;
} weights_note_texts;

void weights_notes_print(const weights_notes *n, weights_note_texts *out);

#endif
