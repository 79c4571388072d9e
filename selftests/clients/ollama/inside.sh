#!/bin/bash
# SPDX-License-Identifier: MIT
# inside.sh HOME MODELS [TEST...]: in the bed.
here=$(dirname "$0")
export HOME=/tmp/ollama-home PATH="$1/bin:$PATH"
mkdir -p "$HOME"
ip link set lo up 2>/dev/null || ifconfig lo up
# Ollama gives its discovery 30 seconds, of which an emulated machine wants 20 to read the libraries from the host.
[ "$VGPU_BED" = uml ] || find "$1/lib/ollama/" -name '*.so*' -exec cat {} + >/dev/null
exec python3 "$here/ollama.py" "$2" "${@:3}"
