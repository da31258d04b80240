/* The processes that a program was started as, by mpirun or srun. Built in two ways: job_mpi.c, or job_alone.c where
 * there is no MPI (make MPI=0).
 *
 * Thread rule: the main thread. */
#ifndef IRST_CORE_BASE_JOB_H
#define IRST_CORE_BASE_JOB_H

#include "core/base/peers.h"

#include <stdbool.h>

/* Before all else. *out: the processes of the job, valid until job_close; NULL where this one was started alone, and
 * then MPI is not even begun with. STATUS_USAGE where there are several that cannot reach each other, because this
 * build has no MPI. */
status job_open(peers **out);

/* Before a failure is told: most are found by all processes, and then rank 0 alone should tell and end the job. The
 * others wait for that here, three seconds at most. */
void job_wait_for_first(void);

/* At the end. After a failure, which may be of this process alone, it ends all of the job with the exit code `code`. */
void job_close(bool failed, int code);

#endif
