"""The completion scripts of bash and zsh: the same tables and walk, each with its own end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tui.cli.command_tree import Node, Takes

_WALK = r"""
# The words before the cursor: which command they name, what the last of them waits for.
_ownkey_walk() {
  local word
  node= takes= closed= filled=0
  for word in "$@"; do
    if [ -n "$takes" ]; then
      takes=
    elif [ -n "$closed" ]; then
      filled=$((filled + 1))
    else
      case $word in
        --) closed=1 ;;
        --*=*) ;;
        -?*) _ownkey_takes "$node" "$word" ;;
        *)
          _ownkey_node "$node"
          case "
$parts" in
            *"
$word	"*) node="${node:+$node }$word" ;;
            *) filled=$((filled + 1)) ;;
          esac
          ;;
      esac
    fi
  done
}

# What can stand where the cursor is: a list of words, each with a tab and what it is, or a place.
_ownkey_offer() {
  list=
  if [ -z "$takes$closed" ]; then
    case $cur in
      --*=*)
        _ownkey_takes "$node" "${cur%%=*}"
        valued=1
        ;;
      -*)
        _ownkey_node "$node"
        list=$options
        return
        ;;
    esac
  fi
  if [ -z "$takes" ]; then
    _ownkey_node "$node"
    if [ -n "$parts" ]; then
      list=$parts
      return
    fi
    _ownkey_place "$node" "$filled"
  fi
  case $takes in
    @files | @folders) ;;
    @*) list=$("$program" completion --values "${takes#@}" 2>/dev/null) ;;
    "="*) list=${takes#=} ;;
  esac
}
"""

_BASH = r"""
_ownkey() {
  local program node takes closed filled parts options list valued= cur
  local rest word blank one value count=-1 index
  local said=()
  COMPREPLY=()
  # Bash parts words at = and : too; here they are put together again.
  rest=${COMP_LINE:0:COMP_POINT}
  for ((index = 0; index <= COMP_CWORD; index++)); do
    word=${COMP_WORDS[index]}
    blank=${rest%%[![:space:]]*}
    rest=${rest#"$blank"}
    if ((index == COMP_CWORD)); then
      word=$rest
    fi
    rest=${rest#"$word"}
    if [[ -n $blank || $count -lt 0 ]]; then
      count=$((count + 1))
      said[count]=$word
    else
      said[count]=${said[count]}$word
    fi
  done
  program=${said[0]/#\~/$HOME}
  cur=${said[count]}
  _ownkey_walk "${said[@]:1:count-1}"
  _ownkey_offer
  if [[ -n $valued ]]; then
    cur=${cur#*=}
  fi
  case $takes in
    @files | @folders)
      compopt -o filenames 2>/dev/null
      [[ $takes == @files ]] && index=-f || index=-d
      while IFS= read -r one; do
        COMPREPLY[${#COMPREPLY[@]}]=$one
      done < <(compgen "$index" -- "$cur")
      return
      ;;
  esac
  blank=
  if [[ $cur == *:* && $COMP_WORDBREAKS == *:* ]]; then
    blank=${cur%"${cur##*:}"}
  fi
  # No `compgen -W`: it would run what stands in a value.
  while IFS= read -r one; do
    value=${one%%$'\t'*}
    if [[ -n $value && $value == "$cur"* ]]; then
      COMPREPLY[${#COMPREPLY[@]}]=${value#"$blank"}
    fi
  done <<<"$list"
}
complete -F _ownkey ownkey
"""

_ZSH = r"""
_ownkey() {
  local program node takes closed filled parts options list valued= cur one value
  local -a shown
  program=${words[1]/#\~/$HOME}
  cur=$PREFIX
  _ownkey_walk "${(@)words[2,CURRENT-1]}"
  _ownkey_offer
  [[ -n $valued ]] && compset -P '*='
  case $takes in
    @files) _files; return ;;
    @folders) _files -/; return ;;
  esac
  for one in "${(@f)list}"; do
    value=${one%%$'\t'*}
    [[ -n $value ]] && shown+=("${value//:/\\:}:${one#*$'\t'}")
  done
  ((${#shown})) && _describe -V ownkey shown
}
compdef _ownkey ownkey
"""


def bash_script(tree: Node) -> str:
    """For bash, 3.2 or newer."""
    head = "# Completes ownkey's commands in bash:  source <(ownkey completion bash)\n"
    return f"{head}{_tables(tree)}{_WALK}{_BASH}"


def zsh_script(tree: Node) -> str:
    """For zsh, behind compinit, or as a file `_ownkey` in a folder of `fpath`."""
    head = (
        "#compdef ownkey\n# Completes ownkey's commands in zsh:  source <(ownkey completion zsh)\n"
    )
    end = _ZSH.replace(
        "compdef _ownkey ownkey",
        '[[ $funcstack[1] == _ownkey ]] && _ownkey "$@" || compdef _ownkey ownkey',
    )
    return f"{head}{_tables(tree)}{_WALK}{end}"


def _tables(tree: Node) -> str:
    nodes = list(tree.walk())
    return "\n".join([
        *_function("_ownkey_node", "$1", map(_of_node, nodes), "parts= options="),
        *_function("_ownkey_takes", "$1 $2", _options(nodes), "takes="),
        *_function("_ownkey_place", "$1:$2", _places(nodes), "takes="),
        "",
    ])  # fmt: skip


def _function(name: str, of: str, cases: Iterable[str], otherwise: str) -> Iterator[str]:
    yield from (f"{name}() {{", f'  case "{of}" in')
    yield from (f"  {one} ;;" for one in cases)
    yield from (f"  *) {otherwise} ;;", "  esac", "}")


def _of_node(node: Node) -> str:
    parts = [f"{part.path[-1]}\t{part.help}" for part in node.parts]
    options = [f"{name}\t{one.help}" for one in node.options for name in one.names]
    path = " ".join(node.path)
    return f"{_quoted(path)}) parts={_lines(parts)} options={_lines(options)}"


def _options(nodes: Iterable[Node]) -> Iterator[str]:
    for node in nodes:
        for option in node.options:
            if option.takes is not None:
                path = " ".join(node.path)
                names = " | ".join(_quoted(f"{path} {name}") for name in option.names)
                yield f"{names}) takes={_written(option.takes)}"


def _places(nodes: Iterable[Node]) -> Iterator[str]:
    for node in nodes:
        path = " ".join(node.path)
        for index, takes in enumerate(node.places):
            yield f"{_quoted(f'{path}:{index}')}) takes={_written(takes)}"


def _written(takes: Takes) -> str:
    if takes.words:
        return _quoted("=" + "\n".join(f"{word}\t" for word in takes.words))
    return _quoted(f"@{takes.kind}" if takes.kind else "-")


def _lines(lines: Iterable[str]) -> str:
    return _quoted("\n".join(lines))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
