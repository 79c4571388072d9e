#!/bin/bash
# SPDX-License-Identifier: MIT
# inside.sh TOOLS PROGRAMS: in the bed.
tools=$1
load=$2/load
scanpci=$2/scanpci
cd "$(dirname "$0")" || exit 1
. ../../lib/tap.sh
export PYTHONPATH=$tools/python PYTHONDONTWRITEBYTECODE=1 TERM=xterm HOME=/tmp LC_ALL=C.UTF-8
out=/tmp/monitors
mkdir -p $out

# says FILE PATTERN...: every pattern is on some line of the file.
says()
{
	local file=$1 p
	shift
	for p; do
		grep -qE -- "$p" "$file" || { echo "no line '$p' in $file:"; cat "$file"; return 1; }
	done
}

# The screen of a full-screen program once it has been there for some seconds.
screen()	# FILE SECONDS COMMAND...
{
	local file=$1 seconds=$2
	shift 2
	tmux -L monitors new-session -d -x 150 -y 40 "$*"
	sleep "$seconds"
	tmux -L monitors capture-pane -p >"$file"
	tmux -L monitors kill-server
}

"$load" 600 >$out/load 2>&1 &
pid=$!
for _ in $(seq 100); do		# until it is on the device
	python3 -c 'import sys, pynvml as n; n.nvmlInit()
sys.exit(not n.nvmlDeviceGetComputeRunningProcesses(n.nvmlDeviceGetHandleByIndex(0)))' && break
	sleep 0.2
done
sleep 1

plan 17
python3 ml.py "$pid" >$out/ml 2>&1
check "nvidia-ml-py: every answer is plausible and consistent" says $out/ml "^all well$"
sed 's/^/# /' $out/ml

screen $out/nvtop 6 "$tools/nvtop/usr/bin/nvtop"
check "nvtop: the device" says $out/nvtop "Device 0 .vgpu 12.0" "PCIe GEN 5@16x" "GPU +[1-9][0-9]*MHz" "TEMP +[3-8][0-9].C" \
	"POW +[0-9]+ / 100 W"
check "nvtop: it is busy" says $out/nvtop "GPU\[\|+ *[1-9][0-9]?[0-9]?%\]"
check "nvtop: its memory" says $out/nvtop "MEM\[\|* +0\.09[0-9]Gi/1\.000Gi\]"
check "nvtop: the process, its share and memory" says $out/nvtop "^ +$pid +root +0 +Compute +[1-9][0-9]?[0-9]?% +96MiB.*load 600"

python3 -m gpustat -cpuF --show-power --no-color >$out/gpustat 2>&1
check "gpustat" says $out/gpustat "^\[0\] vgpu 12.0 .* [3-8][0-9].C, .* [1-9][0-9]? ?[0-9]? %.* / +100 W .* 96 / +1024 MB .*root:load/$pid\(96M\)"
python3 -m gpustat --json >$out/gpustat.json 2>&1
check "gpustat: as JSON" python3 - "$pid" $out/gpustat.json <<'PY'
import json, sys
g = json.load(open(sys.argv[2]))["gpus"]
assert len(g) == 1 and g[0]["memory.used"] == 96 and 0 < g[0]["utilization.gpu"] <= 100, g
assert [p["pid"] for p in g[0]["processes"]] == [int(sys.argv[1])], g
assert g[0]["processes"][0]["gpu_memory_usage"] == 96 and g[0]["processes"][0]["command"] == "load", g
PY

timeout 60 python3 -m nvitop -1 --ascii >$out/nvitop 2>&1
check "nvitop: the device" says $out/nvitop "Driver Version: 580\..* CUDA Driver Version: 13\.0" \
	"0000:[0-9A-F]{2}:[0-9A-F]{2}\.0" "% +[3-8][0-9]C +P0 .*96\.00MiB / 1024MiB \| +[1-9][0-9]*% +Default"
check "nvitop: the process" says $out/nvitop "^\| +0 +$pid C +root 96\.00MiB +[1-9][0-9]* "

lspci -D -vvv -nn -k -d 10de: >$out/lspci 2>$out/lspci.err
check "lspci -vvv: identity" says $out/lspci \
	"3D controller \[0302\]: NVIDIA Corporation GB202GL \[RTX PRO 6000 Blackwell Server Edition\] \[10de:2bb5\] \(rev a1\)" \
	"Subsystem: NVIDIA Corporation vgpu \(software GPU\) \[10de:7667\]" \
	"Kernel driver in use: vgpu"
check "lspci -vvv: the link is as fast as it says it can be" says $out/lspci "LnkCap:.*Speed 32GT/s, Width x16" \
	"LnkSta:.*Speed 32GT/s( \(ok\))?, Width x16( \(ok\))?"
check_status 1 "lspci -vvv: nothing is broken" grep -E "!!!|<chain|unassigned|Unknown header|downgraded|overflow" $out/lspci
# That the bed has no modules of its own is not about the device.
check_status 1 "lspci -vvv: no complaints" grep -v libkmod $out/lspci.err

"$scanpci" -v >$out/scanpci 2>&1
check "scanpci: the same device" says $out/scanpci "vendor 0x10de device 0x2bb5" "CardVendor 0x10de card 0x7667" \
	"CLASS +0x03 0x02 0x00" "STATUS +0x0010"
check "scanpci and lspci agree where it is" test \
	"$(sed -n 's/^pci bus \(0x[0-9a-f]*\) cardnum \(0x[0-9a-f]*\) function \(0x[0-9a-f]*\): vendor 0x10de.*/\1 \2 \3/p' $out/scanpci |
	   while read -r b d f; do printf '%02x:%02x.%x' "$((b & 255))" "$((d))" "$((f))"; done)" = \
	"$(sed -n 's/^[0-9a-f]*:\([0-9a-f]*:[0-9a-f]*\.[0-9a-f]\) 3D.*/\1/p' $out/lspci)"

kill "$pid"
wait "$pid" 2>/dev/null
sleep 1
python3 -m gpustat --no-color >$out/gpustat 2>&1
check "gpustat: afterwards nobody uses it" says $out/gpustat "^\[0\] .* 0 %.* 0 / +1024 MB"
check "the load had no complaint" test ! -s $out/load
finish
