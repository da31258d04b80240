/* What goes with a network from file to file beside its weights. */
#ifndef IRST_EVAL_PROGRAMS_CONVERT_NOTES_H
#define IRST_EVAL_PROGRAMS_CONVERT_NOTES_H

#include "core/base/status.h"
#include "core/io/hdf5_io.h"
#include "modules/torch/torch_export.h"
#include "modules/trained_view.h"

typedef struct convert_notes {
    double threshold;         /* of detect; NaN: none */
    trained_view view;        /* at what size it saw images */
    char *range;              /* of grey values, as data.range; NULL: none */
    char *root, *train_split; /* the images trained on, the sets by name; NULL: not known */
} convert_notes;

/* Of a checkpoint of ours, or of safetensors that hold them; PyTorch's files have none. STATUS_INPUT for what is no
 * threshold, range or size. Free with convert_notes_free. */
status convert_notes_read(const char *path, convert_notes *out);
status convert_notes_write(h5_file *to, const convert_notes *n);
void convert_notes_free(convert_notes *n); /* accepts a zeroed struct */

/* Those that figures depend on, as texts in a file of another format. */
typedef struct convert_note_texts {
    char threshold[32], view[64];
    torch_note notes[3];
    int count;
} convert_note_texts;

void convert_notes_print(const convert_notes *n, convert_note_texts *out);

#endif
