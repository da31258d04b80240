/* Configuration: one table of keys gives parser, help, checkpoint attributes and documentation.
 *
 * A key is "section.name". Values come from the table's defaults, then an ini file, then "section.key=value"
 * overrides. An unknown or duplicate key or a bad value is STATUS_USAGE, with file, line, key and what was
 * expected in the message.
 *
 * Thread rule: one thread at a time while a config changes; then any number may read it. */
#ifndef IRST_CORE_CONFIG_CONFIG_H
#define IRST_CORE_CONFIG_CONFIG_H

#include "core/base/status.h"
#include "core/io/file_io.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef enum config_type { CONFIG_INT, CONFIG_REAL, CONFIG_FLAG, CONFIG_TEXT, CONFIG_CHOICE } config_type;

typedef struct config_key {
    const char *name; /* "train.epochs" */
    config_type type;
    const char *default_value; /* as it would stand in the ini; NULL: must be given */
    double minimum, maximum;   /* inclusive range of an integer or real number */
    const char *choices;       /* CONFIG_CHOICE: "poly|constant" */
    const char *unit;          /* "" if none */
    const char *help;          /* one line */
} config_key;

typedef struct config config;

enum { CONFIG_LONGEST_NAME = 191 /* characters of "section.key" */ };

status config_new(config **out); /* no keys yet; config_free */
void config_free(config *c);     /* accepts NULL */

/* Declares keys with their defaults. The table must outlive the config. Raw entries loaded earlier for these
 * keys are applied now: a program first declares its own keys, loads the file, then declares the keys that
 * depend on a value (model.name decides which model.* keys there are). */
status config_declare(config *c, const config_key *keys, int count);

/* Sections whose keys are names of the user's choice ([data] NAME = folder): the names that were loaded for `section`
 * and are not declared yet, in order of first appearance, without the section. `out` is new, empty after a failure. */
status config_undeclared_names(const config *c, const char *section, name_list *out);
/* Declares such a key, a text. The config keeps copies of the name and the default, but not of the help. */
status config_declare_text(config *c, const char *section, const char *name, const char *default_value,
                           const char *help);

/* Reads an ini file. A relative path that is not there is looked for among the files that come with the
 * programs (process_shared_file). Entries for keys not declared yet are kept until config_check. A file that is
 * missing is STATUS_USAGE too: the configuration is what the user got wrong. */
status config_load(config *c, const char *path);
/* Where the results of a run with this ini go unless the user says: runs/NAME of configs/NAME.ini. */
status config_run_folder(const char *ini, char out[4096]);
/* One override "section.key=value", of the command line or of what `where` names in messages. */
status config_override(config *c, const char *assignment);
status config_assign(config *c, const char *assignment, const char *where);
/* Sets one value from text, e.g. an attribute of a checkpoint; `where` names the source in messages. A key that
 * is not declared yet is kept as an entry of a file would be; the same holds for config_override. */
status config_set(config *c, const char *name, const char *value, const char *where);
/* Says whose keys a section has, for messages of config_check about others: "mshnet has no such option". Both texts
 * must outlive the config. */
void config_name_owner(config *c, const char *section, const char *owner);
/* Fails if an entry was loaded for a key that no table declares, or a key without default has no value. */
status config_check(const config *c);

/* Values. The name must be declared with that type: anything else is a programming error (assert). */
int64_t config_int(const config *c, const char *name);
double config_real(const config *c, const char *name);
bool config_flag(const config *c, const char *name);
const char *config_text(const config *c, const char *name); /* text and choice; owned by the config */
bool config_is_declared(const config *c, const char *name);
bool config_is_given(const config *c, const char *name); /* declared, and set by other than its default */

/* The value as it would stand in an ini file, for a key of any type; owned by the config. */
const char *config_value(const config *c, const char *name);

/* All declared keys in order of declaration. */
int config_count(const config *c);
const config_key *config_key_at(const config *c, int index);

status config_write(const config *c, FILE *stream);    /* as an ini file, with each key's help as a comment */
void config_print_help(const config *c, FILE *stream); /* table of keys: type, default, range, unit, help */

#endif
