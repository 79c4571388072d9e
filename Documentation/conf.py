# SPDX-License-Identifier: MIT
"""Sphinx configuration: `sphinx-build Documentation build/doc`."""
project = "vgpu"
extensions = []
root_doc = "index"
highlight_language = "none"
html_theme = "alabaster"
