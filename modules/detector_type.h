/* What a method implements to join the registry; programs never see this.
 *
 * Thread rule: types are constant; their functions serve different detectors in different threads. */
#ifndef IRST_MODULES_DETECTOR_TYPE_H
#define IRST_MODULES_DETECTOR_TYPE_H

#include "core/base/workspace.h"
#include "core/config/config.h"
#include "modules/detector.h"
#include "modules/input.h"
#include "modules/loss.h"
#include "modules/network.h"
#include "modules/network_outputs.h"
#include "modules/padding.h"
#include "modules/tensor_options.h"

/* What a model-driven method sees: grey values 0..255, row-major; integers where the image has 8 bits. */
typedef struct grey_map {
    int width, height;
    const double *grey;
} grey_map;

struct solver_report; /* modules/classic/solver_report.h */

typedef struct detector_type {
    const char *name;
    const char *title;
    const config_key *options; /* model.* keys */
    int option_count;
    score_kind score;
    /* How a network wants the grey image; NULL: as it is. */
    input_format (*input)(const config *options);
    /* A network records itself, on the leaf `image` of that format, and its loss. A failed builder shows up in
     * tape_plan. */
    void (*build)(const config *options, network *net, node *image, network_outputs *out);
    void (*loss)(const config *options, network *net, const network_outputs *outputs, node *image, node *mask,
                 double eta, loss_nodes *out);
    /* Networks that train in phases, which build and loss tell apart by network.phase: the phase of an epoch (from 0),
     * rising. NULL: always 0. */
    int (*phase)(const config *options, int64_t epoch);
    side_rule sides; /* that its maps can be made of; images of others are padded, see padding.h */
    /* Prefixes of parameter names, NULL-terminated, in the order of the reference's state_dict; NULL: as recorded. */
    const char *const *parameter_order;
    /* A model-driven method scores one image. `check` (may be NULL) refuses options that exclude each other; `work` is
     * its memory from call to call; `report` arrives zeroed; the score is finite, and of a unit that does not depend on
     * the image, which may be a tile of a larger one. `finish` (may be NULL) does what only the scores of the whole
     * image allow; `image` is in [0, 1]. */
    status (*check)(const config *options);
    status (*score_image)(engine *e, const config *options, const grey_map *image, workspace *work, float *score,
                          struct solver_report *report);
    void (*finish)(const config *options, const float *image, int width, int height, float *score);
    /* Recognising a foreign checkpoint, see tensor_options.h; both NULL: none is read. */
    bool (*recognises)(const named_shape *tensors, int count);
    status (*options_from_tensors)(const named_shape *tensors, int count, config *options);
    /* Prefixes of tensors that published checkpoints hold and nothing reads, NULL-terminated; NULL: none. */
    const char *const *unused_tensors;
} detector_type;

input_format detector_type_input(const detector_type *type, const config *options);

/* The registry (registry.c). */
extern const detector_type *const detector_types[];
extern const int detector_type_count;
const detector_type *detector_type_find(const char *name); /* NULL and a STATUS_USAGE message if unknown */

#endif
