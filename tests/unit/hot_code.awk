# SPDX-License-Identifier: GPL-2.0-or-later
#
# Walks a disassembly (objdump -d --no-show-raw-insn) from the functions named in ROOTS to all that they call, and
# prints what has no place on the packet path: KIND, function, instruction, and how the walk came there.
#
#   atomic    an atomic instruction or a full barrier
#   divide    a division of integers
#   system    a system call
#   outside   a call into a library
#   missing   a root that isn't there
#
# ALLOWED has lines "KIND NAME": for outside NAME is what may be called, else where that kind may stand; a last * stands
# for any ending. Calls by pointer are passed over: what they may reach is to be among the roots.
# With REACHED=1 prints the names of all functions that the walk came to instead.

function forbidden_x86(mnemonic, operands) {
	if (mnemonic == "lock" || mnemonic == "mfence" || (mnemonic ~ /^xchg/ && operands ~ /\(/))
		return "atomic"
	if (mnemonic ~ /^i?div[bwlq]?$/)
		return "divide"
	return mnemonic ~ /^(syscall|sysenter|int)$/ ? "system" : ""
}

function forbidden_arm64(mnemonic, operands) {
	if (mnemonic ~ /^(ldxr|ldaxr|stxr|stlxr)[bh]?$/ || mnemonic ~ /^(ldxp|ldaxp|stxp|stlxp)$/ ||
	    mnemonic ~ /^(ld|st)(add|clr|eor|set|smax|smin|umax|umin)(a|l|al)?[bh]?$/ ||
	    mnemonic ~ /^swp(a|l|al)?[bh]?$/ || mnemonic ~ /^casp?(a|l|al)?[bh]?$/ || mnemonic == "dsb" ||
	    (mnemonic == "dmb" && operands ~ /^(sy|ish|osh)$/))
		return "atomic"
	if (mnemonic ~ /^[us]div$/)
		return "divide"
	return mnemonic == "svc" ? "system" : ""
}

function is_allowed(kind, name,    i) {
	for (i = 1; i <= n_allowed; i++) {
		if (allowed_kind[i] == kind && (allowed_name[i] == name ||
		    (allowed_name[i] ~ /\*$/ && index(name, substr(allowed_name[i], 1, length(allowed_name[i]) - 1)) == 1)))
			return 1
	}
	return 0
}

function report(kind, name, what, address,    chain) {
	if (REACHED || is_allowed(kind, kind == "outside" ? what : name))
		return
	for (chain = name_of[address]; (address = came_from[address]) != ""; )
		chain = name_of[address] " > " chain
	print kind "\t" name "\t" what "\t" chain
}

function enter(address, from) {
	if (address in seen)
		return
	seen[address] = 1
	came_from[address] = from
	todo[n_todo++] = address
}

# All functions of a name: static ones of several files may share it.
function enter_all(name, from,    i) {
	for (i = 1; i <= n_named[name]; i++)
		enter(named[name, i], from)
	return n_named[name] > 0
}

# "1234 <name>", "1234 <name+0x10>", "5678 <name@plt>": where an instruction goes, or what address it takes.
function follow(text, mnemonic, address,    target, name) {
	if (!match(text, /[0-9a-f]+ <[^>]*>/))
		return
	target = substr(text, RSTART, RLENGTH)
	name = substr(target, index(target, "<") + 1)
	sub(/>$/, "", name)
	sub(/ .*/, "", target)
	if (name ~ /@/ && mnemonic ~ /^(call|jmp|bl?$)/) {
		sub(/@.*/, "", name)
		report("outside", name_of[address], name, address)
	} else if (target in name_of) {
		enter(target, address)
	} else if (name ~ /\+0x/ && mnemonic ~ /^(j|b)/) {
		sub(/\+0x.*/, "", name)
		if (name != name_of[address])
			enter_all(name, address)
	}
}

function walk(address,    i, text, mnemonic, operands, kind) {
	for (i = 1; i <= n_lines[address]; i++) {
		text = line[address, i]
		mnemonic = operands = text
		sub(/[ \t].*/, "", mnemonic)
		sub(/^[^ \t]*[ \t]*/, "", operands)
		kind = ARCH == "aarch64" ? forbidden_arm64(mnemonic, operands) : forbidden_x86(mnemonic, operands)
		if (kind != "")
			report(kind, name_of[address], text, address)
		follow(operands, mnemonic, address)
	}
}

/^[0-9a-f]+ <.*>:$/ {
	current = $1
	sub(/^0+/, "", current)
	name = substr($2, 2, length($2) - 3)
	if (name ~ /@/) {
		current = ""
		next
	}
	name_of[current] = name
	named[name, ++n_named[name]] = current
	next
}

current != "" && /^ *[0-9a-f]+:\t/ {
	text = $0
	sub(/^ *[0-9a-f]+:[ \t]*/, "", text)
	line[current, ++n_lines[current]] = text
}

END {
	n_allowed = 0
	n = split(ALLOWED, lines, "\n")
	for (i = 1; i <= n; i++) {
		if (split(lines[i], words, " ") < 2)
			continue
		allowed_kind[++n_allowed] = words[1]
		allowed_name[n_allowed] = words[2]
	}
	n = split(ROOTS, roots, " ")
	for (i = 1; i <= n; i++) {
		if (!enter_all(roots[i], "") && !REACHED)
			print "missing\t" roots[i]
	}
	for (done = 0; done < n_todo; done++)
		walk(todo[done])
	for (address in seen) {
		if (REACHED)
			print name_of[address]
	}
}
