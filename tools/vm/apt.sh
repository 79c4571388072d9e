# SPDX-License-Identifier: MIT
# Sourced by kernels.sh, hwdb.sh and suites that test clients of Debian's: packages from suites that the system does not use, by a
# private apt configuration. The archive's address is read from the system's own
# sources; lists and packages live in the cache and the system's apt state is not touched.
# shellcheck shell=bash

APT_DIR=$CACHE/apt

# Prints "URI SUITE" for each enabled deb source of the system, in both file formats.
system_sources()
{
	local f
	for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[ -f "$f" ] && sed -n 's/^deb \(\[[^]]*\] \)\?\([^ ]*\) \([^ ]*\) .*/\2 \3/p' "$f"
	done
	for f in /etc/apt/sources.list.d/*.sources; do
		[ -f "$f" ] || continue
		awk '/^URIs:/ { uri = $2 }
		     /^Suites:/ { n = split($0, s, " ") }
		     /^[ \t]*$/ { flush_stanza() }
		     END { flush_stanza() }
		     function flush_stanza(   i) {
			for (i = 2; i <= n; i++)
				print uri, s[i]
			n = 0
		     }' "$f"
	done
}

# The sources.list of our own: bookworm as the system has it, and two backports.
private_sources()
{
	local key=/usr/share/keyrings/debian-archive-keyring.gpg main security
	main=$(system_sources | awk '$2 == "bookworm" { print $1; exit }')
	security=$(system_sources | awk '$2 ~ /^bookworm-security/ { print $1; exit }')
	[ -n "$main" ] || die "no bookworm source in /etc/apt: this needs Debian 12"
	[ -f "$key" ] || die "the package debian-archive-keyring is missing"
	for suite in bookworm bookworm-updates bookworm-backports trixie-backports; do
		echo "deb [signed-by=$key] $main $suite main contrib"
	done
	[ -z "$security" ] || echo "deb [signed-by=$key] $security bookworm-security main"
}

# apt_private get|cache ARG...
apt_private()
{
	local tool=apt-$1
	shift
	"$tool" -qq -o Dir::Etc::sourcelist="$APT_DIR/sources.list" \
		-o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists="$APT_DIR/lists" \
		-o Dir::State::status=/dev/null -o Dir::Cache="$APT_DIR/cache" \
		-o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none \
		-o Acquire::Retries=3 \
		-o Debug::NoLocking=1 "$@"
}

# Fetches the lists, at most once a day, and when the sources are others.
apt_ready()
{
	mkdir -p "$APT_DIR/lists/partial" "$APT_DIR/cache/archives/partial" "$APT_DIR/deb"
	(
		flock 8
		private_sources >"$APT_DIR/sources.new"
		[ -z "$(find "$APT_DIR/fresh" -mtime -1 2>/dev/null)" ] ||
			! cmp -s "$APT_DIR/sources.new" "$APT_DIR/sources.list" || exit 0
		say "reading Debian's package lists"
		mv "$APT_DIR/sources.new" "$APT_DIR/sources.list"
		logged apt apt_private get update
		touch "$APT_DIR/fresh"
	) 8>"$CACHE/.lock-apt"
}

# newest REGEX: the newest package whose whole name matches.
newest()
{
	local p
	p=$(apt_private cache pkgnames linux- | grep -Ex "$1" | sort -V | tail -n 1)
	[ -n "$p" ] || die "no package $1 in the archive"
	echo "$p"
}

# unpack_source DIR PACKAGE: download a source package's original tarball and unpack it into DIR.
unpack_source()
{
	local dir=$1 package=$2 tmp
	(
		APT_DIR=$APT_DIR/source
		mkdir -p "$APT_DIR/lists/partial" "$APT_DIR/cache/archives/partial"
		private_sources | sed -n 's/^deb \(.* bookworm main\).*/deb-src \1/p' >"$APT_DIR/sources.list"
		logged apt apt_private get update
		tmp=$(mktemp -d "$APT_DIR/XXXXXX")
		# Debian's own changes, a second file, may be gone when there was a newer revision.
		(cd "$tmp" && apt_private get source --download-only "$package" >>"$CACHE/log/apt.log" 2>&1 9>&-) || true
		mkdir -p "$dir"
		logged apt tar -x -f "$tmp"/*.orig.tar.* -C "$dir" --strip-components 1
		rm -rf "$tmp"
	)
}

# unpack DIR PACKAGE...: download each and unpack it below DIR, without installing.
unpack()
{
	local dir=$1 p tmp
	shift
	mkdir -p "$dir"
	for p in "$@"; do
		tmp=$(mktemp -d "$APT_DIR/deb/XXXXXX")
		(cd "$tmp" && logged apt apt_private get download "$p")
		logged apt dpkg -x "$tmp"/*.deb "$dir"
		rm -rf "$tmp"
	done
}
