#include "train/train_slurm.h"

#include "core/base/process.h"
#include "core/io/file_io.h"
#include "core/io/shell_text.h"
#include "core/io/text_buffer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void print_word(const char *text, FILE *stream) {
    putc(' ', stream);
    shell_print_quoted(text, stream);
}

static void print_script(const train_job *job, const char *program, const char *here, FILE *stream) {
    fprintf(
        stream,
        "#!/bin/bash\n"
        "# One training by several processes; if it is cut off it saves itself and goes on when it is queued again.\n"
        "#SBATCH --job-name=irst-train\n"
        "#SBATCH --nodes=%d\n"
        "#SBATCH --ntasks-per-node=%d\n"
        "#SBATCH --cpus-per-task=8\n"
        "#SBATCH --signal=TERM@120\n"
        "#SBATCH --requeue\n"
        "cd",
        job->nodes, job->tasks);
    print_word(here, stream);
    fputs(" || exit 1\nrun=", stream);
    shell_print_quoted(job->folder, stream);
    fputs("\nresume=()\n[ -e \"$run/last.h5\" ] && resume=(--resume)\n"
          "export SRUN_CPUS_PER_TASK=$SLURM_CPUS_PER_TASK\nsrun --mpi=pmix",
          stream);
    print_word(program, stream);
    print_word(job->ini, stream);
    for (int i = 0; i < job->override_count; i++)
        print_word(job->overrides[i], stream);
    fputs(" \"${resume[@]}\" --out \"$run\"\n", stream);
}

status train_slurm_write(const train_job *job) {
    char program[4096], here[4096], path[4096];
    text_buffer b;
    if (job->nodes < 1 || job->tasks < 1)
        return status_fail(STATUS_USAGE, "--nodes %d --tasks %d: expected one of each at least", job->nodes,
                           job->tasks);
    if (job->images < (int64_t)job->nodes * job->tasks)
        return status_fail(
            STATUS_USAGE,
            "--nodes %d --tasks %d: train.batch_size = %lld, expected at least one image for each process", job->nodes,
            job->tasks, (long long)job->images);
    TRY(process_sibling("train", program));
    if (!getcwd(here, sizeof here))
        return status_fail(STATUS_INPUT, "the working folder cannot be named: %s", strerror(errno));
    if (snprintf(path, sizeof path, "%s.slurm", job->folder) >= (int)sizeof path)
        return status_fail(STATUS_USAGE, "%.200s...: the path is too long", job->folder);
    TRY(folder_create_for(path));
    TRY(text_buffer_begin(&b));
    print_script(job, program, here, b.stream);
    TRY(text_buffer_save(&b, path));
    printf("sbatch %s\n", path);
    return STATUS_OK;
}
