#include "core/io/hdf5_private.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_mutex_t library = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local int turns_taken; /* by this thread, one inside the other */

/* A fork waits until the turn is over, or the child would wait for a thread that it does not have. */
static void stop_turns(void) {
    pthread_mutex_lock(&library);
}

static void go_on(void) {
    pthread_mutex_unlock(&library);
}

static void watch_forks(void) {
    pthread_atfork(stop_turns, go_on, go_on);
}

h5_turn h5_take_turn(void) {
    static pthread_once_t watched = PTHREAD_ONCE_INIT;
    h5_turn turn = {0};
    if (turns_taken++ == 0) {
        pthread_once(&watched, watch_forks);
        pthread_mutex_lock(&library);
        H5Eget_auto2(H5E_DEFAULT, &turn.print, &turn.context);
        H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
        H5Eclear2(H5E_DEFAULT);
    }
    return turn;
}

void h5_end_turn(h5_turn *turn) {
    if (--turns_taken == 0) {
        H5Eset_auto2(H5E_DEFAULT, turn->print, turn->context);
        pthread_mutex_unlock(&library);
    }
}

static herr_t copy_reason(unsigned depth, const H5E_error2_t *error, void *out) {
    if (depth == 0 && error->desc != NULL)
        snprintf(out, 256, " (%s)", error->desc);
    return 0;
}

status h5_fail(status code, const h5_file *file, const char *object, const char *what) {
    char reason[256] = "";
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, copy_reason, reason);
    H5Eclear2(H5E_DEFAULT);
    if (object == NULL)
        return status_fail(code, "%s: %s%s", file->place.path, what, reason);
    return status_fail(code, "%s: %s: %s%s", file->place.path, object, what, reason);
}

status h5_write_failed(const h5_file *file, const char *object, const char *what) {
    if (file->refused == 0)
        return h5_fail(STATUS_OUTPUT, file, object, what);
    return status_fail(STATUS_OUTPUT, "%s: cannot be written: %s", file->place.path, strerror(file->refused));
}

static h5_file *new_file(const char *path) {
    h5_file *file = calloc(1, sizeof *file);
    if (file == NULL) {
        status_fail(STATUS_MEMORY, "%s: out of memory to open it", path);
        return NULL;
    }
    file->id = H5I_INVALID_HID;
    snprintf(file->place.path, sizeof file->place.path, "%s", path);
    return file;
}

static status check_readable(const char *path) {
    if (path_is_folder(path))
        return status_fail(STATUS_INPUT, "%s: is a folder; expected an HDF5 file", path);
    if (access(path, R_OK) != 0)
        return status_fail(STATUS_INPUT, "%s: cannot be opened: %s", path, strerror(errno));
    return STATUS_OK;
}

status h5_open(const char *path, h5_file **out) {
    H5_TAKE_TURN;
    *out = NULL;
    TRY(check_readable(path));
    h5_file *file = new_file(path);
    if (file == NULL)
        return STATUS_MEMORY;
    status code = STATUS_OK;
    if (H5Fis_hdf5(path) <= 0) {
        H5Eclear2(H5E_DEFAULT);
        code = h5_fail(STATUS_INPUT, file, NULL, "not an HDF5 file");
    } else if ((file->id = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT)) < 0) {
        code = h5_fail(STATUS_INPUT, file, NULL, "a damaged HDF5 file");
    }
    if (code != STATUS_OK) {
        free(file);
        return code;
    }
    *out = file;
    return STATUS_OK;
}

/* The nodes of HDF5's index of chunks have room for 64 by default, in a dataset with one chunk too: 3 KiB of it. */
static hid_t create_file(const char *path, hid_t access) {
    enum { HALF_OF_A_NODE = 2 };
    hid_t properties = H5Pcreate(H5P_FILE_CREATE), id = H5I_INVALID_HID;
    if (properties >= 0 && H5Pset_istore_k(properties, HALF_OF_A_NODE) >= 0)
        id = H5Fcreate(path, H5F_ACC_TRUNC, properties, access);
    if (properties >= 0)
        H5Pclose(properties);
    return id;
}

/* A file beside `path` that h5_commit will put in its place; `open` gives it its content. */
static status begin_file(const char *path, hid_t (*open)(h5_file *file, hid_t access), h5_file **out) {
    H5_TAKE_TURN;
    *out = NULL;
    h5_file *file = new_file(path);
    if (file == NULL)
        return STATUS_MEMORY;
    status code = atomic_file_begin(path, &file->place);
    if (code == STATUS_OK) {
        file->creating = true;
        file->access = h5_output_access(&file->refused);
        file->id = file->access < 0 ? H5I_INVALID_HID : open(file, file->access);
        if (file->id < 0) {
            code = h5_write_failed(file, NULL, "cannot be created");
            atomic_file_abandon(&file->place);
            if (file->access >= 0)
                H5Pclose(file->access);
        }
    }
    if (code != STATUS_OK) {
        free(file);
        return code;
    }
    *out = file;
    return STATUS_OK;
}

static hid_t open_new(h5_file *file, hid_t access) {
    return create_file(file->place.temporary, access);
}

status h5_create(const char *path, h5_file **out) {
    return begin_file(path, open_new, out);
}

static hid_t open_copy(h5_file *file, hid_t access) {
    file->refused = file_copy_bytes(file->place.path, file->place.temporary);
    return file->refused == 0 ? H5Fopen(file->place.temporary, H5F_ACC_RDWR, access) : H5I_INVALID_HID;
}

status h5_amend(const char *path, h5_file **out) {
    h5_file *original; /* says what is wrong with it */
    *out = NULL;
    TRY(h5_verify(path)); /* a new checksum would hide the damage */
    TRY(h5_open(path, &original));
    h5_close(original);
    return begin_file(path, open_copy, out);
}

static status close_created(h5_file *file) {
    H5_TAKE_TURN;
    bool flushed = H5Fflush(file->id, H5F_SCOPE_LOCAL) >= 0, closed = H5Fclose(file->id) >= 0;
    H5Pclose(file->access);
    return flushed && closed && file->refused == 0 ? STATUS_OK : h5_write_failed(file, NULL, "cannot be written");
}

status h5_commit(h5_file *file) {
    assert(file->creating);
    status code = close_created(file);
    if (code == STATUS_OK)
        code = h5_append_checksum(&file->place);
    if (code == STATUS_OK)
        code = atomic_file_commit(&file->place);
    else
        atomic_file_abandon(&file->place);
    free(file);
    return code;
}

void h5_close(h5_file *file) {
    if (file == NULL)
        return;
    H5_TAKE_TURN;
    H5Fclose(file->id);
    if (file->creating) {
        H5Pclose(file->access);
        atomic_file_abandon(&file->place);
    }
    free(file);
}

const char *h5_path(const h5_file *file) {
    return file->place.path;
}

/* A link into another file is none here: who sends a file does not choose what else is opened. */
static herr_t refuse_other_file(const char *parent, const char *group, const char *file, const char *object,
                                unsigned *flags, hid_t access, void *context) {
    (void)parent;
    (void)group;
    (void)file;
    (void)object;
    (void)flags;
    (void)access;
    (void)context;
    return -1;
}

static hid_t link_access(void) {
    hid_t access = H5Pcreate(H5P_LINK_ACCESS);
    if (access >= 0 && H5Pset_elink_cb(access, refuse_other_file, NULL) >= 0)
        return access;
    if (access >= 0)
        H5Pclose(access);
    return H5I_INVALID_HID;
}

/* HDF5 answers only for the last part of a path whose other parts exist, so each prefix is asked for. */
bool h5_exists(const h5_file *file, const char *object) {
    H5_TAKE_TURN;
    char prefix[4096];
    size_t length = strlen(object);
    hid_t access = length < sizeof prefix ? link_access() : H5I_INVALID_HID;
    bool there = access >= 0;
    for (size_t i = 1; i <= length && there; i++) {
        if ((object[i] != '/' && object[i] != '\0') || object[i - 1] == '/')
            continue;
        memcpy(prefix, object, i);
        prefix[i] = '\0';
        there = H5Lexists(file->id, prefix, access) > 0 && H5Oexists_by_name(file->id, prefix, access) > 0;
    }
    if (access >= 0)
        H5Pclose(access);
    H5Eclear2(H5E_DEFAULT);
    return there;
}

/* Names found by an iteration, before anyone is called: what visitors do to the file cannot disturb it. */
typedef struct name_search {
    name_list names;
    status code;
} name_search;

static herr_t add_dataset(hid_t group, const char *name, const H5O_info_t *info, void *context) {
    (void)group;
    name_search *search = context;
    if (info->type == H5O_TYPE_DATASET)
        search->code = name_list_add(&search->names, name);
    return search->code == STATUS_OK ? 0 : -1;
}

static herr_t add_child(hid_t group, const char *name, const H5L_info_t *info, void *context) {
    (void)group;
    (void)info;
    name_search *search = context;
    search->code = name_list_add(&search->names, name);
    return search->code == STATUS_OK ? 0 : -1;
}

static status open_group(const h5_file *file, const char *group, hid_t *out) {
    *out = H5I_INVALID_HID;
    if (!h5_exists(file, group))
        return h5_fail(STATUS_INPUT, file, group, "there is no such group");
    *out = H5Gopen2(file->id, group[0] == '\0' ? "/" : group, H5P_DEFAULT);
    return *out >= 0 ? STATUS_OK : h5_fail(STATUS_INPUT, file, group, "is not a group that can be read");
}

/* The outcome of an iteration that may have been stopped by an error of its own or of the list. */
static status search_status(const h5_file *file, const char *group, const name_search *search, herr_t result) {
    if (search->code != STATUS_OK)
        return status_prefix(search->code, "%s: %s", h5_path(file), group);
    return result < 0 ? h5_fail(STATUS_INPUT, file, group, "cannot be listed") : STATUS_OK;
}

/* Calls `visit` with each name, after the path of its group if `group` is not NULL. */
static status visit_names(const name_list *names, const char *group, status (*visit)(void *context, const char *name),
                          void *context) {
    char path[4096], prefix[4096] = "";
    if (group != NULL) {
        group += strspn(group, "/");
        TRY(path_join(prefix, group, "", ""));
    }
    for (int i = 0; i < names->count; i++) {
        TRY(path_join(path, prefix, names->names[i], ""));
        TRY(visit(context, path));
    }
    return STATUS_OK;
}

static status find_datasets(const h5_file *file, const char *group, name_search *search) {
    H5_TAKE_TURN;
    hid_t id;
    TRY(open_group(file, group, &id));
    herr_t result = H5Ovisit2(id, H5_INDEX_NAME, H5_ITER_INC, add_dataset, search, H5O_INFO_BASIC);
    H5Gclose(id);
    return search_status(file, group, search, result);
}

status h5_each_dataset(const h5_file *file, const char *group, status (*visit)(void *context, const char *dataset),
                       void *context) {
    name_search search = {.code = STATUS_OK};
    status code = find_datasets(file, group, &search);
    if (code == STATUS_OK)
        code = visit_names(&search.names, group, visit, context);
    name_list_free(&search.names);
    return code;
}

static status find_children(const h5_file *file, const char *group, name_search *search) {
    H5_TAKE_TURN;
    hid_t id;
    TRY(open_group(file, group, &id));
    herr_t result = H5Literate(id, H5_INDEX_NAME, H5_ITER_INC, NULL, add_child, search);
    H5Gclose(id);
    return search_status(file, group, search, result);
}

status h5_each_child(const h5_file *file, const char *group, status (*visit)(void *context, const char *name),
                     void *context) {
    name_search search = {.code = STATUS_OK};
    status code = find_children(file, group, &search);
    if (code == STATUS_OK)
        code = visit_names(&search.names, NULL, visit, context);
    name_list_free(&search.names);
    return code;
}
