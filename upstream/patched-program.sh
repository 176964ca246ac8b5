# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2154 # the variables are those of the script that this is read by
#
# What the builds of patched programs have in common: gets the pinned upstream source, applies the series, and lets the
# script that reads this compile it. Nothing happens when the output folder already has what would come out.
#
# The source is only what upstream released, the .orig tarball of a Debian source package. Which mirror it comes from is
# what this machine's own apt sources say; the hash decides whether it is the right file.
#
# Before this is read: program version sha256 suite, patches (folder of build, series and patches), result (the program's
# path in the output folder), tools (more that it takes), inputs (more files that the result depends on); and a function
# compile, which is called in the patched source with $output and $jobs, and installs. With --each it is called after every
# patch: the source may be compiled from before.

tarball_name=${program}_$version.orig.tar.gz

usage="usage: build [--output DIR] [--cache DIR] [--tarball FILE] [--fetch DIR] [--jobs N] [--each]
  --output DIR    where DIR/$result goes (default: $program in the current folder)
  --cache DIR     where the downloaded source is kept (default: \${XDG_CACHE_HOME:-\$HOME/.cache}/ipvsd)
  --tarball FILE  use this source instead of downloading it
  --fetch DIR     only put the source into DIR
  --jobs N        compile with N processes (default: one for each processor)
  --each          compile after each patch, too, and fail on a warning"

say() {
	printf '%s: %s\n' "$program" "$1"
}

fail() {
	printf '%s: %s\n' "$program" "$1" >&2
	exit 1
}

has_hash() {
	[ -f "$1" ] && printf '%s  %s\n' "$sha256" "$1" | sha256sum --check --status
}

# Prints the address of the tarball on the mirror $1, or nothing. Private apt lists: the machine's own stay as they are.
address_on_mirror() {
	lists=$scratch/apt
	rm -rf "$lists"
	mkdir -p "$lists/lists/partial" "$lists/cache/archives/partial"
	: >"$lists/status"
	printf 'deb-src [signed-by=%s] %s %s main\n' /usr/share/keyrings/debian-archive-keyring.gpg "$1" "$suite" \
		>"$lists/sources.list"
	set -- -o "Dir::Etc::SourceList=$lists/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o "Dir::State::Lists=$lists/lists" -o "Dir::State::status=$lists/status" \
		-o "Dir::Cache=$lists/cache" -o APT::Sandbox::User=
	apt-get "$@" -qq update >>"$scratch/apt.log" 2>&1 || return 0
	apt-get "$@" source --only-source --print-uris --download-only "$program" 2>>"$scratch/apt.log" |
		sed -n "s/^'\\([^']*\\/$tarball_name\\)' .*/\\1/p"
}

# Puts the tarball into the cache.
download() {
	for tool in apt-get /usr/lib/apt/apt-helper; do
		command -v "$tool" >/dev/null ||
			fail "$tool is missing, so the source can't be fetched; get $tarball_name and give it with --tarball"
	done
	# --print-uris only says what an update would get, so it needs neither a network nor root.
	for mirror in $(apt-get update --print-uris | sed -n "s|^'\\(.*/\\)dists/[^']*' .*|\\1|p" | sort -u); do
		address=$(address_on_mirror "$mirror")
		[ -n "$address" ] || continue
		say "getting $tarball_name"
		/usr/lib/apt/apt-helper -o APT::Sandbox::User= download-file "$address" "$scratch/source" "SHA256:$sha256" \
			>>"$scratch/apt.log" 2>&1 || continue
		has_hash "$scratch/source" || fail "$tarball_name from the mirror has another SHA-256 than $sha256"
		mkdir -p "$cache"
		mv "$scratch/source" "$cache/$tarball_name"
		return 0
	done
	sed "s/^/$program: apt: /" "$scratch/apt.log" >&2
	fail "no apt source of this machine leads to $tarball_name (suite $suite); get it elsewhere and give it with --tarball"
}

# Runs a step with its output in a file, which is shown when the step fails.
step() {
	say "$1"
	shift
	"$@" >"$scratch/step.log" 2>&1 || {
		tail -n 40 "$scratch/step.log" >&2
		fail "'$*' failed; its last lines are above"
	}
	[ -z "$each" ] || ! grep 'warning:' "$scratch/step.log" >&2 || fail "'$*' gave the warnings above"
}

output=$PWD/$program
cache=${XDG_CACHE_HOME:-${HOME:-/var/tmp}/.cache}/ipvsd
tarball=
fetch=
jobs=$(getconf _NPROCESSORS_ONLN)
each=
while [ $# -gt 0 ]; do
	case $1 in
	--each)
		each=yes
		shift
		continue
		;;
	-h | --help)
		printf '%s\n' "$usage"
		exit 0
		;;
	--output | --cache | --tarball | --fetch | --jobs) [ $# -gt 1 ] || fail "$1 needs a value" ;;
	*) fail "unknown argument '$1'
$usage" ;;
	esac
	case $1 in
	--output) output=$2 ;;
	--cache) cache=$2 ;;
	--tarball) tarball=$2 ;;
	--fetch) fetch=$2 ;;
	--jobs) jobs=$2 ;;
	esac
	shift 2
done

# Leaves the path of a file with the pinned hash in $tarball.
get_source() {
	scratch=$(mktemp -d "${TMPDIR:-/tmp}/ipvsd-$program.XXXXXX")
	trap 'rm -rf "$scratch"' EXIT
	trap 'exit 1' HUP INT TERM
	: >"$scratch/apt.log"
	if [ -z "$tarball" ]; then
		tarball=$cache/$tarball_name
		has_hash "$tarball" || download
	fi
	[ -f "$tarball" ] || fail "$tarball is not there"
	has_hash "$tarball" || fail "$tarball has another SHA-256 than $sha256, so it is not $program $version"
}

if [ -n "$fetch" ]; then
	get_source
	cp "$tarball" "$fetch/$tarball_name"
	exit 0
fi

mkdir -p "$output"
output=$(cd "$output" && pwd)
# shellcheck disable=SC2086 # inputs is a list
stamp=$( (cd "$patches" && sha256sum build series ./*.patch $inputs &&
	printf '%s\n' "$version" "${CC-}" "${CPPFLAGS-}" "${CFLAGS-}" "${LDFLAGS-}") |
	sha256sum | cut -d' ' -f1)
if [ -z "$each" ] && [ -x "$output/$result" ] && [ "$(cat "$output/.stamp" 2>/dev/null)" = "$stamp" ]; then
	say "$output/$result is up to date"
	exit 0
fi

for tool in tar patch make pkg-config sha256sum $tools; do
	command -v "$tool" >/dev/null || fail "$tool is missing; install it"
done
get_source

rm -rf "$scratch/source"
mkdir "$scratch/source"
step "unpacking $program $version" tar -xzf "$tarball" -C "$scratch/source" --strip-components=1 --no-same-owner
cd "$scratch/source"
while read -r name; do
	step "applying $name" patch --strip=1 --forward --fuzz=0 --input="$patches/$name"
	[ -z "$each" ] || compile </dev/null
done <"$patches/series"

rm -f "$output/.stamp"
compile
printf '%s\n' "$stamp" >"$output/.stamp"
say "built $output/$result"
