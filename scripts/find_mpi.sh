#!/usr/bin/env bash
# Prints the flags for MPI that its compiler wrapper knows: Open MPI's --showme, or MPICH's -show.
# usage: find_mpi.sh MPICC cflags|libs
set -uo pipefail
words=$("$1" --showme 2> /dev/null || "$1" -show 2> /dev/null) || {
    echo "find_mpi.sh: $1 says neither with --showme nor with -show what it calls" >&2
    exit 1
}
cflags=() libs=()
for word in $words; do
    case $word in
    -I*) cflags+=(-isystem "${word#-I}") ;; # other people's headers are not ours to warn about
    -D*) cflags+=("$word") ;;
    -L* | -l* | -Wl,*) libs+=("$word") ;;
    esac
done
case "${2:-}" in
cflags) printf '%s\n' "${cflags[*]}" ;;
libs) printf '%s\n' "${libs[*]}" ;;
*)
    echo "find_mpi.sh: expected cflags or libs" >&2
    exit 2
    ;;
esac
