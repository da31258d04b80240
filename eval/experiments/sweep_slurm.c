/* A sweep as a job array for the batch system Slurm. */
#include "eval/experiments/sweep_private.h"

#include "core/io/file_io.h"
#include "core/io/shell_text.h"
#include "core/io/text_buffer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void print_script(const training_list *list, const char *program, const char *here, int jobs, FILE *stream) {
    fprintf(stream, "#!/bin/bash\n"
                    "# One training a task; one that is cut off saves itself and goes on when it is queued again.\n"
                    "#SBATCH --job-name=irst-sweep\n");
    fprintf(stream, "#SBATCH --array=0-%d%%%d\n", list->count - 1, jobs);
    fprintf(stream, "#SBATCH --cpus-per-task=8\n"
                    "#SBATCH --signal=TERM@120\n"
                    "#SBATCH --requeue\n"
                    "runs=(\n");
    for (int i = 0; i < list->count; i++) {
        fprintf(stream, "    ");
        shell_print_quoted(list->items[i].prefix, stream);
        putc('\n', stream);
    }
    fprintf(stream, ")\ncd ");
    shell_print_quoted(here, stream);
    fprintf(stream, " || exit 1\nrun=${runs[$SLURM_ARRAY_TASK_ID]}\n"
                    "resume=()\n[ -e \"$run/last.h5\" ] && resume=(--resume)\n"
                    "export SRUN_CPUS_PER_TASK=$SLURM_CPUS_PER_TASK\nsrun ");
    shell_print_quoted(program, stream);
    fprintf(stream,
            " \"$run.ini\" \"${resume[@]}\" --out \"$run\" >> \"$run.log\" 2>&1 && mv \"$run.ini\" \"$run.done\"\n");
}

static status write_script(const training_list *list, const char *path, int jobs) {
    char program[4096], here[4096];
    text_buffer b;
    TRY(sweep_program(program));
    if (!getcwd(here, sizeof here))
        return status_fail(STATUS_INPUT, "the working folder cannot be named: %s", strerror(errno));
    TRY(text_buffer_begin(&b));
    print_script(list, program, here, jobs, b.stream);
    return text_buffer_save(&b, path);
}

status sweep_emit_slurm(const experiment *e, const char *folder, int jobs) {
    training_list list;
    char path[4096];
    TRY(path_join(path, folder, "sweep", ".slurm"));
    TRY(sweep_missing(e, folder, &list));
    status result = list.count > 0 ? write_script(&list, path, jobs) : STATUS_OK;
    if (result == STATUS_OK && list.count > 0)
        printf("%d trainings: sbatch %s, and when they are done this command again without --emit\n", list.count, path);
    else if (result == STATUS_OK)
        printf("nothing is left to train\n");
    free(list.items);
    return result;
}
