#include "modules/torch/weights_notes.h"

#include "core/io/grey_range.h"
#include "modules/checkpoint.h"
#include "modules/torch/torch_file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THRESHOLD "detect.threshold"
#define RANGE "data.range"
#define SEEN "data.seen"

/* --- of ours --- */

static status read_text(const h5_file *file, const char *key, char **out) {
    return h5_has_attribute(file, "/", key) ? h5_read_attribute_text(file, "/", key, out) : STATUS_OK;
}

static status read_texts(const char *path, weights_notes *out) {
    h5_file *file;
    TRY(checkpoint_open(path, &file));
    status result = read_text(file, RANGE, &out->range);
    if (result == STATUS_OK)
        result = read_text(file, "data.root", &out->root);
    if (result == STATUS_OK)
        result = read_text(file, "data.train_split", &out->train_split);
    h5_close(file);
    return result;
}

static status read_checkpoint(const char *path, weights_notes *out) {
    TRY(checkpoint_read_threshold(path, &out->threshold));
    TRY(trained_view_read(path, &out->view));
    return read_texts(path, out);
}

/* --- of safetensors: whoever changed them by hand may have written anything --- */

static status take_threshold(const char *text, void *out) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !checkpoint_is_threshold(value))
        return status_fail(STATUS_INPUT, THRESHOLD " is '%.100s'; expected at least 0 and less than 1", text);
    *(double *)out = value;
    return STATUS_OK;
}

static status take_range(const char *text, void *out) {
    return grey_range_read(text, RANGE, out) == STATUS_OK ? STATUS_OK : STATUS_INPUT; /* it is the file that is wrong */
}

static status take_range_text(const char *text, void *out) {
    grey_range range;
    TRY(take_range(text, &range));
    char *copy = *(char **)out = strdup(text);
    return copy ? STATUS_OK : status_fail(STATUS_MEMORY, "out of memory for " RANGE);
}

static status take_view(const char *text, void *out) {
    return trained_view_parse(text, out)
               ? STATUS_OK
               : status_fail(STATUS_INPUT, SEEN " is '%.100s'; expected native, SIZE or WIDTHxHEIGHT to SIZE", text);
}

/* Reads one note into *out, which stays as it is if the file has none. */
static status read_note(const char *path, const char *key, status (*take)(const char *text, void *out), void *out) {
    pickle *metadata;
    TRY(torch_file_read_metadata(path, &metadata));
    const char *text = metadata ? pickle_option(metadata, key) : NULL;
    status result = text ? take(text, out) : STATUS_OK;
    pickle_free(metadata);
    return result == STATUS_OK ? STATUS_OK : status_prefix(result, "%s", path);
}

static status read_safetensors(const char *path, weights_notes *out) {
    TRY(read_note(path, THRESHOLD, take_threshold, &out->threshold));
    TRY(read_note(path, RANGE, take_range_text, &out->range));
    return read_note(path, SEEN, take_view, &out->view);
}

/* --- of either --- */

status weights_notes_read(const char *path, weights_notes *out) {
    *out = (weights_notes){.threshold = NAN};
    status result = torch_file_recognises(path) ? read_safetensors(path, out) : read_checkpoint(path, out);
    if (result != STATUS_OK)
        weights_notes_free(out);
    return result;
}

void weights_notes_free(weights_notes *n) {
    free(n->range);
    free(n->root);
    free(n->train_split);
    *n = (weights_notes){.threshold = NAN};
}

static status write_text(h5_file *to, const char *key, const char *text) {
    return text ? h5_write_attribute_text(to, "/", key, text) : STATUS_OK;
}

status weights_notes_write(h5_file *to, const weights_notes *n) {
    TRY(write_text(to, RANGE, n->range));
    TRY(write_text(to, "data.root", n->root));
    TRY(write_text(to, "data.train_split", n->train_split));
    TRY(trained_view_write(to, &n->view));
    return isnan(n->threshold) ? STATUS_OK : checkpoint_write_threshold(to, n->threshold);
}

/* As few digits as read back to the same number. */
static void print_exactly(double value, char *out, size_t size) {
    int digits = 15;
    do
        snprintf(out, size, "%.*g", digits, value);
    while (strtod(out, NULL) != value && digits++ < 17);
}

void weights_notes_print(const weights_notes *n, weights_note_texts *out) {
    out->count = 0;
    trained_view_print(&n->view, out->view, sizeof out->view);
    if (!isnan(n->threshold)) {
        print_exactly(n->threshold, out->threshold, sizeof out->threshold);
        out->notes[out->count++] = (torch_note){THRESHOLD, out->threshold};
    }
    if (n->range && strcmp(n->range, "full") != 0) /* nothing to keep */
        out->notes[out->count++] = (torch_note){RANGE, n->range};
    if (n->view.is_known)
        out->notes[out->count++] = (torch_note){SEEN, out->view};
}

/* --- one of them --- */

status weights_read_threshold(const char *path, double *out) {
    *out = NAN;
    return torch_file_recognises(path) ? read_note(path, THRESHOLD, take_threshold, out)
                                       : checkpoint_read_threshold(path, out);
}

status weights_read_range(const char *path, grey_range *out) {
    *out = (grey_range){.kind = RANGE_FULL};
    return torch_file_recognises(path) ? read_note(path, RANGE, take_range, out) : checkpoint_read_range(path, out);
}

status weights_read_view(const char *path, trained_view *out) {
    *out = (trained_view){0};
    return torch_file_recognises(path) ? read_note(path, SEEN, take_view, out) : trained_view_read(path, out);
}

status weights_read_size(const char *path, int otherwise, int *out) {
    trained_view view = {0};
    *out = otherwise;
    if (path)
        TRY(weights_read_view(path, &view));
    if (view.is_known)
        *out = view.size;
    return STATUS_OK;
}
