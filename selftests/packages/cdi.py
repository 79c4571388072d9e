# SPDX-License-Identifier: MIT
"""cdi.py FILE: whether a CDI specification has what the schema of cncf-tags/container-device-interface (0.6.0) demands:
the fields that it requires, none that it does not know, names of the form that it allows; and that each node is a device and
each library of the host a file. Prints what is wrong."""
import json
import os
import re
import stat
import sys

KIND = r"[A-Za-z]([A-Za-z0-9_.-]*[A-Za-z0-9])?/[A-Za-z]([A-Za-z0-9_-]*[A-Za-z0-9])?"
DEVICE = r"[A-Za-z0-9]([A-Za-z0-9_.:-]*[A-Za-z0-9])?"
EDITS = {"env", "deviceNodes", "hooks", "mounts", "intelRdt", "additionalGids"}
NODE = {"path", "hostPath", "type", "major", "minor", "fileMode", "permissions", "uid", "gid"}
wrong = []


def want(good, what):
    """One demand."""
    if not good:
        wrong.append(what)


def fields(item, required, known, where):
    """An object with all of the required fields and only known ones."""
    want(isinstance(item, dict), f"{where} is no object")
    want(required <= set(item), f"{where} lacks {required - set(item)}")
    want(set(item) <= known, f"{where} has {set(item) - known}")


def device_node(path):
    """A character device."""
    try:
        return stat.S_ISCHR(os.stat(path).st_mode)
    except OSError:
        return False


def edits(e, where):
    """containerEdits."""
    fields(e, set(), EDITS, where)
    for env in e.get("env", []):
        want(re.fullmatch(r"[^=]+=.*", env), f"{where}: environment {env}")
    for node in e.get("deviceNodes", []):
        fields(node, {"path"}, NODE, where)
        want(device_node(node["path"]), f"{where}: {node['path']} is no device")
    for mount in e.get("mounts", []):
        fields(mount, {"hostPath", "containerPath"}, {"hostPath", "containerPath", "options", "type"}, where)
        want(os.path.isfile(mount["hostPath"]), f"{where}: there is no {mount['hostPath']}")
        want(all(isinstance(o, str) for o in mount.get("options", [])), f"{where}: options")


with open(sys.argv[1], encoding="utf-8") as f:
    spec = json.load(f)
fields(spec, {"cdiVersion", "kind", "devices"}, {"cdiVersion", "kind", "annotations", "devices", "containerEdits"}, "it")
want(re.fullmatch(r"0\.[3-6]\.0", spec["cdiVersion"]), "cdiVersion")
want(re.fullmatch(KIND, spec["kind"]), "kind")
want(spec["devices"], "no device")
names = [d["name"] for d in spec["devices"]]
want(len(names) == len(set(names)), "a name twice")
for d in spec["devices"]:
    fields(d, {"name", "containerEdits"}, {"name", "annotations", "containerEdits"}, "a device")
    want(re.fullmatch(DEVICE, d["name"]), f"the name {d['name']}")
    want(d["containerEdits"].get("deviceNodes"), f"{d['name']} has no node")
    edits(d["containerEdits"], d["name"])
edits(spec.get("containerEdits", {}), "all")
print("\n".join(wrong))
sys.exit(bool(wrong))
