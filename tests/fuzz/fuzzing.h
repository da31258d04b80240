/* What the targets of libFuzzer share. Each is a file fuzz_NAME.c with LLVMFuzzerTestOneInput, which gives arbitrary
 * bytes to one parser as a file of the current folder (scripts/fuzz.sh makes an empty one in memory). A parser may
 * refuse everything; what it may not do is found by the sanitizers and by the checks here. */
#ifndef IRST_TESTS_FUZZ_FUZZING_H
#define IRST_TESTS_FUZZ_FUZZING_H

#include "core/base/engine.h"
#include "core/base/status.h"
#include "core/io/image_file.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed);

/* Writes the bytes to the file `name` of the current folder; ends the program if that fails. */
void fuzz_write(const char *name, const uint8_t *data, size_t size);

/* Ends the program, as a finding, unless `code` is one that a file may cause, with a message of one line for it. */
void fuzz_expect_refusal(status code);

/* The same, and success too. */
void fuzz_expect_outcome(status code);

/* Ends the program, as a finding, unless `good`. */
void fuzz_expect(int good, const char *what);

/* One engine of one thread, for all inputs. */
engine *fuzz_engine(void);

/* A mutator for files in HDF5: it changes the texts in them, names and values, and the numbers of datasets, in place,
 * and leaves the structure around them whole, in which HDF5 itself gets lost; with FUZZ_RAW in the environment,
 * anything. Returns the new size. */
size_t fuzz_mutate_hdf5(uint8_t *data, size_t size, size_t room, unsigned seed);

/* A mutator for PNG: mutated chunks get their checksums anew, or nothing behind libpng's check of them would ever be
 * met. Returns the new size. */
size_t fuzz_mutate_png(uint8_t *data, size_t size, size_t room, unsigned seed);

/* Makes the data set NAME/images/a.pgm, NAME/masks/a.pgm, NAME/test.txt of one image, unless it is there. */
void fuzz_make_set(const char *name, int width, int height);

/* Reads what `source` names as an image, all pages of a small file, and looks at every pixel. */
void fuzz_read_image(const image_source *source);

#endif
