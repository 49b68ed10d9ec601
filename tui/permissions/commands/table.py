"""Programs that only read, one line each (`tui.permissions.commands.spec`)."""

from __future__ import annotations

_FD = (  # without those that run something for each file, `-l` too: it runs ls
    "-HIsigFap0u1 -e:text -t:text -d:num -E:text --hidden --no-ignore --case-sensitive"
    " --ignore-case --glob --fixed-strings --absolute-path --full-path --print0"
    " --extension:text --type:text --max-depth:num --min-depth:num --exact-depth:num"
    " --exclude:text --max-results:num --color:text | text name*"
)
_HASH = "-bt --binary --text --tag --zero -z | read*"

PROGRAMS: dict[str, str] = {
    # what is in files
    "cat": "-AbeEnstTuv --show-all --number --number-nonblank --show-ends --show-tabs"
    " --squeeze-blank --show-nonprinting | read*",
    "tac": "-br -s:text --before --regex --separator:text | read*",
    "rev": "| read*",
    "nl": "-p -b:text -d:text -f:text -h:text -i:num -l:num -n:text -s:text -v:num -w:num"
    " --body-numbering:text --number-width:num --number-format:text | read*",
    "head": "-qvz -n:size -c:size -# --lines:size --bytes:size --quiet --verbose | read*",
    "tail": "-qvz -n:size -c:size -# --lines:size --bytes:size --quiet --verbose | read*",
    "wc": "-clLmw --bytes --chars --lines --words --max-line-length --total:text | read*",
    "cut": "-nsz -b:text -c:text -d:text -f:text --bytes:text --characters:text --fields:text"
    " --delimiter:text --output-delimiter:text --complement --only-delimited | read*",
    "paste": "-sz -d:text --serial --delimiters:text | read*",
    "tr": "-cCdst --complement --delete --squeeze-repeats --truncate-set1 | text text",
    "uniq": "-cdDiuz -f:num -s:num -w:num --count --repeated --unique --ignore-case"
    " --skip-fields:num --skip-chars:num --check-chars:num --all-repeated? --group? | read",
    "comm": "-123z --check-order --nocheck-order --total --output-delimiter:text | read read",
    "join": "-iz -a:num -e:text -1:num -2:num -j:num -o:text -t:text -v:num --header"
    " --ignore-case --check-order --nocheck-order | read read",
    "fold": "-bs -w:num --bytes --spaces --width:num | read*",
    "fmt": "-cstu -w:num -g:num -p:text --width:num --goal:num --split-only | read*",
    "expand": "-i -t:text --initial --tabs:text | read*",
    "unexpand": "-a -t:text --all --first-only --tabs:text | read*",
    "pr": "-acdfFJmnrtTv -# -h:text -l:num -o:num -w:num -W:num | read*",
    "column": "-txn -s:text -c:num -o:text -N:text -R:text -H:text --table --separator:text"
    " --output-separator:text --columns:num | read*",
    "tsort": "| read",
    "shuf": "-erz -i:text -n:num --echo --zero-terminated --head-count:num | read",
    "od": "-abcdfiloszvx -A:text -j:size -N:size -t:text --skip-bytes:size"
    " --read-bytes:size --format:text --address-radix:text --width? | read*",
    "hexdump": "-bcCdovx -n:size -s:size | read*",
    "xxd": "-abCEeiu -c:num -g:num -l:size -s:size -o:size -ps -cols:num -len:size -p | read",
    "strings": "-af -n:num -t:text -e:text -# --all --bytes:num --radix:text | read*",
    "base64": "-di -w:num --decode --ignore-garbage --wrap:num | read",
    "base32": "-di -w:num --decode --ignore-garbage --wrap:num | read",
    "md5sum": _HASH, "sha1sum": _HASH, "sha224sum": _HASH, "sha256sum": _HASH,
    "sha384sum": _HASH, "sha512sum": _HASH, "b2sum": "-bt -l:num --length:num | read*",
    "cksum": "-a:text -l:num --algorithm:text --untagged --raw | read*", "sum": "-rs | read*",
    "shasum": "-bt -a:num --algorithm:num | read*", "md5": "-qr | read*",
    "cmp": "-bls -i:text -n:size --print-bytes --verbose --silent --quiet --bytes:size"
    " --ignore-initial:text | read read",
    "diff3": "-AaEeimTxX3 -L:text --merge --text | read read read",
    "look": "-df -t:text | text read",
    "numfmt": "--from:text --to:text --suffix:text --padding:num --field:text --header?"
    " --format:text --round:text -d:text -z --grouping --invalid:text | text*",
    "file": "-bhiLNrs0kE -F:text --brief --mime --mime-type --mime-encoding --extension"
    " --dereference --no-dereference --separator:text | read*",
    "iconv": "-c -l -f:text -t:text --from-code:text --to-code:text --list | read*",
    "zipinfo": "-12smlvhMtTz | read text*",
    # names and states of files
    "ls": "-aAbBcCdfFgGhHiklmnNopqQrRsStuUvxXZ1 -w:num -T:num -I:text --all --almost-all"
    " --author --escape --color? --colour? --directory --classify? --full-time"
    " --group-directories-first"
    " --human-readable --si --inode --numeric-uid-gid --no-group --reverse"
    " --recursive --size --file-type --hide:text --ignore:text --indicator-style:text"
    " --sort:text --time:text --time-style:text --width:num --format:text --quoting-style:text"
    " --literal --hyperlink? --block-size:text --zero | name*",
    "stat": "-Lft -c:text --dereference --file-system --terse --format:text --printf:text | name*",
    "du": "-aAbcDhHklmsSx0 -B:text -d:num -t:size --all --apparent-size --bytes --total"
    " --human-readable --si --summarize --max-depth:num --one-file-system --time? --exclude:text"
    " --threshold:size --block-size:text --separate-dirs | name*",
    "df": "-ahHiklPT -B:text -t:text -x:text --all --human-readable --inodes --local --portability"
    " --print-type --total --output? --block-size:text | name*",
    "tree": "-adfipsughDFNqQrtUvcnACSJX -L:num -P:text -I:text --dirsfirst --noreport --prune"
    " --du --si --gitignore --filelimit:num --charset:text --sort:text --timefmt:text --inodes"
    " --device --matchdirs --ignore-case --metafirst --nolinks | name*",
    "basename": "-az -s:text --multiple --suffix:text --zero | text*",
    "dirname": "-z --zero | text*",
    "realpath": "-eLmPqsz --canonicalize-existing --canonicalize-missing --logical --physical"
    " --quiet --strip --no-symlinks --relative-to:name --relative-base:name | name*",
    "readlink": "-efmnqsvz --canonicalize --canonicalize-existing --canonicalize-missing"
    " --no-newline | name*",
    "which": "-a --all | text*", "fd": _FD, "fdfind": _FD,
    "whereis": "-bmsu | text*",
    # neither
    "echo": "!echo",
    "printf": "!printf",
    "true": "!anything", "false": "!anything", ":": "!anything",
    "pwd": "-LP |", "seq": "-w -f:text -s:text --equal-width --format:text --separator:text | num*",
    "date": "!date",
    "sleep": "| size*", "expr": "!plain", "factor": "| num*",
    "cal": "-13jmswy -n:num | text*", "ncal": "-13bhjmswy | text*",
    "type": "-aftpP | text*", "command": "!command",
    "test": "!test", "[": "!test", "[[": "!test",
    "uname": "-asnrvmpio --all --kernel-name --nodename --kernel-release --kernel-version"
    " --machine --processor --hardware-platform --operating-system |",
    "arch": "|", "nproc": "--all --ignore:num |", "uptime": "-ps --pretty --since |",
    "whoami": "|", "id": "-gGnruz --group --groups --name --real --user | text*",
    "groups": "| text*", "logname": "|", "hostname": "-s --short |", "tty": "-s |",
    "free": "-bghkmtw --human --mega --giga --kilo --total --wide |", "locale": "-am | text*",
    "getconf": "-a | text*", "lscpu": "-aey |",
    "cd": "!cd", "read": "!loop", "continue": "!anything",
    "break": "!anything", "exit": "| num",
    # with rules of their own
    "grep": "!grep", "egrep": "!grep", "fgrep": "!grep", "rg": "!rg", "find": "!find",
    "sed": "!sed", "awk": "!awk", "gawk": "!awk", "mawk": "!awk", "nawk": "!awk", "git": "!git",
    "sort": "-bcCdfghimMnrRsuVz -k:text -t:text -S:size --key:text --field-separator:text"
    " --numeric-sort --reverse --unique --ignore-case --version-sort --general-numeric-sort"
    " --human-numeric-sort --month-sort --dictionary-order --ignore-leading-blanks --stable"
    " --check? --sort:text --zero-terminated --buffer-size:size --parallel:num --debug | read*",
    "diff": "!diff", "jq": "!jq", "tar": "!tar", "unzip": "!unzip",
}  # fmt: skip
"""By name. `!word` names a rule of `tui.permissions.commands.rules`."""

VERSIONS = frozenset({
    "python", "python3", "node", "git", "gcc", "cc", "g++", "c++", "clang", "make", "bash", "sh",
    "ruby", "perl", "java", "javac", "tar", "rg", "jq", "curl", "wget", "ssh", "cmake", "sqlite3",
    "ls", "cat", "grep", "sed", "awk", "gawk", "find", "sort", "diff", "file", "tree", "tmux",
})  # fmt: skip
"""Programs that tell their version without a look into the folder."""

TELLS = {
    "python": ("-V",), "python3": ("-V",), "node": ("-v",), "java": ("-version",),
    "ruby": ("-v",), "perl": ("-v",), "bash": (), "sh": (),
}  # fmt: skip
"""Their short ways to tell the version; each counts only as the one argument."""

BUILTINS = frozenset({
    "echo", "printf", "true", "false", ":", "pwd", "type", "command", "test", "[", "[[", "cd",
    "read", "continue", "break", "exit",
})  # fmt: skip
"""Names that bash serves itself: no file can take their place."""
