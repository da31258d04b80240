#!/usr/bin/env bash
# The man page of a program, from what its --help prints. The program must be called as it will be where it is installed.
# usage: man_page.sh PATH/irst-NAME > irst-NAME.1
set -euo pipefail
program=$1
name=$(basename "$program")
export LC_ALL=C
"$program" --help | awk -v name="$name" -v version="$("$program" --version | sed -n '1s/.* //p')" '
    function escape(text) {
        gsub(/\\/, "\\e", text)
        gsub(/-/, "\\-", text)
        return text ~ /^[.\047]/ ? "\\&" text : text
    }
    function upper(text) { return toupper(text) }
    NR == 1 {
        summary = substr($0, index($0, ": ") + 2)
        printf ".TH %s 1 \"\" \"irst %s\" \"irst\"\n.SH NAME\n%s \\- %s\n", upper(name), version, escape(name), escape(summary)
        next
    }
    /^usage: / { print ".SH SYNOPSIS\n.nf\n" escape(substr($0, 8)); part = "usage"; next }
    /^options:$/ { print ".fi\n.SH OPTIONS"; part = "options"; next }
    /^examples:$/ { print ".SH EXAMPLES\n.nf"; part = "examples"; next }
    part == "options" && /^  --/ {
        match($0, /   *[^ ]/) # the first two blanks
        rest = substr($0, 3)
        at = match(rest, /  +/)
        print ".TP\n\\fB" escape(at ? substr(rest, 1, at - 1) : rest) "\\fR"
        if (at) print escape(substr(rest, at + RLENGTH))
        next
    }
    part == "options" { sub(/^ +/, ""); if ($0 != "") print escape($0); next }
    part == "usage" { if ($0 != "") print escape($0); next }
    part == "examples" { sub(/^  /, ""); print escape($0) }
    END { print ".fi" }'
# What --help-config prints are lines to look things up in, wider than a page.
if [ "$name" = irst-train ]; then
    printf '.SH CONFIGURATION\n.nf\n'
    "$program" --help-config | sed -E 's/\\/\\e/g; s/-/\\-/g; s/^([.\x27])/\\\&\1/; s/   +/  /g'
    echo .fi
fi
