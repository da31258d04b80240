# Sourced by the scripts that set irst beside its peers: reads their options, and the file $lines, whose lines are
# `name value unit`.
# shellcheck shell=bash disable=SC2154 # lines, rounds, threads and command_line are the sourcing script's

take_number() { # --SOME-OPTION VALUE ...: sets the script's variable some_option
    local name=${1#--}
    if ! [[ ${2:-} =~ ^[1-9][0-9]*$ ]]; then
        echo "$(basename "$0"): $1: expected a number above 0" >&2
        exit 2
    fi
    declare -g "${name//-/_}=$2"
}

median() { # NAME: median of its values; nothing if there are none
    awk -v name="$1" '$1 == name { print $2 }' "$lines" | sort -g |
        awk '{ v[NR] = $1 } END { if (NR) printf "%.4g", (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'
}

range() { # NAME: "smallest to largest"
    awk -v name="$1" '$1 == name { print $2 }' "$lines" | sort -g |
        awk 'NR == 1 { least = $1 } END { printf "%.4g to %.4g", least, $1 }'
}

ratio() { # THEIRS OURS
    awk "BEGIN { printf \"%.2f\", $1 / $2 }"
}

version_of() { "$@" 2> /dev/null || echo unknown; }

torch_version() { version_of /usr/bin/python3 -c 'import torch; print(torch.__version__)'; }

footer() { # SHARES: of the FMA peak
    echo "Medians (and ranges) over $rounds round(s) of \`$command_line\`, $(date +%Y-%m-%d);" \
        "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $threads thread(s);" \
        "$(bin/bench --version | sed -n 's/^built with //p');" \
        "FMA peak $(median fma_peak_gflops) GFLOP/s; share of it: $1."
}
