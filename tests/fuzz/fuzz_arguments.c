/* A command line: words with zeros between them, for a program with options of every type; the values of those go to
 * what the programs make of such texts. */
#include "core/config/cli.h"
#include "eval/programs/arguments.h"
#include "tests/fuzz/fuzzing.h"

#include <string.h>

enum { WORDS = 32, BYTES = 4096 };

static bool flag;
static const char *size_text, *sides, *range, *tiles, *word;
static int number;
static double real;

static const cli_option options[] = {
    {"flag", CLI_FLAG, &flag, NULL, "a flag"},
    {"size", CLI_TEXT, &size_text, "N|native", "a size"},
    {"y16", CLI_TEXT, &sides, "WxH", "two sides"},
    {"range", CLI_TEXT, &range, "RANGE", ARGUMENT_RANGE_HELP},
    {"tiles", CLI_TEXT, &tiles, "TILES", ARGUMENT_TILES_HELP},
    {"word", CLI_TEXT, &word, "a|b", "one of two words"},
    {"number", CLI_INT, &number, "N", "a whole number"},
    {"real", CLI_REAL, &real, "X", "a real number"},
};

static const cli_program program = {
    .name = "fuzz",
    .summary = "takes everything",
    .arguments = "ANY...",
    .examples = "fuzz a b\n",
    .options = options,
    .option_count = sizeof options / sizeof *options,
};

static void read_texts(void) {
    static const char *const words[] = {"a", "b"};
    int size, width, height, choice;
    detector_tiles cuts;
    grey_range grey;
    double value;
    if (size_text) {
        fuzz_expect_outcome(argument_size(size_text, &size));
        fuzz_expect_outcome(argument_number("size", size_text, &value));
    }
    if (argument_sides("y16", sides, &width, &height) == STATUS_OK)
        fuzz_expect(width >= 0 && width <= 32768 && height >= 0 && height <= 32768, "a side");
    fuzz_expect_outcome(argument_range(range, NULL, &grey));
    if (tiles)
        fuzz_expect_outcome(detector_tiles_read(tiles, "--tiles", &cuts));
    if (word)
        fuzz_expect_outcome(argument_choice("word", word, words, 2, &choice));
}

/* Positional words as detect takes them: options of a method. */
static void read_settings(const char **words, int count) {
    for (int i = 0; i < count; i++) {
        detector *d;
        if (!argument_is_model_option(words[i]))
            continue;
        fuzz_expect_outcome(argument_detector(fuzz_engine(), NULL, WEIGHTS_BEST, "mpcm", &words[i], 1, &d));
        detector_free(d);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char text[BYTES + 1] = "", *argv[WORDS + 2] = {"fuzz"};
    int argc = 1, count = 0;
    size = size < BYTES ? size : BYTES;
    if (size > 0)
        memcpy(text, data, size);
    for (size_t at = 0; at < size && argc <= WORDS; at += strlen(text + at) + 1)
        argv[argc++] = text + at;
    flag = false;
    size_text = sides = range = tiles = word = NULL;
    const char **positional = NULL;
    cli_action action = CLI_RUN;
    status code = cli_parse(&program, argc, argv, &action, &positional, &count);
    fuzz_expect_outcome(code);
    if (code != STATUS_OK || action == CLI_DONE)
        return 0;
    fuzz_expect(count < argc && positional[count] == NULL, "arguments without end");
    read_texts();
    read_settings(positional, count);
    return 0;
}
