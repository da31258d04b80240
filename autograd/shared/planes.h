/* Operations that go plane by plane, each plane for itself.
 *
 * Thread rule: the calling thread of the tape's engine; any of its threads runs the bodies. */
#ifndef IRST_AUTOGRAD_SHARED_PLANES_H
#define IRST_AUTOGRAD_SHARED_PLANES_H

#include "autograd/shared/op_support.h"

/* op.forward: op.forward_plane(worker, node, plane) for all planes of the value. */
static inline void planes_forward(node *n, const op_run *run) {
    parallel_for(run->engine, plane_count(n), n->op->forward_plane, n);
}

/* op.backward where only input 0 has a gradient: op.backward_plane(worker, grad_target, plane) for all its planes, if
 * it is wanted. */
static inline void planes_backward(node *n, const op_run *run) {
    grad_target target = grad_target_of(n, 0);
    if (target.to)
        parallel_for(run->engine, target.to->n * target.to->c, n->op->backward_plane, &target);
}

#endif
