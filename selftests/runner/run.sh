#!/bin/sh
# SPDX-License-Identifier: MIT
# The test driver itself: a copy of it runs made-up suites and must count them right.
# time limit: 60
cd "$(dirname "$0")" || exit 1
. ../lib/tap.sh

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir -p "$tmp/selftests"
cp ../run "$tmp/selftests/run"

# counts NAME STATUS "LAST LINE" [ARG…]: a suite made of standard input gives these.
counts()
{
	name=$1 status=$2 want=$3
	shift 3
	rm -rf "$tmp/selftests/made"
	mkdir "$tmp/selftests/made"
	{ echo "#!/bin/sh"; cat; } >"$tmp/selftests/made/run.sh"
	chmod +x "$tmp/selftests/made/run.sh"
	"$tmp/selftests/run" "$@" >"$tmp/out" 2>&1
	got=$?
	if [ "$got" = "$status" ] && [ "$(tail -n 1 "$tmp/out")" = "$want" ]; then
		ok "$name"
	else
		not_ok "$name"
		echo "# status $got, not $status; last line not '$want' but:"
		sed 's/^/# /' "$tmp/out"
	fi
}

plan 80

counts "plain results" 0 "2 passed, 0 failed, 1 skipped" <<'S'
printf '1..3\nok 1 - a\nok 2 b\nok 3 - c # SKIP no reason\n'
S
counts "a failing test" 1 "1 passed, 1 failed, 0 skipped" <<'S'
printf '1..2\nok 1 - a\nnot ok 2 - b\n'; exit 1
S
counts "missing tests" 1 "1 passed, 1 failed, 0 skipped" <<'S'
printf '1..3\nok 1 - a\n'
S
counts "more tests than planned" 1 "3 passed, 1 failed, 0 skipped" <<'S'
printf '1..1\nok 1 - a\nok 2 - b\nok 3 - c\n'
S
counts "more tests than planned at the end" 1 "2 passed, 1 failed, 0 skipped" <<'S'
printf 'ok 1 - a\nok 2 - b\n1..1\n'
S
counts "more nested tests than planned" 1 "2 passed, 1 failed, 0 skipped" <<'S'
printf 'KTAP version 1\n1..1\n  1..1\n  ok 1 a\n  ok 2 b\nok 1 ab\n'
S
counts "bailing out without a plan" 1 "1 passed, 1 failed, 0 skipped" <<'S'
printf 'ok 1 - a\nBail out! no more\n'
S
counts "bailing out after all tests" 1 "1 passed, 1 failed, 0 skipped" <<'S'
printf '1..1\nok 1 - a\nBail out! and yet\n'
S
counts "nested bailing out" 1 "1 passed, 1 failed, 0 skipped" <<'S'
printf '1..1\n  ok 1 - a\n  Bail out! no more\nok 1 - all of it\n'
S
counts "silence" 1 "0 passed, 1 failed, 0 skipped" <<'S'
echo nothing to see
S
counts "a status that no test explains" 1 "1 passed, 1 failed, 0 skipped" <<'S'
printf '1..1\nok 1 - a\n'; exit 3
S
counts "two programs one after the other" 0 "3 passed, 0 failed, 0 skipped" <<'S'
printf 'TAP version 13\n1..2\nok 1 a\nok 2 b\nTAP version 13\n1..1\nok 1 c\n'
S
counts "two programs, the first one short" 1 "2 passed, 1 failed, 0 skipped" <<'S'
printf '1..2\nok 1 a\n1..1\nok 1 c\n'
S
counts "a plan at the end" 0 "3 passed, 0 failed, 0 skipped" <<'S'
printf 'ok 1 a\nok 2 b\n1..2\nTAP version 13\nok 1 c\n1..1\n'
S
counts "a plan at the end, not met" 1 "2 passed, 1 failed, 0 skipped" <<'S'
printf 'ok 1 a\nok 2 b\n1..3\n'
S
counts "one program without a plan, one with" 0 "3 passed, 0 failed, 0 skipped" <<'S'
printf 'ok 1 a\nTAP version 13\n1..2\nok 1 b\nok 2 c\n'
S
counts "nested results count once" 0 "3 passed, 0 failed, 0 skipped" <<'S'
printf 'KTAP version 1\n1..2\n  1..2\n  ok 1 a\n  ok 2 b\nok 1 ab\nok 2 c\n'
S
counts "a nested failure counts once" 1 "2 passed, 1 failed, 0 skipped" <<'S'
printf '1..2\n  1..2\n  ok 1 a\n  not ok 2 b\nnot ok 1 ab\nok 2 c\n'; exit 1
S
counts "a parent that fails alone" 1 "1 passed, 1 failed, 0 skipped" <<'S'
printf '1..1\n  1..1\n  ok 1 a\nnot ok 1 a\n'; exit 1
S
counts "variants" 0 "2 passed, 0 failed, 0 skipped" <<'S'
# variant: A=1
# variant: A=2 B=3
# long variant: A=4
[ "$A$B" = 1 ] || [ "$A$B" = 23 ] && printf '1..1\nok 1 a\n'
S
counts "long variants" 0 "2 passed, 0 failed, 0 skipped" --long <<'S'
# variant: A=1
# long variant: A=4
printf '1..1\nok 1 a\n'
S
counts "a suite that hangs" 1 "0 passed, 1 failed, 0 skipped" <<'S'
# time limit: 1
sleep 1000 & sleep 1000
S
counts "a limit with more time" 0 "1 passed, 0 failed, 0 skipped" --long <<'S'
# time limit: 1
# long time limit: 300
sleep 2
[ "$VGPU_TEST_LIMIT" = 300 ] && printf '1..1\nok 1 a\n'
S
counts "only listed" 0 "1 suites, 2 runs, 0.3 hours at most, 0 unreadable" --long --list <<'S'
# variant: A=1
# long variant: A=4 B=
echo not ok 1 - it runs
S
counts "listed: a script that no shell can read" 1 "1 suites, 1 runs, 0.0 hours at most, 1 unreadable" --list <<'S'
# time limit: 1
if
S
counts "a variant that is none" 1 "$tmp/selftests/made/run.sh: cannot be read: # long variant: A=1 B" --long <<'S'
# long variant: A=1 B
printf '1..1\nok 1 a\n'
S
counts "a need that is none" 1 "$tmp/selftests/made/run.sh: cannot be read: # needs: nothing" <<'S'
# needs: nothing
printf '1..1\nok 1 a\n'
S
# Each waits for what the other one does.
mkdir "$tmp/selftests/other"
cat >"$tmp/selftests/other/run.sh" <<S
#!/bin/sh
# needs: no bed
touch $tmp/here
timeout 20 sh -c 'until [ -e $tmp/there ]; do sleep 0.1; done' && printf '1..1\nok 1 met\n'
S
chmod +x "$tmp/selftests/other/run.sh"
counts "a suite without a bed beside one with" 0 "2 passed, 0 failed, 0 skipped" <<S
touch $tmp/there
timeout 20 sh -c 'until [ -e $tmp/here ]; do sleep 0.1; done' && printf '1..1\nok 1 met\n'
S
# The same of two variants of two suites; those of one suite wait for each other.
cat >"$tmp/selftests/other/run.sh" <<S
#!/bin/sh
# variant beside: A=1
# variant: A=2
exec 9>"$tmp/alone"
flock -n 9 || exit
[ "\$A" = 2 ] || { touch $tmp/beside; timeout 20 sh -c 'until [ -e $tmp/met ]; do sleep 0.1; done'; } && printf '1..1\nok 1 met\n'
S
counts "a variant beside the others, and not beside those of its suite" 0 "3 passed, 0 failed, 0 skipped" <<S
timeout 20 sh -c 'until [ -e $tmp/beside ]; do sleep 0.1; done' && touch $tmp/met && printf '1..1\nok 1 met\n'
S
rm -r "$tmp/selftests/other"
counts "unknown options are refused" 1 "run [--long] [--list] [SUITE…]" --short <<'S'
S
counts "unknown suites are refused" 1 "no suite other; there are: made" other <<'S'
S

# prints NAME "LINES": what counts has left is, but for the times and its last two lines, this.
prints()
{
	head -n -2 "$tmp/out" | sed 1d >"$tmp/excerpt"
	printf '%b' "$2" >"$tmp/want"
	check "$1" diff "$tmp/want" "$tmp/excerpt"
}
counts "failures with comments" 1 "2 passed, 2 failed, 0 skipped" <<'S'
printf '1..4\n# not of b\nok 1 a\n# before b\nnot ok 2 b\n# after b\n# more\nok 3 c\n# Subtest: e\n    # before d\n    not ok 1 - d\n    # after d\nnot ok 4 e\n# of nobody\n'
S
prints "what failed, and the comments before and after it" \
	"    # before b\n    not ok: b\n    # after b\n    # more\n    # before d\n    not ok: d\n    # after d\n"
counts "a failure with many comments" 1 "0 passed, 1 failed, 0 skipped" <<'S'
seq -f '# %g' 100; echo not ok 1 a; seq -f '# %g' 100
S
prints "forty before and forty after it" "$(seq -f '    # %g' 61 100; echo '    not ok: a'; seq -f '    # %g' 40)\n"
counts "many failures with comments" 1 "0 passed, 9 failed, 0 skipped" <<'S'
for t in 1 2 3 4 5 6 7 8 9; do echo not ok $t a; seq -f '# %g' 30; done
S
check "not more than two hundred lines" test "$(wc -l <"$tmp/out") $(tail -n 3 "$tmp/out" | head -n 1)" = "204     and 79 lines more"
counts "what no test says" 1 "0 passed, 1 failed, 0 skipped" <<'S'
seq -f 'message %g' 150 >&2; exit 1
S
prints "the end of standard error" "    not ok: no test reported\n$(seq -f '    stderr: message %g' 31 150)\n"
# By a real program of the kernel's harness: the values that an assertion saw are in the output, of one that aborts, too.
cat >"$tmp/assert.c" <<'C'
#include "harness.h"
TEST(expects) { EXPECT_EQ(1, getppid()); EXPECT_STREQ("a", "b"); }
TEST(asserts) { ASSERT_EQ(6 * 7, getppid() * 0); }
TEST(passes) { EXPECT_EQ(1, 1); }
TEST_HARNESS_MAIN
C
KSELFTEST_DIR=${KSELFTEST_DIR:-$(../../tools/vm/kernels.sh uml)/source/tools/testing/selftests}
gcc -D_GNU_SOURCE -I../lib -I"$KSELFTEST_DIR" -o "$tmp/assert" "$tmp/assert.c"
counts "assertions that fail" 1 "1 passed, 2 failed, 0 skipped" <<S
exec "$tmp/assert"
S
# says_all PATTERN...: each is in a line of what was printed
says_all() { for pattern; do grep -qE "$pattern" "$tmp/out" || { echo "no '$pattern' in:"; cat "$tmp/out"; return 1; }; done; }
check "what they saw" says_all '^ +# .*assert\.c:2:expects:Expected 1 \(1\) == getppid\(\) \([0-9]+\)$' \
	"assert\.c:2:expects:Expected 'a' == 'b'" 'assert\.c:3:asserts:Expected 6 \* 7 \(42\) == getppid\(\) \* 0 \(0\)'
rm -rf "$tmp/selftests/made"
mkdir "$tmp/selftests/made"
printf 'check:\n\t@echo ok 1 - a\n' >"$tmp/selftests/made/Makefile"
[ "$("$tmp/selftests/run" | tail -n 1)" = "1 passed, 0 failed, 0 skipped" ]
check "a suite that is a Makefile" test $? = 0
mkdir -p "$tmp/selftests/of/made"
printf 'check:\n\t@echo ok 1 - b\n' >"$tmp/selftests/of/made/Makefile"
[ "$("$tmp/selftests/run" | tail -n 1)$("$tmp/selftests/run" of/made | tail -n 1)" = \
	"2 passed, 0 failed, 0 skipped1 passed, 0 failed, 0 skipped" ]
check "a suite in a folder of suites" test $? = 0

# joined NAME "LINES": a program made of standard input, joined into TAP by lib/program.sh, gives these lines.
cat >"$tmp/join.sh" <<'S'
. ../lib/tap.sh
. ../lib/program.sh
TAP_LIMIT=$2 tap_program p "$1"
finish
S
joined()
{
	{ echo "#!/bin/bash"; cat; } >"$tmp/program"
	chmod +x "$tmp/program"
	bash "$tmp/join.sh" "$tmp/program" "${3:-20}" >"$tmp/excerpt" 2>&1
	got=$?
	printf '%b' "$2" >"$tmp/want"
	grep -q '^not ok' "$tmp/want"
	[ $? != $got ] || echo "status $got" >>"$tmp/excerpt"
	check "joined: $1" diff "$tmp/want" "$tmp/excerpt"
}
joined "plain results" "ok 1 - p: a\nok 2 - p: b # SKIP no c\n# p: text\n" <<'S'
printf 'TAP version 13\n1..2\nok 1 - a\nok 2 b # SKIP no c\n# text\n' | grep -v TAP
S
joined "a failure" "ok 1 - p: a\nnot ok 2 - p: b\n" <<'S'
printf '1..2\nok 1 - a\nnot ok 2 - b\n'; exit 1
S
joined "a failure, and a status that hides it" "not ok 1 - p: a\nnot ok 2 - p: exit status 0, 1 failures\n" <<'S'
printf '1..1\nnot ok 1 - a\n'
S
joined "a crash after the plan" "ok 1 - p: a\nnot ok 2 - p: ended by SIGSEGV\n" <<'S'
printf 'ok 1 - a\n1..1\n'; kill -SEGV $$
S
joined "a crash after the plan, in a thing with a time limit of its own" "ok 1 - p: a\nnot ok 2 - p: ended by SIGSEGV\n" 0 <<'S'
printf 'ok 1 - a\n1..1\n'; kill -SEGV $$
S
joined "results that are missing" "ok 1 - p: a\nnot ok 2 - p: 1 results, 5 planned\n" <<'S'
printf '1..5\nok 1 - a\n'; exit 3
S
joined "results that nobody planned" "ok 1 - p: a\nok 2 - p: b\nnot ok 3 - p: 2 results, 1 planned\n" <<'S'
printf '1..1\nok 1 - a\nok 2 - b\n'
S
joined "a sanitizer's status" "ok 1 - p: a\nnot ok 2 - p: exit status 66, 0 failures\n" <<'S'
printf '1..1\nok 1 - a\n'; exit 66
S
joined "a status that no result explains" "ok 1 - p: a\nnot ok 2 - p: exit status 1, 0 failures\n" <<'S'
printf '1..1\nok 1 - a\n'; exit 1
S
joined "a bed whose kernel complains, a failure beside it" \
	"not ok 1 - p: a\nnot ok 2 - p: exit status 123, 1 failures\n" <<'S'
printf '1..1\nnot ok 1 - a\n'; exit 123
S
joined "no plan" "ok 1 - p: a\nnot ok 2 - p: ended without a plan\n" <<'S'
echo ok 1 - a
S
joined "silence" "not ok 1 - p: ended without a plan\n" <<'S'
S
joined "a shell that finds no program" "# p: /nowhere: line 1: no\nnot ok 1 - p: ended without a plan\n" <<'S'
echo "/nowhere: line 1: no"; exit 127
S
joined "bailing out" "ok 1 - p: a\nnot ok 2 - p: bailed out: no b\n" <<'S'
printf '1..2\nok 1 - a\nBail out! no b\n'; exit 1
S
joined "a time limit" "ok 1 - p: a\nnot ok 2 - p: ended by a time limit\n" 1 <<'S'
printf '1..1\nok 1 - a\n'; exec sleep 1000
S
joined "a time limit that is ignored" "ok 1 - p: a\nnot ok 2 - p: ended by SIGKILL\n" 1 <<'S'
printf '1..1\nok 1 - a\n'; trap '' TERM; while :; do sleep 1; done
S
joined "everything is skipped" "ok 1 - p # SKIP no card\n" <<'S'
echo '1..0 # SKIP no card'
S
joined "nothing, and no reason" "not ok 1 - p: ended without a plan\n" <<'S'
echo 1..0
S
joined "a last line without an end" "ok 1 - p: a\nok 2 - p: b\n" <<'S'
printf '1..2\nok 1 - a\nok 2 - b'
S
# make_test STATUS "LAST LINE" GOAL SUITE: what the tree's Makefile does, in a tree whose tools do nothing.
make_test()
{
	env -u MAKELEVEL -u MAKEFLAGS -u MFLAGS make -s -C "$tmp" --no-print-directory "$3" ${5:+"$5"} SUITES="$4" KDIR=/nowhere >"$tmp/out" 2>&1
	got=$?
	[ $got = "$1" ] && [ "$(tail -n 1 "$tmp/out")" = "$2" ] && return
	echo "status $got, not $1; last line not '$2' but:"
	cat "$tmp/out"
	return 1
}

# What a fuzzer finds is in the output, whole: by a real one.
. ../lib/finding.sh
cat >"$tmp/fuzz.c" <<'C'
#include <stdint.h>
#include <stdlib.h>
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
static volatile int deep;
__attribute__((noinline)) static void found(void) { deep = 1; abort(); }
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 3000 && data[0] == 'v' && data[2999] == 'p')
		found();
	return 0;
}
C
if command -v clang >/dev/null && clang -g -fsanitize=fuzzer,address -o "$tmp/fuzz" "$tmp/fuzz.c" 2>"$tmp/fuzz.log"; then
	mkdir "$tmp/seeds"
	{ printf v; seq 1000 | head -c 2998; printf pq; } >"$tmp/seeds/it"
	timeout 30 "$tmp/fuzz" -artifact_prefix="$tmp/" "$tmp/seeds" >"$tmp/fuzz.log" 2>&1
	finding "$tmp/fuzz.log" >"$tmp/finding"
	check "a finding: libFuzzer's summary" grep -q '^# SUMMARY: libFuzzer: deadly signal' "$tmp/finding"
	check "a finding: the first frames" grep -qE '^# +#[0-9]+ .* in found ' "$tmp/finding"
	sed -n '/base64 -d | xz -d/,$p' "$tmp/finding" | sed 1d | sed 's/^# //' | base64 -d | xz -d >"$tmp/again"
	check "a finding: the input itself" cmp "$tmp/seeds/it" "$tmp/again"
	check "a finding: no more than is printed" awk 'length > 4096 { exit 1 } END { exit NR > 40 }' "$tmp/finding"
	echo "make: *** no rule" >"$tmp/fuzz.log"
	check "what is no finding: the end of the log" test "$(finding "$tmp/fuzz.log")" = "# make: *** no rule"
else
	for t in summary frames input length log; do skip "a finding: $t" "no clang with libFuzzer"; done
fi

# built WANT: what tools/vm/kmod.sh in a made-up tree has built so far, as the kernels' folders.
built()
{
	"$tmp/tree/tools/vm/kmod.sh" "$1" >"$tmp/ko" 2>&1 || { cat "$tmp/ko"; return 1; }
	shift
	echo "$*" >"$tmp/want"
	xargs <"$tmp/builds" | diff "$tmp/want" -
}
installed=$tmp/lib/modules/9.9/build
mkdir -p "$tmp/tree/tools/vm" "$tmp/tree/driver" "$tmp/tree/uapi" "$installed/include/generated" "$tmp/cache"
cp ../../tools/vm/lib.sh "$tmp/tree/tools/vm"
sed "s|/lib/modules|$tmp&|" ../../tools/vm/kmod.sh >"$tmp/tree/tools/vm/kmod.sh"
chmod +x "$tmp/tree/tools/vm/kmod.sh"
touch "$tmp/tree/Kbuild" "$tmp/tree/driver/a.c" "$installed/.config" "$installed/Module.symvers"
echo '#define UTS_RELEASE "9.9"' >"$installed/include/generated/utsrelease.h"
printf 'modules:\n\t@echo $(notdir $(CURDIR)) >>%s; touch $(M)/vgpu.ko\n' "$tmp/builds" >"$installed/Makefile"
cp -a "$installed" "$tmp/other"
check "a module is built" built "$installed" build
check "not again for the same headers in another place" built "$tmp/other" build
touch -d "1 minute" "$tmp/tree/driver/a.c"
check "and, changed, by the same path" built "$tmp/other" build build
touch -d "1 hour ago" "$tmp/tree/driver/a.c"
echo "CONFIG_X=y" >"$tmp/other/.config"
touch -d "1 hour ago" "$tmp/other/.config"
check "for another kernel of that name it is built" built "$tmp/other" build build other
check "and is not taken for the first one's" built "$installed" build build other build
check "whose it stays" built "$installed" build build other build

cp ../../Makefile "$tmp"
mkdir -p "$tmp/tools/vm"
for tool in deps prepare kmod; do
	printf '#!/bin/sh\n' >"$tmp/tools/vm/$tool.sh"
	chmod +x "$tmp/tools/vm/$tool.sh"
done
rm -rf "$tmp/selftests/made"
for suite in good bad; do mkdir "$tmp/selftests/$suite"; done
printf '#!/bin/sh\necho 1..1; echo ok 1\n' >"$tmp/selftests/good/run.sh"
printf '#!/bin/sh\necho 1..1; echo not ok 1\n' >"$tmp/selftests/bad/run.sh"
chmod +x "$tmp"/selftests/*/run.sh
check "make test: the last line, where one fails" make_test 1 "1 passed, 1 failed, 0 skipped" test "good bad"
check "make test: the last line, where none fails" make_test 0 "1 passed, 0 failed, 0 skipped" test good
check "make test-long: the same" make_test 1 "0 passed, 1 failed, 0 skipped" test-long bad
check "make test-long LIST=1: nothing runs" make_test 0 "2 suites, 2 runs, 0.3 hours at most, 0 unreadable" test-long "good bad" LIST=1
printf '#!/bin/sh\nexit 3\n' >"$tmp/tools/vm/prepare.sh"
make_fails() { ! env -u MAKELEVEL -u MAKEFLAGS -u MFLAGS make -C "$tmp" test KDIR=/nowhere >"$tmp/out" 2>&1 && grep -q 'make: .* Error 3' "$tmp/out"; }
check "make test: what fails before the suites is said" make_fails
check "the beds' judge" ./verdict.py
check "the beds' clock" ./machine.py
finish
