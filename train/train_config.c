#include "train/train_config.h"

#include "datasets/augment.h"
#include "modules/detector.h"

#include <stddef.h>

static const config_key keys[] = {
    {"data.root", CONFIG_TEXT, NULL, 0, 0, NULL, "", "folder or packed .h5 of the data set"},
    {"data.size", CONFIG_INT, "256", 16, 4096, NULL, "pixels", "images are resized to size x size"},
    {"data.train_split", CONFIG_TEXT, "train", 0, 0, NULL, "", "split to train on"},
    {"data.test_split", CONFIG_TEXT, "test", 0, 0, NULL, "", "split to evaluate on"},
    {"data.augment", CONFIG_CHOICE, "none", 0, 0, AUGMENT_NAMES, "",
     "none; flips: and transposes (RPCANet); crops: and flips (BasicIRSTD); or as the authors of MSHNet or UIU-Net"},
    {"data.shuffle", CONFIG_FLAG, "true", 0, 0, NULL, "", "another order in every epoch"},
    {"data.drop_last", CONFIG_FLAG, "false", 0, 0, NULL, "", "leave out an epoch's last batch if it is smaller"},
    {"train.epochs", CONFIG_INT, "400", 1, 1000000, NULL, "", "passes over the training split"},
    {"train.crop_epochs", CONFIG_INT, "0", 0, 1000000, NULL, "epochs",
     "the first ones, on crops around targets: a quick start for a short training"},
    {"train.crop_size", CONFIG_INT, "64", 16, 4096, NULL, "pixels", "of these crops, at the images' own resolution"},
    {"train.batch_size", CONFIG_INT, "8", 1, 1024, NULL, "images", "images of one step"},
    {"train.optimizer", CONFIG_CHOICE, "adam", 0, 0, "adam|sgd|adagrad", "", "with the arithmetic of PyTorch"},
    {"train.learning_rate", CONFIG_REAL, "1e-4", 1e-9, 10, NULL, "", "at the first step"},
    {"train.momentum", CONFIG_REAL, "0.9", 0, 1, NULL, "", "of sgd"},
    {"train.weight_decay", CONFIG_REAL, "0", 0, 1, NULL, "", "times the parameter, added to its gradient"},
    {"train.schedule", CONFIG_CHOICE, "poly", 0, 0, "poly|constant|steps", "",
     "poly: rate * (1 - step / steps)^power; steps: divided by ten after each milestone"},
    {"train.power", CONFIG_REAL, "0.9", 0, 10, NULL, "", "of the poly schedule"},
    {"train.milestones", CONFIG_TEXT, "200, 300", 0, 0, NULL, "epochs", "of the steps schedule, rising"},
    {"train.eta", CONFIG_REAL, "0.1", 0, 1000, NULL, "", "weight of the fidelity term in the loss"},
    {"train.seed", CONFIG_INT, "1", 0, 4294967295.0, NULL, "", "of initialisation, shuffling and augmentation"},
    {"train.evaluate_every", CONFIG_INT, "10", 1, 1000000, NULL, "epochs",
     "evaluate after so many, and after the last"},
    {"train.checkpointing", CONFIG_CHOICE, "none", 0, 0, "none|stage", "",
     "stage: keep only the results of the stages for backward and compute the rest twice; less memory, changes no "
     "result"},
    {"train.threads", CONFIG_INT, "0", 0, 64, NULL, "", "0: one per available processor; changes no result"},
};

static status declare(config *c, const char *path, const char *const *overrides, int override_count) {
    TRY(config_declare(c, &detector_name_key, 1));
    TRY(config_declare(c, keys, sizeof keys / sizeof *keys));
    if (path)
        TRY(config_load(c, path));
    for (int i = 0; i < override_count; i++)
        TRY(config_override(c, overrides[i]));
    return detector_declare_options(c);
}

static status create(const char *path, const char *const *overrides, int override_count, bool check, config **out) {
    TRY(config_new(out));
    status result = declare(*out, path, overrides, override_count);
    if (result == STATUS_OK && check)
        result = config_check(*out);
    if (result != STATUS_OK) {
        config_free(*out);
        *out = NULL;
    }
    return result;
}

status train_config_read(const char *path, const char *const *overrides, int override_count, config **out) {
    return create(path, overrides, override_count, true, out);
}

status train_config_defaults(config **out) {
    return create(NULL, NULL, 0, false, out);
}
