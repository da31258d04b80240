# Completion for the programs of irst: their options come from their own --help. Loaded by bash-completion.
_irst() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} help choices
    help=$("$1" --help 2> /dev/null)
    if [[ $before =~ ^--[a-z0-9-]+$ ]]; then # "--mask max|half|any": the words in small letters are values
        choices=$(sed -n "s/^  $before \([^ ]*\).*/\1/p" <<< "$help" | tr '|' '\n' | grep '^[a-z][a-z0-9_-]*$')
        mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$word")
        [ ${#COMPREPLY[@]} -eq 0 ] || return 0
    elif [[ $word == -* ]]; then
        choices=$(sed -n 's/^  \(--[a-z0-9-]*\).*/\1/p' <<< "$help")
        mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$word")
        return 0
    elif [ "$COMP_CWORD" -eq 1 ]; then # "usage: irst-convert from-torch IN.pkl OUT.h5 | to-torch ...": what it can do
        choices=$(sed -n '/^usage: /,/^$/p' <<< "$help" | sed 's/[|[]/\n/g' | sed 's/^usage: [^ ]*//; s/^ *//; s/[] ].*//' |
            grep -xE '[a-z]+(-[a-z]+)*' | grep -vx options)
        mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$word")
        [ ${#COMPREPLY[@]} -eq 0 ] || return 0
    fi
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
    compopt -o filenames
}
