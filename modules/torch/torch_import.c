#include "modules/torch/torch_import.h"

#include "modules/detector_type.h"
#include "modules/torch/torch_file.h"
#include "modules/torch/torch_options.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct shape_text {
    char text[64];
} shape_text;

static shape_text text_of(int rank, const int *shape) {
    shape_text out;
    size_t used = (size_t)snprintf(out.text, sizeof out.text, "(");
    for (int i = 0; i < rank; i++)
        used += (size_t)snprintf(out.text + used, sizeof out.text - used, "%s%d", i ? ", " : "", shape[i]);
    snprintf(out.text + used, sizeof out.text - used, ")");
    return out;
}

static const torch_tensor *find(const torch_file *file, const char *name) {
    for (int i = 0; i < file->count; i++)
        if (!strcmp(file->tensors[i].name, name))
            return &file->tensors[i];
    return NULL;
}

static status load_parameter(const torch_file *file, parameter *p) {
    shape_text expected = text_of(p->rank, p->shape);
    const torch_tensor *t = find(file, p->name);
    if (!t && p->kind == PARAMETER_COUNTER)
        return STATUS_OK; /* PyTorch before 0.4.1 counted no batches, and nothing here goes by their number */
    const char *maker = t ? NULL : torch_file_maker(file, p->name);
    if (maker)
        return status_fail(STATUS_INPUT, "%s is made by %s, which cannot be read; expected a tensor of shape %s",
                           p->name, maker, expected.text);
    if (!t)
        return status_fail(STATUS_INPUT, "%s is missing; expected shape %s", p->name, expected.text);
    bool same = t->rank == p->rank;
    for (int i = 0; same && i < p->rank; i++)
        same = t->shape[i] == p->shape[i];
    if (!same)
        return status_fail(STATUS_INPUT, "%s has shape %s, expected %s", p->name, text_of(t->rank, t->shape).text,
                           expected.text);
    if (torch_type_is_floating(t->type) == (p->kind == PARAMETER_COUNTER))
        return status_fail(STATUS_INPUT, "%s holds %s, expected %s", p->name, torch_type_name(t->type),
                           p->kind == PARAMETER_COUNTER ? "integers" : "a floating type");
    for (size_t i = 0; i < p->count; i++) {
        p->value[i] = t->real ? t->real[i] : (float)t->integer[i];
        if (!isfinite(p->value[i]))
            return status_fail(STATUS_INPUT, "%s holds a value that is not finite", p->name);
    }
    return STATUS_OK;
}

static bool is_unused(const detector_type *type, const char *name) {
    for (const char *const *prefix = type->unused_tensors; prefix && *prefix; prefix++)
        if (!strncmp(name, *prefix, strlen(*prefix)))
            return true;
    return false;
}

static status load_parameters(const torch_file *file, detector *d) {
    const parameter_set *set = detector_parameters(d);
    const detector_type *type = detector_type_find(detector_name(d));
    for (int i = 0; i < set->count; i++)
        TRY(load_parameter(file, set->items[i]));
    for (int i = 0; i < file->count; i++)
        if (!parameter_find(set, file->tensors[i].name) && !is_unused(type, file->tensors[i].name))
            return status_fail(STATUS_INPUT, "%s is superfluous: a %s of these widths and depths has no such tensor",
                               file->tensors[i].name, detector_name(d));
    return STATUS_OK;
}

static void say_what_was_taken(const torch_file *file, FILE *notes) {
    if (file->key)
        fprintf(notes, "the state dict is what stands under \"%s\"\n", file->key);
    if (file->outside)
        fprintf(notes, "left out, without the prefix of the others: %s", file->first_outside);
    if (file->outside > 1)
        fprintf(notes, " and %d more", file->outside - 1);
    if (file->outside)
        fputc('\n', notes);
}

static status create(engine *e, const torch_file *file, config *options, detector **out) {
    TRY(detector_new_blank(e, options, out));
    return load_parameters(file, *out);
}

status torch_import_with(engine *e, const char *path, const char *const *settings, int count, FILE *notes,
                         detector **out) {
    *out = NULL;
    torch_file file;
    TRY(torch_file_read(path, &file));
    config *options = NULL;
    if (notes)
        say_what_was_taken(&file, notes);
    status result = config_new(&options);
    if (result == STATUS_OK)
        result = torch_options_read(&file, settings, count, notes, options);
    if (result == STATUS_OK)
        result = create(e, &file, options, out);
    if (result != STATUS_OK) {
        detector_free(*out);
        *out = NULL;
        status_prefix(result, "%s", path);
    }
    config_free(options);
    torch_file_free(&file);
    return result;
}

status torch_import(engine *e, const char *path, detector **out) {
    return torch_import_with(e, path, NULL, 0, NULL, out);
}
