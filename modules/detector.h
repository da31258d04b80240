/* The one interface of all methods: a name, options, an image in, a score map out.
 *
 * Programs reach networks and model-driven methods only through this header. A method joins by adding one
 * line to the table in registry.c.
 *
 * Thread rule: one thread at a time for each detector and each engine; the methods' names and options, any thread. */
#ifndef IRST_MODULES_DETECTOR_H
#define IRST_MODULES_DETECTOR_H

#include "core/base/engine.h"
#include "core/base/status.h"
#include "core/config/config.h"
#include "modules/parameter.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct detector detector;
struct gradient_listener;

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
 * method's own initialisation, a function of `seed`. `e` runs it, and must outlive it. Free with detector_free. */
status detector_new(engine *e, const config *options, uint64_t seed, detector **out);
/* The same for whoever fills the parameters in at once: weights and biases are 0. */
status detector_new_blank(engine *e, const config *options, detector **out);
void detector_free(detector *d); /* accepts NULL */

/* A second detector with the weights of `d`, which both share, to run on other images at the same time: `e` is another
 * engine. It cuts no images at first. Until it is freed, `d` is neither freed nor trained nor loaded anew. It is for
 * running only. */
status detector_new_twin(const detector *d, engine *e, detector **out);

const char *detector_name(const detector *d);
score_kind detector_score_kind(const detector *d);
/* Value of one of the method's options as text, by its full key; NULL if it has no such key. */
const char *detector_option(const detector *d, const char *key);
/* Whether an option that it has would be the same by this value: 0.10 is 0.1. */
bool detector_option_is(const detector *d, const char *key, const char *value);
/* Parameters and statistics; an empty set for methods without. */
parameter_set *detector_parameters(detector *d);

typedef enum detector_detail {
    DETAIL_SCORE,          /* score and logit; parts of the network that only serve the rest are left out */
    DETAIL_RECONSTRUCTION, /* the reconstruction too */
    DETAIL_STAGES          /* and the maps of every stage */
} detector_detail;

enum { DETECTOR_RESIDUALS = 256 };

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
    /* ||D - B - T||_F / ||D||_F after each iteration of a model-driven method that ends by it (the first
     * DETECTOR_RESIDUALS of them); 0 and NULL for the others. */
    int residual_count;
    const double *residuals;
} detector_maps;

/* Stage 1, 2, ...'s map 'B', 'T', 'N' or 'D'; NULL if there is none. */
const float *detector_stage_map(const detector_maps *maps, int stage, char letter);

/* How large images are cut. Along each axis there are as few tiles as the side allows, and they are of about one
 * length. They begin at multiples of 32, so that maps are halved at the same pixels as in the whole image. A pixel is
 * taken from the tile in which it lies farther inside: at least overlap / 2 from a cut. */
typedef struct detector_tiles {
    int side, overlap; /* side 0: no image is cut; else 64 at least, and overlap is at most half of it */
    int64_t limit;     /* images of more pixels are cut */
} detector_tiles;

/* "off", "auto" or "SIDE,OVERLAP". With auto, images of more than 2048 x 2048 pixels are cut; with two numbers all that
 * are larger than a tile. Anything else is STATUS_USAGE, and the message begins with `option`. */
status detector_tiles_read(const char *text, const char *option, detector_tiles *out);

/* From now on an unrolled network's last stage runs `count` times more than it was trained to, with the same weights:
 * the score is that of T after all of them. STATUS_USAGE for other methods, for less than none, and for more than 32
 * stages in all. */
status detector_set_more_stages(detector *d, int count);

typedef enum detector_precision { PRECISION_FLOAT, PRECISION_INT8 } detector_precision;
extern const char *const detector_precision_names[]; /* "float", "int8" */

/* For the runs from now on; float32 at first. With int8, chains of 3x3 convolutions whose ranges are known
 * (calibration.h) compute with weights and maps of 8 bits, all else in float32. Scores differ then in the second or
 * third digit, and by machine no more than they do in float32. STATUS_USAGE if no range is known. */
status detector_set_precision(detector *d, detector_precision precision);
/* Whether int8 is faster than float32 on this processor; on others it is slower. */
bool detector_int8_is_fast(const detector *d);

/* For the runs from now on; none at first. */
void detector_set_tiles(detector *d, const detector_tiles *tiles);
bool detector_cuts(const detector *d, int width, int height); /* whether an image of this size is cut */
int64_t detector_cut_images(const detector *d);               /* how many have been, in all runs */

/* Frees the maps that were put together from tiles; those of the last run are gone then. */
void detector_drop_tiles(detector *d);

/* Runs the method on one grey image in [0, 1], of any size, in evaluation mode; a network that takes certain sides only
 * sees the image padded (padding.h), and the maps are cropped back. An image that is cut (detector_set_tiles) gives
 * what the whole image gives only as far as nothing reaches across tiles: a network's means over whole maps
 * (squeeze-and-excitation, attention) are those of a tile, and so are a model-driven method's matrices; its scores have
 * one unit in all tiles. There are no stage maps then: STATUS_USAGE. Not for two threads at once on the same detector
 * or the same engine. */
status detector_run(detector *d, const float *image, int width, int height, detector_detail detail, detector_maps *out);

/* --- training; STATUS_USAGE for methods without parameters --- */

/* Sets the last bias of every logit map of a network so that, were all other weights zero, the probability would be
 * `probability` at every pixel (Lin et al., 2017, section 4.1): before training on rare targets. For the unrolled
 * networks, T^K = x - epsilon H, that is a bias of H's last layer of -logit(probability) / epsilon; where a last layer
 * fuses heads that have the prior already, its bias is the rest. STATUS_USAGE outside (0, 1), where epsilon is 0, and
 * for a network that names no such layer. */
status detector_set_prior(detector *d, double probability);

typedef struct detector_training {
    int batch_size; /* largest batch */
    int width, height;
    int phase;          /* see detector_phase */
    int64_t step;       /* steps made before; dropout depends on their number */
    double eta;         /* weight of the fidelity term of the method's own loss */
    bool recompute;     /* keep only the stages' results and compute the rest twice: less memory, same bits */
    bool running_norms; /* batch norms take their running statistics, as in evaluation, and leave them as they are */
    bool fast;          /* the forward pass may round as much as that of detector_run, a few times a direct sum */
    /* NULL or "published": the method's own loss. Else a sum of terms, "dice2:batch + 0.01 mse" (loss_spec.h). */
    const char *loss;
    const char *loss_key; /* what messages begin with that are about the loss: "train.loss"; NULL: "loss" */
    /* Weight of the mask terms on the outputs besides the prediction: T of all stages but the last, or the other heads;
     * 0: none. Only with a loss of terms. */
    double deep_supervision;
    bool teacher; /* steps may come with a teacher's score maps */
} detector_training;

#define DETECTOR_LOSS_PARTS 16

typedef struct detector_loss {
    double total;
    int part_count;
    struct {
        const char *name; /* "soft_iou", "fidelity"; owned by the detector until it begins another training */
        double value;     /* without its weight; NaN for a part that this phase or step lacks */
    } parts[DETECTOR_LOSS_PARTS];
} detector_loss;

/* The phase of training that an epoch (from 0) belongs to; 0 for all epochs of most methods. Training begins anew
 * whenever it changes. */
int detector_phase(const detector *d, int64_t epoch);
int detector_last_phase(const detector *d); /* that of all epochs from some one on */

/* From now on images run through the network as it is trained in that phase; a new detector is in the last one. */
void detector_set_phase(detector *d, int phase);

/* Lays out the training graph once; every step reuses its memory. Images and masks of sides that the network does not
 * take are padded with background. STATUS_USAGE for a loss that cannot be read or that the network cannot have. */
status detector_begin_training(detector *d, const detector_training *options);

/* The images of one step: dense, count x 1 x H x W. Where the engine has peers, they are this process's share of the
 * batch that peers_set_batch announced. */
typedef struct detector_batch {
    const float *images, *masks;              /* grey values and labels in [0, 1] */
    const float *teacher;                     /* a teacher's scores in [0, 1]; NULL: none in this step */
    int count;                                /* 1 to batch_size */
    double weight;                            /* of this batch's gradients; 0 is read as 1 */
    bool add;                                 /* to the gradients of the step before, instead of replacing them */
    const struct gradient_listener *listener; /* of the gradients (autograd/tape.h); NULL: nobody */
    double teacher_weight; /* of the cross-entropy of the logits with the teacher's scores (Hinton et al., 2015) */
} detector_batch;

/* Forward and backward: fills the gradients of the parameters and updates the running statistics (also with `add`). The
 * loss is reported without batch->weight. */
status detector_train_step(detector *d, const detector_batch *batch, detector_loss *loss);

#define DETECTOR_PART_NAME 32

/* The terms of losses: "soft_iou" and "fidelity", say, or "dice2_batch", "mse", "deep", "teacher". */
typedef struct detector_part_names {
    int count;
    char names[DETECTOR_LOSS_PARTS][DETECTOR_PART_NAME];
} detector_part_names;

/* The parts of the losses of several trainings that follow one another, each name once, in order of appearance: the
 * columns of their log. Of each training only loss, deep_supervision and teacher are looked at. STATUS_USAGE as
 * detector_begin_training, and for more than DETECTOR_LOSS_PARTS names. Computes nothing, and may be called while a
 * training goes on. */
status detector_loss_parts(detector *d, const detector_training *trainings, int count, detector_part_names *out);

/* Bytes held for activations and gradients by the training graph, and by the last inference graph; a model-driven
 * method's working memory. */
int64_t detector_memory(const detector *d);

/* Floating-point operations of the convolutions for one image, a multiply-add as two, whatever algorithm computes
 * them; 0 before the graph exists. Inference: of the last detector_run. Training: forward and both gradients, each
 * convolution three times. */
double detector_inference_flops(const detector *d);
double detector_training_flops(const detector *d);

/* How many batch norms of the training graph, by statistics of the batch, see one value of an image and channel, as
 * behind a mean of the map. Of a batch of one image they make a constant, whatever it shows. */
int detector_pooled_norms(const detector *d);

#endif
