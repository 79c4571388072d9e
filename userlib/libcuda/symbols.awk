# SPDX-License-Identifier: MIT
# The table of symbols in Documentation/libcuda.rst: awk -f symbols.awk api.def
# Forms of one call stand in one line: versions by their suffix, per-thread ones joined.
BEGIN { FS = "[(,) ]+" }
/^(WORKS|REFUSED)\(/ {
	state[$2] = $1 == "WORKS" ? "works" : "refused by name"
	name[$2] = $3
	version[$2] = $4
	order[++n] = $2
	count[$1]++
}
/^DATA\(/ { state[$2] = "variable, never set"; version[$2] = 0; order[++n] = $2; count["DATA"]++ }
END {
	printf "%d symbols: %d work, %d are refused by name, %d are variables of debuggers.\n\n",
	       n, count["WORKS"], count["REFUSED"], count["DATA"]
	print ".. list-table::"
	print "   :header-rows: 1"
	print ""
	print "   * - Symbol"
	print "     - API version"
	print "     - State"
	for (i = 1; i <= n; i++) {
		s = order[i]
		v = version[s] + 0
		printf "   * - %s\n     - %s\n     - %s\n", s,
		       v ? sprintf("%d.%d", v / 1000, (v % 1000) / 10) : "", state[s]
	}
}
