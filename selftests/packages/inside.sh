#!/bin/bash
# SPDX-License-Identifier: MIT
# In the bed. KO_DIR has the modules, KERNEL_DIR the kernel, DKMS_DEB Debian's dkms or nothing, NVTOP
# its nvtop, UDEV a folder with its udev, unpacked, NLC_NODE a Node.js for node-llama-cpp.
cd "$(dirname "$0")" || exit 1
top=$(cd ../.. && pwd)
client=$top/build/selftests/control/client
release=$(uname -r)
. ../lib/tap.sh
echo "TAP version 13"
tmp=$(mktemp -d)

says() { grep -qE -- "$2" <<<"$1" || { echo "no '$2' in:"; echo "$1"; return 1; }; }
is() { [ "$1" = "$2" ] || { echo "'$1', not '$2'"; return 1; }; }
# New folders first: where the bed's file system cannot mark them as its own (no xattrs), it
# does not let dpkg rename them.
debs()
{
	local d
	for d; do
		dpkg-deb -c "$d" | sed -n 's/^d.* \.\(\/.*\)$/\1/p' | xargs mkdir -p
	done
	install_debs "$@"
}
# Forget the files that were looked at: see run.sh. In QEMU nothing has to be.
forget() { [ "$VGPU_BED" != uml ] || echo 3 >/proc/sys/vm/drop_caches; }
install_debs() { forget; dpkg -i "$@" >"$tmp/dpkg" 2>&1 || { cat "$tmp/dpkg"; return 1; }; forget; }
purge() { forget; dpkg -P "$@"; }
# Which libcuda.so.1 the linker's cache gives first.
cached() { /sbin/ldconfig -p | sed -n 's/.*libcuda\.so\.1 (libc6,x86-64) => //p' | head -n 1; }
leftovers()
{
	find /etc /usr/bin /usr/lib/vgpu /usr/lib/udev /usr/lib/systemd /usr/src /usr/share/man /usr/share/doc \
		/usr/share/bash-completion /lib/modules /var/lib/dkms /var/lib/dpkg/info -name '*vgpu*' 2>/dev/null |
		grep -v "^/usr/lib/systemd/.*\.wants"
}

# The beginning of a prompt's known continuation, by npm's package.
llama()
{
	LD_LIBRARY_PATH=$NLC_CUDA13 NLC_RUNTIME=libcudart.so.13 NLC_MODELS=$top/selftests/clients/models NLC_LENGTH=16 \
		WHAT=compare VGPU_CTL=vgpu-ctl \
		"$NLC_NODE" "$top/selftests/clients/node-llama-cpp/words.mjs" 1 kdoc-6m-q8_0.gguf
}

# udev's own daemon, with the package's rules among Debian's: the modes are what users meet.
udev()
{
	local daemon render nodes
	if [ ! -x "$UDEV/bin/udevadm" ]; then
		skip "udev gives the nodes to the group render" "Debian cannot be reached"
		return
	fi
	cp -n "$UDEV"/lib/udev/rules.d/*.rules /usr/lib/udev/rules.d/
	for group in render input kvm sgx; do	# as udev's package makes them
		getent group $group >/dev/null || groupadd -r $group
	done
	render=$(getent group render | cut -d: -f3)
	modprobe -r vgpu
	(exec -a systemd-udevd "$UDEV/bin/udevadm" --daemon --resolve-names=late) 2>"$tmp/udevd"
	modprobe vgpu gpus=2
	"$UDEV/bin/udevadm" settle --timeout=60
	nodes=$(stat -c '%a %G %n' /dev/vgpu[0-9]* /dev/nvidia[0-9]* /dev/nvidiactl /dev/nvidia-uvm)
	echo "$nodes" | sed 's/^/# /'
	check "udev: the nodes are the group render's" test "$(grep -c '^660 render ' <<<"$nodes")" = 6
	check "udev: and of who sits at the machine" says "$("$UDEV/bin/udevadm" info -q all -n /dev/nvidia0)" "TAGS=.*:uaccess:"
	# Nothing is read from the folder that has the tree: who is asked may not look into it.
	cp "$client" "$tmp/client"
	chmod 755 "$tmp"
	check "udev: another user has no device" is \
		"$(setpriv --reuid 65534 --regid 65534 --clear-groups "$tmp/client" count)" "0 cudaErrorNoDevice"
	check "udev: doctor says what to type" says \
		"$(setpriv --reuid 65534 --regid 65534 --clear-groups vgpu-ctl doctor)" "usermod -aG render"
	check "udev: one of the group has both" is \
		"$(setpriv --reuid 65534 --regid 65534 --groups "$render" "$tmp/client" count)" "2 cudaSuccess"
	check "udev: and computes" is \
		"$(setpriv --reuid 65534 --regid 65534 --groups "$render" "$tmp/client" work)" cudaSuccess
	# The packaged way to open them to everybody: a copy of the rule.
	mkdir -p /etc/udev/rules.d
	sed 's/MODE="0660"/MODE="0666"/' /usr/lib/udev/rules.d/60-vgpu.rules >/etc/udev/rules.d/60-vgpu.rules
	"$UDEV/bin/udevadm" control --reload
	modprobe -r vgpu
	modprobe vgpu
	"$UDEV/bin/udevadm" settle --timeout=60
	check "udev: opened to everybody by a copy of the rule" is \
		"$(setpriv --reuid 65534 --regid 65534 --clear-groups "$tmp/client" count)" "1 cudaSuccess"
	rm /etc/udev/rules.d/60-vgpu.rules
	"$UDEV/bin/udevadm" control --exit
	(cd "$UDEV/lib/udev/rules.d" && printf '%s\n' *.rules) | (cd /usr/lib/udev/rules.d && xargs rm -f)
}

# unit START|STOP: what the service's lines of that kind do, as systemd does it.
unit()
{
	local line status=0
	while read -r line; do
		case $line in
		-*) ${line#-} || : ;;
		*) $line || status=1 ;;
		esac
	done < <(sed -n "s/^Exec$1=//p" /usr/lib/systemd/system/vgpu.service)
	return $status
}

service()
{
	local out
	if command -v systemd-analyze >/dev/null; then
		out=$(systemd-analyze verify --man=no /usr/lib/systemd/system/vgpu.service 2>&1)
		check "systemd has nothing against the unit" is "$out" ""
		check "it can be enabled" systemctl enable vgpu
		check "for the next start" test -L /etc/systemd/system/multi-user.target.wants/vgpu.service
	else
		skip "systemd has nothing against the unit" "there is no systemd"
	fi
	modprobe -r vgpu
	check "the unit's start" unit Start
	check "loads the module" test -c /dev/vgpu0
	check "and describes it to containers" grep -q '"kind": *"nvidia.com/gpu"' /run/cdi/vgpu.json
	cp /run/cdi/vgpu.json "$tmp/cdi.json"
	check "the unit's stop" unit Stop
	check "takes both away" test ! -e /dev/vgpu0 -a ! -e /run/cdi/vgpu.json
	modprobe vgpu
}

# What the CDI's schema demands of a specification, and that what it names is there.
containers()
{
	check "the specification is what CDI's schema demands" python3 ./cdi.py "$tmp/cdi.json"
}

# The bed comes with this tree's libraries and tools in the default paths: a clean one has none.
rm -f /usr/lib/x86_64-linux-gnu/lib{cuda,nvidia-ml}.so* /usr/bin/vgpu-{ctl,ptxc}
/sbin/ldconfig
before=$(leftovers)
forget

# Modules of the running kernel where modprobe looks, in a folder of the bed's own: those that ours want, for to
# read all of the kernel's takes an emulated machine minutes.
if [ ! -d "/lib/modules/$release/kernel" ] && [ -d "$KERNEL_DIR/root" ]; then
	mkdir -p /lib/modules /usr/src
	for d in drivers/gpu/drm/drm.ko fs/configfs/configfs.ko; do
		install -D -m 644 "$KERNEL_DIR/root/lib/modules/$release/kernel/$d" "/lib/modules/$release/kernel/$d"
	done
	cp "$KERNEL_DIR/root/lib/modules/$release"/modules.{builtin,order}* "/lib/modules/$release/"
	depmod "$release" 2>/dev/null
	for d in "$KERNEL_DIR"/root/usr/src/* "$KERNEL_DIR"/root/usr/lib/linux-kbuild*; do
		[ -e "$d" ] && ln -sfn "$d" "/usr/src/$(basename "$d")"
	done
fi
mkdir -p "/lib/modules/$release"
ln -sfn "$KERNEL_DIR/build" "/lib/modules/$release/build"
if [ "$VGPU_BED" = uml ]; then	# what kbuild cannot find out by itself
	export ARCH=um
fi

check_status 0 "before: no libcuda" test -z "$(cached)"
check "libvgpu and vgpu-tools install" debs "$top"/build/deb/libvgpu_*.deb "$top"/build/deb/vgpu-tools_*.deb
/sbin/ldconfig
check "the linker finds our libcuda" says "$(readlink -f "$(cached)")" "^/usr/lib/vgpu/libcuda.so.[0-9]"
check "vgpu-ctl is there" says "$(vgpu-ctl --version)" "vgpu-ctl [0-9]"
check "its page is there" test -f /usr/share/man/man1/vgpu-ctl.1.gz
check "lspci's names are there" test -f /usr/lib/udev/hwdb.d/60-vgpu.hwdb
check "the completion is good bash" bash -n /usr/share/bash-completion/completions/vgpu-ctl
check_status 1 "what to type without the module" vgpu-ctl list
check "which is modprobe" says "$(vgpu-ctl list 2>&1)" "sudo modprobe vgpu"

if [ -n "$DKMS_DEB" ]; then
	# shellcheck disable=SC2086
	debs $DKMS_DEB
	(while [ "$VGPU_BED" = uml ] && sleep 1; do forget; done) &
	check "vgpu-dkms installs" debs "$top"/build/deb/vgpu-dkms_*.deb
	kill $! 2>/dev/null
	check "DKMS has built all three" is "$(find "/lib/modules/$release" -name 'vgpu*.ko*' | wc -l)" 3
	dkms=1
else
	check "vgpu-dkms is complete" says "$(dpkg-deb -c "$top"/build/deb/vgpu-dkms_*.deb)" "driver/engine/objs.inc"
	skip "vgpu-dkms installs" "it takes long: DKMS=1"
	check "the modules are staged" env DESTDIR="$tmp/staged" KO_DIR="$KO_DIR" RELEASE="$release" \
		"$top/tools/package/install.sh" module
	check "three files, no lists of the kernel's modules" is "$(find "$tmp/staged" -type f -printf '%f\n' | sort | tr '\n' ' ')" \
		"vgpu.ko vgpu_configfs.ko vgpu_drm.ko "
	check "the modules install" env DESTDIR= KO_DIR="$KO_DIR" RELEASE="$release" \
		"$top/tools/package/install.sh" module
	dkms=
fi

check "modprobe vgpu" modprobe vgpu
check "a CUDA program just works" is "$("$client" work)" cudaSuccess
check "vgpu-ctl doctor is content" vgpu-ctl doctor
if modinfo drm >/dev/null 2>&1 || [ -d /sys/module/drm ]; then
	check "modprobe vgpu_drm" modprobe vgpu_drm
	check "a render node" says "$(vgpu-ctl list --json)" '"render_node": ?"/dev/dri/renderD[0-9]+"'
	modprobe -r vgpu_drm 2>/dev/null || { sleep 1; modprobe -r vgpu_drm; }
	modprobe vgpu	# modprobe -r takes what nothing needs any more
fi
if modinfo configfs >/dev/null 2>&1 || [ -d /sys/kernel/config ]; then
	check "one more device, by the module that vgpu-ctl loads" is "$(vgpu-ctl add t4)" "added GPU 1"
	check "it goes again" vgpu-ctl remove 1
	umount /sys/kernel/config
	modprobe -r vgpu_configfs
	modprobe vgpu
fi
check "cdi names the installed library" says "$(vgpu-ctl cdi)" '"hostPath": ?"/usr/lib/vgpu/libcuda.so.[0-9.]+"'
if [ -x "$NVTOP" ]; then
	(sleep 4; printf q) | TERM=xterm timeout 30 script -qec "stty rows 30 cols 120; $NVTOP" /dev/null >"$tmp/nvtop" 2>&1
	check "nvtop shows the device" grep -q "vgpu 12.0" "$tmp/nvtop"
else
	skip "nvtop shows the device" "Debian cannot be reached"
fi
if [ -n "$NLC_NODE" ]; then
	check "node-llama-cpp just works" llama
else
	skip "node-llama-cpp just works" "its registry cannot be reached"
fi
forget
udev
service
containers

# A real driver that comes later, or was there before, wins: also in folders that no file of the linker names.
echo 'int cuInit(unsigned f) { return 100; }' | gcc -shared -fPIC -Wl,-soname,libcuda.so.1 -xc - -o "$tmp/libcuda.so.999.1"
multiarch=/etc/ld.so.conf.d/x86_64-linux-gnu.conf
for real in /usr/lib/x86_64-linux-gnu /usr/lib; do
	for conf in "" " that the linker knows by itself"; do
		[ -z "$conf" ] || mv $multiarch "$tmp/multiarch"
		cp "$tmp/libcuda.so.999.1" $real/
		/sbin/ldconfig
		check "a real driver's library is not hidden: $real$conf" says "$(readlink -f "$(cached)")" "^$real/libcuda.so.999.1"
		check "and a program has it" says "$(vgpu-ctl doctor)" "BAD .*libcuda.so.1 is somebody else's: $real/libcuda"
		[ -z "$conf" ] || mv "$tmp/multiarch" $multiarch
		rm -f $real/libcuda.so.999.1 $real/libcuda.so.1
	done
done
mkdir -p /opt/real/lib
mv "$tmp/libcuda.so.999.1" /opt/real/lib/
echo /opt/real/lib >/etc/ld.so.conf.d/nvidia-real.conf
/sbin/ldconfig
check "nor one in a folder of its own" says "$(readlink -f "$(cached)")" "^/opt/real/lib"
mv /etc/ld.so.conf.d/nvidia-real.conf /etc/ld.so.conf.d/zzz-real.conf
/sbin/ldconfig
check "one that is named behind ours is: doctor tells" says "$(vgpu-ctl doctor)" "BAD .*/opt/real/lib/libcuda.so.999.1 is somebody else's, and is hidden by ours"
rm -rf /opt/real /etc/ld.so.conf.d/zzz-real.conf
/sbin/ldconfig
check "without it ours is back" says "$(cached)" "^/usr/lib/vgpu/"

if [ -n "$dkms" ]; then
	check "vgpu-dkms is removed, and the module with it" purge vgpu-dkms
	purge dkms lsb-release >/dev/null 2>&1
else
	check "modprobe -r" modprobe -r vgpu
	rm -f "/lib/modules/$release/updates"/vgpu*.ko
	depmod "$release"
fi
check "the nodes are gone" test ! -e /dev/vgpu0 -a ! -e /dev/nvidia0
check "the others are removed" purge vgpu-tools libvgpu
check "the unit is not enabled any more" test ! -L /etc/systemd/system/multi-user.target.wants/vgpu.service
forget
/sbin/ldconfig
check_status 0 "no libcuda is left" test -z "$(cached)"
check "nor anything else" is "$(leftovers)" "$before"

# make load and make unload: from the tree, without packages.
native=$top/tools/vm/native.sh
conf=/etc/ld.so.conf.d/000-vgpu.conf
check_status 1 "make load: who may not is told" \
	setpriv --inh-caps=-sys_module --bounding-set=-sys_module "$native" load "$KO_DIR/vgpu.ko"
check "in plain words, before anything is built" says \
	"$(setpriv --inh-caps=-sys_module --bounding-set=-sys_module "$native" able 2>&1)" "CAP_SYS_MODULE"
check "make load: who may is not" "$native" able
check "make load" "$native" load "$KO_DIR/vgpu.ko"
check "the linker finds the tree's libcuda" says "$(cached)" "^$top/build/userlib/"
exec 7</dev/vgpu0
check_status 1 "make unload is refused while the device is open" "$native" unload
check "and takes nothing away" test -d /sys/module/vgpu -a -d /sys/module/vgpu_drm -a -f $conf
exec 7<&-
check "make unload" "$native" unload
check_status 0 "nothing of it is left" test ! -d /sys/module/vgpu -a ! -e $conf -a -z "$(cached)"
rm -rf "$tmp"
echo "1..$TAP_DONE"
finish
