/* Boxes as VOC XML, YOLO text and COCO JSON, by the first byte; those found become a mask. */
#include "core/io/file_io.h"
#include "datasets/make/box_mask.h"
#include "tests/fuzz/fuzzing.h"

enum { WIDTH = 12, HEIGHT = 9 };

static void make_masks(const box_list *boxes) {
    uint16_t pixels[WIDTH * HEIGHT];
    for (int i = 0; i < WIDTH * HEIGHT; i++)
        pixels[i] = (uint16_t)(i * i % 251);
    grey_image image = {.width = WIDTH, .height = HEIGHT, .maximum = 255, .pixels = pixels}, mask;
    int flat = 0;
    fuzz_expect(grey_image_new(WIDTH, HEIGHT, 255, &mask) == STATUS_OK, "no mask");
    for (int i = 0; i < boxes->count; i++) {
        fuzz_expect_outcome(box_mask_add(&image, &boxes->items[i], BOX_FILL_CONTRAST, &mask, &flat));
        fuzz_expect_outcome(box_mask_add(&image, &boxes->items[i], BOX_FILL_WHOLE, &mask, &flat));
    }
    grey_image_free(&mask);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct {
        const char *folder, *file, *source;
    } kinds[] = {{"voc", "voc/a.xml", "voc"}, {"yolo", "yolo/a.txt", "yolo"}, {"coco", "coco/a.json", "coco/a.json"}};
    enum { KINDS = sizeof kinds / sizeof *kinds };
    if (size == 0)
        return 0;
    int kind = data[0] % KINDS;
    box_source *source = NULL;
    fuzz_expect(folder_create(kinds[kind].folder) == STATUS_OK, "no folder");
    fuzz_write(kinds[kind].file, data + 1, size - 1);
    fuzz_write("a.png", data, 0);
    fuzz_expect_outcome(box_source_open(kinds[kind].source, ".", &source));
    if (!source)
        return 0;
    box_list boxes = {0};
    if (source->format->has(source, "a.png", "a")) {
        status code = source->format->read(source, "a.png", "a", WIDTH, HEIGHT, &boxes);
        fuzz_expect_outcome(code);
        make_masks(&boxes);
        box_list_free(&boxes);
    }
    source->format->close(source);
    return 0;
}
