#include "modules/classic/ipi/target_entries.h"

#include "core/base/whole_numbers.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

#define SINGLE_ROUNDING 0x1p-24 /* relative */

enum {
    FACTOR_ROUNDINGS = 12, /* of a product's factors, its sum beyond its terms, and what is made of it; twice as many */
    IMAGE_ROUNDINGS = 8    /* of D and of differences */
};

static int columns_of(const target_entries *t, int item) {
    return int_min(t->n - item * TARGET_COLUMNS, TARGET_COLUMNS);
}

/* Whole cache lines for every thread. */
static size_t room_for_hits(int m) {
    return ((size_t)m + 15) / 16 * 16;
}

static void round_columns(const worker *w, void *context, int item) {
    (void)w;
    target_entries *t = context;
    size_t m = (size_t)t->m, first = (size_t)item * TARGET_COLUMNS * m, end = first + (size_t)columns_of(t, item) * m;
    for (size_t i = first; i < end; i++) {
        t->D_single[i] = (float)t->D[i];
        t->B_single[i] = 0;
    }
}

status target_entries_new(engine *e, target_entries *t, int m, int n, const double *D, workspace *w) {
    size_t whole = (size_t)m * (size_t)n, block = (size_t)TARGET_COLUMNS * (size_t)m;
    size_t threads = (size_t)engine_threads(e);
    *t = (target_entries){.m = m, .n = n, .items = int_pieces(n, TARGET_COLUMNS), .D = D};
    t->D_single = workspace_take(w, whole, sizeof(float));
    t->B_single = workspace_take(w, whole, sizeof(float));
    t->blocks = workspace_take(w, threads * block, sizeof(float));
    t->entries = workspace_take(w, whole, sizeof *t->entries);
    t->spare = workspace_take(w, threads * block, sizeof *t->spare);
    t->first = workspace_take(w, (size_t)n + (size_t)t->items, sizeof *t->first);
    t->hits = workspace_take(w, threads * room_for_hits(m), sizeof *t->hits);
    t->margins = workspace_take(w, (size_t)m, sizeof(float));
    t->sums = workspace_take(w, (size_t)t->items, sizeof *t->sums);
    t->row_first = workspace_take(w, (size_t)m + 1, sizeof *t->row_first);
    t->column = workspace_take(w, whole, sizeof *t->column);
    t->value = workspace_take(w, whole, sizeof *t->value);
    TRY(workspace_check(w));
    memset(t->first, 0, (size_t)(n + t->items) * sizeof *t->first);
    parallel_for(e, t->items, round_columns, t);
    return STATUS_OK;
}

target_range target_column(const target_entries *t, int j) {
    int item = j / TARGET_COLUMNS;
    const int *first = t->first + j + item;
    size_t base = (size_t)item * TARGET_COLUMNS * (size_t)t->m;
    return (target_range){base + (size_t)first[0], base + (size_t)first[1]};
}

int64_t target_list_rows(target_entries *t, double momentum) {
    int *end = t->row_first + 1; /* of each row, as far as it is filled */
    memset(t->row_first, 0, ((size_t)t->m + 1) * sizeof *t->row_first);
    for (int j = 0; j < t->n; j++) {
        target_range range = target_column(t, j);
        for (size_t k = range.begin; k < range.end; k++)
            if (t->entries[k].row + 1 < t->m)
                end[t->entries[k].row + 1]++;
    }
    for (int i = 1; i < t->m; i++)
        end[i] += end[i - 1];
    for (int j = 0; j < t->n; j++) {
        target_range range = target_column(t, j);
        for (size_t k = range.begin; k < range.end; k++) {
            int at = end[t->entries[k].row]++;
            t->column[at] = j;
            t->value[at] = target_next(&t->entries[k], momentum);
        }
    }
    return t->row_first[t->m];
}

/* --- a step --- */

/* The products of r terms are off by at most (r + 2) roundings of the lengths of both factors. */
static void set_margins(target_entries *t) {
    const target_stepping *s = &t->step;
    double next = s->pace.next_momentum, share = next * (s->B->rank + FACTOR_ROUNDINGS);
    double new_share = (1 + next) * (s->new_B->rank + FACTOR_ROUNDINGS);
    for (int i = 0; i < t->m; i++)
        t->margins[i] =
            (float)(SINGLE_ROUNDING * (new_share * s->new_B->length[i] + share * s->B->length[i] + IMAGE_ROUNDINGS));
}

/* Four entries at a time; columns need not be aligned. */
typedef float four __attribute__((vector_size(16)));
typedef float four_anywhere __attribute__((vector_size(16), aligned(4)));
typedef int32_t four_mask __attribute__((vector_size(16)));
typedef int64_t two_masks __attribute__((vector_size(16)));

static inline four load(const float *at) {
    return *(const four_anywhere *)at;
}

static inline four magnitude(four x) {
    return (four)((four_mask)x & INT32_MAX);
}

/* One column in single precision. */
typedef struct single_column {
    const float *D, *B_new, *margins;
    float *B; /* gets B_new */
    float next, limit;
} single_column;

static bool may_hit(const single_column *c, int i) {
    float Y_B = c->B_new[i] + c->next * (c->B_new[i] - c->B[i]);
    return fabsf(c->D[i] - Y_B) > c->limit - c->margins[i];
}

static inline four_mask may_hit_four(const single_column *c, int i) {
    four B_new = load(c->B_new + i), Y_B = B_new + c->next * (B_new - load(c->B + i));
    return magnitude(load(c->D + i) - Y_B) > c->limit - load(c->margins + i);
}

/* The rows, rising, in which |D - Y_B| may exceed the limit: how many. */
static int find_hits(const single_column *c, int m, int *hits) {
    int count = 0, i = 0;
    for (; i + 16 <= m; i += 16) {
        four_mask any = may_hit_four(c, i) | may_hit_four(c, i + 4) | may_hit_four(c, i + 8) | may_hit_four(c, i + 12);
        two_masks some = (two_masks)any;
        if (some[0] | some[1])
            for (int k = i; k < i + 16; k++) {
                hits[count] = k;
                count += may_hit(c, k);
            }
    }
    for (; i < m; i++) {
        hits[count] = i;
        count += may_hit(c, i);
    }
    memcpy(c->B, c->B_new, (size_t)m * sizeof *c->B);
    return count;
}

static double entry_of(const low_rank *B, int row, int column) {
    return cblas_ddot(B->rank, B->Ut + (size_t)row * (size_t)B->room, 1, B->Vt + (size_t)column * (size_t)B->room, 1);
}

/* The entry in step k + 1, and its part of step k's sums. */
static target_entry step_entry(const target_entries *t, int column, const target_entry *old, double B,
                               target_sums *sums) {
    const target_stepping *s = &t->step;
    double B_new = entry_of(s->new_B, old->row, column), next = s->pace.next_momentum;
    double D = t->D[(size_t)column * (size_t)t->m + (size_t)old->row], moved = old->T_new - old->Y_T;
    sums->norm2 += old->T_new * old->T_new;
    sums->step2 += moved * moved;
    sums->cross += moved * (old->Y_B - B_new);
    sums->card += old->T_new != 0;
    target_entry new = {.row = old->row, .T = old->T_new, .B = B_new};
    new.Y_B = B_new + next *(B_new - B);
    new.Y_T = target_next(old, next);
    new.T_new = apg_soft(new.Y_T - (new.Y_B + new.Y_T - D) / APG_TAU, s->lambda * s->pace.next_mu / APG_TAU);
    return new;
}

/* Merges the entries with the hits, both by row. Entries that have become zero are left out. */
static size_t step_column(const target_entries *t, int column, const int *hits, int hit_count, target_entry *out,
                          target_sums *sums) {
    const target_entry *entries = t->entries;
    target_range range = target_column(t, column);
    size_t at = range.begin, count = 0;
    for (int h = 0; at < range.end || h < hit_count;) {
        bool listed = at < range.end && (h == hit_count || entries[at].row <= hits[h]);
        target_entry old = listed ? entries[at++] : (target_entry){.row = hits[h]};
        h += h < hit_count && hits[h] == old.row;
        double B = listed ? old.B : entry_of(t->step.B, old.row, column);
        out[count] = step_entry(t, column, &old, B, sums);
        count += out[count].T_new != 0 || out[count].T != 0 || out[count].Y_T != 0;
    }
    return count;
}

void target_step_columns(const worker *w, target_entries *t, int item) {
    const target_stepping *s = &t->step;
    const low_rank *B = s->new_B;
    size_t m = (size_t)t->m, block = (size_t)TARGET_COLUMNS * m, filled = 0;
    int begin = item * TARGET_COLUMNS, count = columns_of(t, item);
    float *B_new = t->blocks + (size_t)w->thread * block;
    target_entry *out = t->spare + (size_t)w->thread * block;
    int *hits = t->hits + (size_t)w->thread * room_for_hits(t->m), *first = t->first + begin + item;
    if (B->rank > 0 && !s->last)
        cblas_sgemm(CblasColMajor, CblasTrans, CblasNoTrans, t->m, count, B->rank, 1, B->U_single, B->room,
                    B->V_single + (size_t)begin * (size_t)B->room, B->room, 0, B_new, t->m);
    else if (!s->last)
        memset(B_new, 0, (size_t)count * m * sizeof *B_new);
    t->sums[item] = (target_sums){0};
    for (int j = 0; j < count; j++) {
        size_t at = (size_t)(begin + j) * m;
        single_column c = {.D = t->D_single + at,
                           .B_new = B_new + (size_t)j * m,
                           .margins = t->margins,
                           .B = t->B_single + at,
                           .next = (float)s->pace.next_momentum,
                           .limit = (float)(s->lambda * s->pace.next_mu)};
        int hit_count = s->last ? 0 : find_hits(&c, t->m, hits);
        size_t more = step_column(t, begin + j, hits, hit_count, out + filled, &t->sums[item]);
        first[j] = (int)filled; /* of the old ones, the next column's is still there */
        filled += more;
    }
    first[count] = (int)filled;
    memcpy(t->entries + (size_t)item * block, out, filled * sizeof *out);
}

void target_step_begin(target_entries *t, const target_stepping *step) {
    t->step = *step;
    set_margins(t);
}

target_sums target_step_end(const target_entries *t) {
    target_sums total = {0};
    for (int i = 0; i < t->items; i++) {
        total.norm2 += t->sums[i].norm2;
        total.step2 += t->sums[i].step2;
        total.cross += t->sums[i].cross;
        total.card += t->sums[i].card;
    }
    return total;
}

void target_write(const target_entries *t, double *T) {
    memset(T, 0, (size_t)t->m * (size_t)t->n * sizeof *T);
    for (int j = 0; j < t->n; j++) {
        target_range range = target_column(t, j);
        for (size_t k = range.begin; k < range.end; k++)
            T[(size_t)j * (size_t)t->m + (size_t)t->entries[k].row] = t->entries[k].T;
    }
}
