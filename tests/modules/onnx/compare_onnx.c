/* compare_onnx FOLDER [NAME ...]: what other runtimes are compared with. Writes these networks, or all, with formula
 * weights as FOLDER/NAME.onnx, and again for images of one size as FOLDER/NAME_COLUMNSxROWS.onnx; images of several
 * sizes and our scores of them as raw float32; and FOLDER/cases.jsonl,
 * which says what belongs together: {"model", "image", "score", "shape": [images, rows, columns], "threshold"}. */
#include "modules/onnx/onnx_export.h"
#include "tests/modules/formula_network.h"

#include "core/base/rng.h"
#include "core/io/file_io.h"
#include "core/io/text_buffer.h"
#include "modules/layer_name.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* NAME, and what formula_network takes. */
static const struct {
    const char *name, *method, *setting;
} networks[] = {
    {"rpcanet_plus", "rpcanet_plus", NULL},
    {"rpcanet_plus_noise", "rpcanet_plus", "model.carry_noise=true"},
    {"rpcanet", "rpcanet", NULL},
    {"rpcanet_plusplus", "rpcanet_plusplus", NULL},
    {"drpcanet", "drpcanet", NULL},
    {"mshnet", "mshnet", NULL},
    {"mshnet_grey", "mshnet", "model.channels=1"},
    {"agpcnet", "agpcnet", NULL},
    {"uiunet", "uiunet", NULL},
    {"uiunet_mean", "uiunet", "model.own_maximum=false"},
};
enum { NETWORKS = sizeof networks / sizeof *networks };

/* Images, rows, columns: whole multiples of 16, not square, odd, smaller than any network takes, two at once. */
static const int shapes[][3] = {{1, 64, 64}, {1, 96, 176}, {1, 131, 97}, {1, 9, 30}, {2, 53, 80}};
enum { SHAPES = sizeof shapes / sizeof *shapes, FIXED = 2 /* the one that a model is written for, too */ };

/* A dim scene with a bright spot, of which each image has its own. */
static void draw(int seed, int rows, int columns, float *image) {
    rng r = rng_new((uint64_t)seed, 1);
    for (int i = 0; i < rows * columns; i++)
        image[i] = 0.2f + 0.2f * (float)rng_uniform(&r);
    image[rows / 2 * columns + columns / 3] = 0.9f;
}

static status score_images(detector *d, const int shape[3], float *images, float *scores) {
    size_t pixels = (size_t)shape[1] * (size_t)shape[2];
    for (int i = 0; i < shape[0]; i++) {
        detector_maps maps;
        draw(i, shape[1], shape[2], images + (size_t)i * pixels);
        TRY(detector_run(d, images + (size_t)i * pixels, shape[2], shape[1], DETAIL_SCORE, &maps));
        memcpy(scores + (size_t)i * pixels, maps.score, pixels * sizeof *scores);
    }
    return STATUS_OK;
}

/* One line of the list. `stem`: of image and score. */
static void add_case(FILE *list, const char *model, const char *stem, const int shape[3]) {
    fprintf(list,
            "{\"model\": \"%s.onnx\", \"image\": \"%s.image\", \"score\": \"%s.score\", \"shape\": [%d, %d, %d], "
            "\"threshold\": 0.5}\n",
            model, stem, stem, shape[0], shape[1], shape[2]);
}

static layer_name stem_of(const char *name, const int shape[3]) {
    return layer_named("%s_%dx%dx%d", name, shape[0], shape[1], shape[2]);
}

static status write_images(detector *d, const char *folder, const char *name, const int shape[3], FILE *list) {
    char image_path[4096], score_path[4096];
    layer_name stem = stem_of(name, shape);
    TRY(path_join(image_path, folder, stem.text, ".image"));
    TRY(path_join(score_path, folder, stem.text, ".score"));
    size_t bytes = (size_t)shape[0] * (size_t)shape[1] * (size_t)shape[2] * sizeof(float);
    float *images = malloc(bytes), *scores = malloc(bytes);
    status result = images && scores ? score_images(d, shape, images, scores)
                                     : status_fail(STATUS_MEMORY, "out of memory for images");
    if (result == STATUS_OK)
        result = file_write(image_path, images, bytes);
    if (result == STATUS_OK)
        result = file_write(score_path, scores, bytes);
    free(images);
    free(scores);
    add_case(list, name, stem.text, shape);
    return result;
}

static status write_fixed(detector *d, const char *folder, const char *name, FILE *list) {
    char path[4096];
    const int *shape = shapes[FIXED];
    layer_name model = layer_named("%s_%dx%d", name, shape[2], shape[1]);
    TRY(path_join(path, folder, model.text, ".onnx"));
    TRY(onnx_export(d, shape[2], shape[1], NULL, 0, path));
    add_case(list, model.text, stem_of(name, shape).text, shape);
    return STATUS_OK;
}

static status write_network(int index, const char *folder, FILE *list) {
    char path[4096];
    const char *name = networks[index].name;
    detector *d;
    TRY(path_join(path, folder, name, ".onnx"));
    TRY(formula_network(networks[index].method, networks[index].setting, &d));
    status result = onnx_export(d, 0, 0, NULL, 0, path);
    for (int i = 0; result == STATUS_OK && i < SHAPES; i++)
        result = write_images(d, folder, name, shapes[i], list);
    if (result == STATUS_OK)
        result = write_fixed(d, folder, name, list);
    detector_free(d);
    return result;
}

/* Whether the network is one of the `count` names, or there are none. */
static bool is_wanted(int index, char **names, int count) {
    bool wanted = count == 0;
    for (int i = 0; i < count; i++)
        wanted |= !strcmp(names[i], networks[index].name);
    return wanted;
}

static status write_all(const char *folder, char **names, int count) {
    char path[4096];
    text_buffer list = {0};
    TRY(path_join(path, folder, "cases", ".jsonl"));
    TRY(text_buffer_begin(&list));
    for (int i = 0; i < NETWORKS; i++) {
        status result = is_wanted(i, names, count) ? write_network(i, folder, list.stream) : STATUS_OK;
        if (result != STATUS_OK) {
            text_buffer_free(&list);
            return result;
        }
    }
    return text_buffer_save(&list, path);
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: compare_onnx FOLDER [NAME ...]\n");
        return 2;
    }
    status result = write_all(argv[1], argv + 2, argc - 2);
    if (result != STATUS_OK)
        fprintf(stderr, "compare_onnx: %s\n", status_message());
    return status_exit_code(result);
}
