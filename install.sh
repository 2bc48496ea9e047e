#!/bin/sh
# Installs openclaw from a release: checks the archive for this machine against SHA256SUMS, then puts the program, its manual
# pages and its completions below one folder. Needs no root, changes no start file of a shell, starts nothing.
set -eu

usage() {
    cat <<'TEXT'
usage: sh install.sh [--from <folder or address>] [--to <folder>] [--version <version>]

  --from     where SHA256SUMS and the archives are: a folder, file://… or https://… [default: the folder of this script]
  --to       below which bin/ and share/ are filled [default: ~/.local]
  --version  which release, when there are several
TEXT
}

fail() {
    printf 'install: %s\n' "$1" >&2
    shift
    for hint in "$@"; do printf '%s\n' "$hint" >&2; done
    exit 1
}

from=${OPENCLAW_FROM:-}
to=${OPENCLAW_TO:-}
version=
while [ $# -gt 0 ]; do
    case $1 in
        --from | --to | --version)
            [ $# -ge 2 ] || fail "$1 needs a value" "Help: sh install.sh --help"
            case $1 in
                --from) from=$2 ;;
                --to) to=$2 ;;
                --version) version=$2 ;;
            esac
            shift 2
            ;;
        --help | -h)
            usage
            exit 0
            ;;
        *) fail "unknown argument: $1" "Help: sh install.sh --help" ;;
    esac
done

if [ -z "$from" ]; then
    from=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
    [ -f "$from/SHA256SUMS" ] || fail "no release in $from" "Fix: name where it is: sh install.sh --from <folder or https address>"
fi
# It becomes part of a pattern and of file names.
case $version in
    *[!0-9A-Za-z.+_-]*) fail "no version: $version" "Fix: name one like 1.2.3" ;;
esac
if [ -z "$to" ]; then
    [ -n "${HOME:-}" ] || fail "HOME is not set" "Fix: name a folder: sh install.sh --to <folder>"
    to=$HOME/.local
fi

# It is no option of the programs that get it.
case $to in
    -*) to=./$to ;;
esac

case $(uname -s) in
    Linux) system=linux ;;
    Darwin) system=macos ;;
    *) fail "no release for $(uname -s)" "Fix: build it: cargo install --path crates/cli" ;;
esac
case $(uname -m) in
    x86_64 | amd64) processor=x86_64 ;;
    aarch64 | arm64) processor=aarch64 ;;
    *) fail "no release for $(uname -m)" "Fix: build it: cargo install --path crates/cli" ;;
esac

# Others run what is installed outside of a home, whatever is private to whoever installs it.
case $to/ in
    "${HOME:-/nowhere}"/*) folders=$(umask) ;;
    *) folders=022 ;;
esac

temporary=$(mktemp -d "${TMPDIR:-/tmp}/openclaw-install.XXXXXX")
new=
trap 'rm -rf "$temporary"; [ -z "$new" ] || rm -f "$new"' EXIT
trap 'exit 1' HUP INT PIPE TERM

# follow <address> <file>: wget follows redirects to http, so each step is made and looked at here.
follow() {
    address=$1
    for _ in 1 2 3 4 5 6; do
        if wget -q --server-response --max-redirect=0 -O "$2" "$address" 2>"$temporary/answer"; then
            return 0
        fi
        next=$(sed -n 's/^ *[Ll]ocation: *\([^ ]*\).*/\1/p' "$temporary/answer" | tail -n 1 | tr -d '\r')
        case $next in
            '')
                cat "$temporary/answer" >&2
                return 1
                ;;
            https://*) address=$next ;;
            //*) address=https:$next ;;
            /*) address=$(printf '%s\n' "$address" | sed 's,^\(https://[^/]*\).*,\1,')$next ;;
            *)
                printf 'install: %s leads to %s, which is not https\n' "$address" "$next" >&2
                return 1
                ;;
        esac
    done
    printf 'install: %s leads from one address to the next\n' "$1" >&2
    return 1
}

# fetch <name>: brings a file of the release here.
fetch() {
    case $from in
        https://*)
            if command -v curl >/dev/null 2>&1; then
                curl --fail --silent --show-error --location --proto '=https' --output "$temporary/$1" "$from/$1"
            elif command -v wget >/dev/null 2>&1; then
                wget --help 2>&1 | grep -q -e --max-redirect ||
                    fail "this wget cannot be kept on https" "Fix: install curl, or download SHA256SUMS and the archive, then: sh install.sh --from <folder>"
                follow "$from/$1" "$temporary/$1"
            else
                fail "neither curl nor wget is here" "Fix: download SHA256SUMS and the archive, then: sh install.sh --from <folder>"
            fi || fail "cannot fetch $from/$1"
            ;;
        *://*)
            case $from in
                file://*) folder=${from#file://} ;;
                *) fail "$from is neither a folder nor https" "The checksums come from there too: who can change one can change both." ;;
            esac
            cp "$folder/$1" "$temporary/$1" || fail "cannot read $folder/$1"
            ;;
        *) cp "$from/$1" "$temporary/$1" || fail "cannot read $from/$1" ;;
    esac
}

checksum() {
    if command -v sha256sum >/dev/null 2>&1; then
        sha256sum "$1" | cut -d ' ' -f 1
    elif command -v shasum >/dev/null 2>&1; then
        shasum -a 256 "$1" | cut -d ' ' -f 1
    elif command -v openssl >/dev/null 2>&1; then
        openssl dgst -sha256 -r "$1" | cut -d ' ' -f 1
    else
        fail "none of sha256sum, shasum and openssl is here: the archive cannot be checked"
    fi
}

fetch SHA256SUMS
suffix=$system-$processor.tar.gz
wanted=$(printf '%s' "$version" | sed 's/[.]/[.]/g')
names=$(sed -n "s/^[0-9a-f]\{64\}  \(openclaw-${wanted:-[^ /]*}-$suffix\)\$/\1/p" "$temporary/SHA256SUMS")
case $(printf '%s' "$names" | grep -c .) in
    1) archive=$names ;;
    0) fail "the release has no archive for $system on $processor${version:+ of version $version}" "It has:" "$(cut -d ' ' -f 3 "$temporary/SHA256SUMS")" ;;
    *) fail "there are several releases in $from" "Fix: name one with --version:" "$names" ;;
esac
fetch "$archive"
expected=$(while read -r sum name; do
    if [ "$name" = "$archive" ]; then printf '%s\n' "$sum"; fi
done <"$temporary/SHA256SUMS")
found=$(checksum "$temporary/$archive")
[ "$expected" = "$found" ] || fail "$archive is damaged or was changed; nothing was installed" "SHA-256 expected $expected" "SHA-256 found    $found"

tar -xzf "$temporary/$archive" -C "$temporary" || fail "$archive cannot be unpacked"
unpacked=$temporary/${archive%.tar.gz}

# beside <file> <folder> <name> <mode>: next to its place, in a new file whose name nobody knows before: $new.
beside() {
    (umask "$folders" && mkdir -p "$2") || fail "cannot make $2" "Fix: choose a folder of yours: sh install.sh --to <folder>"
    # A file would be moved into it.
    [ ! -d "$2/$3" ] || fail "$2/$3 is a folder; it stays as it is" "Fix: rename it, or choose another folder: sh install.sh --to <folder>"
    new=$(mktemp "$2/.$3.XXXXXX") || fail "cannot write to $2" "Fix: choose a folder of yours: sh install.sh --to <folder>"
    cp "$1" "$new" && chmod "$4" "$new" || fail "cannot write $2/$3" "Fix: choose a folder of yours: sh install.sh --to <folder>"
}

# put <file> <folder> <name> <mode>: in place in one step, so that a running program is not written into.
put() {
    beside "$@"
    mv -f "$new" "$2/$3" || fail "cannot write $2/$3" "Fix: choose a folder of yours: sh install.sh --to <folder>"
    new=
}

# Tried where it will be: temporary folders are often such that no program starts there.
beside "$unpacked/openclaw" "$to/bin" openclaw 755
shown=$("$new" --version) || fail "the program does not start on this machine; nothing was installed" "Where no program starts from $to/bin (a file system with noexec), choose another folder: sh install.sh --to <folder>"
mv -f "$new" "$to/bin/openclaw" || fail "cannot write $to/bin/openclaw" "Fix: choose a folder of yours: sh install.sh --to <folder>"
new=
pages=0
for page in "$unpacked"/man/man1/*.1; do
    [ -f "$page" ] || continue
    put "$page" "$to/share/man/man1" "$(basename "$page")" 644
    pages=$((pages + 1))
done
shells=
# shell, file in the archive, folder, name
while read -r shell file folder name; do
    [ -f "$unpacked/completions/$file" ] || continue
    put "$unpacked/completions/$file" "$to/share/$folder" "$name" 644
    shells="$shells $shell"
done <<'TABLE'
bash openclaw.bash bash-completion/completions openclaw
zsh _openclaw zsh/site-functions _openclaw
fish openclaw.fish fish/vendor_completions.d openclaw.fish
TABLE

printf 'Installed openclaw %s: %s\n' "$shown" "$to/bin/openclaw"
printf 'Checked:   SHA-256 %s of %s\n' "$found" "$archive"
[ "$pages" -eq 0 ] || printf 'Manual:    %s pages in %s\n' "$pages" "$to/share/man/man1"
[ -z "$shells" ] || printf 'Completion for%s in %s\n' "$shells" "$to/share"
case :${PATH:-}: in
    *":$to/bin:"*) ;;
    *) printf 'Note: %s is not on your PATH; add it, or type the whole path.\n' "$to/bin" ;;
esac
printf 'Next: openclaw up       (a gateway that runs goes on with the program it was started with)\n'
printf 'Take it away again: rm %s\n' "$to/bin/openclaw"
