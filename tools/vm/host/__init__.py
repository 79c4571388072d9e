# SPDX-License-Identifier: MIT
"""The host's half of vgpu-vm."""
