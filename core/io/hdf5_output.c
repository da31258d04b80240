/* The file driver of files being created. HDF5 keeps a file whose closing fails, half of it freed, and crashes when the
 * process ends; so writes do not fail here: the first refusal of the system is remembered, later writes are dropped,
 * and whoever commits the file asks (h5_file.refused). Otherwise as HDF5's own driver for POSIX files. */
#include "core/io/hdf5_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#if H5_VERSION_GE(1, 13, 0)
#include <H5FDdevelop.h>
#endif

typedef struct output_file {
    H5FD_t base;
    int descriptor;
    haddr_t end_of_allocation, end_of_file;
    int *refused; /* errno of the first refusal; 0: none */
} output_file;

static void note_refusal(output_file *f) {
    if (*f->refused == 0)
        *f->refused = errno;
}

static H5FD_t *open_output(const char *name, unsigned flags, hid_t access, haddr_t most) {
    (void)most;
    int *const *refused = H5Pget_driver_info(access);
    output_file *f = calloc(1, sizeof *f);
    if (f == NULL) {
        **refused = ENOMEM;
        return NULL;
    }
    f->refused = *refused;
    f->descriptor = open(name, O_RDWR | O_CLOEXEC | (flags & H5F_ACC_TRUNC ? O_TRUNC : 0));
    struct stat info;
    if (f->descriptor < 0 || fstat(f->descriptor, &info) != 0) {
        note_refusal(f);
        if (f->descriptor >= 0)
            close(f->descriptor);
        free(f);
        return NULL;
    }
    f->end_of_file = (haddr_t)info.st_size;
    return &f->base;
}

static herr_t close_output(H5FD_t *file) {
    output_file *f = (output_file *)file;
    if (close(f->descriptor) != 0)
        note_refusal(f);
    free(f);
    return 0;
}

static int compare_outputs(const H5FD_t *a, const H5FD_t *b) {
    int first = ((const output_file *)a)->descriptor, second = ((const output_file *)b)->descriptor;
    return (first > second) - (first < second);
}

static herr_t say_features(const H5FD_t *file, unsigned long *flags) {
    (void)file;
    *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE |
             H5FD_FEAT_AGGREGATE_SMALLDATA;
    return 0;
}

static haddr_t end_of_allocation(const H5FD_t *file, H5FD_mem_t type) {
    (void)type;
    return ((const output_file *)file)->end_of_allocation;
}

static herr_t set_end_of_allocation(H5FD_t *file, H5FD_mem_t type, haddr_t address) {
    (void)type;
    ((output_file *)file)->end_of_allocation = address;
    return 0;
}

static haddr_t end_of_file(const H5FD_t *file, H5FD_mem_t type) {
    (void)type;
    return ((const output_file *)file)->end_of_file;
}

static herr_t read_output(H5FD_t *file, H5FD_mem_t type, hid_t transfer, haddr_t address, size_t size, void *buffer) {
    (void)type;
    (void)transfer;
    const output_file *f = (const output_file *)file;
    char *to = buffer;
    while (size > 0) {
        ssize_t got = pread(f->descriptor, to, size, (off_t)address);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0) { /* what was never written is 0 */
            memset(to, 0, size);
            return 0;
        }
        to += got;
        address += (haddr_t)got;
        size -= (size_t)got;
    }
    return 0;
}

static herr_t write_output(H5FD_t *file, H5FD_mem_t type, hid_t transfer, haddr_t address, size_t size,
                           const void *buffer) {
    (void)type;
    (void)transfer;
    output_file *f = (output_file *)file;
    const char *from = buffer;
    if (address + size > f->end_of_file)
        f->end_of_file = address + size;
    while (size > 0 && *f->refused == 0) {
        ssize_t put = pwrite(f->descriptor, from, size, (off_t)address);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0) {
            note_refusal(f);
            break;
        }
        from += put;
        address += (haddr_t)put;
        size -= (size_t)put;
    }
    return 0;
}

static herr_t cut_output(H5FD_t *file, hid_t transfer, hbool_t closing) {
    (void)transfer;
    (void)closing;
    output_file *f = (output_file *)file;
    if (f->end_of_allocation != f->end_of_file && *f->refused == 0 &&
        ftruncate(f->descriptor, (off_t)f->end_of_allocation) != 0)
        note_refusal(f);
    f->end_of_file = f->end_of_allocation;
    return 0;
}

hid_t h5_output_access(int *refused) {
    static const H5FD_class_t driver = {
#ifdef H5FD_CLASS_VERSION
        .version = H5FD_CLASS_VERSION,
        .value = 451, /* of those that HDF5 leaves to others */
#endif
        .name = "irst_output",
        .maxaddr = (haddr_t)INT64_MAX,
        .fc_degree = H5F_CLOSE_WEAK,
        .fapl_size = sizeof(int *),
        .open = open_output,
        .close = close_output,
        .cmp = compare_outputs,
        .query = say_features,
        .get_eoa = end_of_allocation,
        .set_eoa = set_end_of_allocation,
        .get_eof = end_of_file,
        .read = read_output,
        .write = write_output,
        .truncate = cut_output,
        .fl_map = H5FD_FLMAP_DICHOTOMY,
    };
    hid_t access = H5Pcreate(H5P_FILE_ACCESS), id = H5FDregister(&driver);
    bool good = access >= 0 && id >= 0 && H5Pset_driver(access, id, &refused) >= 0;
    if (id >= 0)
        H5FDunregister(id); /* the properties hold it */
    if (good)
        return access;
    if (access >= 0)
        H5Pclose(access);
    return H5I_INVALID_HID;
}
