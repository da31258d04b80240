/* What the command lines of the programs share: which detector, which size, one word of several. */
#ifndef IRST_EVAL_PROGRAMS_ARGUMENTS_H
#define IRST_EVAL_PROGRAMS_ARGUMENTS_H

#include "core/base/status.h"
#include "core/io/grey_range.h"
#include "modules/detector.h"
#include "modules/torch/weights_file.h"

#include <stdbool.h>

/* Help of the option --method: lists the methods without parameters. Owned by the function. */
const char *argument_method_help(void);

/* "model.KEY=VALUE", an option of --method. */
bool argument_is_model_option(const char *text);

/* Opens the detector that --checkpoint or --method names: exactly one of them is not NULL, else STATUS_USAGE. A
 * method with parameters needs a checkpoint, which is STATUS_USAGE too. `settings`: `count` times "model.KEY=VALUE" for
 * the method; a checkpoint has its own and refuses any. The checkpoint may be one of PyTorch's (weights_file.h), which
 * takes those that its tensors do not tell. */
status argument_detector(engine *e, const char *checkpoint, checkpoint_weights which, const char *method,
                         const char *const *settings, int count, detector **out);

/* The checkpoint that --weights names (shipped_weights.h), into *checkpoint; NULL leaves it. STATUS_USAGE if there is
 * one already, or a method. The path is owned by the function. */
status argument_weights(const char *name, const char *method, const char **checkpoint);

/* "native" gives 0, a number in 1..32768 itself. */
status argument_size(const char *text, int *out);

/* A finite number; else a STATUS_USAGE that begins with `name`: "--fps", or that of a word. */
status argument_number(const char *name, const char *text, double *out);

/* "WxH" into both sides, each in 1..32768; NULL gives 0 and 0. Else a STATUS_USAGE that names the option. */
status argument_sides(const char *option, const char *text, int *width, int *height);

#define ARGUMENT_RANGE_HELP                                                                                            \
    "grey values that become black and white: LO,HI in the file's values (a 14-bit camera: 0,16383), image (each "     \
    "image's own), percentile[:P] (without the P % darkest and brightest), full (the file's full scale). Without it: " \
    "what the checkpoint was trained with, else full"

/* The range of grey values: what --range says, or the one that the checkpoint was trained with (data.range), or
 * RANGE_FULL. Both texts may be NULL. */
status argument_range(const char *text, const char *checkpoint, grey_range *out);

/* Help of the option --precision. */
#define ARGUMENT_PRECISION_HELP                                                                                        \
    "int8: 3x3 convolutions of many channels with weights and maps of 8 bits, faster on processors with "              \
    "AVX-512 VNNI; the checkpoint needs ranges of activations ('@convert calibrate' finds them)"

/* Sets what --precision says. STATUS_USAGE if a checkpoint has no ranges for int8, and for a method without
 * parameters: `checkpoint` is then NULL. `remark` of `size` bytes: what is to be said where int8 is no gain, else "".
 */
status argument_precision(const char *text, const char *checkpoint, detector *d, char *remark, size_t size);

/* Help of the option --tiles. */
#define ARGUMENT_TILES_HELP                                                                                            \
    "auto: images of more than 2048x2048 pixels are cut into tiles of at most 1024x1024 that overlap by 128; "         \
    "with two numbers all that are larger than a tile. Means over whole maps are then means over tiles"

/* STATUS_USAGE if `path` (NULL: none), which is written where `option` says, is a file that is read (NULL: none). */
status argument_keeps(const char *option, const char *path, const char *read);

/* Position of `text` in the `count` words; else a STATUS_USAGE that names the option and lists the words. */
status argument_choice(const char *option, const char *text, const char *const *words, int count, int *out);

#endif
