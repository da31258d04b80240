/* bin/train: see --help. */
#include "core/base/job.h"
#include "core/config/cli.h"
#include "train/train_config.h"
#include "train/train_slurm.h"
#include "train/trainer.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *out_folder, *emit;
static int nodes = 1, tasks = 1;
static bool resume, check, help_config;

static const cli_option options[] = {
    {"out", CLI_TEXT, &out_folder, "DIR", "run folder (default: runs/ and the name of the ini)"},
    {"resume", CLI_FLAG, &resume, NULL, "go on from DIR/last.h5, to the same bits as an uninterrupted run"},
    {"check", CLI_FLAG, &check, NULL, "read all that the training needs, say what it would be, and train nothing"},
    {"emit", CLI_TEXT, &emit, "slurm", "write DIR.slurm, a job for that batch system, instead of training"},
    {"nodes", CLI_INT, &nodes, "N", "machines that the job asks for"},
    {"tasks", CLI_INT, &tasks, "N", "processes on each of them"},
    {"help-config", CLI_FLAG, &help_config, NULL,
     "show every configuration key and exit: with model.name=NAME those of that method"},
};

static const cli_program program = {
    .name = "train",
    .summary = "trains a detector and leaves checkpoints, a log and learning curves in one folder",
    .arguments = "CONFIG.ini [section.key=value ...]",
    .examples = "@train configs/nudt.ini data.root=/data/NUDT-SIRST             # the published recipe\n"
                "@train configs/nudt.ini data.root=/data/NUDT-SIRST --resume\n"
                "@train configs/nudt.ini data.root=/data/NUDT-SIRST --check     # would it run? Steps, memory\n"
                "@train configs/nudt.ini model.stages=3 --out runs/k3           # one setting changed\n"
                "@train configs/nudt_short.ini data.root=mine train.init=nudt.h5   # fine-tuning\n"
                "@train configs/nudt_short.ini --resume train.epochs=60         # a finished run made longer\n"
                "mpirun -np 4 @train configs/nudt.ini                           # four processes share every batch\n"
                "@train configs/nudt.ini --emit slurm --nodes 2 --tasks 4       # the same on machines of a cluster\n",
    .options = options,
    .option_count = sizeof options / sizeof *options,
};

static volatile sig_atomic_t signal_received;
static bool trained; /* to the end: what is printed then is no result, for all of it stands in the run folder */
static peers *job;   /* NULL: this process trains alone */

/* mpirun sends SIGTERM to those that are left when a process of the job has died. They may wait for it for ever; rank 1
 * speaks too, for it may be rank 0 that has died. */
static void on_signal(int number) {
    static const char text[] =
        "train: asked to stop; if a process of the job has died, `--resume` goes on from last.h5\n";
    signal_received = number;
    trainer_interrupt();
    if (number == SIGTERM && job && peers_rank(job) < 2 && write(STDERR_FILENO, text, sizeof text - 1) < 0)
        signal_received = number;
}

static void print_losses(const train_report *r) {
    int parts = 0;
    printf("loss %.4f", r->row->losses[0]);
    for (int i = 0; i < r->log->parts.count && r->log->parts.count > 1; i++)
        if (!isnan(r->row->losses[1 + i])) /* else another epoch's loss has this part */
            printf("%s%s %.4g", parts++ ? ", " : " (", r->log->parts.names[i], r->row->losses[1 + i]);
    printf("%s  gradient %.3g  rate %.3g", parts ? ")" : "", r->row->gradient_norm, r->row->learning_rate);
}

static void print_metrics(const char *name, const epoch_metrics *m) {
    printf("  %smIoU %.4f  Pd %.4f  Fa %.2fe-5", name, m->values[METRIC_miou], m->values[METRIC_pd],
           m->values[METRIC_fa] * 1e5);
}

/* "4 s", "12:07", "3:12:07" */
static void print_duration(const char *before, double seconds) {
    long whole = lround(seconds);
    if (whole >= 3600)
        printf("%s%ld:%02ld:%02ld", before, whole / 3600, whole / 60 % 60, whole % 60);
    else if (whole >= 60)
        printf("%s%ld:%02ld", before, whole / 60, whole % 60);
    else
        printf("%s%ld s", before, whole);
}

static void print_epoch(void *context, const train_report *r) {
    (void)context;
    printf("epoch %lld/%lld  ", (long long)r->row->epoch, (long long)r->epochs);
    print_losses(r);
    if (!isnan(r->row->images_per_second)) /* not of an epoch whose steps another process did */
        printf("  %.3g images/s (%.0f %% of peak)", r->row->images_per_second, 100 * r->peak_share);
    if (!isnan(r->row->used.values[METRIC_miou])) {
        print_metrics(r->log->averages ? "averaged " : "", &r->row->used);
        if (r->log->averages)
            print_metrics("raw ", &r->row->raw);
    }
    print_duration("  in ", r->row->seconds);
    if (r->row->epoch < r->epochs && !isnan(r->rest))
        print_duration(", ETA ", r->rest);
    printf("%s%s%s%s\n", r->is_best ? "  (best so far)" : "", r->remark ? "  (" : "", r->remark ? r->remark : "",
           r->remark ? ")" : "");
    fflush(stdout);
}

static void print_notice(void *context, const char *text) {
    (void)context;
    fprintf(stderr, "train: %s\n", text);
}

/* `arguments`: as of a training, but the ini may be left out. */
static status show_config(const char *const *arguments, int count) {
    config *c;
    bool has_ini = count > 0 && !strchr(arguments[0], '=');
    TRY(train_config_describe(has_ini ? arguments[0] : NULL, arguments + has_ini, count - has_ini, &c));
    config_print_help(c, stdout);
    config_free(c);
    return STATUS_OK;
}

static void print_plan(const train_plan *p) {
    printf("%s: %lld parameters\n", p->method, (long long)p->parameters);
    printf("%lld images in %lld batches an epoch; evaluated on %s\n", (long long)p->images, (long long)p->batches,
           p->validated_on);
    printf("%lld steps", (long long)p->steps);
    if (p->steps_done > 0)
        printf(", %lld of them done", (long long)p->steps_done);
    printf(", as long as %.4g epochs of whole images; the largest takes %.2g GiB\n", p->work, p->memory / (1 << 30));
    printf("all that it needs is there; nothing was trained\n");
}

static status train(const char *ini, const char *const *overrides, int override_count) {
    char folder[4096];
    if (out_folder)
        snprintf(folder, sizeof folder, "%s", out_folder);
    else
        TRY(config_run_folder(ini, folder));
    config *c;
    TRY(train_config_read(ini, overrides, override_count, &c));
    if (emit) {
        int64_t images = config_int(c, "train.batch_size");
        config_free(c);
        return train_slurm_write(&(train_job){ini, folder, overrides, override_count, nodes, tasks, images});
    }
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    train_plan plan = {0};
    train_options run = {.folder = folder,
                         .resume = resume,
                         .on_epoch = print_epoch,
                         .on_notice = print_notice,
                         .peers = job,
                         .plan = check ? &plan : NULL};
    status result = trainer_run(c, &run);
    config_free(c);
    if (check && result == STATUS_OK && peers_rank(job) == 0)
        print_plan(&plan);
    trained = result == STATUS_OK && !check;
    if (trained && peers_rank(job) == 0)
        printf("done: %s\n", folder);
    return result;
}

static status run(int argc, char **argv) {
    cli_action action;
    const char **arguments;
    int count;
    TRY(cli_parse(&program, argc, argv, &action, &arguments, &count));
    if (action == CLI_DONE)
        return STATUS_OK;
    if (help_config)
        return show_config((const char *const *)arguments, count);
    if (count < 1)
        return status_fail(STATUS_USAGE, "expected a configuration file");
    if (emit && strcmp(emit, "slurm") != 0)
        return status_fail(STATUS_USAGE, "--emit is '%s', expected slurm", emit);
    if (emit && check)
        return status_fail(STATUS_USAGE, "--check and --emit: one at a time");
    if (!emit && (nodes != 1 || tasks != 1))
        return status_fail(STATUS_USAGE, "--nodes and --tasks need --emit slurm; mpirun starts a training of several");
    TRY(job_open(&job));
    return train(arguments[0], (const char *const *)arguments + 1, count - 1);
}

/* The exit code of a training that came to its end does not depend on the console. */
static int finish(status result) {
    if (!trained)
        return cli_finish(&program, result);
    if (cli_flush_output() != STATUS_OK)
        fprintf(stderr, "train: %s; the run is complete\n", status_message());
    return status_exit_code(result);
}

int main(int argc, char **argv) {
    status result = run(argc, argv);
    bool failed = result != STATUS_OK && result != STATUS_INTERRUPTED;
    if (failed)
        job_wait_for_first();
    int code = failed || peers_rank(job) == 0 ? finish(result) : status_exit_code(result);
    if (result == STATUS_INTERRUPTED && signal_received == SIGTERM)
        code = 143;
    job_close(failed, code);
    return code;
}
