#include "train/gradient_sums.h"

#include <stdlib.h>
#include <string.h>

/* Large enough that a message costs more in bytes than in latency, and there are a few to overlap. */
enum { PART_FLOATS = 1 << 18 };

typedef struct entry {
    float *grad;
    size_t count;
} entry;

struct gradient_sums {
    peers *peers;
    const parameter_set *parameters;
    gradient_listener listener;
    entry *entries; /* in the order of completion; those of this step lie one after another in `packed` */
    int entry_count;
    float *packed;
    size_t filled, sent; /* floats of it */
    float *kept;         /* of an idle rank, in the order of the parameters: what it gives; else unused */
};

static void send(gradient_sums *g) {
    if (g->filled > g->sent)
        peers_begin_sum(g->peers, g->packed + g->sent, g->filled - g->sent);
    g->sent = g->filled;
}

/* What an idle rank gives for this gradient. */
static const float *kept_of(const gradient_sums *g, const float *grad) {
    const float *kept = g->kept;
    for (int i = 0; g->parameters->items[i]->grad != grad; i++)
        kept += g->parameters->items[i]->grad ? g->parameters->items[i]->count : 0;
    return kept;
}

static void take(void *context, float *grad, size_t count) {
    gradient_sums *g = context;
    const float *from = peers_is_idle(g->peers) ? kept_of(g, grad) : grad;
    memcpy(g->packed + g->filled, from, count * sizeof *from);
    g->entries[g->entry_count++] = (entry){grad, count};
    g->filled += count;
    if (g->filled - g->sent >= PART_FLOATS)
        send(g);
}

status gradient_sums_new(peers *p, const parameter_set *parameters, gradient_sums **out) {
    size_t floats = (size_t)parameter_count_trained(parameters);
    gradient_sums *g = *out = calloc(1, sizeof *g);
    if (!g)
        return status_fail(STATUS_MEMORY, "out of memory for sums of gradients");
    *g = (gradient_sums){.peers = p, .parameters = parameters, .listener = {take, g}};
    g->entries = calloc((size_t)parameters->count, sizeof *g->entries);
    g->packed = malloc(floats * sizeof *g->packed);
    g->kept = malloc(floats * sizeof *g->kept);
    if (g->entries && g->packed && g->kept)
        return STATUS_OK;
    gradient_sums_free(g);
    *out = NULL;
    return status_fail(STATUS_MEMORY, "out of memory for sums of %zu gradients", floats);
}

void gradient_sums_free(gradient_sums *g) {
    if (!g)
        return;
    free(g->entries);
    free(g->packed);
    free(g->kept);
    free(g);
}

static void keep(gradient_sums *g, bool add) {
    float *to = g->kept;
    for (int i = 0; i < g->parameters->count; i++) {
        const parameter *p = g->parameters->items[i];
        if (!p->grad)
            continue;
        if (add)
            memcpy(to, p->grad, p->count * sizeof *to);
        else
            memset(to, 0, p->count * sizeof *to);
        to += p->count;
    }
}

const gradient_listener *gradient_sums_begin(gradient_sums *g, bool add) {
    if (peers_is_idle(g->peers))
        keep(g, add);
    return &g->listener;
}

void gradient_sums_finish(gradient_sums *g) {
    send(g);
    peers_finish_sums(g->peers);
    const float *from = g->packed;
    for (int i = 0; i < g->entry_count; i++) {
        memcpy(g->entries[i].grad, from, g->entries[i].count * sizeof *from);
        from += g->entries[i].count;
    }
    g->entry_count = 0;
    g->filled = g->sent = 0;
}
