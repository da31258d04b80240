/* A training by several machines as a job of the batch system Slurm.
 *
 * Thread rule: any thread at any time, on different folders. */
#ifndef IRST_TRAIN_TRAIN_SLURM_H
#define IRST_TRAIN_TRAIN_SLURM_H

#include "core/base/status.h"

#include <stdint.h>

typedef struct train_job {
    const char *ini, *folder;
    const char *const *overrides; /* "section.key=value" */
    int override_count;
    int nodes, tasks; /* machines, and processes on each */
    int64_t images;   /* of a batch, which all of them share */
} train_job;

/* Writes FOLDER.slurm, to be queued in the present folder, and says so. A job that is cut off saves itself and goes on
 * when it is queued again. STATUS_USAGE unless there is a machine and a process on it, and an image of a batch for
 * each. */
status train_slurm_write(const train_job *job);

#endif
