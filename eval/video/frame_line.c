#include "eval/video/frame_line.h"

#include <stdio.h>

static void print_detection(FILE *stream, const detection *d) {
    fprintf(stream, "\"x\":%.3f,\"y\":%.3f,\"box\":[%d,%d,%d,%d],\"area\":%d,\"peak\":%.6g}", d->x, d->y, d->x0, d->y0,
            d->x1, d->y1, d->area, d->peak);
}

static void print_track(FILE *stream, const track *t) {
    fprintf(stream, "{\"track\":%lld,\"velocity\":[%.3f,%.3f],", (long long)t->id, t->vx, t->vy);
}

static void print_detections(FILE *stream, const detection_list *found) {
    for (int i = 0; i < found->count; i++) {
        fputs(i ? ",{" : "{", stream);
        print_detection(stream, &found->items[i]);
    }
    fputs("]}\n", stream);
}

static void print_tracks(FILE *stream, const detection_list *found, const track_list *tracks) {
    int seen = 0, unseen = 0;
    for (int i = 0; i < tracks->count; i++) {
        if (tracks->items[i].point < 0)
            continue;
        fputs(seen++ ? "," : "", stream);
        print_track(stream, &tracks->items[i]);
        print_detection(stream, &found->items[tracks->items[i].point]);
    }
    fputs("],\"predicted\":[", stream);
    for (int i = 0; i < tracks->count; i++) {
        const track *t = &tracks->items[i];
        if (t->point >= 0)
            continue;
        fputs(unseen++ ? "," : "", stream);
        print_track(stream, t);
        fprintf(stream, "\"x\":%.3f,\"y\":%.3f,\"missed\":%d}", t->x, t->y, t->missed);
    }
    fprintf(stream, "],\"unconfirmed\":%d}\n", found->count - seen);
}

void frame_line_print(text_buffer *b, const video_frame *frame, const detection_list *found, const track_list *tracks) {
    fprintf(b->stream, "{\"frame\":%lld,\"time\":%.6f,\"detections\":[", (long long)frame->number, frame->time);
    if (tracks->items)
        print_tracks(b->stream, found, tracks);
    else
        print_detections(b->stream, found);
}
