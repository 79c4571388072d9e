# SPDX-License-Identifier: MIT
# For inside.sh: modules, a client at work and what it answers, and comparisons that say what they saw.
# shellcheck shell=bash

load() { insmod "$VGPU_KO" vram=256 "$@"; }
unload() { rmmod vgpu; }

# says TEXT PATTERN: with the text below it if not.
says() { grep -qE -- "$2" <<<"$1" || { echo "no '$2' in:"; echo "$1"; return 1; }; }
# seen PATTERN CMD…: what the command prints once the pattern is in it, or at last: a busy machine lets a client compute for little of the time.
seen()
{
	local pattern=$1 said
	shift
	for _ in $(seq $patience); do
		said=$("$@")
		grep -qE -- "$pattern" <<<"$said" && break
		sleep 1
	done
	echo "$said"
}
is() { [ "$1" = "$2" ] || { echo "'$1', not '$2'"; return 1; }; }
inject() { "$ctl" inject "$@" >/dev/null; }

# begin NAME MODE: a client that is ready, by NAME; its answers come with answer. $within is what runs it, if anything.
begin()
{
	rm -f "$tmp/to" "$tmp/from"
	mkfifo "$tmp/to" "$tmp/from"
	exec 7<>"$tmp/to" 8<>"$tmp/from"
	# shellcheck disable=SC2086
	timeout $patience ${within:-} "$client" "$2" <&7 >&8 2>"$tmp/client.err" &
	client_pid=$!
	answer $patience
	check "$1: a client is at work" is "$word" ready
}
go() { echo >&7; }
answer() { word=nothing; read -r -t "${1:-$((patience / 2))}" word <&8 || word=nothing; }
end() { wait "$client_pid" 2>/dev/null; exec 7>&- 8>&-; }

# broken NAME ERROR XID WHAT...: contexts end; a new one works.
broken()
{
	local name=$1 error=$2 xid=$3
	shift 3
	dmesg -C
	begin "$name" wait
	check "$name: injected" inject "$@"
	go
	answer
	check "$name: the client's call fails" is "$word" "$error"
	answer
	check "$name: so do later ones" is "$word" "$error"
	answer
	check "$name: and asking for memory" is "$word" "$error"
	end
	check "$name: in the log" says "$(dmesg)" "NVRM: Xid \(PCI:[0-9a-f:]+\): $xid, "
	check "$name: vgpu-ctl events" says "$("$ctl" events)" "Xid $xid: "
	check "$name: a new process works" is "$("$client" work)" cudaSuccess
}
