/* A detector from the inside: shared by detector.c and the files beside it.
 *
 * Thread rule: as detector.h. */
#ifndef IRST_MODULES_DETECTOR_PRIVATE_H
#define IRST_MODULES_DETECTOR_PRIVATE_H

#include "modules/classic/model_driven.h"
#include "modules/detector_type.h"

/* Sides of an image for recordings without run. */
enum { PROBE_SIDE = 80 };

/* The graph that images run through, for one size; kept until another size is asked for. */
typedef struct inference {
    tape *t;
    node *image;
    network_outputs outputs;
    int width, height;
    detector_detail detail;
    float *memory; /* score, logit, reconstruction, stage maps; dense */
    detector_map maps[NETWORK_STAGES * STAGE_MAPS];
} inference;

/* The maps of an image that is cut, put together. */
typedef struct tiling {
    detector_tiles tiles;
    float *memory;  /* score, logit, reconstruction; dense */
    int64_t images; /* cut so far */
} tiling;

/* What the tape reads stays where it is while the tape lives. */
typedef struct training {
    tape *t;
    node *image, *mask;
    node *teacher;     /* NULL without one */
    int width, height; /* of the images; the nodes' sides may be larger, see padding.h */
    loss_spec spec;    /* of a loss of terms; its names are those of the parts */
    loss_nodes loss;
    float weight, teacher_weight; /* of this step; the tape reads them */
    int batch_size;
    int64_t step;     /* steps made; the tape reads it */
    double flops;     /* see detector_training_flops */
    int pooled_norms; /* see detector_pooled_norms */
} training;

struct detector {
    engine *engine;
    const detector_type *type;
    config *options;
    input_format input;
    uint64_t seed;
    bool is_blank;
    parameter_set parameters;
    bool is_twin; /* the parameters belong to another */
    int more_stages;
    int phase; /* that images run through */
    detector_precision precision;
    inference run;
    tiling cut;
    model_driven_run model_driven;
    training train;
};

/* Records the network as it is when trained on the new tape `t`, without planning it: *image is the leaf for an image
 * of these sides, padded to what the network takes (padding.h). Creates the parameters the first time. STATUS_USAGE if
 * the outputs are not what network_outputs.h says. */
status detector_record(detector *d, tape *t, int width, int height, node **image, network_outputs *outputs);

/* Records it for the names and shapes of the parameters, and for the sites of the prior. The nodes in `outputs` are
 * gone. */
status detector_probe(detector *d, network_outputs *outputs);

/* The parameter that a node of a tape reads; NULL if none does. */
parameter *detector_parameter_of(const detector *d, const node *leaf);

/* detector_precision.c: before the tape is planned, says which ranges are known. */
void detector_set_ranges(const detector *d, tape *t);

/* Frees the graph of the last run. */
void detector_drop_inference(detector *d);

/* detector_run without cutting. `format`: the detector's own, or one that suits a tile. */
status detector_run_whole(detector *d, const input_format *format, const float *image, int width, int height,
                          detector_detail detail, detector_maps *out);

/* detector_tiles.c: the same cut into tiles. */
status detector_run_tiles(detector *d, const float *image, int width, int height, detector_detail detail,
                          detector_maps *out);

#endif
