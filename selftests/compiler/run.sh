#!/bin/sh
# SPDX-License-Identifier: MIT
# time limit: 1200
# long time limit: 4500
# needs: no bed
# variant: FUZZ_SECONDS=90
# long variant: FUZZ_SECONDS=1800
# The compiler's tests as nested TAP; the two fuzzers run side by side for FUZZ_SECONDS (default 30).
cd "$(dirname "$0")" || exit 1
. ../lib/finding.sh
out=../../build/selftests/compiler
n=0
bad=0

sub() {
	n=$((n + 1))
	name=$1
	shift
	echo "# Subtest: $name"
	"$@" | sed 's/^/    /'
	if [ ! -e "$out/failed" ]; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		rm -f "$out/failed"
		bad=1
	fi
}

# A pipeline hides a status: leave it in a file.
guard() {
	"$@" || touch "$out/failed"
}

make -s all >&2 || { echo "1..1"; echo "not ok 1 - build"; exit 1; }
rm -f "$out/failed"
sub "errors: message and line" guard "$out/front_errors"
sub "index and fatbins" guard "$out/front_index"
sub "linking" guard "$out/front_link"
sub "every form: parse, print, SSA" guard "$out/front_ir" ptx/*.ptx
sub "random programs through SSA" guard "$out/front_ssa"
sub "compiled programs on the engine" guard "$out/back_run" ptx/run.ptx
sub "operands from everywhere" guard "$out/operands" "$out/operands.ptx"
sub "addresses of lanes" guard "$out/affine" "$out/affine.ptx"
sub "eight threads, one module" guard "$out/threads" ptx/run.ptx

# nothing TEXT ARGUMENT...: vgpu-ptxc ends with status 1 and TEXT
nothing()
{
	text=$1
	shift
	../../build/tools/vgpu-ptxc --check "$@" >"$out/report.log" 2>&1
	status=$?
	[ $status = 1 ] && grep -q "$text" "$out/report.log" && return
	echo "# status $status of $*"
	sed 's/^/# /' "$out/report.log"
	return 1
}

# A report names kernel, line and reason.
report()
{
	make -s -C ../../tools/vgpu-ptxc >&2
	printf '%s\n' ".version 8.5" ".target sm_80" ".address_size 64" ".entry good() { ret; }" \
		".entry one() {" "mov.u32 %q, 0;" "ret; }" ".entry two() {" "mov.u32 %q, 0;" "ret; }" >"$out/report.ptx"
	printf '%s\n' ".version 8.5" ".target sm_80" ".address_size 64" ".global .u32 x;" >"$out/empty.ptx"
	../../build/tools/vgpu-ptxc --check "$out/report.ptx" >"$out/report.log" 2>&1
	status=$?
	if [ $status = 1 ] && grep -q "3 kernels, 1 compiled, 2 failed" "$out/report.log" &&
	   [ "$(tail -n 3 "$out/report.log" | tr -s ' ')" = " 2 x unknown symbol '%q'
 one, ptx line 6
 two, ptx line 9" ]; then
		echo "ok 1 - vgpu-ptxc --check names kernel, line and reason"
	else
		sed 's/^/# /' "$out/report.log"
		echo "not ok 1 - vgpu-ptxc --check names kernel, line and reason (status $status)"
		touch "$out/failed"
	fi
	# What is printed on the way is compiled all the same, and what is not is not called so.
	../../build/tools/vgpu-ptxc --check --dump-ir --dump-isa --kernel good "$out/report.ptx" >"$out/report.log" 2>&1
	../../build/tools/vgpu-ptxc --check --front --kernel good "$out/report.ptx" >"$out/front.log" 2>&1
	if grep -q "1 kernels, 1 compiled" "$out/report.log" && grep -q '^\.kernel "good"' "$out/report.log" &&
	   grep -q "1 kernels, 1 parsed" "$out/front.log"; then
		echo "ok 2 - vgpu-ptxc: dumps and --front say what was done"
	else
		sed 's/^/# /' "$out/report.log" "$out/front.log"
		echo "not ok 2 - vgpu-ptxc: dumps and --front say what was done"
		touch "$out/failed"
	fi
	# Nothing to compile is no success.
	if nothing "no kernel 'nosuch'" "$out/report.ptx" --kernel nosuch &&
	   nothing "no kernel 'nosuch'" "$out/report.ptx" --kernel nosuch --dump-isa &&
	   nothing "no PTX to compile" "$out/threads" --check &&
	   nothing "no kernels" "$out/empty.ptx" --check; then
		echo "ok 3 - vgpu-ptxc: nothing to compile is a failure"
	else
		echo "not ok 3 - vgpu-ptxc: nothing to compile is a failure"
		touch "$out/failed"
	fi
	../../build/tools/vgpu-ptxc --check --dump-isa "$out/report.ptx" >/dev/full 2>"$out/full.log"
	full=$?
	../../build/tools/vgpu-ptxc --nonsense "$out/report.ptx" >"$out/report.log" 2>&1
	wrong=$?
	../../build/tools/vgpu-ptxc "$out/report.ptx" >"$out/report.log" 2>&1
	if [ $? = 1 ] && [ $full = 2 ] && [ $wrong = 2 ] && grep -q "could not be written" "$out/full.log" &&
	   grep -q "3 kernels, 1 compiled, 2 failed" "$out/report.log"; then
		echo "ok 4 - vgpu-ptxc: a full disk, wrong options, no action"
	else
		sed 's/^/# /' "$out/full.log" "$out/report.log"
		echo "not ok 4 - vgpu-ptxc: a full disk, wrong options, no action ($full, $wrong)"
		touch "$out/failed"
	fi
	# A text that does not parse has no architecture, but a name and a reason.
	printf '%s\n' ".version 8.5" ".target sm_80" ".address_size 64" ".nonsense" >"$out/unread.ptx"
	reason="ptx line 4; error : syntax error at '.nonsense': directive expected"
	../../build/tools/vgpu-ptxc --list "$out/unread.ptx" >"$out/list.log" 2>&1
	if nothing "^$out/unread.ptx: $reason" "$out/unread.ptx" && [ "$(tail -n 3 "$out/report.log" | tr -s ' ')" = \
"$out/unread.ptx: does not parse
 1 x syntax error at '.nonsense': directive expected
 a module, ptx line 4" ] && [ "$(cat "$out/list.log")" = "module 0: PTX text, 54 bytes
$out/unread.ptx: $reason" ]; then
		echo "ok 5 - vgpu-ptxc: a text that does not parse"
	else
		sed 's/^/# /' "$out/report.log" "$out/list.log"
		echo "not ok 5 - vgpu-ptxc: a text that does not parse"
		touch "$out/failed"
	fi
	echo 1..5
}
sub "the tool's report" report

# What stays out is refused by its name, when a kernel that has it is compiled.
refused()
{
	../../build/tools/vgpu-ptxc --check refused.ptx >"$out/refused.log" 2>&1
	sed -n 's|^\.entry .*// ||p' refused.ptx | LC_ALL=C sort | uniq -c | sed 's/^ *\([0-9]*\) /\1 x /' >"$out/refused.want"
	if [ -s "$out/refused.want" ] &&
	   sed -n 's/^ *\([0-9]* x .*\)/\1/p' "$out/refused.log" | LC_ALL=C sort -k 3 |
	   diff "$out/refused.want" - >"$out/refused.diff"; then
		echo "ok 1 - what stays out is refused by its name"
	else
		sed 's/^/# /' "$out/refused.diff"
		echo "not ok 1 - what stays out is refused by its name"
		touch "$out/failed"
	fi
	echo 1..1
}
sub "refused by name" refused

# many_phis VALUES WAYS: a kernel whose branches each change a part of its values, and then meet.
many_phis()
{
	awk -v n="$1" -v ways="$2" 'BEGIN {
		print ".version 8.5\n.target sm_90\n.address_size 64\n.entry k(.param .u64 p) {"
		print ".reg .b32 %t, %r<" n ">; .reg .b64 %a; .reg .pred %q;\nld.param.u64 %a, [p]; mov.u32 %t, %tid.x;"
		for (i = 0; i < n; i++) print "ld.global.u32 %r" i ", [%a+" 4 * i "];"
		for (w = 0; w < ways; w++) {
			print "setp.ne.u32 %q, %t, " w "; @%q bra S" w ";"
			for (i = w; i < n; i += ways) print "add.u32 %r" i ", %r" i ", 5;"
			print "bra.uni E;\nS" w ":"
		}
		print "E:"
		for (i = 0; i < n; i++) print "st.global.u32 [%a+" 4 * i "], %r" i ";"
		print "ret; }"
	}'
}

# all_ways LABELS: a kernel that jumps by table, from each label to each.
all_ways()
{
	awk -v n="$1" 'BEGIN {
		print ".version 8.5\n.target sm_90\n.address_size 64\n.entry k() {\n.reg .b32 %t; mov.u32 %t, %tid.x;"
		printf "T: .branchtargets L0"
		for (i = 1; i < n; i++) printf ", L" i
		print ";"
		for (i = 0; i < n; i++) print "L" i ": brx.idx %t, T;"
		print "ret; }"
	}'
}

# factors N: a kernel that multiplies the thread's number by N factors, so that lanes are apart in N ways.
factors()
{
	awk -v n="$1" 'BEGIN {
		print ".version 8.5\n.target sm_90\n.address_size 64\n.entry k(.param .u64 p) {"
		print ".reg .b32 %t, %r; .reg .b64 %a;\nld.param.u64 %a, [p]; mov.u32 %t, %tid.x; mov.u32 %r, 0;"
		for (i = 0; i < n; i++) print "{ .reg .b32 %x; mul.lo.s32 %x, %t, " 3 + i "; xor.b32 %r, %r, %x; }"
		print "st.global.u32 [%a], %r;\nret; }"
	}'
}

# ends N NAME SECONDS STATUS WORDS OPTION...: a check of so much processor time, which ends so and says so
ends()
{
	n_=$1 name_=$2 seconds_=$3 want_=$4 words_=$5
	shift 5
	(ulimit -t "$seconds_"; exec ../../build/tools/vgpu-ptxc --check "$@") >"$out/soon.log" 2>&1
	status=$?
	if [ $status = "$want_" ] && grep -q "$words_" "$out/soon.log"; then
		echo "ok $n_ - $name_"
	else
		sed 's/^/# /' "$out/soon.log"
		echo "not ok $n_ - $name_ (status $status)"
		touch "$out/failed"
	fi
}

# What no compiler can do well must end soon: 2,000 phis of 1,000 branches are two million copies.
soon()
{
	many_phis 2000 1000 >"$out/phis.ptx"
	all_ways 250 >"$out/ways.ptx"
	factors 50000 >"$out/factors.ptx"
	ends 1 "two million copies: refused in less than 12 s" 12 1 "'k' takes more memory or time than admitted" "$out/phis.ptx"
	ends 2 "62,500 edges: compiled in less than 6 s" 6 0 "1 compiled, 0 failed" "$out/ways.ptx"
	ends 3 "50,000 patterns of lanes: compiled in less than 6 s" 6 0 "1 compiled, 0 failed" --shape linear "$out/factors.ptx"
	echo 1..3
}
sub "too complex" soon

# fuzzers: begin both; each leaves its log, and its status in a file
fuzzers() {
	for f in fuzz_ptx fuzz_compile; do
		make -s "$out/$f" >"$out/$f.build.log" 2>&1 || cat "$out/$f.build.log" >&2
	done
	for f in fuzz-ptx fuzz-compile; do
		{ make -s $f FUZZ_SECONDS="${FUZZ_SECONDS:-30}" >"$out/$f.log" 2>&1; echo $? >"$out/$f.status"; } &
	done
	wait
}

fuzz() {
	command -v clang >/dev/null || { echo "ok 1 - $1 # SKIP no clang"; echo 1..1; return; }
	if [ "$(cat "$out/$1.status")" = 0 ]; then
		echo "ok 1 - nothing found in ${FUZZ_SECONDS:-30} s, $(sed -n 's/^stat::number_of_executed_units: *//p' "$out/$1.log") inputs"
	else
		finding "$out/$1.log"
		echo "not ok 1 - $1 found something"
		touch "$out/failed"
	fi
	echo 1..1
}
rm -f "$out"/fuzz-*.status
if command -v clang >/dev/null; then fuzzers; fi
sub "fuzz: any bytes through the front half" fuzz fuzz-ptx
sub "fuzz: PTX through the whole compiler" fuzz fuzz-compile
echo "1..$n"
exit $bad
