#include "autograd/fused/stream.h"

#include "autograd/ops.h"
#include "autograd/tape_internal.h"
#include "core/conv/conv_stream.h"

extern const op op_conv2d;

/* A 3x3 convolution as conv_stream.h wants it. */
static bool is_candidate(const node *n) {
    if (n->op != &op_conv2d || n->streams || n->streamed)
        return false;
    const conv2d_options *o = n->options;
    const tensor *weight = &n->input[1]->value;
    return weight->h == 3 && weight->w == 3 && o->stride == 1 && o->padding == 1 && o->dilation == 1;
}

static bool only_read_once(const node *n) {
    return n->readers == 1 && !n->pinned;
}

void tape_stream_convs(tape *t) {
    for (int i = 0; i < t->count; i++) {
        node *second = t->nodes[i];
        if (!is_candidate(second))
            continue;
        const node *between = second->input[0]; /* the first convolution, or the batch norm folded into it */
        node *first = between->shares ? between->shares : second->input[0];
        if (is_candidate(first) && only_read_once(first) && only_read_once(between) &&
            conv_stream_pays(&first->input[0]->value, first->value.c, &second->value)) {
            second->streams = first;
            first->streamed = true;
        }
    }
}
