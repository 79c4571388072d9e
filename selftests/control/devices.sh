# SPDX-License-Identifier: MIT
# For inside.sh: which devices there are and who may see them: claimed memory, visibility, device rules, coming and going.
# shellcheck shell=bash

# A card of 80 GiB on a machine of 2: what is not there cannot be had, and nobody is killed for it.
large()
{
	local out
	insmod "$VGPU_KO" model=h100 || return
	check "claimed: 80 GiB" says "$("$ctl" mem)" "total +81559 MiB"
	check "claimed: and what is not backed" says "$("$ctl" mem)" "not backed"
	dmesg -C
	out=$("$client" fill 64)
	echo "# $out"
	check "memory ends with an error" says "$out" "^[0-9]+ cudaErrorMemoryAllocation"
	check "after a good part of it was had" awk "BEGIN { exit !(${out%% *} >= 10 && ${out%% *} < 32) }"
	check_status 1 "nobody was killed" grep -qiE "out of memory|oom" <(dmesg)
	check "and it is all back" is "$("$client" work)" cudaSuccess
	unload
}

visible()
{
	local uuid
	load gpus=3 || return
	check "all visible" is "$("$client" count)" "3 cudaSuccess"
	check "by index" is "$(CUDA_VISIBLE_DEVICES=2,0 "$client" count)" "2 cudaSuccess"
	uuid=$("$ctl" list | sed -n 's/^GPU 1: .*(UUID: \(GPU-[0-9a-f-]*\)).*/\1/p')
	check "by UUID" is "$(CUDA_VISIBLE_DEVICES=$uuid "$client" count)" "1 cudaSuccess"
	check "none" is "$(CUDA_VISIBLE_DEVICES='' "$client" count)" "0 cudaErrorNoDevice"
	check "no descriptor is free: an error of the system, and only while it is so" is "$(python3 - <<-END
		import ctypes, resource
		cuda, most = ctypes.CDLL("libcuda.so.1"), resource.getrlimit(resource.RLIMIT_NOFILE)
		resource.setrlimit(resource.RLIMIT_NOFILE, (3, most[1]))
		first = cuda.cuInit(0)
		resource.setrlimit(resource.RLIMIT_NOFILE, most)
		print(first, cuda.cuInit(0))
	END
	)" "304 0"
	chmod 0600 /dev/vgpu* /dev/nvidia[0-9]
	chmod 0666 /dev/nvidia1
	nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
	check "who may open only /dev/nvidia1 sees one device" is "$(nobody "$client" count)" "1 cudaSuccess"
	check "and it works" is "$(nobody "$client" work)" cudaSuccess
	check "which is that one" says "$(nobody "$ctl" list)" "GPU 1: .*$uuid"
	chmod 0666 /dev/vgpu* /dev/nvidia[0-9]
	device_rules
	device_program
	unload
}

# Device rules of a cgroup of version 2: a program that the kernel asks at each open.
device_program()
{
	local g=$tmp/cgroup2 rule="$top/build/selftests/control/devrule $tmp/cgroup2/one 195 1"
	mkdir -p "$g"
	if ! mount -t cgroup2 none "$g" 2>/dev/null; then
		skip "device program of a cgroup" "no cgroup v2 in this kernel"
		return
	fi
	mkdir "$g/one"
	if $rule /bin/true 2>"$tmp/rule"; [ $? = 77 ]; then
		skip "device program of a cgroup" "this kernel has no CONFIG_CGROUP_BPF"
	else
		check "device program of a cgroup: one device" is "$($rule "$client" count)" "1 cudaSuccess"
		check "device program of a cgroup: it works" is "$($rule "$client" work)" cudaSuccess
		check "device program of a cgroup: that one" says "$($rule "$ctl" list)" "GPU 1: .*$uuid"
		check_status 1 "device program of a cgroup: root opens no other" $rule /bin/dd if=/dev/nvidia0 count=0
		check "outside of it there are all" is "$("$client" count)" "3 cudaSuccess"
	fi
	rmdir "$g/one"
	umount "$g"
}

# Device rules of a cgroup of version 1, where the kernel still has it.
device_rules()
{
	local g=$tmp/cgroup
	mkdir -p "$g"
	if ! mount -t cgroup -o devices none "$g" 2>/dev/null; then
		skip "device rules of a cgroup" "no cgroup v1 controller for devices in this kernel"
		return
	fi
	mkdir "$g/one"
	echo a >"$g/one/devices.deny"
	echo "c 1:* rwm" >"$g/one/devices.allow"	# null, zero, random
	echo "c 195:1 rwm" >"$g/one/devices.allow"
	check "device rules of a cgroup: one device" is \
		"$(sh -c "echo \$\$ >$g/one/cgroup.procs; exec '$client' count")" "1 cudaSuccess"
	rmdir "$g/one"
	umount "$g"
}

# configfs as a module needs its own, from the kernel's package.
load_configfs()
{
	[ -d /sys/kernel/config ] || [ ! -d "$KERNEL_DIR/root" ] || modprobe -d "$KERNEL_DIR/root" -S "$(uname -r)" configfs || return 1
	insmod "$CONFIGFS_KO" && mount -t configfs none /sys/kernel/config
}

runtime()
{
	local dir=/sys/kernel/config/vgpu
	load || return
	if ! load_configfs 2>"$tmp/configfs"; then
		check "without configfs the second module does not load" says "$(cat "$tmp/configfs")" "insmod|modprobe"
		skip "devices at run time" "this kernel has no configfs"
		unload
		return
	fi
	check_status 1 "vgpu.ko is held by its second module" rmmod vgpu
	check "add" is "$("$ctl" add t4)" "added GPU 1"
	check "its nodes" test -c /dev/vgpu1 -a -c /dev/nvidia1
	check "on the bus" is "$(lspci -n -d 10de:1eb8 2>/dev/null | wc -l)" 1
	check "in /proc" says "$(cat /proc/driver/nvidia/gpus/*/information)" "Tesla T4"
	check "a program uses it" is "$(CUDA_VISIBLE_DEVICES=1 "$client" work)" cudaSuccess
	check "one more, where it is wanted" is "$("$ctl" add --index 5 --memory 128 h100)" "added GPU 5"
	check "with that memory" says "$("$ctl" mem -i 5)" "total +128 MiB"
	check_status 3 "not twice" "$ctl" add --index 5
	check_status 3 "an unknown model" "$ctl" add nonsense
	mkdir $dir/mine
	check_status 1 "an unknown model through configfs" sh -c "echo nonsense >$dir/mine/model"
	echo a10 >$dir/mine/model
	echo 1 >$dir/mine/enabled
	check "by hand" is "$(cat $dir/mine/index)" 2
	check_status 1 "what is enabled is not changed" sh -c "echo 64 >$dir/mine/memory_mib"
	check "four devices" is "$("$client" count)" "4 cudaSuccess"
	export CUDA_VISIBLE_DEVICES=1
	begin "in use" wait
	unset CUDA_VISIBLE_DEVICES
	check_status 3 "in use: not removed" "$ctl" remove 1
	check "in use: removed by force" "$ctl" remove --force 1
	check "in use: the node is gone" test ! -e /dev/vgpu1 -a ! -e /dev/nvidia1
	go
	answer
	check "in use: the client is told" is "$word" cudaErrorUnknown
	end
	removed_under_nvml
	check "a removed number is free again" is "$("$ctl" add rtx4090)" "added GPU 1"
	check "and works" is "$(CUDA_VISIBLE_DEVICES=1 "$client" work)" cudaSuccess
	rmdir $dir/mine
	check "its directory removed, it is gone" test ! -e /dev/vgpu2
	check "a device made at load" "$ctl" remove 0
	check "is gone" test ! -e /dev/vgpu0
	check_status 1 "what is not there" "$ctl" remove 9
	check_status 2 "a number that no device can have" "$ctl" add -n 99
	check "and which it can have" says "$("$ctl" add -n 99 2>&1)" "the number of a GPU is 0 to 15"
	churn
	"$ctl" remove 1 >/dev/null
	"$ctl" remove 5 >/dev/null
	check "all gone: doctor" says "$("$ctl" doctor)" "there is no device"
	umount /sys/kernel/config
	rmmod vgpu_configfs
	unload
	from_the_tree
}

# make load and make unload have what add needs with them.
from_the_tree()
{
	local native=$top/tools/vm/native.sh
	check "make load" "$native" load "${CONFIGFS_KO%/*}/vgpu.ko" vram=256
	check "make load: add" is "$("$ctl" add t4)" "added GPU 1"
	check_status 1 "make unload is refused while an added device is there" "$native" unload
	check "and takes nothing away" test -c /dev/vgpu1 -a -d /sys/module/vgpu_configfs
	check "and says why" says "$("$native" unload 2>&1)" "vgpu-ctl remove"
	check "make load: remove" "$ctl" remove 1
	exec 9</dev/vgpu0
	check_status 1 "make unload is refused while a device is open" "$native" unload
	check "and takes nothing away then, either" test -d /sys/module/vgpu_configfs
	exec 9<&-
	check "make unload" "$native" unload
	check "nothing of it is left" test ! -d /sys/module/vgpu -a ! -d /sys/module/vgpu_configfs
	umount /sys/kernel/config
}

# A set of events that has a device which is removed tells of it once, and does not spin.
removed_under_nvml()
{
	check "for NVML: a device" is "$("$ctl" add --index 1)" "added GPU 1"
	rm -f "$tmp/from"
	mkfifo "$tmp/from"
	exec 8<>"$tmp/from"
	timeout 120 ./watch.py gone 1 >&8 &
	answer 60
	check "NVML waits for a device to go" is "$word" ready
	check "it is removed" "$ctl" remove --force 1
	answer 60
	check "NVML says once that it is lost, and waits on" is "$word" "few waits 1 lost"
	wait $!
	exec 8>&-
}

# Coming and going under the eyes of clients and readers.
churn()
{
	local i good=0 reader
	( while :; do cat /sys/bus/pci/drivers/vgpu/*:*/config /proc/driver/nvidia/gpus/*/information; "$ctl" list; done >/dev/null 2>&1 ) &
	reader=$!
	for i in $(seq 10); do
		"$ctl" add --index 3 >/dev/null || break
		CUDA_VISIBLE_DEVICES=1 "$client" work >/dev/null 2>&1 &
		"$ctl" remove --force 3 >/dev/null && good=$((good + 1))
	done
	kill $reader
	wait $! 2>/dev/null
	check "added and removed ten times" is $good 10
}

# hand SLOT: removes that function as often as it is there and bound. Writers of one file and who rescans, all at once.
hand()
{
	local address=${function##*/}
	while :; do
		echo 1 >"/sys/bus/pci/drivers/vgpu/${address%0.0}$1.0/remove" && echo >>"$tmp/hands"
		read -r -t 0.02 <&9	# a pause: a writer holds the module
	done 2>/dev/null &
	hands+=($!)
}

# Functions are removed by hand and found again while their device goes and comes, with the module and through configfs. Whoever
# comes second finds the function gone. (PCI's own "remove" used it after it was freed, which kasan shows.)
by_hand()
{
	local dir=/sys/kernel/config/vgpu i good=0 loads=20 adds=40 hands=() function
	[ "${VGPU_BED:-}" = uml ] || loads=5	# a second each
	load || return
	function=$(readlink -f /sys/bus/pci/drivers/vgpu/*:*)
	: >"$tmp/hands"
	mkfifo "$tmp/never"
	exec 9<>"$tmp/never"
	for i in 0 0 3 3; do
		hand $i
	done
	while :; do
		echo 1 >/sys/bus/pci/rescan
		read -r -t 0.01 <&9
	done &
	hands+=($!)
	for i in $(seq $loads); do
		rmmod_within 100 vgpu && load && good=$((good + 1))	# a writer may hold it
	done
	check "removed by hand: the module goes and comes $loads times meanwhile" is $good $loads
	if load_configfs 2>"$tmp/configfs"; then
		good=0
		for i in $(seq $adds); do
			mkdir $dir/b && echo 3 >$dir/b/index && echo 1 >$dir/b/enabled && rmdir $dir/b && good=$((good + 1))
		done
		check "removed by hand: so does a device $adds times" is $good $adds
		umount /sys/kernel/config
		rmmod vgpu_configfs
	else
		skip "removed by hand: so does a device" "this kernel has no configfs"
	fi
	kill "${hands[@]}"
	wait "${hands[@]}" 2>/dev/null
	exec 9>&-
	echo "# removed by hand $(wc -l <"$tmp/hands") times"
	check "removed by hand: it was, often" test "$(wc -l <"$tmp/hands")" -ge $loads
	echo 1 >/sys/bus/pci/rescan
	check "removed by hand: found again" test -e "$function"
	check "removed by hand: what is no number is refused" bash -c "echo yes 2>&1 >$function/remove | grep -q Invalid"
	echo 0 >"$function/remove"
	check "removed by hand: not by a 0" test -e "$function"
	check "removed by hand: only root may" is "$(stat -c %a "$function/remove")" 220
	unload
}
