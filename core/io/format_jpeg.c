/* JPEG through libjpeg-turbo, which decodes to luma itself. It reports errors through a function that must not return:
 * as in png_io.c, the only setjmp is in `guarded`, and whatever must survive an error lives in a jpeg_job. */
#include "core/io/image_format.h"
#include "core/io/orientation.h"

#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* jpeglib.h needs what stdio.h declares, and comes first. */
#include <jpeglib.h>

#include <jerror.h>

enum {
    MOST_SCANS = 500,         /* of a progressive file; honest ones have about ten */
    MOST_PIXELS_A_BYTE = 512, /* a block of 8 x 8 pixels takes one bit at least */
    LARGEST_SEGMENT = 65533   /* its length has 16 bits, and counts their two bytes */
};

typedef struct jpeg_job {
    struct jpeg_decompress_struct codec;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf give_up;
    FILE *stream;
    grey_image *image;
    uint8_t *row;
    int orientation;               /* 0 or upright until a segment tells another */
    char message[JMSG_LENGTH_MAX]; /* "" until something is wrong */
} jpeg_job;

static bool guarded(jpeg_job *job, void (*step)(jpeg_job *)) {
    if (setjmp(job->give_up) != 0)
        return false;
    step(job);
    return job->message[0] == '\0';
}

static void on_error(j_common_ptr codec) {
    jpeg_job *job = codec->client_data;
    codec->err->format_message(codec, job->message);
    longjmp(job->give_up, 1);
}

/* libjpeg paints over damage and calls it a warning. Here it is an error, but for bytes between the segments, which
 * cameras leave and which cost no pixel. */
static void on_message(j_common_ptr codec, int level) {
    jpeg_job *job = codec->client_data;
    if (level < 0 && codec->err->msg_code != JWRN_EXTRANEOUS_DATA && job->message[0] == '\0')
        codec->err->format_message(codec, job->message);
}

static void on_progress(j_common_ptr codec) {
    jpeg_job *job = codec->client_data;
    if (job->codec.input_scan_number <= MOST_SCANS)
        return;
    snprintf(job->message, sizeof job->message, "more than %d scans", MOST_SCANS);
    longjmp(job->give_up, 1);
}

static int next_byte(j_decompress_ptr codec) {
    struct jpeg_source_mgr *in = codec->src;
    if (in->bytes_in_buffer == 0)
        in->fill_input_buffer(
            codec); /* of a file it never has to wait; past the end there is a marker, and a warning */
    in->bytes_in_buffer--;
    return *in->next_input_byte++;
}

/* libjpeg would keep every such segment, and a file may have any number. They are of EXIF or of others; the first that
 * tells of a turn is it. */
static boolean on_app1(j_decompress_ptr codec) {
    jpeg_job *job = codec->client_data;
    uint8_t data[LARGEST_SEGMENT];
    int high = next_byte(codec), size = (high << 8 | next_byte(codec)) - 2;
    for (int i = 0; i < size; i++)
        data[i] = (uint8_t)next_byte(codec);
    if (job->orientation <= ORIENTATION_UPRIGHT && size > 0)
        job->orientation = exif_orientation(data, (size_t)size);
    return TRUE;
}

static void read_header(jpeg_job *job) {
    job->codec.err = jpeg_std_error(&job->errors);
    job->codec.client_data = job;
    job->errors.error_exit = on_error;
    job->errors.emit_message = on_message;
    jpeg_create_decompress(&job->codec); /* keeps err and client_data */
    job->progress.progress_monitor = on_progress;
    job->codec.progress = &job->progress;
    jpeg_stdio_src(&job->codec, job->stream);
    jpeg_set_marker_processor(&job->codec, JPEG_APP0 + 1, on_app1);
    jpeg_read_header(&job->codec, TRUE);
    job->codec.out_color_space = JCS_GRAYSCALE;
    jpeg_calc_output_dimensions(&job->codec);
}

static void read_rows(jpeg_job *job) {
    jpeg_start_decompress(&job->codec);
    while (job->codec.output_scanline < job->codec.output_height) {
        uint16_t *out = job->image->pixels + (size_t)job->codec.output_scanline * (size_t)job->image->width;
        jpeg_read_scanlines(&job->codec, &job->row, 1);
        for (int x = 0; x < job->image->width; x++)
            out[x] = job->row[x];
    }
    jpeg_finish_decompress(&job->codec);
}

/* A progressive file is kept whole, as coefficients: those that the file cannot have take no memory. */
static status check_size(const jpeg_job *job) {
    int64_t width = job->codec.output_width, height = job->codec.output_height;
    struct stat info;
    TRY(grey_image_check_size(width, height));
    if (fstat(fileno(job->stream), &info) == 0 && width * height / MOST_PIXELS_A_BYTE > info.st_size)
        return status_fail(STATUS_INPUT, "not a readable JPEG: %lld bytes for %lld x %lld pixels",
                           (long long)info.st_size, (long long)width, (long long)height);
    return STATUS_OK;
}

static status read_image(const char *path, jpeg_job *job) {
    if (!guarded(job, read_header))
        return status_fail(STATUS_INPUT, "%s: not a readable JPEG: %s", path, job->message);
    status code = check_size(job);
    if (code == STATUS_OK)
        code = grey_image_new((int)job->codec.output_width, (int)job->codec.output_height, 255, job->image);
    if (code != STATUS_OK)
        return status_prefix(code, "%s", path);
    job->row = malloc((size_t)job->image->width);
    if (!job->row)
        code = status_fail(STATUS_MEMORY, "%s: out of memory to read it", path);
    else if (!guarded(job, read_rows))
        code = status_fail(STATUS_INPUT, "%s: not a readable JPEG: %s", path, job->message);
    free(job->row);
    if (code == STATUS_OK && grey_image_turn(job->image, job->orientation) != STATUS_OK)
        code = status_prefix(STATUS_MEMORY, "%s", path);
    if (code != STATUS_OK)
        grey_image_free(job->image);
    return code;
}

static status read_jpeg(const image_source *source, int page, grey_image *out) {
    (void)page;
    jpeg_job job = {.image = out, .stream = fopen(source->path, "rb")};
    if (!job.stream)
        return status_fail(STATUS_INPUT, "%s: cannot be opened: %s", source->path, strerror(errno));
    status code = read_image(source->path, &job);
    jpeg_destroy_decompress(&job.codec);
    fclose(job.stream);
    return code;
}

static bool recognises(const uint8_t *start, size_t size) {
    return size >= 3 && !memcmp(start, "\xff\xd8\xff", 3);
}

const image_format image_format_jpeg = {.name = "JPEG",
                                        .endings = (const char *const[]){".jpg", ".jpeg", NULL},
                                        .recognises = recognises,
                                        .read = read_jpeg};
