# shellcheck shell=bash
# Finds what the tests need besides Go, and installs it where apt-get can.
# Sourced by the scripts beside it.

in_ci() { [[ ${CI:-} == true ]]; }

say() { printf '%s\n' "$*" >&2; }

# require_go leaves the refusal to the go command itself: it knows better than
# a comparison of ours which toolchains go.mod accepts.
require_go() {
  command -v go >/dev/null || PATH=$PATH:/usr/local/go/bin
  if ! command -v go >/dev/null; then
    say "Go is missing: install Go $(sed -n 's/^go //p' go.mod) or newer, see https://go.dev/doc/install"
    return 1
  fi
  go env GOVERSION >/dev/null || {
    say "This Go is too old: go.mod asks for $(sed -n 's/^go //p' go.mod) or newer."
    return 1
  }
}

# have_c_compiler compiles something: a compiler without the C library's
# headers is there but does not help -race.
have_c_compiler() {
  echo '#include <stdlib.h>' | ${CC:-cc} -x c -fsyntax-only - 2>/dev/null
}

# postgres_bin prints the folder of the newest PostgreSQL server here. Debian
# keeps it out of PATH.
postgres_bin() {
  local dir initdb
  dir=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
  if [[ -x $dir/initdb ]]; then
    echo "$dir"
  elif initdb=$(command -v initdb); then
    dirname "$initdb"
  else
    return 1
  fi
}

chromium_path() {
  local name
  for name in chromium chromium-browser google-chrome google-chrome-stable chromium-headless-shell chrome; do
    command -v "$name" && return
  done
  return 1
}

# install_packages needs Debian or Ubuntu and root, or sudo that asks for no
# password unless somebody is there to type it.
install_packages() {
  command -v apt-get >/dev/null || return 1
  local as_root=(env)
  if [[ $EUID != 0 ]]; then
    command -v sudo >/dev/null || return 1
    as_root=(sudo env)
    [[ -t 0 ]] || as_root=(sudo -n env)
    "${as_root[@]}" true || return 1
  fi
  local apt=("${as_root[@]}" DEBIAN_FRONTEND=noninteractive
    apt-get -qq -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300)
  local out
  say "Installing $*"
  # An update that did not reach all of the sources is no reason to stop: the
  # packages may be there all the same.
  out=$("${apt[@]}" update </dev/null 2>&1) || say "$out"
  out=$("${apt[@]}" install -y --no-install-recommends "$@" </dev/null 2>&1) || {
    say "$out"
    return 1
  }
}
