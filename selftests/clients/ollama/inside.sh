#!/bin/bash
# SPDX-License-Identifier: MIT
# inside.sh HOME MODELS [TEST...]: in the bed.
here=$(dirname "$0")
export HOME=/tmp/ollama-home PATH="$1/bin:$PATH"
mkdir -p "$HOME"
ip link set lo up 2>/dev/null || ifconfig lo up
exec python3 "$here/ollama.py" "$2" "${@:3}"
