/* The images that are looked through: what evaluate or detect left in a folder.
 *
 * Thread rule: any thread at any time, on different structs. */
#ifndef IRST_EVAL_BROWSE_BROWSE_SET_H
#define IRST_EVAL_BROWSE_BROWSE_SET_H

#include "datasets/preprocess.h"
#include "eval/measure/scores_file.h"

typedef struct browse_request {
    const char *folder;
    /* For a folder of detect, which holds no ground truth: the data set that has it; NULL: none. */
    const char *data;
    /* NULL: test, MASK_MAX, and the protocol of the folder of evaluate, or PROTOCOL_OVERLAP. */
    const char *split;
    const mask_rule *mask;
    const match_protocol *protocol;
} browse_request;

/* Reads FOLDER/scores.h5, which evaluate left, or FOLDER/detections.json and the pictures NAME_score.png, which detect
 * left; STATUS_USAGE where the request has what goes with a data set and there is none to open. With a data set the
 * samples of its split, scored as `evaluate --predictions FOLDER --size native` does, else the images that detect read,
 * where they can be read again, without any label; the others are black and counted. All of it is held in memory. Free
 * with scores_set_free. */
status browse_set_open(const browse_request *request, scores_set *out);

#endif
