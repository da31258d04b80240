/* Names of layers and parameters, as the published checkpoints write them.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_MODULES_LAYER_NAME_H
#define IRST_MODULES_LAYER_NAME_H

typedef struct layer_name {
    char text[192];
} layer_name;

/* By a printf format: layer_named("%s.%d", block, 3).text. Cut off at the size of the struct. */
layer_name layer_named(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
