#include "core/base/job.h"

#include <stdlib.h>

/* What mpirun and srun --mpi tell a process of their number. */
static int started_together(void) {
    static const char *const names[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (getenv(names[i]) && atoi(getenv(names[i])) > 1)
            return atoi(getenv(names[i]));
    return 1;
}

status job_open(peers **out) {
    *out = NULL;
    int count = started_together();
    if (count == 1)
        return STATUS_OK;
    return status_fail(STATUS_USAGE,
                       "started as %d processes, but built without MPI: build it where mpicc is, without MPI=0", count);
}

void job_wait_for_first(void) {
}

void job_close(bool failed, int code) {
    (void)failed;
    (void)code;
}
