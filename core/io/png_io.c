/* libpng reports errors with longjmp. All setjmp is in one function, `guarded`, which has no variables of its
 * own that could be clobbered; whatever must survive an error lives in a png_job. */
#include "core/io/png_io.h"

#include "core/io/file_io.h"

#include <assert.h>
#include <errno.h>
#include <png.h>
#include <setjmp.h>
#include <stdbool.h>
#include <string.h>

#define LARGEST_CHUNK (1u << 20) /* bytes of memory for one ancillary chunk */
#define MOST_CHUNKS 16           /* ancillary chunks kept */
#define SIGNATURE_SIZE 8
#define LITTLE_ENDIAN_HOST (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)

typedef struct png_job {
    png_structp png;
    png_infop info;
    FILE *stream;
    char message[160]; /* why it failed */
    /* Reading. */
    grey_image *image;
    bool alpha; /* its alpha channel is wanted, not its grey */
    /* Writing: rows of `row_bytes` bytes. */
    int width, height, bits, colour_type;
    size_t row_bytes;
    const uint8_t *rows;
    png_color palette[PNG_MAX_PALETTE_LENGTH];
    int palette_count;
} png_job;

/* Runs one step; false if libpng gave up in it. */
static bool guarded(png_job *job, void (*step)(png_job *)) {
    if (setjmp(png_jmpbuf(job->png)) != 0)
        return false;
    step(job);
    return true;
}

static void on_error(png_structp png, png_const_charp message) {
    png_job *job = png_get_error_ptr(png);
    snprintf(job->message, sizeof job->message, "%s", message);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message) {
    (void)png;
    (void)message; /* damage that matters is an error; the rest is not the user's concern */
}

static void read_bytes(png_structp png, png_bytep data, size_t size) {
    png_job *job = png_get_io_ptr(png);
    errno = 0;
    if (fread(data, 1, size, job->stream) != size)
        png_error(png, ferror(job->stream) ? strerror(errno) : "the file is truncated");
}

static void write_bytes(png_structp png, png_bytep data, size_t size) {
    png_job *job = png_get_io_ptr(png);
    if (fwrite(data, 1, size, job->stream) != size)
        png_error(png, strerror(errno));
}

static void flush_bytes(png_structp png) {
    (void)png; /* the stream is flushed when it is closed */
}

/* Texts, profiles and the like inflate to a thousand times their size, and do not change a pixel. */
static const png_byte unwanted[] = "tEXt\0zTXt\0iTXt\0iCCP\0sPLT\0eXIf\0hIST\0pCAL\0sCAL";
enum { UNWANTED = sizeof unwanted / 5 };

static void read_header(png_job *job) {
    png_structp png = job->png;
    png_set_read_fn(png, job, read_bytes);
    png_set_sig_bytes(png, SIGNATURE_SIZE);
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX); /* grey_image_check_size says it better */
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, unwanted, UNWANTED);
    png_set_chunk_malloc_max(png, LARGEST_CHUNK);
    png_set_chunk_cache_max(png, MOST_CHUNKS);
    png_read_info(png, job->info);
}

/* After this libpng has memory for a row. */
static void ask_for_grey(png_job *job) {
    png_structp png = job->png;
    /* The conversions that OpenCV asks for when it reads grey, in any order: libpng has its own. */
    png_byte colour_type = png_get_color_type(png, job->info);
    png_byte bits = png_get_bit_depth(png, job->info);
    if (bits == 16 && LITTLE_ENDIAN_HOST)
        png_set_swap(png);
    png_set_strip_alpha(png);
    if (colour_type == PNG_COLOR_TYPE_PALETTE)
        png_set_palette_to_rgb(png);
    if ((colour_type & PNG_COLOR_MASK_COLOR) == 0 && bits < 8)
        png_set_expand_gray_1_2_4_to_8(png);
    png_set_rgb_to_gray(png, PNG_ERROR_ACTION_NONE, 0.299, 0.587);
    png_set_interlace_handling(png);
    png_read_update_info(png, job->info);
}

/* Grey and alpha of 8 bits, which fill the place of a pixel. */
static void ask_for_alpha(png_job *job) {
    png_structp png = job->png;
    png_set_expand(png);
    png_set_scale_16(png);
    if (png_get_color_type(png, job->info) & PNG_COLOR_MASK_COLOR)
        png_set_rgb_to_gray(png, PNG_ERROR_ACTION_NONE, 0.299, 0.587);
    png_set_interlace_handling(png);
    png_read_update_info(png, job->info);
}

/* Decodes into the memory of the pixels. Rows of 8 bits fill the first half of their place. */
static void read_rows(png_job *job) {
    const grey_image *image = job->image;
    int passes = png_get_interlace_type(job->png, job->info) == PNG_INTERLACE_ADAM7 ? PNG_INTERLACE_ADAM7_PASSES : 1;
    for (int pass = 0; pass < passes; pass++)
        for (int y = 0; y < image->height; y++)
            png_read_row(job->png, (png_bytep)(image->pixels + (size_t)y * (size_t)image->width), NULL);
    png_read_end(job->png, NULL);
}

/* Spreads rows of bytes to 16-bit pixels in place, from the right so that nothing is overwritten unread. */
static void widen_rows(const grey_image *image) {
    for (int y = 0; y < image->height; y++) {
        uint16_t *row = image->pixels + (size_t)y * (size_t)image->width;
        const uint8_t *bytes = (const uint8_t *)row;
        for (int x = image->width - 1; x >= 0; x--)
            row[x] = bytes[x];
    }
}

static void keep_alpha(const grey_image *image) {
    const uint8_t *bytes = (const uint8_t *)image->pixels;
    for (size_t i = 0; i < grey_image_pixels(image); i++)
        image->pixels[i] = bytes[2 * i + 1];
}

static bool has_alpha(const png_job *job) {
    return png_get_color_type(job->png, job->info) & PNG_COLOR_MASK_ALPHA ||
           png_get_valid(job->png, job->info, PNG_INFO_tRNS);
}

/* Rows have as many bits a pixel as were asked for. */
static status read_pixels(const char *path, png_job *job, int bits) {
    int width = (int)png_get_image_width(job->png, job->info);
    int height = (int)png_get_image_height(job->png, job->info);
    if (png_get_rowbytes(job->png, job->info) != (size_t)width * (size_t)(bits / 8) || (bits != 8 && bits != 16))
        return status_fail(STATUS_INPUT, "%s: not a PNG that can be read as grey", path);
    status code = grey_image_new(width, height, bits == 16 && !job->alpha ? 65535 : 255, job->image);
    if (code != STATUS_OK)
        return status_prefix(code, "%s", path);
    if (guarded(job, read_rows))
        return STATUS_OK;
    grey_image_free(job->image);
    return status_fail(STATUS_INPUT, "%s: not a readable PNG: %s", path, job->message);
}

static status read_image(const char *path, png_job *job) {
    bool known = guarded(job, read_header);
    int64_t wide = png_get_image_width(job->png, job->info), high = png_get_image_height(job->png, job->info);
    status code = wide && high ? grey_image_check_size(wide, high) : STATUS_OK;
    if (code != STATUS_OK)
        return status_prefix(code, "%s", path);
    if (known && job->alpha && !has_alpha(job))
        return STATUS_OK;
    if (!known || !guarded(job, job->alpha ? ask_for_alpha : ask_for_grey))
        return status_fail(STATUS_INPUT, "%s: not a readable PNG: %s", path, job->message);
    int bits = job->alpha ? 16 : png_get_bit_depth(job->png, job->info);
    TRY(read_pixels(path, job, bits));
    if (job->alpha)
        keep_alpha(job->image);
    else if (bits == 8)
        widen_rows(job->image);
    return STATUS_OK;
}

static status check_signature(const char *path, FILE *stream) {
    uint8_t signature[SIGNATURE_SIZE];
    size_t got = fread(signature, 1, sizeof signature, stream);
    if (ferror(stream))
        return status_fail(STATUS_INPUT, "%s: cannot be read: %s", path, strerror(errno));
    if (got == 0)
        return status_fail(STATUS_INPUT, "%s: the file is empty; expected a PNG", path);
    if (got < sizeof signature || png_sig_cmp(signature, 0, sizeof signature) != 0)
        return status_fail(STATUS_INPUT, "%s: not a PNG file", path);
    return STATUS_OK;
}

static status read_stream(const char *path, png_job *job) {
    TRY(check_signature(path, job->stream));
    job->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, job, on_error, on_warning);
    job->info = job->png != NULL ? png_create_info_struct(job->png) : NULL;
    status code =
        job->info != NULL ? read_image(path, job) : status_fail(STATUS_MEMORY, "%s: out of memory to read it", path);
    png_destroy_read_struct(&job->png, &job->info, NULL);
    return code;
}

static status read_file(const char *path, bool alpha, grey_image *out) {
    *out = (grey_image){0};
    if (path_is_folder(path))
        return status_fail(STATUS_INPUT, "%s: is a folder; expected a PNG file", path);
    FILE *stream = fopen(path, "rb");
    if (stream == NULL)
        return status_fail(STATUS_INPUT, "%s: cannot be opened: %s", path, strerror(errno));
    png_job job = {.stream = stream, .image = out, .alpha = alpha};
    status code = read_stream(path, &job);
    fclose(stream);
    return code;
}

status png_read_grey(const char *path, grey_image *out) {
    return read_file(path, false, out);
}

status png_read_alpha(const char *path, grey_image *out) {
    return read_file(path, true, out);
}

static void write_image(png_job *job) {
    png_structp png = job->png;
    png_set_write_fn(png, job, write_bytes, flush_bytes);
    png_set_user_limits(png, IMAGE_LARGEST_SIDE, IMAGE_LARGEST_SIDE);
    png_set_IHDR(png, job->info, (png_uint_32)job->width, (png_uint_32)job->height, job->bits, job->colour_type,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (job->colour_type == PNG_COLOR_TYPE_PALETTE)
        png_set_PLTE(png, job->info, job->palette, job->palette_count);
    png_write_info(png, job->info);
    if (job->bits == 16 && LITTLE_ENDIAN_HOST)
        png_set_swap(png);
    for (int y = 0; y < job->height; y++)
        png_write_row(png, job->rows + (size_t)y * job->row_bytes);
    png_write_end(png, NULL);
}

static status check_sides(const char *name, const png_job *job) {
    if (job->width >= 1 && job->height >= 1 && job->width <= IMAGE_LARGEST_SIDE && job->height <= IMAGE_LARGEST_SIDE)
        return STATUS_OK;
    return status_fail(STATUS_OUTPUT, "%s: an image of %d x %d pixels: expected sides of 1 to %d", name, job->width,
                       job->height, IMAGE_LARGEST_SIDE);
}

/* Writes the whole PNG to the job's stream. */
static status write_stream(const char *name, png_job *job) {
    job->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, job, on_error, on_warning);
    job->info = job->png != NULL ? png_create_info_struct(job->png) : NULL;
    status code = STATUS_OK;
    if (job->info == NULL)
        code = status_fail(STATUS_MEMORY, "%s: out of memory to write it", name);
    else if (!guarded(job, write_image))
        code = status_fail(STATUS_OUTPUT, "%s: cannot be written: %s", name, job->message);
    png_destroy_write_struct(&job->png, &job->info);
    return code;
}

static status write_temporary(const char *path, const char *temporary, png_job *job) {
    job->stream = fopen(temporary, "wb");
    if (job->stream == NULL)
        return status_fail(STATUS_OUTPUT, "%s: cannot be written: %s", path, strerror(errno));
    status code = write_stream(path, job);
    if (fclose(job->stream) != 0 && code == STATUS_OK)
        code = status_fail(STATUS_OUTPUT, "%s: cannot be written: %s", path, strerror(errno));
    return code;
}

static status write_atomically(const char *path, png_job job) {
    atomic_file file;
    TRY(check_sides(path, &job));
    TRY(atomic_file_begin(path, &file));
    status code = write_temporary(path, file.temporary, &job);
    if (code != STATUS_OK) {
        atomic_file_abandon(&file);
        return code;
    }
    return atomic_file_place(&file);
}

static status print(FILE *stream, png_job job) {
    static const char name[] = "a picture";
    job.stream = stream;
    TRY(check_sides(name, &job));
    return write_stream(name, &job);
}

static png_job job_of_8(int width, int height, int channels, const uint8_t *pixels) {
    assert(channels == 1 || channels == 3);
    return (png_job){.width = width,
                     .height = height,
                     .bits = 8,
                     .colour_type = channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY,
                     .row_bytes = (size_t)width * (size_t)channels,
                     .rows = pixels};
}

static png_job job_of_palette(int width, int height, const uint32_t *colours, int colour_count,
                              const uint8_t *indices) {
    assert(colour_count >= 1 && colour_count <= PNG_MAX_PALETTE_LENGTH);
    png_job job = {.width = width,
                   .height = height,
                   .bits = 8,
                   .colour_type = PNG_COLOR_TYPE_PALETTE,
                   .row_bytes = (size_t)width,
                   .rows = indices,
                   .palette_count = colour_count};
    for (int i = 0; i < colour_count; i++)
        job.palette[i] = (png_color){(png_byte)(colours[i] >> 16), (png_byte)(colours[i] >> 8 & 0xff),
                                     (png_byte)(colours[i] & 0xff)};
    return job;
}

status png_write_8(const char *path, int width, int height, int channels, const uint8_t *pixels) {
    return write_atomically(path, job_of_8(width, height, channels, pixels));
}

status png_print_8(FILE *stream, int width, int height, int channels, const uint8_t *pixels) {
    return print(stream, job_of_8(width, height, channels, pixels));
}

status png_write_palette(const char *path, int width, int height, const uint32_t *colours, int colour_count,
                         const uint8_t *indices) {
    return write_atomically(path, job_of_palette(width, height, colours, colour_count, indices));
}

status png_print_palette(FILE *stream, int width, int height, const uint32_t *colours, int colour_count,
                         const uint8_t *indices) {
    return print(stream, job_of_palette(width, height, colours, colour_count, indices));
}

status png_write_grey16(const char *path, int width, int height, const uint16_t *pixels) {
    return write_atomically(path, (png_job){.width = width,
                                            .height = height,
                                            .bits = 16,
                                            .colour_type = PNG_COLOR_TYPE_GRAY,
                                            .row_bytes = (size_t)width * sizeof *pixels,
                                            .rows = (const uint8_t *)pixels});
}
