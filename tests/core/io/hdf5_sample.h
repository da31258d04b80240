/* An HDF5 file with a bit of everything that hdf5_io writes, for its tests. */
#ifndef IRST_TESTS_CORE_IO_HDF5_SAMPLE_H
#define IRST_TESTS_CORE_IO_HDF5_SAMPLE_H

/* What stands in "model/decos.0.weight", 2 x 3. */
extern const float sample_weights[6];

/* Creates the file, with 8 datasets and 4 attributes. */
void write_hdf5_sample(const char *path);

/* Frees strings as h5_read_strings gives them. */
void free_texts(char **texts, int count);

#endif
