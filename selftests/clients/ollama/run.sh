#!/bin/bash
# SPDX-License-Identifier: MIT
# An installed Ollama (OLLAMA_HOME_DIR: the folder with its bin and lib), unmodified and with nothing
# set, on a virtual GPU. Without one there is nothing to run: what can be tested without is in
# clients/ollama-probe. MODELS is a folder with kdoc-6m-*.gguf and prompts.json. Arguments name tests of
# ollama.py; KERNEL=6.1 does the shortest in QEMU with Debian's kernel.
# time limit: 3600
# variant: KERNEL=uml
# long variant: KERNEL=6.1
set -u
cd "$(dirname "$0")" || exit 1
top=$(cd ../../.. && pwd)
home=${OLLAMA_HOME_DIR:-}
models=${MODELS:-$top/selftests/clients/models}

skipped() { printf 'TAP version 13\n1..1\nok 1 - Ollama # SKIP %s\n' "$1"; exit 0; }

[ -n "$home" ] || skipped "OLLAMA_HOME_DIR names no installed Ollama; clients/ollama-probe makes its calls"
[ -x "$home/bin/ollama" ] || skipped "there is no bin/ollama in $home"
for f in kdoc-6m-q8_0.gguf kdoc-6m-q4_0.gguf kdoc-6m-f16.gguf prompts.json; do
	[ -f "$models/$f" ] || skipped "there is no $f in $models"
done
case ${KERNEL:=uml} in
uml) bed="--bed uml --timeout 2000" ;;
*)
	bed="--bed qemu --kernel $KERNEL --timeout 3500"
	export PATIENCE=10
	[ $# -gt 0 ] || set -- beginning
	;;
esac
# shellcheck disable=SC2086
exec "$top/tools/vm/vgpu-vm" $bed --mem "${MEM:-6G}" --no-module -- \
	"$PWD/inside.sh" "$(realpath "$home")" "$(realpath "$models")" "$@"
