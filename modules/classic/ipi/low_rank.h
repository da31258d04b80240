/* A matrix U V^T of low rank. Its factors are kept transposed: what belongs to a row or column of the matrix is
 * adjacent.
 *
 * Thread rule: one thread changes it; then any number may read it. */
#ifndef IRST_MODULES_CLASSIC_IPI_LOW_RANK_H
#define IRST_MODULES_CLASSIC_IPI_LOW_RANK_H

typedef struct low_rank {
    int rank, room;             /* room: from one column to the next */
    double *Ut, *Vt;            /* rank x m, rank x n */
    float *U_single, *V_single; /* the same, rounded */
    double *length;             /* of each row of U; those of V are at most 1 */
} low_rank;

#endif
