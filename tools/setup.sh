# shellcheck shell=sh
# Makes sure of what the project runs on: Deno, and on Linux a Vulkan loader and driver. What is
# there is left alone, without touching the network; what it does is said on stderr.
#
#   deno task setup        checks and installs
#   . tools/setup.sh       does the same and puts Deno on the PATH of the shell that reads it
#
# To be run in the root of the checkout. INKLING_ICD_DIRS (folders between colons) replaces the
# folders where drivers are looked for.
set -eu

deno_version=2.9.6
setup_log=.tools/setup.log

say() { echo "$@" >&2; }

# Runs a command quietly; when it fails, says what was tried and the end of its output, and exits.
attempt() {
  action=$1
  shift
  mkdir -p .tools
  "$@" >"$setup_log" 2>&1 && return
  say "error: Cannot $action: \"$*\" failed. The end of its output ($setup_log):"
  tail -n 15 "$setup_log" >&2
  exit 1
}

# Whether the command $1 is Deno in the version that is needed, or a newer one.
is_deno() {
  found=$("$1" --version 2>/dev/null) || return 1
  found=${found#deno }
  at_least "${found%%[!0-9.]*}" "$deno_version"
}

# Whether the version $1 is $2 or newer; both are three numbers between dots.
at_least() {
  while [ -n "$2" ]; do
    [ "${1%%.*}" -gt "${2%%.*}" ] 2>/dev/null && return 0
    [ "${1%%.*}" -eq "${2%%.*}" ] 2>/dev/null || return 1
    case $2 in *.*) set -- "${1#*.}" "${2#*.}" ;; *) return 0 ;; esac
  done
}

# Puts the Deno that was installed here first on the PATH. npm's package for this machine holds it
# as a plain file, so that it works where npm runs no install scripts too.
use_own_deno() {
  for own in "$PWD"/.tools/node_modules/@deno/*/deno; do
    if [ -f "$own" ]; then
      chmod +x "$own"
      if is_deno "$own"; then
        PATH=${own%/*}:$PATH
        export PATH
        return 0
      fi
    fi
  done
  return 1
}

setup_deno() {
  is_deno deno || use_own_deno && return
  if ! command -v npm >/dev/null; then
    say "error: Cannot install Deno: npm was not found. Install npm, or Deno $deno_version or" \
      "newer."
    exit 1
  fi
  say "Installing Deno $deno_version from npm into .tools (a download of about 40 MB) ..."
  attempt "install Deno" npm install --prefix .tools --no-save --no-package-lock --no-audit \
    --no-fund --ignore-scripts --include=optional --fetch-retry-maxtimeout=10000 \
    "deno@$deno_version"
  use_own_deno && return
  say "error: Cannot use Deno $deno_version from npm: it does not run on $(uname -sm). Install" \
    "Deno $deno_version or newer another way and put it on the PATH."
  exit 1
}

has_driver() {
  [ -z "${VK_DRIVER_FILES:-}${VK_ICD_FILENAMES:-}" ] || return 0
  dirs=/usr/share/vulkan/icd.d:/etc/vulkan/icd.d:/usr/local/share/vulkan/icd.d
  dirs=${INKLING_ICD_DIRS:-$dirs}:
  while [ -n "$dirs" ]; do
    for driver in "${dirs%%:*}"/*.json; do
      [ ! -f "$driver" ] || return 0
    done
    dirs=${dirs#*:}
  done
  return 1
}

has_loader() {
  dirs=${LD_LIBRARY_PATH:-}:
  while [ -n "$dirs" ]; do
    [ ! -f "${dirs%%:*}/libvulkan.so.1" ] || return 0
    dirs=${dirs#*:}
  done
  # Users who are not root often lack /sbin on their PATH.
  case $(PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null) in
  *libvulkan.so.1*) return 0 ;;
  *) return 1 ;;
  esac
}

setup_driver() {
  [ "$(uname -s)" = Linux ] || return 0
  packages=
  has_loader || packages="libvulkan1"
  has_driver || packages="${packages:+$packages }mesa-vulkan-drivers"
  [ -n "$packages" ] || return 0
  no_driver="No Vulkan driver was found, so tasks that need a GPU cannot start."
  if ! command -v apt-get >/dev/null; then
    say "note: $no_driver Install the Vulkan loader (libvulkan.so.1) and Mesa's Vulkan drivers" \
      "with this system's package manager."
  elif [ "$(id -u)" -ne 0 ]; then
    say "note: $no_driver To install one, run:"
    say "  sudo apt-get update && sudo apt-get install -y --no-install-recommends $packages"
  else
    say "Installing a Vulkan driver with apt-get ($packages) ..."
    export DEBIAN_FRONTEND=noninteractive
    attempt "read the lists of packages" apt-get update
    # shellcheck disable=SC2086 # one word for each package
    attempt "install a Vulkan driver" apt-get install -y --no-install-recommends $packages
  fi
}

setup_deno
setup_driver
