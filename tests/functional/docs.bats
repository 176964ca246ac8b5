#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the documents for operators say: their commands run here as an operator types them, with what they print, and their
# configurations are taken. tools/doc_blocks.py has the marks that say how each block is checked.

load lib/load

documents=("$LAB_TOP/README.md" "$LAB_TOP"/conf-examples/README.md "$LAB_TOP"/doc/*.md)
manuals=("$LAB_TOP"/doc/*.[1-8])

setup_file() {
	if [ ! -x "$KEEPALIVED" ] || [ ! -x "$BUILD/ipvsadm/sbin/ipvsadm" ]; then
		skip "the patched keepalived or ipvsadm is not there; make keepalived ipvsadm builds them"
	fi
	lab_up
	segments_up
	client_up client 8
	server_up server1 11
	server_up server2 12
	server_up server3 13
	web_up server1 server2 server3
	director_up director1
	start_ipvsd director1
	cp -a /etc "$LAB_DIR/etc"
	mkdir -p "$LAB_DIR/etc/ipvsd"
	cp "$LAB_DIR/director1/ipvsd.conf" "$LAB_DIR/etc/ipvsd/"
	mkdir -p "$LAB_DIR/etc/default" "$LAB_DIR/etc/keepalived"
	# As Debian's installer writes them.
	printf '%s\n' 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"' 'GRUB_CMDLINE_LINUX=""' >"$LAB_DIR/etc/default/grub"
	keepalived_service "$NAT_VIP" NAT >"$LAB_DIR/etc/keepalived/keepalived.conf"
}

teardown_file() {
	lab_down
}

teardown() {
	ipvsadm_at director1 -C
	ip -n "$LAB-director1" address flush dev wan0
	ip -n "$LAB-director1" address flush dev lan0
}

blocks() {
	python3 "$LAB_TOOLS/doc_blocks.py" "$@"
}

director_is_as_in_the_lab() {
	director_addresses director1 2
	director_vips director1
}

@test "each block of each document says how it is checked" {
	blocks marks "${documents[@]}" "${manuals[@]}"
}

@test "the documents with blocks for a virtual machine are those that pair-tests types" {
	local document typed with=()
	for document in "${documents[@]}" "${manuals[@]}"; do
		[ -z "$(blocks vm "$document")" ] || with+=("${document#"$LAB_TOP/"}")
	done
	typed=$(sed -n 's/^DOCUMENTS = (\(.*\))$/\1/p' "$LAB_TOP/tests/vm/pair-tests" | tr -d '",')
	echo "with blocks: ${with[*]}; typed: $typed"
	[ "${with[*]}" = "$typed" ]
}

@test "configurations in the documents are taken" {
	blocks configurations "${documents[@]}" "${manuals[@]}"
}

@test "files that the documents lead to are there" {
	local document link
	for document in "${documents[@]}"; do
		while read -r link; do
			[ -e "$(dirname "$document")/$link" ] || { echo "$document: $link is not there"; return 1; }
		done < <(grep -o '](\([^):#]*\)' "$document" | cut -c3-)
		while read -r link; do
			[ -e "$LAB_TOP/$link" ] || { echo "$document: $link is not there"; return 1; }
		done < <(grep -oE '`(doc|conf-examples|packaging|tests)/[A-Za-z0-9_./-]+`' "$document" | tr -d '`')
	done
}

@test "each reason for a drop has a word of advice, and no other" {
	diff <(ipvsdctl_at director1 counters -a | grep -o '^drop_[a-z0-9_]*' | sort) \
		<(sed -n '/^## Reasons/,$p' "$LAB_TOP/doc/troubleshooting.md" | grep '^|' | cut -d'|' -f2 | grep -o 'drop_[a-z0-9_]*' | sort)
}

# The director has no addresses yet.
@test "the quick start leads to a service that answers" {
	blocks lab "$LAB_TOP/doc/quick-start.md"
}

# What the README has in its clone, and the answer of an operator who is asked for a configuration.
own_place() {
	local own=$LAB_DIR/own
	mkdir -p "$own"/{bin,usr,work,run,clone,var/lib,var/cache/ldconfig,var/tmp}
	cp -a /etc "$own/etc"
	rm -rf "$own/etc/ipvsd"
	ln -s "$BUILD" "$own/clone/build"
	ln -s "$LAB_TOP/packaging" "$own/clone/"
	director_up director2
	write_ipvsd_conf director2
	# The control socket and the state are where they are by default.
	sed '/^control = {/,/^};/d' "$LAB_DIR/director2/ipvsd.conf" >"$own/ipvsd.conf"
	# shellcheck disable=SC2016 # for the other shell
	printf '#!/bin/sh\n[ -s "$1" ] && cp %s "$1"\n' "$own/ipvsd.conf" >"$own/bin/editor"
	chmod +x "$own/bin/editor"
}

@test "README, by hand: what is typed leads from make install to an ipvsd that runs" {
	[ "$(sed -n 's/^systemdsystemunitdir = //p' "$BUILD/Makefile")" != no ] || skip "configured without units"
	case $(sed -n 's/^prefix = //p' "$BUILD/Makefile") in
	/usr | /usr/local) ;;
	*) skip "configured for a folder that would not be the test's own" ;;
	esac
	own_place
	blocks install "$LAB_TOP/README.md"
}

@test "what the README types works" {
	blocks lab "$LAB_TOP/README.md"
}

@test "migrating: what is typed works" {
	director_is_as_in_the_lab
	blocks lab "$LAB_TOP/doc/migrating.md"
}

@test "tuning and troubleshooting: what is typed works" {
	director_is_as_in_the_lab
	services_up director1 t 80
	page client "$FNAT_VIP"
	blocks lab "$LAB_TOP/doc/tuning.md" "$LAB_TOP/doc/troubleshooting.md"
}

@test "the other documents: what is typed works" {
	local document others=()
	for document in "${documents[@]}"; do
		case $document in
		*/README.md | */quick-start.md | */migrating.md | */tuning.md | */troubleshooting.md) ;;
		*) others+=("$document") ;;
		esac
	done
	blocks lab "${others[@]}"
}

@test "the manual pages: what is typed works" {
	# The interface that ipvsd.conf(5) takes for an example.
	on director1 ip link add eth1 type veth peer name eth1-peer
	director_is_as_in_the_lab
	blocks lab "${manuals[@]}"
	on director1 ip link del eth1
}

# What follows a program in documents and manual pages.
named_after() { # PROGRAM PATTERN
	grep -ohE "(^|[\`#$ ])$1 $2" "${documents[@]}" "${manuals[@]}" | sed -E "s/.*$1 +//" | sort -u
}

is_in_help() { # WORD COMMAND...
	"${@:2}" -h | grep -qE -- "(^|[ ,[])$1([], ]|\$)" || { echo "${*:2} has no $1"; return 1; }
}

@test "options and commands that the documents name are there" {
	local word
	for word in $(named_after ipvsd '--?[a-z]+'); do is_in_help "$word" "$BUILD/ipvsd"; done
	for word in $(named_after 'ipvsd doctor' '--?[a-z]+'); do is_in_help "$word" "$BUILD/ipvsd" doctor; done
	for word in $(grep -ohE '([`#] ?|^\.[DQ]l )ipvsdctl [a-z]+' "${documents[@]}" "${manuals[@]}" | sed 's/.* //' | sort -u); do
		is_in_help "$word" "$BUILD/ipvsdctl"
	done
}

# "-c, --config" of ipvsd -h is ".It Fl c , -config" there.
@test "ipvsd(8) has the options that ipvsd and its doctor have, and no other" {
	diff <({ "$BUILD/ipvsd" -h && "$BUILD/ipvsd" doctor -h; } | grep -oE '^ +(-[a-zA-Z], )?--[a-z]+' | tr -d ' ' | sort -u) \
		<(sed -n '/^\.Sh DESCRIPTION/,/^\.Ss Ports/s/^\.It Fl //p' "$LAB_TOP/doc/ipvsd.8" | sed 's/ A[r].*//; s/ //g; s/^/-/; s/,/,-/' | sort -u)
}
