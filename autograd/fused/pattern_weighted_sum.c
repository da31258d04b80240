/* a (b A + c B) + d C = ab A + ac B + d C, as many as a node has inputs. */
#include "autograd/fused/fused.h"
#include "autograd/tape_internal.h"
#include "autograd/tape_rewrite.h"

typedef struct terms {
    int count;
    node *inputs[NODE_INPUTS];
    weighted_sum_options options;
} terms;

static bool is_sum(const node *n) {
    return n->op == &op_add || n->op == &op_weighted_sum;
}

static float weight_of(const node *sum, int input) {
    if (sum->op == &op_weighted_sum)
        return ((const weighted_sum_options *)sum->options)->weights[input];
    const add_options *o = sum->options;
    return input ? o->weight_b : o->weight_a;
}

static void add_term(terms *all, node *x, float weight) {
    all->inputs[all->count] = x;
    all->options.weights[all->count++] = weight;
}

void pattern_weighted_sum(tape *t, node *last) {
    terms all = {0};
    if (last->op != &op_add)
        return;
    for (int i = 0; i < 2; i++) {
        node *x = last->input[i];
        bool vanishes = is_sum(x) && rewrite_is_inner(t, x, x->op, 1, last);
        /* Each input that is still to come takes one place at least. */
        if (vanishes && all.count + x->input_count + (1 - i) <= NODE_INPUTS)
            for (int k = 0; k < x->input_count; k++)
                add_term(&all, x->input[k], weight_of(last, i) * weight_of(x, k));
        else
            add_term(&all, x, weight_of(last, i));
    }
    if (all.count > 2)
        rewrite_as(t, last, &op_weighted_sum, &all.options, sizeof all.options, all.count, all.inputs);
}
