#!/bin/bash
# SPDX-License-Identifier: MIT
# build.sh: the Debian packages, into build/deb: vgpu-dkms, libvgpu, vgpu-tools.
set -euo pipefail
cd "$(dirname "$0")/../../.."
HERE=tools/package/deb
OUT=build/deb
VERSION=$(sed -n 's/^.define VGPU_MODULE_VERSION[^"]*"\([^"]*\)".*/\1/p' driver/core/vgpu.h)
ARCH=$(dpkg --print-architecture)

rm -rf $OUT
mkdir -p $OUT
umask 022

# depends FILE...: what its shared libraries need, as "Depends" has it.
depends()
{
	local tmp
	tmp=$(mktemp -d)
	mkdir "$tmp/debian"
	printf 'Source: vgpu\n\nPackage: x\nArchitecture: any\n' >"$tmp/debian/control"
	(cd "$tmp" && dpkg-shlibdeps -O --ignore-missing-info "$@" 2>/dev/null) | sed -n 's/^shlibs:Depends=//p'
	rm -rf "$tmp"
}

# package NAME ARCHITECTURE DEPENDS TEXT PART...
package()
{
	local name=$1 arch=$2 deps=$3 text=$4 root=$OUT/root-$1 script
	shift 4
	DESTDIR=$PWD/$root tools/package/install.sh "$@"
	mkdir -p "$root/usr/share/doc/$name"
	find LICENSES -type f | sort | xargs cat >"$root/usr/share/doc/$name/copyright"
	mkdir -p "$root/DEBIAN"
	{
		echo "Package: $name"
		echo "Version: $VERSION"
		echo "Architecture: $arch"
		echo "Maintainer: vgpu developers <vgpu@localhost>"
		echo "Section: utils"
		echo "Priority: optional"
		echo "Installed-Size: $(du -sk "$root" | cut -f1)"
		[ -z "$deps" ] || echo "Depends: $deps"
		printf 'Description: %s\n' "$text"
	} >"$root/DEBIAN/control"
	for script in postinst prerm postrm triggers; do
		[ -f "$HERE/$name.$script" ] || continue
		sed "s/@VERSION@/$VERSION/g" "$HERE/$name.$script" >"$root/DEBIAN/$script"
		[ "$script" = triggers ] || chmod 755 "$root/DEBIAN/$script"
	done
	if [ -d "$root/etc" ]; then
		(cd "$root" && find etc -type f | sed 's|^|/|') >"$root/DEBIAN/conffiles"
	fi
	# What debuggers want stays with who builds.
	find "$root/usr/bin" "$root/usr/lib/vgpu" -type f -exec strip --strip-unneeded {} + 2>/dev/null || :
	dpkg-deb --root-owner-group --build "$root" "$OUT/${name}_${VERSION}_$arch.deb" >/dev/null
	rm -rf "$root"
	echo "$OUT/${name}_${VERSION}_$arch.deb"
}

libs=$(find "$PWD/build/userlib" -maxdepth 1 -type f -name 'lib*.so.*')
# shellcheck disable=SC2086
package libvgpu "$ARCH" "$(depends $libs)" "CUDA driver and NVML libraries for virtual GPUs
 libcuda.so.1 and libnvidia-ml.so.1 of the vgpu project, for the devices of vgpu.ko.
 They never hide the libraries of a real driver." libs
package vgpu-tools "$ARCH" \
	"$(depends "$PWD/build/tools/vgpu-ctl/vgpu-ctl" "$PWD/build/tools/vgpu-ptxc"), kmod" \
	"tools for virtual GPUs
 vgpu-ctl shows the devices of vgpu.ko, adds and removes them, makes them fail, and says
 what keeps programs from using them. udev rules, a systemd unit, bash completion." tools system
package vgpu-dkms all "dkms (>= 2.8), kmod" "virtual GPUs that compute in the kernel (DKMS)
 vgpu.ko puts NVIDIA-class GPUs into a machine that has none." dkms
