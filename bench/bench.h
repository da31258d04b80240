/* The parts of bin/bench. Each prints lines `name value unit` on stdout, remarks on stderr. */
#ifndef IRST_BENCH_BENCH_H
#define IRST_BENCH_BENCH_H

#include "core/base/engine.h"
#include "core/base/status.h"
#include "modules/detector.h"

#include <stdbool.h>

typedef struct bench_options {
    engine *engine;      /* all threads */
    int size;            /* rows and columns of the image */
    int repeat;          /* timed runs of each thing; 0: as many as the part needs for a steady median */
    int batch;           /* images of a training step */
    bool int8;           /* model: time it in int8 too */
    bool stages;         /* model: time K = 1 .. model.stages too */
    bool scaling;        /* train: time one thread too */
    bool checkpointing;  /* train: keep the results of the stages only */
    bool fast;           /* train: as train.arithmetic = fast */
    bool write_expected; /* conv: store the shares instead of comparing them */
    const char *method;  /* registry name of the network */
    const char *const *overrides;
    int override_count; /* "model.key=value" */
} bench_options;

status bench_conv(const bench_options *o);
status bench_model(const bench_options *o);
status bench_peers(const bench_options *o);
status bench_scaling(const bench_options *o);
status bench_train(const bench_options *o);

/* --- shared by the parts --- */

void bench_print(const char *name, double value, const char *unit);
/* The peak that shares relate to, with its instruction set and threads. */
void bench_print_peak(const engine *e, double flops);

/* The network of the options with random parameters, on `e`; `more`: one override on top, or NULL. */
status bench_detector(engine *e, const bench_options *o, const char *more, detector **out);

/* `count` random numbers in [0, 1); free with free. NULL and a message if memory is out. */
float *bench_random(size_t count);

#endif
