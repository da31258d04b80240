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

static status take_threshold(const char *text, weights_notes *out) {
    char *end;
    out->threshold = strtod(text, &end);
    return end != text && !*end && out->threshold >= 0 && out->threshold < 1
               ? STATUS_OK
               : status_fail(STATUS_INPUT, THRESHOLD " is '%.100s'; expected at least 0 and less than 1", text);
}

static status take_range(const char *text, weights_notes *out) {
    if (grey_range_read(text, RANGE, &out->values) != STATUS_OK)
        return STATUS_INPUT; /* it is the file that is wrong */
    out->range = strdup(text);
    return out->range ? STATUS_OK : status_fail(STATUS_MEMORY, "out of memory for " RANGE);
}

static status take_view(const char *text, weights_notes *out) {
    return trained_view_parse(text, &out->view)
               ? STATUS_OK
               : status_fail(STATUS_INPUT, SEEN " is '%.100s'; expected native, SIZE or WIDTHxHEIGHT to SIZE", text);
}

static status read_metadata(const char *path, weights_notes *out) {
    static const struct {
        const char *key;
        status (*take)(const char *text, weights_notes *out);
    } known[] = {{THRESHOLD, take_threshold}, {RANGE, take_range}, {SEEN, take_view}};
    pickle *metadata;
    TRY(torch_file_read_metadata(path, &metadata));
    status result = STATUS_OK;
    for (size_t i = 0; metadata && i < sizeof known / sizeof *known && result == STATUS_OK; i++) {
        const char *text = pickle_option(metadata, known[i].key);
        if (text)
            result = known[i].take(text, out);
    }
    pickle_free(metadata);
    return result == STATUS_OK ? STATUS_OK : status_prefix(result, "%s", path);
}

/* --- of either --- */

static status read_torch(const char *path, weights_notes *out) {
    *out = (weights_notes){.threshold = NAN};
    status result = read_metadata(path, out);
    if (result != STATUS_OK)
        weights_notes_free(out);
    return result;
}

status weights_notes_read(const char *path, weights_notes *out) {
    if (torch_file_recognises(path))
        return read_torch(path, out);
    *out = (weights_notes){.threshold = NAN};
    status result = read_checkpoint(path, out);
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

void weights_notes_print(const weights_notes *n, weights_note_texts *out) {
    out->count = 0;
    snprintf(out->threshold, sizeof out->threshold, "%.17g", n->threshold);
    trained_view_print(&n->view, out->view, sizeof out->view);
    if (!isnan(n->threshold))
        out->notes[out->count++] = (torch_note){THRESHOLD, out->threshold};
    if (n->range && strcmp(n->range, "full") != 0) /* nothing to keep */
        out->notes[out->count++] = (torch_note){RANGE, n->range};
    if (n->view.is_known)
        out->notes[out->count++] = (torch_note){SEEN, out->view};
}

/* --- one of them --- */

status weights_read_threshold(const char *path, double *out) {
    weights_notes notes;
    if (!torch_file_recognises(path))
        return checkpoint_read_threshold(path, out);
    TRY(read_torch(path, &notes));
    *out = notes.threshold;
    weights_notes_free(&notes);
    return STATUS_OK;
}

status weights_read_range(const char *path, grey_range *out) {
    weights_notes notes;
    if (!torch_file_recognises(path))
        return checkpoint_read_range(path, out);
    TRY(read_torch(path, &notes));
    *out = notes.values;
    weights_notes_free(&notes);
    return STATUS_OK;
}

status weights_read_view(const char *path, trained_view *out) {
    weights_notes notes;
    if (!torch_file_recognises(path))
        return trained_view_read(path, out);
    TRY(read_torch(path, &notes));
    *out = notes.view;
    weights_notes_free(&notes);
    return STATUS_OK;
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
