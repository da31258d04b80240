/* browse: a local page to look through what evaluate or detect left in a folder. */
#include "core/base/process.h"
#include "core/config/cli.h"
#include "eval/browse/browse_server.h"
#include "eval/browse/browse_set.h"
#include "eval/programs/arguments.h"

#include <stdio.h>
#include <time.h>

static const char *data, *split, *mask, *protocol;
static int port;

static const cli_option options[] = {
    {"data", CLI_TEXT, &data, "DIR|PACK.h5",
     "for a folder of detect: the data set with the ground truth of the images, which then must be there for each of "
     "its "
     "split. A folder of evaluate has it"},
    {"split", CLI_TEXT, &split, "NAME", "which part of the data set: test unless given"},
    {"mask", CLI_TEXT, &mask, "max|half|any", "of the data set: which mask pixels are target, as in evaluate"},
    {"protocol", CLI_TEXT, &protocol, "overlap|centroid",
     "what finds a target, as in evaluate. A folder of evaluate has its own, which this overrules"},
    {"port", CLI_INT, &port, "N", "of 127.0.0.1; 0: any free one"},
};

static const cli_program program = {
    .name = "browse",
    .summary = "a local page to look through images, ground truth and detections, with a slider for the threshold",
    .arguments = "DIR [options]",
    .examples = "@evaluate --checkpoint best.h5 --data NUDT-SIRST --out results\n"
                "@browse results                     # prints an address for a browser; Ctrl+C ends it\n"
                "@browse found                       # what '@detect ... --out found' left\n"
                "@browse found --data NUDT-SIRST     # with ground truth: figures, misses and false alarms",
    .options = options,
    .option_count = sizeof options / sizeof *options,
};

static status read_request(const char *const *arguments, int count, browse_request *out) {
    static mask_rule of_mask;
    static match_protocol of_targets;
    int words[2] = {MASK_MAX, PROTOCOL_OVERLAP};
    if (count != 1)
        return status_fail(STATUS_USAGE, "expected one folder, of evaluate --out or of detect --out");
    if (port < 0 || port > 65535)
        return status_fail(STATUS_USAGE, "--port is %d, expected 0 to 65535", port);
    if (mask)
        TRY(argument_choice("mask", mask, mask_rule_names, 3, &words[0]));
    if (protocol)
        TRY(argument_choice("protocol", protocol, match_protocol_names, 2, &words[1]));
    of_mask = (mask_rule)words[0];
    of_targets = (match_protocol)words[1];
    *out = (browse_request){.folder = arguments[0],
                            .data = data,
                            .split = split,
                            .mask = mask ? &of_mask : NULL,
                            .protocol = protocol ? &of_targets : NULL};
    return STATUS_OK;
}

/* Until SIGINT or SIGTERM, which end it as they should. */
static status serve(const browse_view *view) {
    const struct timespec while_nothing_happens = {.tv_nsec = 100 * 1000 * 1000};
    browse_server *server;
    TRY(browse_server_start(view, port, &server));
    printf("%s\n", browse_server_address(server));
    fflush(stdout);
    fprintf(stderr, "browse: open this address in a browser on this machine; Ctrl+C ends it\n");
    while (process_signal() == 0)
        nanosleep(&while_nothing_happens, NULL);
    browse_server_stop(server);
    return STATUS_OK;
}

static status run(const char *const *arguments, int count) {
    browse_request request;
    scores_set set;
    browse_view *view;
    TRY(read_request(arguments, count, &request));
    TRY(browse_set_open(&request, &set));
    if (set.black > 0)
        fprintf(stderr, "browse: %d of %d images are shown black: %s\n", set.black, set.count, set.why_black);
    status result = browse_view_new(&set, &view);
    if (result == STATUS_OK)
        result = serve(view);
    browse_view_free(view);
    scores_set_free(&set);
    return result;
}

int main(int argc, char **argv) {
    cli_action action = CLI_RUN;
    const char **arguments;
    int count;
    status result = cli_parse(&program, argc, argv, &action, &arguments, &count);
    process_begin_signals();
    if (result == STATUS_OK && action == CLI_RUN)
        result = run(arguments, count);
    return cli_finish(&program, result);
}
