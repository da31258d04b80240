#include "core/base/peers.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct peers {
    int rank, count;
    const peers_links *links;
    void *context;
    int images, first; /* of the batch */
    bool idle;
    double *all; /* of the last gathering */
};

status peers_new(int rank, int count, const peers_links *links, void *context, peers **out) {
    peers *p = *out = malloc(sizeof *p);
    double *all = malloc((size_t)count * PEERS_MOST_VALUES * sizeof *all);
    if (!p || !all) {
        free(p);
        free(all);
        *out = NULL;
        return status_fail(STATUS_MEMORY, "out of memory for %d processes' sums", count);
    }
    *p = (peers){.rank = rank, .count = count, .links = links, .context = context, .all = all};
    return STATUS_OK;
}

void peers_free(peers *p) {
    if (!p)
        return;
    free(p->all);
    free(p);
}

int peers_rank(const peers *p) {
    return p ? p->rank : 0;
}

int peers_count(const peers *p) {
    return p ? p->count : 1;
}

int peers_share(int whole, int rank, int count, int *first) {
    int each = whole / count, more = whole % count;
    *first = rank * each + (rank < more ? rank : more);
    return each + (rank < more);
}

void peers_set_batch(peers *p, int images) {
    p->images = images;
    p->idle = peers_share(images, p->rank, p->count, &p->first) == 0;
}

bool peers_is_idle(const peers *p) {
    return p && p->idle;
}

int peers_images(const engine *e, int own) {
    const peers *p = engine_peers(e);
    return p ? p->images : own;
}

int peers_first_image(const engine *e) {
    const peers *p = engine_peers(e);
    return p ? p->first : 0;
}

const double *peers_gather(peers *p, const double *values, int count) {
    assert(count <= PEERS_MOST_VALUES);
    p->links->gather(p->context, values, count, p->all);
    return p->all;
}

const double *peers_gather_counted(peers *p, const double *values, int count) {
    static const double zeros[PEERS_MOST_VALUES];
    return peers_gather(p, p->idle ? zeros : values, count);
}

void peers_sum(peers *p, double *values, int count) {
    for (int done = 0, part; p && done < count; done += part) {
        part = count - done < PEERS_MOST_VALUES ? count - done : PEERS_MOST_VALUES;
        const double *all = peers_gather_counted(p, values + done, part);
        for (int i = 0; i < part; i++) {
            double sum = 0;
            for (int rank = 0; rank < p->count; rank++)
                sum += all[rank * part + i];
            values[done + i] = sum;
        }
    }
}

void peers_begin_sum(peers *p, float *values, size_t count) {
    p->links->begin_sum(p->context, values, count);
}

void peers_finish_sums(peers *p) {
    p->links->finish_sums(p->context);
}

void peers_send(peers *p, int to, const float *values, size_t count) {
    assert(to != p->rank && count <= INT_MAX);
    p->links->send(p->context, to, values, count);
}

void peers_receive(peers *p, int from, float *values, size_t count) {
    assert(from != p->rank && count <= INT_MAX);
    p->links->receive(p->context, from, values, count);
}
