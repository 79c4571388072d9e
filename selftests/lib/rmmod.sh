# SPDX-License-Identifier: MIT
# To be sourced: a module goes, though something may hold it for a moment.

# rmmod_within TRIES MODULE: a tenth of a second between them; the last one says why not.
rmmod_within()
{
	local i
	for i in $(seq "$1"); do
		rmmod "$2" 2>/dev/null && return
		sleep 0.1
	done
	rmmod "$2"
}
