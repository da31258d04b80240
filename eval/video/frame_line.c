#include "eval/video/frame_line.h"

#include <stdio.h>

static void print_detection(FILE *stream, const detection *d) {
    fprintf(stream, "{\"x\":%.3f,\"y\":%.3f,\"box\":[%d,%d,%d,%d],\"area\":%d,\"peak\":%.6g}", d->x, d->y, d->x0, d->y0,
            d->x1, d->y1, d->area, d->peak);
}

void frame_line_print(text_buffer *b, const video_frame *frame, const detection_list *found) {
    fprintf(b->stream, "{\"frame\":%lld,\"time\":%.6f,\"detections\":[", (long long)frame->number, frame->time);
    for (int i = 0; i < found->count; i++) {
        fputs(i ? "," : "", b->stream);
        print_detection(b->stream, &found->items[i]);
    }
    fputs("]}\n", b->stream);
}
