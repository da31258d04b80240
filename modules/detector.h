/* The one interface of all methods: a name, options, an image in, a score map out.
 *
 * Programs reach networks and model-driven methods only through this header. A method joins by adding one
 * line to the table in registry.c. */
#ifndef IRST_MODULES_DETECTOR_H
#define IRST_MODULES_DETECTOR_H

#include "core/config.h"
#include "core/status.h"
#include "modules/parameter.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct detector detector;

/* What the score map holds. */
typedef enum score_kind {
    SCORE_PROBABILITY, /* networks: score = sigmoid(logit); the logit map exists too */
    SCORE_RAW          /* model-driven methods: a response; only its ratio to the image's maximum counts */
} score_kind;

/* --- the registry --- */

int detector_method_count(void);
const char *detector_method_name(int index);  /* "rpcanet_plus" */
const char *detector_method_title(int index); /* "RPCANet+ (Xiu et al., 2025)" */
score_kind detector_method_score_kind(int index);
/* The method's option keys ("model.stages", ...) with defaults and ranges. An unknown name is STATUS_USAGE
 * and the message lists the known ones. */
status detector_method_options(const char *name, const config_key **keys, int *count);

/* The key table of the [model] section that is common to all: model.name. */
extern const config_key detector_name_key;

/* Declares the model.* keys of the method that model.name selects. */
status detector_declare_options(config *c);

/* --- one detector --- */

/* Creates the method that model.name of `options` selects, with its model.* options. Networks start with the
 * method's own initialisation, a function of `seed`. Free with detector_free. */
status detector_new(const config *options, uint64_t seed, detector **out);
void detector_free(detector *d); /* accepts NULL */

const char *detector_name(const detector *d);
score_kind detector_score_kind(const detector *d);
/* Value of one of the method's options as text, by its full key; NULL if it has no such key. */
const char *detector_option(const detector *d, const char *key);
/* Parameters and statistics; an empty set for methods without. */
parameter_set *detector_parameters(detector *d);

typedef enum detector_detail {
    DETAIL_SCORE,          /* score and logit; parts of the network that only serve the rest are left out */
    DETAIL_RECONSTRUCTION, /* the reconstruction too */
    DETAIL_STAGES          /* and the maps of every stage */
} detector_detail;

typedef struct detector_map {
    const char *name; /* "stage1/B" */
    const float *map;
} detector_map;

/* Maps of one image, dense, row-major, width * height; owned by the detector, valid until its next call. */
typedef struct detector_maps {
    int width, height;
    const float *score;
    const float *logit;          /* NULL for SCORE_RAW */
    const float *reconstruction; /* NULL if the method has none, and with DETAIL_SCORE */
    int stage_count;             /* number of entries in `stages`; 0 without DETAIL_STAGES */
    const detector_map *stages;
} detector_maps;

/* Runs the method on one grey image in [0, 1], of any size, in evaluation mode. Not for two threads at once
 * on the same detector: it uses all threads itself. */
status detector_run(detector *d, const float *image, int width, int height, detector_detail detail, detector_maps *out);

/* --- training; STATUS_USAGE for methods without parameters --- */

typedef struct detector_training {
    int batch_size; /* largest batch */
    int width, height;
    int phase;      /* see detector_phase */
    int64_t step;   /* steps made before; dropout depends on their number */
    double eta;     /* weight of the fidelity term */
    bool recompute; /* keep only the stages' results and compute the rest twice: less memory, same bits */
} detector_training;

#define DETECTOR_LOSS_PARTS 8

typedef struct detector_loss {
    double total;
    int part_count;
    struct {
        const char *name; /* "soft_iou", "fidelity" */
        double value;     /* NaN for a part that this phase lacks */
    } parts[DETECTOR_LOSS_PARTS];
} detector_loss;

/* The phase of training that an epoch (from 0) belongs to; 0 for all epochs of most methods. Training begins anew
 * whenever it changes. */
int detector_phase(const detector *d, int64_t epoch);

/* Lays out the training graph once; every step reuses its memory. */
status detector_begin_training(detector *d, const detector_training *options);

/* Forward and backward on `count` <= batch_size images (dense, count x 1 x H x W; masks in [0, 1]): fills the
 * gradients of the parameters (replacing them) and updates the running statistics. */
status detector_train_step(detector *d, const float *images, const float *masks, int count, detector_loss *loss);

/* The terms of the method's loss, known after detector_begin_training: "soft_iou", "fidelity". */
int detector_loss_part_count(const detector *d);
const char *detector_loss_part_name(const detector *d, int index);

/* Bytes held for activations and gradients by the training graph, and by the last inference graph; a model-driven
 * method's working memory. */
int64_t detector_memory(const detector *d);

/* Floating-point operations of the convolutions for one image, a multiply-add as two, whatever algorithm computes
 * them; 0 before the graph exists. Inference: of the last detector_run. Training: forward and both gradients, each
 * convolution three times. */
double detector_inference_flops(const detector *d);
double detector_training_flops(const detector *d);

#endif
