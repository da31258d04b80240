/* Other processes of the same job. They train one network, each on other images of each batch, or score a data set,
 * each other images of it (eval/measure/evaluate.h).
 *
 * In training, what mixes the images of a batch, sums for a mean and the gradients of the weights, is added up over all
 * of them, in the order of their ranks, so that every one has the same bits. How numbers travel is a set of functions:
 * MPI's (job_mpi.c), or those of threads in tests.
 *
 * Of a batch each rank has a contiguous share. Where there are fewer images than ranks, a rank without one runs an
 * image that does not count: it is idle, and here what it gives to a sum becomes zero.
 *
 * Thread rule: one thread of a process, that which calls the engine. All ranks make the same calls in the same order.
 */
#ifndef IRST_CORE_BASE_PEERS_H
#define IRST_CORE_BASE_PEERS_H

#include "core/base/engine.h"

#include <stdbool.h>
#include <stddef.h>

enum { PEERS_MOST_VALUES = 1024 }; /* that peers_gather takes at once */

typedef struct peers_links {
    /* Every rank's `count` values, in the order of ranks, to `all` of each. */
    void (*gather)(void *context, const double *values, int count, double *all);
    /* Begins to replace the values of every rank by their sums, the same bits for all; they are left alone until
     * finish_sums. Several may be under way. */
    void (*begin_sum)(void *context, float *values, size_t count);
    void (*finish_sums)(void *context); /* waits for all of them */
    /* From one rank to another, which both wait for. */
    void (*send)(void *context, int to, const float *values, size_t count);
    void (*receive)(void *context, int from, float *values, size_t count);
} peers_links;

typedef struct peers peers;

/* Rank `rank` of `count`; `context` is handed to the links. Free with peers_free. */
status peers_new(int rank, int count, const peers_links *links, void *context, peers **out);
void peers_free(peers *p); /* accepts NULL */

/* NULL stands for a process alone: rank 0 of 1. */
int peers_rank(const peers *p);
int peers_count(const peers *p);

/* The share of `whole` images that a rank has: as equal as they can be, the first ones larger. */
int peers_share(int whole, int rank, int count, int *first);

/* The batch that follows has `images` images on all ranks, of which this one has its peers_share. */
void peers_set_batch(peers *p, int images);
bool peers_is_idle(const peers *p);

/* All images of a batch, and the place of this process's first one among them; of an engine without peers: `own` and 0.
 */
int peers_images(const engine *e, int own);
int peers_first_image(const engine *e);

/* Every rank's `count` values, at most PEERS_MOST_VALUES, in the order of ranks: valid until the next call. */
const double *peers_gather(peers *p, const double *values, int count);
/* The same, zeros of a rank that is idle. */
const double *peers_gather_counted(peers *p, const double *values, int count);
/* Replaces the values by their sums over the ranks that are not idle; NULL: leaves them. */
void peers_sum(peers *p, double *values, int count);

void peers_begin_sum(peers *p, float *values, size_t count); /* as begin_sum: an idle rank gives what it has */
void peers_finish_sums(peers *p);

/* Values of one rank go to another, which receives as many: at most 2^31 - 1. */
void peers_send(peers *p, int to, const float *values, size_t count);
void peers_receive(peers *p, int from, float *values, size_t count);

#endif
