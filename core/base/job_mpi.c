#include "core/base/job.h"

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MOST_SUMS = 64 }; /* under way at once */

/* Of the process, as MPI is. */
static struct {
    peers *peers;  /* NULL: this process is alone */
    MPI_Comm sums; /* a communicator of their own, so that they do not mix with what is gathered meanwhile */
    MPI_Request requests[MOST_SUMS];
    int request_count;
} job;

static void gather(void *context, const double *values, int count, double *all) {
    (void)context;
    MPI_Allgather(values, count, MPI_DOUBLE, all, count, MPI_DOUBLE, MPI_COMM_WORLD);
}

static void finish_sums(void *context) {
    (void)context;
    MPI_Waitall(job.request_count, job.requests, MPI_STATUSES_IGNORE);
    job.request_count = 0;
}

/* Testing moves those on that are under way: MPI need not have a thread that does. */
static void begin_sum(void *context, float *values, size_t count) {
    int done;
    if (job.request_count == MOST_SUMS)
        finish_sums(context);
    MPI_Testall(job.request_count, job.requests, &done, MPI_STATUSES_IGNORE);
    MPI_Iallreduce(MPI_IN_PLACE, values, (int)count, MPI_FLOAT, MPI_SUM, job.sums, &job.requests[job.request_count++]);
}

static void send_values(void *context, int to, const float *values, size_t count) {
    (void)context;
    MPI_Send(values, (int)count, MPI_FLOAT, to, 0, MPI_COMM_WORLD);
}

static void receive_values(void *context, int from, float *values, size_t count) {
    (void)context;
    MPI_Recv(values, (int)count, MPI_FLOAT, from, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

/* Whether mpirun or srun has started this process: whoever is alone does not even begin with MPI. */
static int started_together(void) {
    static const char *const names[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (getenv(names[i]))
            return 1;
    return 0;
}

/* MPI's own message follows, in MPI's words. */
static void on_error(MPI_Comm *comm, int *code, ...) {
    char text[MPI_MAX_ERROR_STRING];
    int length;
    MPI_Error_string(*code, text, &length);
    fprintf(stderr,
            "process %d of the job can no longer reach another one (%s): all end; a training goes on from what was "
            "saved with `--resume`\n",
            peers_rank(job.peers), text);
    MPI_Abort(*comm, 1);
}

static void watch_errors(MPI_Comm comm) {
    MPI_Errhandler handler;
    MPI_Comm_create_errhandler(on_error, &handler);
    MPI_Comm_set_errhandler(comm, handler);
    MPI_Errhandler_free(&handler);
}

status job_open(peers **out) {
    static const peers_links links = {gather, begin_sum, finish_sums, send_values, receive_values};
    int given, rank, count;
    *out = NULL;
    if (!started_together())
        return STATUS_OK;
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &given) != MPI_SUCCESS || given < MPI_THREAD_FUNNELED)
        return status_fail(STATUS_USAGE, "MPI does not begin, or not beside threads of the program");
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &count);
    if (count == 1)
        return STATUS_OK;
    MPI_Comm_dup(MPI_COMM_WORLD, &job.sums);
    watch_errors(MPI_COMM_WORLD);
    watch_errors(job.sums);
    TRY(peers_new(rank, count, &links, NULL, &job.peers));
    *out = job.peers;
    return STATUS_OK;
}

void job_wait_for_first(void) {
    struct timespec rest = {.tv_sec = 3};
    while (peers_rank(job.peers) > 0 && nanosleep(&rest, &rest) != 0)
        continue;
}

void job_close(bool failed, int code) {
    int begun;
    MPI_Initialized(&begun);
    if (failed && job.peers)
        MPI_Abort(MPI_COMM_WORLD, code);
    peers_free(job.peers);
    job.peers = NULL;
    if (begun)
        MPI_Finalize();
}
