#include "eval/programs/convert_notes.h"

#include "core/io/grey_range.h"
#include "datasets/dataset.h"
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

/* The names of the sets are enough to tell them; where they lay concerns nobody whom the file is handed on to. A name
 * is no longer than its path. */
static void keep_names(char *roots) {
    char *to = roots, *rest = roots, *root;
    while ((root = strsep(&rest, ",")) != NULL) {
        char name[256];
        root += strspn(root, " \t");
        if (!dataset_path_tells_name(root))
            continue;
        dataset_name_of(root, name, sizeof name);
        to += sprintf(to, "%s%s", to > roots ? "," : "", name);
    }
    *to = '\0';
}

static status read_texts(const char *path, convert_notes *out) {
    h5_file *file;
    TRY(checkpoint_open(path, &file));
    status result = read_text(file, RANGE, &out->range);
    if (result == STATUS_OK)
        result = read_text(file, "data.root", &out->root);
    if (result == STATUS_OK)
        result = read_text(file, "data.train_split", &out->train_split);
    if (out->root)
        keep_names(out->root);
    h5_close(file);
    return result;
}

static status read_checkpoint(const char *path, convert_notes *out) {
    TRY(checkpoint_read_threshold(path, &out->threshold));
    TRY(trained_view_read(path, &out->view));
    return read_texts(path, out);
}

/* --- of safetensors: whoever changed them by hand may have written anything --- */

static status take_threshold(const char *text, convert_notes *out) {
    char *end;
    out->threshold = strtod(text, &end);
    return end != text && !*end && out->threshold >= 0 && out->threshold < 1
               ? STATUS_OK
               : status_fail(STATUS_INPUT, THRESHOLD " is '%.100s'; expected at least 0 and less than 1", text);
}

static status take_range(const char *text, convert_notes *out) {
    grey_range range;
    if (grey_range_read(text, RANGE, &range) != STATUS_OK)
        return STATUS_INPUT; /* it is the file that is wrong */
    out->range = strdup(text);
    return out->range ? STATUS_OK : status_fail(STATUS_MEMORY, "out of memory for " RANGE);
}

static status take_view(const char *text, convert_notes *out) {
    return trained_view_parse(text, &out->view)
               ? STATUS_OK
               : status_fail(STATUS_INPUT, SEEN " is '%.100s'; expected native, SIZE or WIDTHxHEIGHT to SIZE", text);
}

static status read_metadata(const char *path, convert_notes *out) {
    static const struct {
        const char *key;
        status (*take)(const char *text, convert_notes *out);
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

status convert_notes_read(const char *path, convert_notes *out) {
    *out = (convert_notes){.threshold = NAN};
    status result = torch_file_recognises(path) ? read_metadata(path, out) : read_checkpoint(path, out);
    if (result != STATUS_OK)
        convert_notes_free(out);
    return result;
}

void convert_notes_free(convert_notes *n) {
    free(n->range);
    free(n->root);
    free(n->train_split);
    *n = (convert_notes){.threshold = NAN};
}

static status write_text(h5_file *to, const char *key, const char *text) {
    return text ? h5_write_attribute_text(to, "/", key, text) : STATUS_OK;
}

status convert_notes_write(h5_file *to, const convert_notes *n) {
    TRY(write_text(to, RANGE, n->range));
    TRY(write_text(to, "data.root", n->root));
    TRY(write_text(to, "data.train_split", n->train_split));
    TRY(trained_view_write(to, &n->view));
    return isnan(n->threshold) ? STATUS_OK : checkpoint_write_threshold(to, n->threshold);
}

void convert_notes_print(const convert_notes *n, convert_note_texts *out) {
    out->count = 0;
    snprintf(out->threshold, sizeof out->threshold, "%.17g", n->threshold);
    trained_view_print(&n->view, out->view, sizeof out->view);
    if (!isnan(n->threshold))
        out->notes[out->count++] = (torch_note){THRESHOLD, out->threshold};
    if (n->range)
        out->notes[out->count++] = (torch_note){RANGE, n->range};
    if (n->view.is_known)
        out->notes[out->count++] = (torch_note){SEEN, out->view};
}
