/* Finds targets in a binary PGM image of 8 or 16 bits and prints them, a line each.
 * usage: detect_pgm CHECKPOINT.h5|METHOD IMAGE.pgm */
#include <irst.h>

#include <stdio.h>
#include <stdlib.h>

/* Reads the pixels into new memory, 16 bits in the machine's byte order; NULL if this is no such file. */
static void *read_pgm(const char *path, irst_frame *frame) {
    int maximum;
    unsigned char *bytes = NULL;
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    if (fscanf(file, "P5 %d %d %d", &frame->width, &frame->height, &maximum) == 3 && frame->width > 0 &&
        frame->width <= 32768 && frame->height > 0 && frame->height <= 32768) {
        size_t deep = maximum > 255, count = (size_t)frame->width * (size_t)frame->height;
        fgetc(file); /* the one white space behind the header */
        bytes = malloc(count << deep);
        if (bytes && fread(bytes, 1, count << deep, file) != count << deep) {
            free(bytes);
            bytes = NULL;
        }
        for (size_t i = 0; bytes && deep && i < count; i++) /* big-endian in the file */
            ((unsigned short *)bytes)[i] = (unsigned short)(bytes[2 * i] << 8 | bytes[2 * i + 1]);
        frame->pixels = bytes;
        frame->format = deep ? IRST_U16 : IRST_U8;
        /* With low = high the checkpoint's range counts, else all of the format. A header with another maximum than
         * that has a range of its own: 0 to the maximum is black to white. */
        frame->high = maximum == (deep ? 65535 : 255) ? 0 : maximum;
    }
    fclose(file);
    return bytes;
}

int main(int argc, char **argv) {
    irst_frame frame = {0};
    irst_result found;
    if (argc != 3) {
        fprintf(stderr, "usage: detect_pgm CHECKPOINT.h5|METHOD IMAGE.pgm\n");
        return 2;
    }
    void *pixels = read_pgm(argv[2], &frame);
    if (!pixels) {
        fprintf(stderr, "%s: cannot be read as binary PGM\n", argv[2]);
        return 1;
    }
    irst_detector *detector = irst_open(argv[1], NULL);
    int code = detector ? irst_detect(detector, &frame, &found) : 1;
    if (code != 0)
        fprintf(stderr, "%s\n", irst_error());
    for (int i = 0; code == 0 && i < found.count; i++) {
        const irst_detection *d = &found.detections[i];
        printf("%.3f %.3f %d %d %d %d %d %.6g\n", d->x, d->y, d->left, d->top, d->right, d->bottom, d->area, d->peak);
    }
    irst_close(detector);
    free(pixels);
    return code;
}
