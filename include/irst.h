/* irst: finds small targets in infrared images:
 *
 *     irst_detector *d = irst_open("nudt.h5", NULL);
 *     irst_frame frame = {.pixels = pixels, .width = 640, .height = 512, .format = IRST_U16};
 *     irst_result result;
 *     if (!d || irst_detect(d, &frame, &result) != 0)
 *         fprintf(stderr, "%s\n", irst_error());
 *     irst_close(d);
 *
 * The library neither prints nor exits nor installs a signal handler, and leaves the host's settings as they are:
 * locale, rounding and floating-point exceptions, the number of threads of OpenMP, HDF5's error handler. The number of
 * threads of an OpenBLAS that has threads of its own belongs to the process: it is 1 for all of its threads while a
 * detector works, and then what it was, or what the host set meanwhile if that was not 1. A child that is forked
 * meanwhile has it at 1 until it has detected itself.
 *
 * Thread rule: a detector serves one thread at a time. Several detectors are independent of each other and may be used
 * by several threads at once; they give the same bits as one after the other, whatever their numbers of threads. In a
 * child of fork() of a process that has opened one, each works with one thread. A thread that calls needs 256 KiB of
 * stack. */
#ifndef IRST_H
#define IRST_H

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

/* One per thread that detects; several at once are independent. */
typedef struct irst_detector irst_detector;

/* How a detector works; zeroed, or NULL for it, is the default. */
typedef struct irst_options {
    int threads;     /* that one detection is spread over; 0: as many as the process may keep busy */
    const char *isa; /* "portable", "avx2" or "avx512"; NULL: what IRST_ISA says, else the best of the processor */
    /* `setting_count` texts "key=value", as on the command line of irst-detect; not kept after irst_open:
     *   range=LO,HI|image|percentile[:P]|full   grey values that become black and white, unless a frame says
     *   size=N|native                           frames are resized to N x N for the detector, scores back; native: as
     *                                           they are, the default
     *   threshold=T                             see irst_set_threshold
     *   tiles=auto|off|SIDE,OVERLAP             how large images are cut
     *   precision=float|int8                    int8: faster with AVX-512 VNNI, slower elsewhere; of a checkpoint with
     *                                           ranges of activations (irst-convert calibrate)
     *   model.KEY=VALUE                         option of a method; of one of PyTorch's files what its tensors do not
     *                                           tell; of a checkpoint only the value that it has
     * An unknown key or a bad value is an error that names it. */
    const char *const *settings;
    int setting_count; /* how many of them */
} irst_options;

/* 8 bits, 16 bits in the machine's byte order, float. Floats count from 0 (black) to 1 (white) unless a range is
 * given. */
typedef enum irst_format { IRST_U8, IRST_U16, IRST_F32 } irst_format;

/* A grey image, row by row from the top; the caller's, read during irst_detect only. Both sides are 1 to 32768. */
typedef struct irst_frame {
    const void *pixels; /* of the first row */
    int width;          /* in pixels */
    int height;         /* in pixels */
    long stride;        /* from one row to the next, in bytes, negative too; 0: dense */
    irst_format format; /* of the pixels */
    double low;         /* the value that becomes black; what is below is clipped */
    double high;        /* the value that becomes white; low = high: the format's or the checkpoint's range */
} irst_frame;

/* An 8-connected group of pixels above the threshold. Pixels are counted from 0, from the left and from the top. */
typedef struct irst_detection {
    double x;   /* centroid: the mean column of its pixels */
    double y;   /* centroid: their mean row */
    int left;   /* box, inclusive: the first column */
    int top;    /* the first row */
    int right;  /* the last column */
    int bottom; /* the last row */
    int area;   /* in pixels */
    float peak; /* largest score in it */
} irst_detection;

/* What was found, in scan order. The memory is the detector's: valid until the next call on it. */
typedef struct irst_result {
    int width;          /* of the frame, in pixels */
    int height;         /* of the frame, in pixels */
    const float *score; /* width * height, row by row, in [0, 1]: of a network the probability of a target, of
                           the other methods the response over its maximum in the frame */
    const irst_detection *detections; /* `count` of them */
    int count;                        /* of detections */
    float threshold;                  /* a pixel is detected if its score is above */
} irst_result;

/* Opens a trained network (a checkpoint of irst, or one of PyTorch's as published), or a method without parameters by
 * its name ("ipi", "pstnn", "mpcm"; a file of that name needs a slash in its path). The caller closes it with
 * irst_close. NULL: irst_error() says why. */
irst_detector *irst_open(const char *checkpoint_or_method, const irst_options *options);

/* Searches one frame. Returns 0, or an exit code as the programs': 1 for what went wrong (a pixel that is no number,
 * memory), 2 for wrong use (sides, stride, range); irst_error() says what, and *out is zero. The first frame of a size
 * lays out memory; others of that size allocate none, unless they hold more targets, are resized or cut into tiles, and
 * but for what OpenBLAS takes for itself (IPI, PSTNN). */
int irst_detect(irst_detector *d, const irst_frame *frame, irst_result *out);

/* From the next frame on a pixel is detected if its score is above `threshold`, in [0, 1). At first it is the
 * setting's, else the checkpoint's, else 0.5. Returns 0, or 2 outside of [0, 1). */
int irst_set_threshold(irst_detector *d, float threshold);

/* Frees the detector and its last result. Accepts NULL. */
void irst_close(irst_detector *d);

/* One line that says what went wrong in this thread's last call that failed; "" if none has. Valid until the thread's
 * next failure. */
const char *irst_error(void);

/* Of that call: 1 for what went wrong, 2 for wrong use; 0 if none has failed. What irst_open has no return value for.
 */
int irst_error_code(void);

/* "0.1.0"; static. */
const char *irst_version(void);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif

#endif
