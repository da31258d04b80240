#include "core/conv/kept_weights.h"

#include "core/base/parallel.h"

#include <string.h>

/* Work is cut by the number of weights alone, so that the fingerprint does not depend on the number of threads. */
enum { PIECES = 64, LEAST_PIECE = 16 * 1024, STREAMS = 4 };

static size_t piece_size(size_t count) {
    size_t piece = (count + PIECES - 1) / PIECES;
    return piece < LEAST_PIECE ? LEAST_PIECE : piece;
}

/* One-to-one in `hash` for each word and in `word` for each hash: a change never gets lost alone. */
static inline uint64_t mix(uint64_t hash, uint64_t word) {
    hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
    return hash ^ hash >> 29;
}

typedef struct print_job {
    const float *weight;
    size_t count, piece;
    uint64_t hashes[PIECES];
} print_job;

static void print_piece(const worker *w, void *context, int item) {
    (void)w;
    print_job *job = context;
    size_t begin = (size_t)item * job->piece, end = begin + job->piece < job->count ? begin + job->piece : job->count;
    const float *at = job->weight + begin, *stop = job->weight + end;
    uint64_t hash[STREAMS] = {1, 2, 3, 4}, words[STREAMS];
    for (; stop - at >= 2 * STREAMS; at += 2 * STREAMS) {
        memcpy(words, at, sizeof words);
        for (int i = 0; i < STREAMS; i++)
            hash[i] = mix(hash[i], words[i]);
    }
    memset(words, 0, sizeof words);
    memcpy(words, at, (size_t)(stop - at) * sizeof *at);
    uint64_t all = end - begin;
    for (int i = 0; i < STREAMS; i++)
        all = mix(all, mix(hash[i], words[i]));
    job->hashes[item] = all;
}

uint64_t weights_fingerprint(engine *e, const float *weight, size_t count) {
    print_job job = {.weight = weight, .count = count, .piece = piece_size(count)};
    int pieces = (int)((count + job.piece - 1) / job.piece);
    parallel_for(e, pieces, print_piece, &job);
    return mix(weights_fingerprint_of(job.hashes, pieces), count);
}

uint64_t weights_fingerprint_of(const uint64_t *fingerprints, int count) {
    uint64_t all = (uint64_t)count;
    for (int i = 0; i < count; i++)
        all = mix(all, fingerprints[i]);
    return all;
}

bool kept_weights_are(kept_weights *kept, const uint64_t *fingerprints, int count) {
    size_t bytes = (size_t)count * sizeof *fingerprints;
    bool same = kept->filled && memcmp(kept->fingerprints, fingerprints, bytes) == 0;
    kept->filled = true;
    memcpy(kept->fingerprints, fingerprints, bytes);
    return same;
}
