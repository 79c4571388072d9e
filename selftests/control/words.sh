# SPDX-License-Identifier: MIT
# For inside.sh: vgpu-ctl's words, status and objects: doctor, errors, completion, manual page, and what all say of a process at work and of names.
# shellcheck shell=bash

doctor()
{
	local out
	out=$("$ctl" doctor)
	check "doctor without the module" says "$out" "BAD +module +vgpu is not loaded"
	check "doctor: what to type" says "$out" "sudo modprobe vgpu"
	load gpus=1 || return
	out=$("$ctl" doctor)
	check_status 0 "doctor: all is well" "$ctl" doctor
	check "doctor: the library is ours" says "$out" "libcuda.so.1 is ours: .*/libcuda.so"
	mv /dev/nvidia0 "$tmp/nvidia0"
	check "doctor: a node of NVIDIA's that is not there" says "$("$ctl" doctor)" "BAD +nodes +/dev/nvidia0 is not there"
	mv "$tmp/nvidia0" /dev/nvidia0
	check "doctor: Ollama" says "$out" "compute capability 12.0 .* are what its CUDA 13 backend accepts"
	"$ctl" doctor --json >"$tmp/doctor"
	check "doctor: as JSON" "$json" "$tmp/doctor" /checks/0/check=module /checks/0/ok=true
	mkdir "$tmp/other"
	cp /lib/x86_64-linux-gnu/libm.so.6 "$tmp/other/libcuda.so.1"
	check "doctor: another's library in front" says "$(LD_LIBRARY_PATH=$tmp/other "$ctl" doctor)" \
		"libcuda.so.1 is somebody else's"
	begin "doctor PID" wait
	out=$("$ctl" doctor "$(pgrep -x client)")
	check "doctor PID: its library" says "$out" "has loaded our .*/libcuda.so"
	check "doctor PID: on the GPU" says "$out" "client has 1 context on GPU 0, .* 1 kernels completed"
	go
	end
	check_status 3 "doctor PID: a process that is not" "$ctl" doctor 4000000
	check "doctor PID: says only that" is "$("$ctl" doctor 4000000 | grep -c "process")" 1
	check "doctor PID: in these words" says "$("$ctl" doctor 4000000)" "there is no process 4000000"
	check_status 3 "doctor PID: one that is not on it" "$ctl" doctor $$
	check "doctor PID: says so" says "$("$ctl" doctor $$)" "has not loaded any libcuda"
	unload
}

# told STATUS TEXT COMMAND...: vgpu-ctl's status and words, and the same as JSON.
told()
{
	local status=$1 text=$2 got
	shift 2
	got=$("$ctl" "$@" 2>&1)
	[ $? = "$status" ] || { echo "status $?: $got"; return 1; }
	says "$got" "$text" || return
	"$ctl" "$@" --json >"$tmp/error" 2>"$tmp/error.err"
	[ $? = "$status" ] || { echo "--json: another status"; return 1; }
	[ ! -s "$tmp/error.err" ] || { cat "$tmp/error.err"; return 1; }
	python3 - "$status" "$text" "$tmp/error" <<-'EOF'
	import json, re, sys
	error = json.load(open(sys.argv[3]))["error"]
	if set(error) != {"status", "text"} or error["status"] != int(sys.argv[1]) or not re.search(sys.argv[2], error["text"]):
	    sys.exit(f"another error: {error}")
	EOF
}

# The same words, status and object from every command.
errors()
{
	local c page help all="status list ps mem topology top events cdi reset clear inject,hang"
	for c in $all add remove,0 "trace,$$"; do
		# shellcheck disable=SC2086
		check "${c%%,*} without the module" told 1 "is the module loaded. try .sudo modprobe vgpu" ${c//,/ }
	done
	check "vgpu-ctl --json without the module" is "$("$ctl" --json; echo $?)" "$("$ctl" status --json; echo $?)"
	check "--json before the command" is "$("$ctl" --json list; echo $?)" "$("$ctl" list --json; echo $?)"
	check "a command that is not" told 2 "no command 'nonsense'" nonsense
	check "an option that is not" is "$("$ctl" list --json --nonsense 2>/dev/null)" \
		'{"error":{"status":2,"text":"the command line is wrong; standard error says how"}}'
	page=$(sed -n '/^EXIT STATUS$/,/^SEE ALSO$/p' "$top/Documentation/vgpu-ctl.rst" | tr -d '*' |
		awk '/^[0-9]+$/ { n = $0; getline; sub(/^ +/, ""); print n, $0 }')
	help=$("$ctl" --help | sed -n '/^Exit status:/,$p' | awk '/^  [0-9]/ { if (n) print l; n = 1; l = $0; next } n { l = l " " $0 } END { print l }' |
		sed 's/^ *//; s/  */ /g')
	check "the statuses on the man page are those of the code" is "$page" "$help"
	check "cache warm: no PTX" told 3 "/etc/passwd: .*error" cache warm /etc/passwd
	check "cache warm: no kernels" told 3 "/bin/true: there is no kernel in it" cache warm /bin/true
	check "cache warm: no file" told 3 "/etc is no file" cache warm /etc
	load gpus=0 || return
	for c in $all; do
		# shellcheck disable=SC2086
		check "${c%%,*} without a device" told 1 "the module is loaded and has none; try .sudo vgpu-ctl add" ${c//,/ }
	done
	unload
	load gpus=16 vram=16 || return
	for c in list,-i,77 mem,-i,77 top,-i,77 reset,-i,77 clear,-i,77 inject,-i,77,hang; do
		# shellcheck disable=SC2086
		check "${c%%,*} of a device that is not there" told 1 "no GPU is called 77; .vgpu-ctl list." ${c//,/ }
	done
	page=$("$ctl" list | sed -n 's/.*(UUID: \(GPU-.\).*/\1/p' | sort | uniq -d | head -n 1)
	for c in list,-i mem,-i reset,-i clear,-i inject,hang,-i; do
		# shellcheck disable=SC2086
		check "${c%%,*}: the beginning of several UUIDs is none's name" told 3 "$page is the beginning of [0-9]+ GPUs' UUIDs" ${c//,/ } "$page"
	done
	unload
	shut
}

# Nodes that may not be opened: what is missing and what to type, never silence.
shut()
{
	local c
	load gpus=2 || return
	chmod 0600 /dev/vgpu? /dev/nvidia?
	cp "$ctl" "$tmp/vgpu-ctl"	# where another user can reach it
	chmod 755 "$tmp"
	local ctl="setpriv --reuid 65534 --regid 65534 --clear-groups $tmp/vgpu-ctl"
	for c in status list ps mem top events cdi; do
		check_status 3 "$c: nodes that only root may open" $ctl $c --json
		check "$c: what to type" says "$($ctl $c --json | tr -d '\n')" \
			'"error":.*GPU 0: /dev/vgpu0 cannot be opened .Permission denied.; try: sudo chmod a.rw /dev/vgpu0'
	done
	check "doctor: nodes that only root may open" says "$($ctl doctor)" "sudo chmod a.rw /dev/vgpu0"
	chgrp video /dev/vgpu?
	chmod 0660 /dev/vgpu?
	check "list: nodes of a group's" says "$($ctl list 2>&1)" "sudo usermod -aG video"
	rm /dev/vgpu? /dev/nvidia?
	check "list: nodes that are not there" says "$($ctl list 2>&1)" "/dev/vgpu1 does not exist"
	unload
}

commands()
{
	local c
	check_status 1 "list without the module" "$ctl" list
	check "model list" says "$("$ctl" model list)" "^h100 +9.0"
	check "at least a dozen cards" test "$("$ctl" model list | grep -cE 'NVIDIA|Tesla')" -ge 12
	"$ctl" model show h100 --json >"$tmp/model"
	check "model show" "$json" "$tmp/model" /multiprocessors=132 /memory=85520809984 /pci_id=10de:2330 \
		/pci_subsystem=10de:16c1 /threads_per_multiprocessor=2048 /shared_per_block_optin=232448 /fp32_per_fp64=2
	check "model show: limits" says "$("$ctl" model show h200)" "subsystem 10de:18bf"
	check "model show: limits of the generic device" says "$("$ctl" model show generic-12.0)" "48 KiB of shared memory, 227 by opting in"
	check_status 3 "model show: an unknown one" "$ctl" model show nonsense
	load gpus=2 || return
	for c in status list ps mem topology; do
		"$ctl" $c --json >"$tmp/json"
		check "$c --json is JSON" "$json" "$tmp/json"
		check "$c" "$ctl" $c
	done
	check "topology" says "$("$ctl" topology)" "^GPU0 +X +PHB"
	check "one device by number" is "$("$ctl" list -i 1 | wc -l)" 1
	check_status 1 "a device that is not there" "$ctl" list -i 7
	check_status 2 "nothing to inject" "$ctl" inject nonsense
	"$ctl" cdi >"$tmp/cdi"
	check "cdi" "$json" "$tmp/cdi" /cdiVersion=0.6.0 /kind=nvidia.com/gpu /devices/0/name=0 \
		/devices/0/containerEdits/deviceNodes/0/path=/dev/nvidia0 \
		/containerEdits/mounts/0/containerPath=/usr/lib/x86_64-linux-gnu/libcuda.so.1
	ln -sf "$tmp/cdi" "$tmp/cdi.link"
	echo nonsense >"$tmp/cdi"
	check "cdi: into a file, by a link" "$ctl" cdi -o "$tmp/cdi.link"
	check "cdi: which stays one" test -L "$tmp/cdi.link" -a "$(stat -c %a "$tmp/cdi")" = 644
	check "cdi: and is whole" "$json" "$tmp/cdi" /kind=nvidia.com/gpu
	check_status 3 "cdi: a full disk" "$ctl" cdi -o /dev/full
	check "cdi: says why" says "$("$ctl" cdi -o /nowhere/cdi.json 2>&1)" "cannot write /nowhere/cdi.json: No such file or directory"
	check_status 0 "cdi: no half files beside it" test "$(echo "$tmp"/cdi*)" = "$tmp/cdi $tmp/cdi.link"
	check_status 3 "top without a terminal" "$ctl" top
	if command -v script >/dev/null; then
		(sleep 3; printf q) | TERM=xterm timeout 20 script -qec "stty rows 24 cols 100; '$ctl' top" /dev/null >"$tmp/top"
		check "top: devices" grep -q "GPU 1: " "$tmp/top"
		check "top: the processes' heading" grep -q "WORKERS" "$tmp/top"
	fi
	unload
}

# completed WORD...: what bash offers for the last one, a line each.
completed()
{
	(
		. "$top/tools/vgpu-ctl/completion.bash"
		COMP_WORDS=(vgpu-ctl "$@")
		COMP_CWORD=$#
		_vgpu_ctl
		printf '%s\n' "${COMPREPLY[@]}" | sort
	)
}

# The completion against what the commands say of themselves, so that none is forgotten.
completion()
{
	local c words table PATH=${ctl%/*}:$PATH
	table=$(grep -o '{ "[a-z]*", cmd_' "$top/tools/vgpu-ctl/main.c" | sed 's/.*"\(.*\)".*/\1/' | sort)
	check "completion: there are commands" test "$(wc -l <<<"$table")" -ge 17
	check "completion: every command" is "$(completed "")" "$table"
	check "--help: every command" is "$("$ctl" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' | sort -u)" "$table"
	for c in $table; do
		words=$("$ctl" "$c" --help | grep -oE -- '--[a-z]+' | grep -vxE -- '--(usage|version)' | sort -u)
		[[ $words == *--help* ]] || words=$(printf '%s\n--help' "$words" | sort)
		check "completion: every option of $c" is "$(completed "$c" --)" "$words"
		check "man page: every option of $c" man_page_has "$c" "$words"
	done
	check "completion: every failure to inject" is "$(completed inject "")" \
		"$("$ctl" inject --help | sed -n '/^What:/,/^$/s/^  \([a-z-]*\) .*/\1/p' | sort)"
	check "completion: every model" is "$(completed model show "")" "$("$ctl" model list | awk 'NR > 1 { print $1 }' | sort)"
	check "completion: a model to add" is "$(completed add h1)" h100
	check "completion: what the cache can" is "$(completed cache "" | tr '\n' ' ')" "clear show warm "
	check "completion: a library to warm" is "$(completed cache warm "$PWD/insi")" "$PWD/inside.sh"
	check "completion: one more, behind options" is "$(completed cache --json warm --cc 9.0 x "$PWD/insi")" "$PWD/inside.sh"
	check "completion: a file to write" is "$(completed cdi --output "$PWD/insi")" "$PWD/inside.sh"
	check "completion: a process" says "$(completed doctor "$$")" "^$$\$"
	check "completion: a process to trace" says "$(completed trace "$$")" "^$$\$"
	check "completion: a command to trace" says "$(completed trace -o x setpri)" "^setpriv\$"
	check "completion: a command by its path" says "$(completed trace /usr/bin/setpri)" "^/usr/bin/setpriv\$"
	check "completion: its arguments" is "$(completed trace --json cat "$PWD/insi")" "$PWD/inside.sh"
	load gpus=2 || return
	check "completion: devices" is "$(completed list -i "" | tr '\n' ' ')" "0 1 "
	check "completion: a device to remove" is "$(completed remove "" | tr '\n' ' ')" "0 1 "
	unload
}

man_page_has()
{
	local option
	for option in $2; do
		[ "$option" = --help ] || grep -q -- "\*\*$option\*\*" "$top/Documentation/vgpu-ctl.rst" || { echo "$1: no $option"; return 1; }
	done
}

# utf8_without_commands COMMAND...: what it prints is UTF-8 and has no character that a terminal obeys; and is JSON, with --json.
utf8_without_commands()
{
	"$@" >"$tmp/printed"
	python3 - "$tmp/printed" "$*" <<-'EOF'
	import json, sys, unicodedata
	text = open(sys.argv[1], "rb").read().decode()
	strange = [c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")]
	if strange:
	    sys.exit(f"{strange} in {text!r}")
	if "--json" in sys.argv[2]:
	    for line in text.splitlines() if "events" in sys.argv[2] else [text]:
	        json.loads(line)
	EOF
}

# A process and a kernel whose names are no text.
names()
{
	local client=$top/build/selftests/control/strange c pid text='X.x1b.31m.x0d.xff'$'\xc3\xa9''.xc2.x9b'
	load gpus=1 || return
	begin "strange names"
	pid=$("$ctl" ps | awk 'NR == 2 { print $2 }')
	for c in status mem ps "doctor $pid" events; do
		# shellcheck disable=SC2086
		check "strange names: $c prints no command to a terminal" utf8_without_commands "$ctl" $c
		# shellcheck disable=SC2086
		check "strange names: $c as JSON" utf8_without_commands "$ctl" $c --json
		# shellcheck disable=SC2086
		check "strange names: $c shows the bytes" says "$("$ctl" $c)" "$text"
	done
	"$ctl" ps --json >"$tmp/ps"
	check "strange names: as JSON has them" "$json" "$tmp/ps" "/processes/0/pid=$pid" \
		"/processes/0/name=X"$'\e[31m\r\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd'
	"$ctl" events --json >"$tmp/events"
	check "strange names: a kernel's" "$json" "$tmp/events" "/kernel=X"$'\e[31m\r\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd'
	go
	end
	unload
}

# What every command says of a process while it computes, and of the device.
busy()
{
	local pid out first second patience=$((patience * 3))
	load gpus=2 || return
	begin "busy" busy
	pid=$(pgrep -x client)
	out=$(seen "utilization +(100|[3-9][0-9])" "$ctl" status)
	check "busy: utilization" says "$out" "utilization +(100|[3-9][0-9])\.[0-9] %"
	check "busy: memory" says "$out" "memory +([89]|1[0-9]) MiB used of 256 MiB"
	check "busy: the process" says "$out" "^ +$pid +client +([89]|1[0-9]) MiB +[1-9][0-9]* kernels"
	check "busy: the other device is not" says "$(sed -n '/^GPU 1/,$p' <<<"$out")" "utilization +0\.0 %"
	seen '"utilization_percent":(100|[3-9][0-9])' "$ctl" status --json >"$tmp/status"
	check "busy: as JSON" "$json" "$tmp/status" "/devices/0/processes/0/pid=$pid" "/devices/0/processes/0/name=client" \
		/devices/1/utilization_percent=0.0 "/devices/1/processes=[ ]"
	check "busy: utilization as JSON" says "$(sed -n 's/.*"utilization_percent":\([0-9.]*\).*/\1/p' "$tmp/status" | head -n 1)" \
		"^(100|[3-9][0-9])\."
	first=$("$ctl" ps | awk -v p="$pid" '$2 == p { print $9 }')
	sleep 1
	second=$("$ctl" ps | awk -v p="$pid" '$2 == p { print $9 }')
	check "busy: ps counts its kernels" test "${first:-0}" -gt 0 -a "${second:-0}" -gt "${first:-0}"
	"$ctl" ps --json >"$tmp/ps"
	check "busy: ps as JSON" "$json" "$tmp/ps" "/processes/0/pid=$pid" /processes/0/gpu=0 /processes/0/contexts=1 \
		"/processes/1=(nothing)"
	check "busy: mem" says "$("$ctl" mem -i 0)" "used +([89]|1[0-9]) MiB"
	if command -v tmux >/dev/null; then
		TERM=xterm tmux -L control new-session -d -x 100 -y 24 "'$ctl' top"
		sleep 4
		seen "util.*(100|[3-9][0-9])\.[0-9] %" tmux -L control capture-pane -p >"$tmp/top"
		tmux -L control kill-server
		check "busy: top, the device" says "$(cat "$tmp/top")" "util\[\|{5,} *\] +(100|[3-9][0-9])\.[0-9] %"
		check "busy: top, the process" says "$(cat "$tmp/top")" "^ +0 +$pid +client +(100|[1-9][0-9])\.[0-9] %"
	else
		skip "busy: top" "there is no tmux"
	fi
	timeout -s INT 4 "$ctl" top --json >"$tmp/top"
	tail -n 1 "$tmp/top" >"$tmp/line"
	check "busy: top as JSON, a line each second" test "$(wc -l <"$tmp/top")" -ge 2
	check "busy: the process in it" "$json" "$tmp/line" "/devices/0/processes/0/pid=$pid" /devices/1/gpu=1 "/devices/1/processes=[ ]"
	check "busy: and its share" says "$(cat "$tmp/line")" '"pid":'"$pid"',.*"workers_percent":(100|[1-9][0-9])\.'
	go
	answer
	check "busy: the client ends well" is "$word" cudaSuccess
	end
	out=$("$ctl" status)
	check "busy: nothing of it is left" says "$(sed '/^GPU 1/,$d' <<<"$out")" "processes +0"
	check_status 1 "nor utilization" grep -qE "utilization +[1-9]" <<<"$out"
	unload
}
