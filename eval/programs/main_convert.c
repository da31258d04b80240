/* convert: checkpoints of other programs into ours and back, ours to ONNX and to what detection needs, ranges for int8,
 * and a check of ours. */
#include "core/base/process.h"
#include "core/base/utf8.h"
#include "core/config/cli.h"
#include "core/io/file_io.h"
#include "core/io/hdf5_io.h"
#include "core/io/image_file.h"
#include "datasets/set_roots.h"
#include "eval/measure/sample.h"
#include "eval/programs/arguments.h"
#include "eval/programs/convert_calibrate.h"
#include "modules/checkpoint.h"
#include "modules/detector.h"
#include "modules/onnx/onnx_export.h"
#include "modules/torch/torch_export.h"
#include "modules/torch/torch_file.h"
#include "modules/torch/torch_import.h"
#include "modules/torch/torch_options.h"
#include "modules/torch/weights_file.h"
#include "modules/torch/weights_notes.h"
#include "modules/trained_view.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *size;      /* --size; NULL: any */
static int images = 50;       /* --images */
static const char *range;     /* --range; NULL: the checkpoint's */
static const char **settings; /* model.KEY=VALUE */
static int setting_count;

static const char *title_of(const char *method) {
    for (int i = 0; i < detector_method_count(); i++)
        if (!strcmp(detector_method_name(i), method))
            return detector_method_title(i);
    return method;
}

static status print_detector(const char *path, detector *d) {
    const config_key *keys;
    int count;
    TRY(detector_method_options(detector_name(d), &keys, &count));
    const parameter_set *set = detector_parameters(d);
    printf("%s: %s\n", path, title_of(detector_name(d)));
    printf("  %-28s %s\n", "model.name", detector_name(d));
    for (int i = 0; i < count; i++)
        printf("  %-28s %s\n", keys[i].name, detector_option(d, keys[i].name));
    printf("  %-28s %lld\n", "parameters", (long long)parameter_count_trained(set));
    printf("  %-28s %d\n", "tensors", set->count);
    int ranges = 0;
    for (int i = 0; i < set->count; i++)
        ranges += set->items[i]->ranges != NULL;
    if (ranges > 0)
        printf("  %-28s %d\n", "ranges for int8", ranges);
    weights_notes notes;
    char seen[96];
    TRY(weights_notes_read(path, &notes));
    if (!isnan(notes.threshold))
        printf("  %-28s %.9g\n", "threshold", notes.threshold);
    if (notes.range)
        printf("  %-28s %s\n", "range of grey values", notes.range);
    trained_view_text(&notes.view, seen, sizeof seen);
    if (notes.view.is_known)
        printf("  %-28s %s\n", "trained on images of", seen);
    weights_notes_free(&notes);
    return STATUS_OK;
}

static status write_checkpoint(const char *path, detector *d, const weights_notes *notes) {
    h5_file *file;
    TRY(h5_create(path, &file));
    status result = checkpoint_write_model(file, d, true);
    if (result == STATUS_OK)
        result = checkpoint_write_ranges(file, d);
    if (result == STATUS_OK)
        result = weights_notes_write(file, notes);
    if (result == STATUS_OK)
        result = process_check_signals();
    if (result != STATUS_OK) {
        h5_close(file);
        return result;
    }
    return h5_commit(file);
}

/* Writes and prints, with the notes of the file `from`, and frees the detector. */
static status finish(const char *path, detector *d, const char *from) {
    weights_notes notes;
    status result = weights_notes_read(from, &notes);
    if (result == STATUS_OK && notes.root)
        set_roots_keep_names(notes.root);
    if (result == STATUS_OK)
        result = write_checkpoint(path, d, &notes);
    weights_notes_free(&notes);
    if (result == STATUS_OK)
        result = print_detector(path, d);
    detector_free(d);
    return result;
}

/* What a state dict does not hold, and figures depend on. */
static void say_what_is_left(const weights_note_texts *texts) {
    for (int i = 0; i < texts->count; i++)
        fprintf(stderr, "%s%s = %s", i ? ", " : "convert: ", texts->notes[i].key, texts->notes[i].value);
    if (texts->count)
        fprintf(stderr, " %s left behind: .safetensors keeps %s\n", texts->count > 1 ? "are" : "is",
                texts->count > 1 ? "them" : "it");
}

static void say_if_ranges_are_left(const parameter_set *set) {
    for (int i = 0; i < set->count; i++)
        if (set->items[i]->ranges) {
            fprintf(stderr, "convert: the ranges for --precision int8 are left behind: convert calibrate finds them\n");
            return;
        }
}

/* Says of a file of PyTorch's what is assumed, for OUT then holds it as if it were known. */
static status load(engine *e, const char *path, detector **out) {
    return torch_file_recognises(path) ? torch_import_with(e, path, NULL, 0, stdout, out)
                                       : weights_file_load(e, path, WEIGHTS_BEST, out);
}

/* The ending says which format: .safetensors, or else PyTorch's. */
static status export_tensors(engine *e, const char *input, const char *output) {
    detector *d;
    weights_notes notes;
    weights_note_texts texts;
    const char *ending = strrchr(output, '.');
    TRY(load(e, input, &d));
    const parameter_set *set = detector_parameters(d);
    bool has_options = ending && !strcmp(ending, ".safetensors");
    status result = weights_notes_read(input, &notes);
    if (result == STATUS_OK) {
        weights_notes_print(&notes, &texts);
        result = has_options ? safetensors_export(set, d, texts.notes, texts.count, output) : torch_export(set, output);
    }
    if (result == STATUS_OK)
        printf("%s: %d tensors of %s, %lld parameters\n", output, set->count, title_of(detector_name(d)),
               (long long)parameter_count_trained(set));
    if (result == STATUS_OK && !has_options)
        result = torch_options_lost(d, stdout);
    if (result == STATUS_OK && !has_options)
        say_what_is_left(&texts);
    if (result == STATUS_OK)
        say_if_ranges_are_left(set);
    weights_notes_free(&notes);
    detector_free(d);
    return result;
}

/* Threshold and range as detect would take them, and at what size the network saw images. */
static status export_with_notes(detector *d, int width, int height, const char *input, const char *output) {
    weights_notes kept;
    char seen[96], number[32];
    TRY(weights_notes_read(input, &kept));
    snprintf(number, sizeof number, "%.15g", isnan(kept.threshold) ? 0.5 : kept.threshold);
    trained_view_text(&kept.view, seen, sizeof seen);
    char name[3 * 255 + 1];
    const char *slash = strrchr(input, '/');
    utf8_copy(name, sizeof name, slash ? slash + 1 : input);
    const onnx_note notes[] = {
        {"threshold", number}, {"range", kept.range ? kept.range : "full"}, {"checkpoint", name}, {"trained_on", seen}};
    int count = (int)(sizeof notes / sizeof *notes) - !kept.view.is_known;
    status result = onnx_export(d, width, height, notes, count, output);
    if (result == STATUS_OK)
        printf("%s: %s, threshold %s, range %s\n", output, title_of(detector_name(d)), number, notes[1].value);
    weights_notes_free(&kept);
    return result;
}

/* --- the commands: their words, without the command itself --- */

static status from_torch(engine *e, const char **words) {
    detector *d;
    TRY(torch_import_with(e, words[0], settings, setting_count, stdout, &d));
    return finish(words[1], d, words[0]);
}

static status to_torch(engine *e, const char **words) {
    return export_tensors(e, words[0], words[1]);
}

static status to_onnx(engine *e, const char **words) {
    detector *d;
    int width, height;
    TRY(argument_sides("size", size, &width, &height));
    TRY(load(e, words[0], &d));
    status result = export_with_notes(d, width, height, words[0], words[1]);
    detector_free(d);
    return result;
}

static status refuse_torch(const char *path) {
    return torch_file_recognises(path)
               ? status_fail(STATUS_INPUT,
                             "%s: a file of PyTorch's; expected a checkpoint of irst, which from-torch makes", path)
               : STATUS_OK;
}

static status cut_down(engine *e, const char **words) {
    detector *d;
    TRY(refuse_torch(words[0]));
    TRY(checkpoint_load(e, words[0], &d));
    return finish(words[1], d, words[0]);
}

static status calibrate(engine *e, const char **words) {
    detector *d;
    grey_range values;
    int side;
    if (images < 1)
        return status_fail(STATUS_USAGE, "--images is %d, expected at least 1", images);
    TRY(argument_range(range, words[0], &values));
    TRY(weights_read_size(words[0], PUBLISHED_SIZE, &side));
    TRY(load(e, words[0], &d));
    status result = convert_calibrate(d, words[0], words[1], &values, side, images);
    if (result == STATUS_OK)
        return finish(words[2], d, words[0]);
    detector_free(d);
    return result;
}

static status set_threshold(engine *e, const char **words) {
    double threshold;
    (void)e;
    TRY(argument_number("T", words[1], &threshold));
    TRY(refuse_torch(words[0]));
    TRY(checkpoint_store_threshold(words[0], threshold));
    printf("%s: detect takes pixels with a score above %.9g\n", words[0], threshold);
    return STATUS_OK;
}

static status verify(engine *e, const char **words) {
    detector *d;
    TRY(refuse_torch(words[0]));
    TRY(checkpoint_load(e, words[0], &d));
    status result = print_detector(words[0], d);
    detector_free(d);
    return result;
}

static const struct {
    const char *name, *words;
    int count; /* of the words; OUT, where there is one, is the last */
    status (*run)(engine *e, const char **words);
} commands[] = {
    {"from-torch", "IN.pkl OUT.h5", 2, from_torch},
    {"to-torch", "IN.h5 OUT.pth", 2, to_torch},
    {"to-onnx", "IN.h5 OUT.onnx", 2, to_onnx},
    {"weights", "IN.h5 OUT.h5", 2, cut_down},
    {"set-threshold", "FILE.h5 T", 2, set_threshold},
    {"calibrate", "IN.h5 DATA[,DATA] OUT.h5", 3, calibrate},
    {"verify", "FILE.h5", 1, verify},
};
#define COMMAND_NAMES "from-torch, to-torch, to-onnx, weights, set-threshold, calibrate or verify"

/* Settings stand behind the other words. */
static int part_settings(const char **arguments, int count) {
    while (count > 0 && argument_is_model_option(arguments[count - 1])) {
        settings = &arguments[--count];
        setting_count++;
    }
    return count;
}

/* What is read stays: neither the checkpoint nor a packed set is written over, nor an image of a folder. */
static status refuse_own_output(const char *command, const char *const *words, int count) {
    name_list read = {0};
    if (count < 2 || !strcmp(command, "set-threshold")) /* which changes its file */
        return STATUS_OK;
    if (path_is_file(words[count - 1]) && image_name_is_known(words[count - 1], false))
        return status_fail(STATUS_USAGE, "%s is an image and would be lost: it cannot be OUT", words[count - 1]);
    status result = name_list_add(&read, words[0]);
    if (result == STATUS_OK && count > 2)
        result = set_roots_of("DATA", words[1], &read);
    for (int i = 0; i < read.count && result == STATUS_OK; i++)
        result = argument_keeps("OUT", words[count - 1], read.names[i]);
    name_list_free(&read);
    return result;
}

static status run_command(engine *e, const char **arguments, int count) {
    static const char *const counted[] = {"no word", "one word", "two words", "three words"};
    if (count == 0)
        return status_fail(STATUS_USAGE, "no command; expected " COMMAND_NAMES);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(arguments[0], commands[i].name) != 0)
            continue;
        if (setting_count > 0 && commands[i].run != from_torch)
            return status_fail(STATUS_USAGE, "%s is for from-torch", settings[0]);
        if (count != 1 + commands[i].count)
            return status_fail(STATUS_USAGE, "%s takes %s: %s", commands[i].name, counted[commands[i].count],
                               commands[i].words);
        TRY(refuse_own_output(commands[i].name, arguments + 1, commands[i].count));
        return commands[i].run(e, arguments + 1);
    }
    return status_fail(STATUS_USAGE, "no command is called '%s'; expected " COMMAND_NAMES, arguments[0]);
}

static status run(const char **arguments, int count) {
    engine *e;
    TRY(engine_new(count > 0 && !strcmp(arguments[0], "calibrate") ? 0 : 1, &e)); /* the others compute nothing */
    status result = run_command(e, arguments, part_settings(arguments, count));
    engine_free(e);
    return result;
}

static const cli_option options[] = {
    {"size", CLI_TEXT, &size, "WxH",
     "to-onnx: for one image of this size, for runtimes that have to know it, as OpenCV's dnn; without it for any "
     "number "
     "of images of any size"},
    {"images", CLI_INT, &images, "N",
     "calibrate: so many images of the training split of each set, or of all of it if it has no splits, spread over "
     "its list. DATA may also be a folder of images alone, without folders in it: masks are not looked at"},
    {"range", CLI_TEXT, &range, "RANGE", "calibrate: " ARGUMENT_RANGE_HELP},
};

static const cli_scope scopes[] = {{"size", "to-onnx"}, {"images", "calibrate"}, {"range", "calibrate"}};

int main(int argc, char **argv) {
    const cli_program program = {
        .name = "convert",
        .summary =
            "reads and writes PyTorch checkpoints and safetensors without PyTorch, writes ONNX models, cuts ours "
            "down to the network, checks them",
        .arguments = "from-torch IN.pkl OUT.h5 [model.KEY=VALUE ...] | to-torch IN.h5 OUT.pth | to-onnx IN.h5 OUT.onnx "
                     "[--size WxH] | "
                     "weights IN.h5 OUT.h5 "
                     "| set-threshold FILE.h5 T | calibrate IN.h5 DATA[,DATA] OUT.h5 [--images N] [--range RANGE] | "
                     "verify FILE.h5",
        .examples =
            "@convert from-torch rpcanet_plus_NUDT.pkl nudt.h5   # method and options are told from the tensors\n"
            "@convert from-torch uiunet.pth u.h5 model.mean=0.42 # and what they do not tell\n"
            "@convert to-torch nudt.h5 nudt.pth                  # a state dict for torch.load; or nudt.safetensors\n"
            "@convert to-onnx nudt.h5 nudt.onnx                  # for ONNX Runtime and others, images of any size\n"
            "@convert weights runs/nudt/best.h5 nudt.h5          # without what only a resumed training needs: a "
            "third\n"
            "@convert set-threshold nudt.h5 0.31                 # what @detect uses; @evaluate --at-fa finds it\n"
            "@convert calibrate nudt.h5 NUDT-SIRST nudt_int8.h5  # adds what @detect --precision int8 needs\n"
            "@convert calibrate nudt.h5 frames/ cam_int8.h5 --range 0,16383   # of your camera, without masks\n"
            "@convert verify nudt.h5                             # every tensor there, and which network it is\n",
        .options = options,
        .option_count = sizeof options / sizeof *options,
        .scopes = scopes,
        .scope_count = sizeof scopes / sizeof *scopes,
    };
    cli_action action;
    const char **arguments;
    int count;
    status result = cli_parse(&program, argc, argv, &action, &arguments, &count);
    process_begin_signals();
    if (result == STATUS_OK && action == CLI_RUN)
        result = run(arguments, count);
    return cli_finish(&program, result);
}
