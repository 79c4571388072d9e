# SPDX-License-Identifier: MIT
# bash completion of vgpu-ctl. selftests/control compares it with what the commands say themselves.

_vgpu_ctl_gpus() { vgpu-ctl list 2>/dev/null | sed -n 's/^GPU \([0-9]*\):.*/\1/p'; }
_vgpu_ctl_models() { vgpu-ctl model list | awk 'NR > 1 { print $1 }'; }
_vgpu_ctl_pids() { (cd /proc && printf '%s\n' [0-9]*); }

# Words of a list; options only where an option is begun.
_vgpu_ctl_words()
{
	local options=$1 words=$2 cur=$3
	[[ $cur != -* ]] || words=$options
	COMPREPLY+=($(compgen -W "$words" -- "$cur"))
}

_vgpu_ctl_files()
{
	compopt -o filenames 2>/dev/null	# fails outside of a completion
	COMPREPLY+=($(compgen -f -- "$1"))
}

# What trace runs: a command and its own arguments, or a process.
_vgpu_ctl_trace()
{
	local cur=$1 first=$2
	if ((first < COMP_CWORD)); then
		if declare -F _command_offset >/dev/null; then
			_command_offset "$first"
		else
			_vgpu_ctl_files "$cur"
		fi
	elif [[ $cur == -* ]]; then
		_vgpu_ctl_words "--json --output --help" "" "$cur"
	else
		COMPREPLY=($(compgen -c -- "$cur") $(compgen -W "$(_vgpu_ctl_pids)" -- "$cur"))
		[[ $cur != */* ]] || _vgpu_ctl_files "$cur"
	fi
}

_vgpu_ctl()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command= first i
	local commands="add cache cdi clear doctor events inject list mem model ps remove reset status top topology trace"
	local what="xid ecc-single ecc-double off-bus hang slow throttle thermal alloc-fail launch-fail clear"

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		[[ ${COMP_WORDS[i]} == -* ]] || { command=${COMP_WORDS[i]}; break; }
	done
	# The first word behind it that is neither an option nor an option's value.
	for ((first = i + 1; first < COMP_CWORD; first++)); do
		[[ ${COMP_WORDS[first]} == -* || ${COMP_WORDS[first - 1]} =~ ^(-[ioctkmn]|--(gpu|output|cc|threads|kernel|memory|index))$ ]] || break
	done
	if ((first >= COMP_CWORD)) || [[ $command != trace ]]; then
		case $prev in
		-i | --gpu) _vgpu_ctl_words "" "$(_vgpu_ctl_gpus)" "$cur"; return ;;
		-o | --output) _vgpu_ctl_files "$cur"; return ;;
		-m | --memory | -n | --index | -c | --cc | -k | --kernel | -t | --threads) return ;;
		esac
	fi
	case $command in
	"") _vgpu_ctl_words "--help --version --json" "$commands" "$cur" ;;
	add) _vgpu_ctl_words "--json --memory --index --help" "$(_vgpu_ctl_models)" "$cur" ;;
	remove) _vgpu_ctl_words "--force --json --help" "$(_vgpu_ctl_gpus)" "$cur" ;;
	model)
		if [[ $prev == show ]]; then
			_vgpu_ctl_words "--json --help" "$(_vgpu_ctl_models)" "$cur"
		else
			_vgpu_ctl_words "--json --help" "list show" "$cur"
		fi ;;
	inject)
		[[ $prev != throttle ]] || what="power thermal hardware none"
		_vgpu_ctl_words "--gpu --json --help" "$what" "$cur" ;;
	reset) _vgpu_ctl_words "--gpu --force --json --help" "" "$cur" ;;
	clear | list | mem | top) _vgpu_ctl_words "--gpu --json --help" "" "$cur" ;;
	events) _vgpu_ctl_words "--follow --json --help" "" "$cur" ;;
	doctor) _vgpu_ctl_words "--json --help" "$(_vgpu_ctl_pids)" "$cur" ;;
	trace) _vgpu_ctl_trace "$cur" "$first" ;;
	cache)
		if ((first < COMP_CWORD)) && [[ ${COMP_WORDS[first]} == warm && $cur != -* ]]; then
			_vgpu_ctl_files "$cur"
		else
			_vgpu_ctl_words "--json --cc --kernel --threads --help" "show clear warm" "$cur"
		fi ;;
	cdi) _vgpu_ctl_words "--output --json --help" "" "$cur" ;;
	*) _vgpu_ctl_words "--json --help" "" "$cur" ;;
	esac
}
complete -F _vgpu_ctl vgpu-ctl
