/* BLAS and LAPACK on one thread, without a lasting change to the host's settings.
 *
 * They are called from inside our own loops, where more threads would only fight. OpenBLAS has no setting of a thread's
 * own: built with threads of its own, it keeps one number for the process (openblas_set_num_threads_local, where there
 * is one, sets the same number). So that number is 1 while anybody holds it, and then what it was before the first.
 * Another thread of the host that calls BLAS meanwhile gets its results from one thread, too; a number of more than 1
 * that it sets meanwhile lasts until somebody holds the next time, and is what the last one leaves. Built with OpenMP,
 * it follows the caller's number of OpenMP threads, which belongs to the calling thread.
 *
 * Thread rule: any thread at any time; a hold is released by the thread that took it. */
#ifndef IRST_CORE_BASE_BLAS_THREADS_H
#define IRST_CORE_BASE_BLAS_THREADS_H

typedef struct blas_hold {
    int openmp_threads; /* as they were */
} blas_hold;

/* Holds may nest and overlap. */
blas_hold blas_threads_hold(void);
void blas_threads_release(blas_hold hold);

#endif
