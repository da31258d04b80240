/* What it took to train a network: how long, on which processors. Tables of experiments tell it of every training.
 *
 * Thread rule: any thread at any time, on different files and structs. */
#ifndef IRST_MODULES_TRAINING_COST_H
#define IRST_MODULES_TRAINING_COST_H

#include "core/base/status.h"
#include "core/io/hdf5_io.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct training_cost {
    int64_t epochs;           /* done */
    double processor_seconds; /* of all its threads and processes, evaluations included; 0: not known */
    char processors[256];     /* their models, "; " between them where it went on on another; "": not known */
} training_cost;

/* Adds time spent on the processor of this machine. A list that is full stays as it is. */
void training_cost_add(training_cost *cost, double processor_seconds);

/* In the group `trainer` of a training's checkpoint, which is being created and has its epochs beside it. */
status training_cost_write(h5_file *file, const training_cost *cost);

/* From it; what an older version did not keep stays zeroed. STATUS_INPUT for a time that none can be. */
status training_cost_read(const h5_file *file, training_cost *out);

/* The same of a file. A checkpoint that no training left, as of weights alone, gives a zeroed cost. */
status training_cost_read_file(const char *path, training_cost *out);

/* "44 epochs in 16 processor minutes, AMD EPYC", as far as it is known; "" if nothing is. */
void training_cost_text(const training_cost *cost, char *text, size_t size);

#endif
