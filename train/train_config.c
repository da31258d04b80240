#include "train/train_config.h"

#include "datasets/vary/augment.h"
#include "modules/detector.h"

#include <stddef.h>

static const config_key keys[] = {
    {"data.root", CONFIG_TEXT, NULL, 0, 0, NULL, "",
     "folder or packed .h5 of the data set; several, separated by commas: all of them together"},
    {"data.weights", CONFIG_TEXT, "", 0, 0, NULL, "",
     "one for each set of data.root, as in 1, 0.5: an epoch takes this times its training images, a part of them drawn "
     "anew every time, or some more than once; empty: 1 each"},
    {"data.may_change", CONFIG_FLAG, "false", 0, 0, NULL, "",
     "go on with --resume where images or masks are no longer those that the run was begun with"},
    {"data.size", CONFIG_INT, "256", 16, 4096, NULL, "pixels", "images are resized to size x size"},
    {"data.range", CONFIG_TEXT, "full", 0, 0, NULL, "",
     "grey values that become black and white: LO,HI in the files' values (14 bits in 16: 0,16383), image (each "
     "image's "
     "own), percentile[:P] (without the P % darkest and brightest), full (the files' full scale); kept in the "
     "checkpoint, and what detect and evaluate then use"},
    {"data.train_split", CONFIG_TEXT, "train", 0, 0, NULL, "", "split to train on"},
    {"data.holdout", CONFIG_REAL, "0", 0, 0.5, NULL, "",
     "this share of the training split is kept for validation, chosen by the images' names alone: the same in every "
     "run"},
    {"data.validation_split", CONFIG_TEXT, "", 0, 0, NULL, "",
     "split to evaluate on while training; empty: what data.holdout keeps, without it data.test_split"},
    {"data.test_split", CONFIG_TEXT, "test", 0, 0, NULL, "",
     "split that figures are published of; evaluated on if nothing else is chosen"},
    {"data.augment", CONFIG_CHOICE, "none", 0, 0, AUGMENT_NAMES, "",
     "none; flips: and transposes (RPCANet); transposes: these alone; crops: and flips (BasicIRSTD); or as the authors "
     "of MSHNet or UIU-Net"},
    {"data.rotation", CONFIG_REAL, "0", 0, 180, NULL, "degrees",
     "after data.augment: turned by up to this, either way, about the centre; 0: not"},
    {"data.scale", CONFIG_REAL, "0", 0, 1, NULL, "",
     "the same, scaled about the centre by a factor of 1 / (1 + this) to 1 + this; 0: not"},
    {"data.blur", CONFIG_REAL, "0", 0, 3, NULL, "pixels",
     "then blurred by a Gaussian of a standard deviation of up to this; 0: not"},
    {"data.gain", CONFIG_REAL, "0", 0, 1, NULL, "",
     "then grey values times 1 - this to 1 + this, plus up to half of this of full scale, either way; 0: not"},
    {"data.noise", CONFIG_REAL, "0", 0, 1, NULL, "full scale",
     "then Gaussian noise of a standard deviation of up to this; 0: none"},
    {"data.shuffle", CONFIG_FLAG, "true", 0, 0, NULL, "", "another order in every epoch"},
    {"data.drop_last", CONFIG_FLAG, "false", 0, 0, NULL, "", "leave out an epoch's last batch if it is smaller"},
    {"train.epochs", CONFIG_INT, "400", 1, 1000000, NULL, "", "passes over the training split"},
    {"train.crop_epochs", CONFIG_TEXT, "0", 0, 0, NULL, "epochs",
     "the first ones, on crops around targets: a quick start for a short training; 16, 8: on crops of two sizes"},
    {"train.crop_size", CONFIG_TEXT, "64", 0, 0, NULL, "pixels",
     "a side of these crops, from images resized as data.augment will and no larger than those, and turned as it will "
     "turn them; as many numbers as train.crop_epochs has"},
    {"train.crop_background", CONFIG_REAL, "0", 0, 1, NULL, "",
     "this share of these crops lies anywhere instead, which shows the network more background"},
    {"train.norm_epochs", CONFIG_INT, "1000000", 0, 1000000, NULL, "epochs",
     "the first ones, whose batch norms take the statistics of their batch; those behind them take the running ones, "
     "as in evaluation, and leave them as they are"},
    {"train.batch_size", CONFIG_INT, "8", 1, 1024, NULL, "images", "images of one step"},
    {"train.accumulate", CONFIG_INT, "1", 1, 1024, NULL, "batches",
     "gradients of so many batches make one step; norms and losses :batch still go by one batch"},
    {"train.optimizer", CONFIG_CHOICE, "adam", 0, 0, "adam|adamw|muon|schedule_free|sgd|adagrad", "",
     "muon: orthogonalised momentum for the weights of convolutions, adamw for the rest; schedule_free: adamw at a "
     "constant rate, whatever train.schedule says, and averaged weights"},
    {"train.learning_rate", CONFIG_REAL, "1e-4", 1e-9, 10, NULL, "", "the largest one"},
    {"train.rates", CONFIG_TEXT, "", 0, 0, NULL, "",
     "factors of the rate by parameter names, as in *.bias:2, *.epsilon:10; the last one that fits counts"},
    {"train.stages", CONFIG_CHOICE, "published", 0, 0, "published|balanced", "",
     "balanced: the last layers of what each stage of an unrolled network adds to T start at 0, and learn the slower "
     "the more often later stages double it (see docs/training.md)"},
    {"train.freeze", CONFIG_TEXT, "", 0, 0, NULL, "",
     "names of parameters that stay as they are, as in decos.0.*, decos.1.*; statistics of norms still follow the "
     "data"},
    {"train.momentum", CONFIG_REAL, "0.9", 0, 1, NULL, "", "of sgd and muon"},
    {"train.beta1", CONFIG_REAL, "0.9", 0, 0.9999, NULL, "",
     "of adam, adamw, muon (for the rest): what a step leaves of the mean gradient; of schedule_free: y's share of x"},
    {"train.beta2", CONFIG_REAL, "0.999", 0, 0.999999, NULL, "", "likewise of the mean squared gradient"},
    {"train.epsilon", CONFIG_REAL, "1e-8", 1e-16, 1, NULL, "",
     "of adam, adamw, schedule_free, and muon for the rest: added to the denominator"},
    {"train.weight_decay", CONFIG_REAL, "0", 0, 1, NULL, "",
     "times the parameter: added to its gradient, or (adamw, muon, schedule_free) times the rate taken off it"},
    {"train.decay", CONFIG_CHOICE, "all", 0, 0, "all|weights", "",
     "weights: no decay of biases, norms and learnable scalars"},
    {"train.clip_norm", CONFIG_REAL, "0", 0, 1e6, NULL, "",
     "gradients are scaled down to this L2 norm over all parameters; 0: never"},
    {"train.schedule", CONFIG_CHOICE, "poly", 0, 0, "poly|linear|cosine|constant|steps|one_cycle", "",
     "poly: rate * (1 - share)^power of the work done, in pixels seen; steps: divided by ten after each milestone; "
     "one_cycle: up and down"},
    {"train.warmup", CONFIG_REAL, "0", 0, 0.9, NULL, "",
     "share of all the work, in pixels seen, over which the rate rises from 0; one_cycle reads 0 as 0.3"},
    {"train.power", CONFIG_REAL, "0.9", 0, 10, NULL, "", "of the poly schedule"},
    {"train.milestones", CONFIG_TEXT, "200, 300", 0, 0, NULL, "epochs", "of the steps schedule, rising"},
    {"train.average", CONFIG_REAL, "0", 0, 0.99999, NULL, "",
     "what a step leaves of the averaged weights, as in 0.98; they are evaluated and saved beside the raw ones; 0: "
     "none"},
    {"train.init", CONFIG_TEXT, "", 0, 0, NULL, "",
     "checkpoint to begin with (fine-tuning), of ours or of PyTorch: every tensor of the same name and shape is taken "
     "over"},
    {"train.start", CONFIG_TEXT, "", 0, 0, NULL, "",
     "initial values of parameters by name, as in *.epsilon:0.1, in place of the network's own"},
    {"train.loss", CONFIG_TEXT, "published", 0, 0, NULL, "",
     "published: the network's own; or a sum of terms, as in dice2:batch + 0.01 mse (see docs/training.md)"},
    {"train.loss_after", CONFIG_TEXT, "", 0, 0, NULL, "",
     "another one from an epoch on, as in 8: soft_iou:batch + 0.01 mse; several separated by commas"},
    {"train.deep_supervision", CONFIG_REAL, "0", 0, 100, NULL, "",
     "weight of the terms of train.loss on the target map of every stage, or on every head"},
    {"train.prior", CONFIG_REAL, "0", 0, 0.999, NULL, "",
     "probability of a target that an untrained network answers everywhere, as in 0.018; 0: whatever comes out"},
    {"train.teacher", CONFIG_TEXT, "", 0, 0, NULL, "",
     "checkpoint whose score maps are learnt too (distillation), with a weight that falls to 0 over the run"},
    {"train.teacher_weight", CONFIG_REAL, "1", 0, 1000, NULL, "", "of that term at the first step"},
    {"train.eta", CONFIG_REAL, "0.1", 0, 1000, NULL, "", "weight of the fidelity term in the published loss"},
    {"train.seed", CONFIG_INT, "1", 0, 4294967295.0, NULL, "", "of initialisation, shuffling and augmentation"},
    {"train.evaluate_every", CONFIG_INT, "10", 1, 1000000, NULL, "epochs",
     "evaluate after so many, and after the last"},
    {"train.select", CONFIG_CHOICE, "miou", 0, 0, "miou|niou|f1|pd|fa", "",
     "the metric that best.h5 is the best in, on the split evaluated; of two as good the higher miou"},
    {"train.threshold_at_fa", CONFIG_REAL, "0", 0, 0.5, NULL, "",
     "store in best.h5 and last.h5 the threshold at which at most this share of the background of the split evaluated "
     "is detected, as in 1e-6; detect uses it; 0: none"},
    {"train.save_minutes", CONFIG_REAL, "10", 0, 1e6, NULL, "minutes",
     "save last.h5 within an epoch too when so many have passed since; 0: only at the ends of epochs"},
    {"train.patience", CONFIG_INT, "0", 0, 1000000, NULL, "evaluations",
     "stop when so many in a row were no better than the best; 0: never"},
    {"train.checkpointing", CONFIG_CHOICE, "none", 0, 0, "none|stage", "",
     "stage: keep only the results of the stages for backward and compute the rest twice; less memory, changes no "
     "result"},
    {"train.arithmetic", CONFIG_CHOICE, "exact", 0, 0, "exact|fast", "",
     "of the forward pass: exact rounds as direct sums do; fast takes the convolutions of detect, which round a few "
     "times as much; kept in the checkpoint"},
    {"train.threads", CONFIG_INT, "0", 0, ENGINE_MOST_THREADS, NULL, "",
     "0: one per available processor; changes no result"},
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

status train_config_describe(const char *path, const char *const *overrides, int override_count, config **out) {
    return create(path, overrides, override_count, false, out);
}
