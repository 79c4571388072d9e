# SPDX-License-Identifier: MIT
# bash completion of vgpu-ctl.

_vgpu_ctl()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command= words i
	local commands="add cache cdi clear doctor events inject list mem model ps remove reset status top topology trace"

	for ((i = 1; i < COMP_CWORD; i++)); do
		[[ ${COMP_WORDS[i]} == -* ]] || { command=${COMP_WORDS[i]}; break; }
	done
	case $prev in
	-i | --gpu)
		words=$(vgpu-ctl list 2>/dev/null | sed -n 's/^GPU \([0-9]*\):.*/\1/p')
		COMPREPLY=($(compgen -W "$words" -- "$cur"))
		return ;;
	-o | --output)
		COMPREPLY=($(compgen -f -- "$cur"))
		return ;;
	esac
	case $command in
	"") words="$commands --help --version" ;;
	add) words="--json --memory --index $(vgpu-ctl model list | awk 'NR > 1 { print $1 }')" ;;
	remove) words="--force --json $(vgpu-ctl list 2>/dev/null | sed -n 's/^GPU \([0-9]*\):.*/\1/p')" ;;
	model)
		words="list show --json"
		[[ $prev != show ]] || words=$(vgpu-ctl model list | awk 'NR > 1 { print $1 }') ;;
	inject)
		words="xid ecc-single ecc-double off-bus hang slow throttle thermal alloc-fail launch-fail clear --gpu --json"
		[[ $prev != throttle ]] || words="power thermal hardware none" ;;
	reset) words="--gpu --force --json" ;;
	clear | list | mem | top) words="--gpu --json" ;;
	events) words="--follow --json" ;;
	doctor) words="--json $(ls /proc | grep -x '[0-9]*')" ;;
	trace)
		COMPREPLY=($(compgen -c -- "$cur"))
		return ;;
	cache) words="show clear warm --json --cc --kernel --threads" ;;
	cdi) words="--output" ;;
	*) words="--json" ;;
	esac
	COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -F _vgpu_ctl vgpu-ctl
