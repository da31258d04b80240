/* Losses written as sums of terms: what they mean, and what is said about those that mean nothing. */
#include "modules/loss_spec.h"
#include "tests/expect.h"

#include <string.h>

static void expect_term(const loss_spec *spec, int index, double weight, const mask_loss_term *loss,
                        mask_pooling pooling, const char *name) {
    const loss_spec_term *term = &spec->terms[index];
    assert_true(term->weight == weight);
    assert_ptr_equal(term->loss, loss);
    assert_int_equal(term->pooling, pooling);
    assert_string_equal(term->name, name);
}

static void test_terms(void **state) {
    (void)state;
    loss_spec spec;
    assert_ok(loss_spec_parse("dice2:batch + 0.01 mse", "loss", &spec));
    assert_int_equal(spec.count, 2);
    expect_term(&spec, 0, 1, &loss_dice2, POOL_BATCH, "dice2_batch");
    expect_term(&spec, 1, 0.01, NULL, POOL_IMAGE, "mse");
    assert_ok(loss_spec_parse("  soft_iou:image+0.5 bce+1e+1\tfocal:batch ", "loss", &spec));
    assert_int_equal(spec.count, 3);
    expect_term(&spec, 0, 1, &loss_soft_iou, POOL_IMAGE, "soft_iou_image");
    expect_term(&spec, 1, 0.5, &loss_bce, POOL_IMAGE, "bce_image");
    expect_term(&spec, 2, 10, &loss_focal, POOL_BATCH, "focal_batch");
    assert_ok(loss_spec_parse("bce + 0.1 mse:batch", "loss", &spec)); /* a mean over all pixels, either way */
    assert_string_equal(spec.terms[1].name, "mse");
    assert_ok(loss_spec_parse("iou + iou:batch", "loss", &spec)); /* one loss, two ways of pooling */
    assert_int_equal(spec.count, 2);
}

static void test_what_is_wrong(void **state) {
    (void)state;
    static const struct {
        const char *text, *said;
    } cases[] = {
        {"", "no name at the end"},
        {"bce +", "no name at the end"},
        {"bce + + mse", "no number and a space at \"+ mse\""},
        {"bce mse", "no + at \"mse\""},
        {"0.5bce", "no number and a space at \"0.5bce\""},
        {"0.5 * bce", "no name at \"* bce\""},
        {"0x1 bce", "no number and a space"},
        {"0 bce", "the weight 0 is not above 0"},
        {"-1 bce", "the weight -1 is not above 0"},
        {"1e999 bce", "the weight 1e999 is not above 0"},
        {"dice", "the term \"dice\" is unknown"},
        {"bce:set", "the pooling \"set\" is unknown"},
        {"bce:", "the pooling \"\" is unknown"},
        {"mse + 0.1 mse:batch", "mse stands there twice"},
        {"bce + 2 bce:image", "bce_image stands there twice"},
        {"bce + bce:batch + iou + iou:batch + sls + sls:batch + focal + focal:batch + mse", "more than 8 terms"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        loss_spec spec;
        assert_fails(loss_spec_parse(cases[i].text, "train.loss", &spec), STATUS_USAGE, "train.loss: \"",
                     cases[i].said);
        assert_non_null(strstr(status_message(), cases[i].text));
        assert_non_null(strstr(status_message(), "soft_iou, iou, dice2, bce, focal, sls, or mse"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_terms), cmocka_unit_test(test_what_is_wrong)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
