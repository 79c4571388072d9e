#!/bin/bash
# SPDX-License-Identifier: MIT
# In the bed, without the module: what insmod refuses, and that the kernel's log then names the parameter and
# says why; what it takes with a word about it. Every parameter of driver/core/params.c has a bad value here.
cd "$(dirname "$0")" || exit 1
. ../lib/tap.sh

# attempt PARAMETERS...: load with these; what the log says since is in $said.
attempt()
{
	local status mark="params.sh: $$ $RANDOM $*"

	echo "$mark" >/dev/kmsg
	insmod "$VGPU_KO" "$@" 2>/dev/null
	status=$?
	said=$(dmesg | awk -v mark="$mark" 'found; index($0, mark) { found = 1 }')
	return $status
}

# refused PATTERN PARAMETERS...: a line of the module's says so, and nothing is left.
refused()
{
	local pattern=$1
	shift
	seen+=" ${*%%=*}"
	if attempt "$@"; then
		echo "loaded"
		rmmod vgpu
		return 1
	fi
	grep -qE "vgpu: $pattern" <<<"$said" && [ ! -e /sys/module/vgpu ] || { echo "no line '$pattern':"; echo "$said"; return 1; }
}

# unread NAME VALUE: no number; the kernel itself names it.
unread()
{
	seen+=" $1"
	! attempt "$1=$2" && grep -qF "\`$2' invalid for parameter \`$1'" <<<"$said" || { echo "$said"; return 1; }
}

# taken PATTERN PARAMETERS...: loaded, and the log says this.
taken()
{
	local pattern=$1
	shift
	attempt "$@" || { echo "not loaded:"; echo "$said"; return 1; }
	rmmod vgpu
	grep -qE "vgpu: $pattern" <<<"$said" || { echo "no line '$pattern':"; echo "$said"; return 1; }
}

# picked SET ISA: loaded with isa=ISA, and the device says that it has this handler set.
picked()
{
	local now
	attempt vram=512 "isa=$2" || { echo "not loaded:"; echo "$said"; return 1; }
	now=$(vgpu-ctl status --json | sed -n 's/^ *"engine": *"\(.*\)",*$/\1/p')
	rmmod vgpu
	[ "$now" = "$1" ] && grep -qE "vgpu: 1 device.* $1 engine" <<<"$said" || { echo "it has '$now':"; echo "$said"; return 1; }
}

# runs SET: whether this CPU has what a handler set wants (driver/engine/cpu.c).
runs()
{
	local want="fma f16c bmi1 avx2 bmi2" flag
	case $1 in
	portable) return 0 ;;
	avx512 | avx512vnni | avx512fp16) want+=" avx512f avx512dq avx512bw avx512vl" ;;&
	avx512vnni | avx512fp16) want+=" avx512vbmi avx512_vnni" ;;&
	avx512fp16) want+=" avx512_fp16" ;;
	esac
	for flag in $want; do
		grep -qw "$flag" /proc/cpuinfo || return 1
	done
}

# allowed INDEX: the CPUs that this worker may run on.
allowed()
{
	awk '/^Cpus_allowed_list/ { print $2 }' "/proc/$(pgrep -x "vgpu/$1")/status"
}

# bound CPU... -- PARAMETERS...: as many workers, each on its CPU alone, also once they have run.
bound()
{
	local want=() at=() i
	while [ "$1" != -- ]; do
		want+=("$1")
		shift
	done
	shift
	attempt "$@" || { echo "not loaded:"; echo "$said"; return 1; }
	sleep 0.1
	for ((i = 0; i < $(pgrep -c "^vgpu/[0-9]+$"); i++)); do
		at+=("$(allowed $i)")
	done
	rmmod vgpu
	[ "${at[*]}" = "${want[*]}" ] || { echo "workers on: ${at[*]}"; return 1; }
}

# here NAME COMMAND...: check, in this shell.
here()
{
	local name=$1
	shift
	if "$@" >/tmp/params.out 2>&1; then
		ok "$name"
	else
		not_ok "$name"
		sed 's/^/# /' /tmp/params.out
	fi
}

# all_tried: every parameter that the module has was among those.
all_tried()
{
	local p missing=0
	while read -r p; do
		grep -qw "$p" <<<"$seen" || { echo "$p: no bad value of it is tried"; missing=1; }
	done < <(modinfo -F parm "$VGPU_KO" | sed 's/:.*//')
	return $missing
}

seen=
most=$((1 << 27))
ram_mib=$(awk '/MemTotal/ { print int($2 / 1024) + 1 }' /proc/meminfo)
plan 36

here "gpus: too many" refused "gpus=17 is not within 0 to 16" gpus=17
here "gpus: no number" unread gpus -1
here "vram: more than addresses reach" refused "vram=$((most + 1)) is not within 0 to $most" vram=$((most + 1))
here "vram: no number" unread vram plenty
here "workers: too many" refused "workers=257 is not within 0 to 256" workers=257
here "cpus: no list" refused "cpus=some is no list of this machine's CPUs" cpus=some
here "cpus: none that is there" refused "cpus=.* (is no list of this machine's CPUs|names no CPU that is online)" cpus=4095
here "cpus: a number that no machine has" refused "cpus=99999 is no list of this machine's CPUs" cpus=99999
here "nice: above" refused "nice=20 is not within -20 to 19" nice=20
here "nice: below" refused "nice=-21 is not within -20 to 19" nice=-21
here "model: unknown" refused "model=gtx1 is no profile" model=gtx1
here "cc: unknown" refused "cc=1.0 is no profile's compute capability" cc=1.0
here "cc: not the model's" refused "model=t4 has another compute capability than cc=9.0" model=t4 cc=9.0
here "time_limit_ms: no number" unread time_limit_ms 2s
here "isa: unknown" refused "isa=foo is none of auto, avx512fp16, avx512vnni, avx512, avx2, portable" isa=foo
here "nvidia_nodes: empty, the default" taken "" vram=512 nvidia_nodes=
here "nvidia_nodes: unknown" refused "nvidia_nodes=perhaps is none of auto, on, off" nvidia_nodes=perhaps
for p in pin_limit_mib pin_user_mib block_limit_mib block_user_mib tables_user_mib code_user_mib; do
	here "$p: more bytes than a number holds" refused "$p=$((1 << 44)) is not within 0 to $most" $p=$((1 << 44))
done
here "reserve_mib: the whole machine" refused "reserve_mib=$ram_mib leaves nothing of the machine's [0-9]+" reserve_mib="$ram_mib"
here "longest_fpu_us: no number" unread longest_fpu_us -1
here "no parameter was left out" all_tried

here "more workers than CPUs: taken, and said" taken "workers=99: more than the [0-9]+ CPUs that they share" vram=512 workers=99
# In user-mode Linux processes are shown one CPU: those of kthreadd are all.
last=$(sed -n 's/^Cpus_allowed_list:.*[^0-9]//p' /proc/2/status)
here "a worker for each CPU, on it" bound $(seq 0 $last) -- vram=512
here "cpus: the last, its only worker's" bound $last -- vram=512 cpus=$last
here "cpus: the last, shared by three workers" bound $last $last $last -- vram=512 workers=3 cpus=$last
best=
for set in avx512fp16 avx512vnni avx512 avx2 portable; do
	if runs $set; then
		best=${best:-$set}
		here "isa=$set: it is what the device has" picked $set $set
	else
		here "isa=$set: not this CPU's" refused "isa=$set is a handler set that this CPU cannot run" isa=$set
	fi
done
here "isa=auto: the best of them" picked $best auto
finish
