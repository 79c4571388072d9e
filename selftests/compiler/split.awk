# SPDX-License-Identifier: MIT
# Each instruction of a list such as ptx/arith.ptx as a kernel of its own, which
# loads all registers before it and stores them after it:
# awk -v dir=DIR -f split.awk ptx/*.ptx
function registers(line,	prefix, count, kind, k) {
	if (line !~ /<[0-9]+>/)
		return
	kind = line ~ /pred/ ? "pred" : line ~ /[bf]16 / ? "b16" : line ~ /[buf]32 / ? "b32" : \
	       line ~ /[bf]64 / ? "b64" : ""
	prefix = line; sub(/.*%/, "%", prefix); sub(/<.*/, "", prefix)
	count = line; sub(/.*</, "", count); sub(/>.*/, "", count)
	for (k = 0; kind != "" && k < count + 0; k++) {
		if (kind == "pred") {
			before = before "\tld.global.u32 %in, [" 4 * k "];\n\tsetp.ne.u32 " prefix k ", %in, 0;\n"
			after = after "\tselp.u32 %in, 1, 0, " prefix k ";\n\tst.global.u32 [" 4 * k "], %in;\n"
		} else {
			before = before "\tld.global." kind " " prefix k ", [" 8 * k "];\n"
			after = after "\tst.global." kind " [" 8 * k "], " prefix k ";\n"
		}
	}
}
FNR == 1 { head = ""; body = 0; name = FILENAME; sub(/.*\//, "", name); sub(/\.ptx$/, "", name) }
/^\t\.(reg|local|shared)/ && body { decl = decl $0 "\n"; registers($0); next }
/^{/ && entry { body = 1; decl = "\t.reg .b32 %in;\n"; before = after = ""; next }
/^}/ { if (body) body = entry = 0; next }
/^\.visible \.entry/ { entry = 1 }
!body { head = head $0 "\n"; next }
/^\t[a-z].*;/ && $0 !~ /bra|brx|call|ret;|[^:]:[^:]/ {
	file = dir "/" name "-" FNR
	print head "{\n" decl before $0 "\n" after "\tret;\n}" > file
	close(file)
}
