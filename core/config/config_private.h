/* Inside of a config, shared by the files of this folder only.
 *
 * Thread rule: as config.h. */
#ifndef IRST_CORE_CONFIG_CONFIG_PRIVATE_H
#define IRST_CORE_CONFIG_CONFIG_PRIVATE_H

#include "core/config/config.h"

#include <stddef.h>

/* The longest line of a file and its NUL. Values that could not be written in such a line are refused wherever they
 * come from, so that every config can be written and read again. It holds several of the longest paths. */
#define CONFIG_LINE_SIZE 16384

/* One value of a declared key. */
typedef struct config_entry {
    const config_key *key;
    char *text; /* as it would stand in an ini file; NULL: no value yet */
    bool given; /* not by default */
    union {
        int64_t integer;
        double real;
        bool flag;
    };
} config_entry;

/* An assignment whose key is not declared yet. */
typedef struct config_pending {
    char *name, *value;
    char *where; /* "configs/nudt.ini:12", "command line" */
} config_pending;

struct config {
    config_entry *entries;
    int count;
    config_pending *pending; /* in the order of assignment */
    int pending_count;
    config_key **owned; /* keys made by config_declare_text */
    int owned_count;
    const char *section, *owner; /* config_name_owner; NULL: nobody's */
};

/* NULL: not declared. */
config_entry *config_find(const config *c, const char *name);

/* Parses `value` for the entry's key and stores it. `where` goes in front of the message. */
status config_entry_set(config_entry *entry, const char *value, const char *where);

/* "an integer in 1..100000", "one of poly, constant", ...: what a value of this key must be. */
void config_key_describe(const config_key *key, char *out, size_t size);

/* The length of the section in "section.name". */
int config_section_length(const char *name);

bool config_in_section(const char *name, const char *section);

#endif
