#include "modules/loss_spec.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is being read. */
typedef struct reader {
    const char *key, *text;
    const char *at;
} reader;

static status fail(const reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

static status fail(const reader *r, const char *format, ...) {
    char wrong[160], names[160] = "";
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(wrong, sizeof wrong, format, arguments);
    va_end(arguments);
    for (const mask_loss_term *const *term = mask_loss_terms; *term; term++)
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s, ", (*term)->name);
    return status_fail(STATUS_USAGE,
                       "%s: \"%s\": %s; expected terms [WEIGHT] NAME[:image|:batch] with + between them, NAME one of "
                       "%sor mse",
                       r->key, r->text, wrong, names);
}

static void skip_spaces(reader *r) {
    r->at += strspn(r->at, " \t");
}

/* A name or a pooling; "" if there is none. */
static void read_word(reader *r, char word[LOSS_SPEC_NAME]) {
    size_t length = strspn(r->at, "abcdefghijklmnopqrstuvwxyz0123456789_");
    snprintf(word, LOSS_SPEC_NAME, "%.*s", (int)length, r->at);
    r->at += length;
}

/* Stays where it is if there is no number. */
static status read_weight(reader *r, double *weight) {
    *weight = 1;
    if (strspn(r->at, "+-.0123456789") == 0)
        return STATUS_OK;
    char *end;
    *weight = strtod(r->at, &end);
    bool decimal = strspn(r->at, "+-.0123456789eE") == (size_t)(end - r->at);
    if (end == r->at || !decimal || (*end != ' ' && *end != '\t'))
        return fail(r, "no number and a space at \"%s\"", r->at);
    if (!isfinite(*weight) || *weight <= 0)
        return fail(r, "the weight %.*s is not above 0", (int)(end - r->at), r->at);
    r->at = end;
    return STATUS_OK;
}

static status read_pooling(reader *r, loss_spec_term *term) {
    static const char *const names[] = {[POOL_IMAGE] = "image", [POOL_BATCH] = "batch"};
    bool given = *r->at == ':';
    char word[LOSS_SPEC_NAME];
    if (given) {
        r->at++;
        read_word(r, word);
        if (strcmp(word, names[POOL_IMAGE]) && strcmp(word, names[POOL_BATCH]))
            return fail(r, "the pooling \"%s\" is unknown", word);
        term->pooling = strcmp(word, names[POOL_BATCH]) ? POOL_IMAGE : POOL_BATCH;
    }
    if (term->loss)
        snprintf(term->name, sizeof term->name, "%s_%s", term->loss->name, names[term->pooling]);
    else
        snprintf(term->name, sizeof term->name, "mse");
    return STATUS_OK;
}

static status read_term(reader *r, loss_spec_term *term) {
    char name[LOSS_SPEC_NAME];
    *term = (loss_spec_term){.pooling = POOL_IMAGE};
    skip_spaces(r);
    TRY(read_weight(r, &term->weight));
    skip_spaces(r);
    read_word(r, name);
    if (!*name)
        return fail(r, *r->at ? "no name at \"%s\"" : "no name at the end%s", r->at);
    term->loss = mask_loss_find(name);
    if (!term->loss && strcmp(name, "mse"))
        return fail(r, "the term \"%s\" is unknown", name);
    TRY(read_pooling(r, term));
    skip_spaces(r);
    return STATUS_OK;
}

status loss_spec_parse(const char *text, const char *key, loss_spec *out) {
    reader r = {key, text, text};
    *out = (loss_spec){0};
    for (;;) {
        loss_spec_term *term = &out->terms[out->count];
        if (out->count == LOSS_SPEC_TERMS)
            return fail(&r, "more than %d terms", LOSS_SPEC_TERMS);
        TRY(read_term(&r, term));
        for (int i = 0; i < out->count; i++)
            if (!strcmp(out->terms[i].name, term->name))
                return fail(&r, "%s stands there twice", term->name);
        out->count++;
        if (*r.at == '\0')
            return STATUS_OK;
        if (*r.at++ != '+')
            return fail(&r, "no + at \"%s\"", r.at - 1);
    }
}
