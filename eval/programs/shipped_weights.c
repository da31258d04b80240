#include "eval/programs/shipped_weights.h"

#include "core/base/process.h"
#include "core/config/word_choice.h"
#include "core/io/file_io.h"

#include <assert.h>
#include <string.h>

#define LIST "list"

#define WEIGHTS(name, file) name "|"
const char shipped_weights_words[] =
#include "eval/programs/shipped_weights.def"
    LIST;
#undef WEIGHTS

#define WEIGHTS(name, file) name,
static const char *const names[] = {
#include "eval/programs/shipped_weights.def"
    LIST};
#undef WEIGHTS

#define WEIGHTS(name, file) "weights/" file,
static const char *const files[] = {
#include "eval/programs/shipped_weights.def"
};
#undef WEIGHTS

enum { COUNT = sizeof files / sizeof *files };

const char *shipped_weights_name(int index) {
    return index < COUNT ? names[index] : NULL;
}

const char *shipped_weights_default(void) {
    return names[0];
}

static status find(int index, const char *ending, char out[4096]) {
    char name[256];
    snprintf(name, sizeof name, "%s%s", files[index], ending);
    return process_shared_file(name, out);
}

status shipped_weights_path(const char *name, char out[4096]) {
    int index;
    TRY(word_choose("--weights", name, names, COUNT + 1, &index));
    assert(index < COUNT); /* who asks for the list wants no file */
    return find(index, ".h5", out);
}

bool shipped_weights_is_list(const char *name) {
    return name && !strcmp(name, LIST);
}

/* The card's title stands above the line. */
static const char *first_line(const name_list *card) {
    for (int i = 0; i < card->count; i++)
        if (card->names[i][0] != '#' && card->names[i][0] != '\0')
            return card->names[i];
    return "";
}

status shipped_weights_print(FILE *stream) {
    for (int i = 0; i < COUNT; i++) {
        char path[4096];
        name_list card;
        TRY(find(i, ".md", path));
        TRY(name_list_read(path, &card));
        fprintf(stream, "%-12s%s\n", names[i], first_line(&card));
        name_list_free(&card);
    }
    return STATUS_OK;
}
