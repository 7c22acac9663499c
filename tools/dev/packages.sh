# shellcheck shell=bash disable=SC2034  # what the others use
# A part of ./dev: the Debian packages that it needs, and installing those that are missing.

# Debian 12 packages, by what needs them.
PACKAGES_BUILD=(
  g++ ccache mold cmake ninja-build pkg-config
  libfmt-dev libcli11-dev libtomlplusplus-dev nlohmann-json3-dev libsimdjson-dev libyaml-cpp-dev
  libboost1.81-dev
  libre2-dev libtbb-dev libxxhash-dev libutf8proc-dev flatbuffers-compiler libflatbuffers-dev
  liblz4-dev libzstd-dev libisal-dev zlib1g-dev liblzma-dev libbz2-dev libcurl4-openssl-dev libssl-dev
  libsqlite3-dev libsodium-dev libpq-dev libhowardhinnant-date-dev tzdata
  python3 python3-yaml dpkg-dev file
)
# The store's tests start a server of their own.
PACKAGES_DATABASES=(postgresql-15 pgbouncer)
PACKAGES_TEST=(curl prometheus openssl libgtest-dev libgmock-dev libexpat1-dev python3
  python3-pytest python3-pytest-xdist python3-venv python3-xxhash time unicode-data xmltv-util zstd
  libxml2-utils "${PACKAGES_DATABASES[@]}")
PACKAGES_BENCH=(libbenchmark-dev python3 libxml2-utils nginx-light wrk)
# A browser, for the tests of the web interface.
PACKAGES_UI=(chromium fonts-dejavu-core python3-venv)
# Real players, and what makes pictures for them.
PACKAGES_PLAYERS=(vlc-bin vlc-plugin-base kodi kodi-pvr-iptvsimple xvfb ffmpeg)
PACKAGES_CLANG=(clang-19 lld-19 libclang-rt-19-dev llvm-19)
# The WASM engine, where no other Rust is new enough.
PACKAGES_RUST=(rustc-web cargo-web)
# All sample plugins.
PACKAGES_PLUGINS=("${PACKAGES_CLANG[@]}" wasi-libc libc++-19-dev-wasm32 libclang-rt-19-dev-wasm32
  "${PACKAGES_RUST[@]}" rust-web-src)
# What the deployment is checked with.
PACKAGES_DEPLOY=(buildah debootstrap lintian prometheus python3-venv shellcheck systemd)
PACKAGES_WINDOWS=(g++-mingw-w64-x86-64-posix)
PACKAGES_WINE=(wine wine64)
PACKAGES_FORMAT=(clang-format-19)
PACKAGES_STYLE=("${PACKAGES_FORMAT[@]}" shellcheck python3)
PACKAGES_LINT=("${PACKAGES_STYLE[@]}" clang-tidy-19)

as_root() {
  if [[ $EUID -eq 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    return 127
  fi
}

# install PACKAGE…: installs those that are missing. Looks at the package database only when that
# has changed since the last look.
install() {
  local stamp list missing log
  list=$(printf '%s\n' "$@" | sort -u)
  stamp=$BUILD/.packages/$(cksum <<<"$list" | cut -d' ' -f1)
  [[ -f $stamp && $stamp -nt /var/lib/dpkg/status ]] && return
  if ! command -v apt-get >/dev/null; then
    [[ -f $stamp ]] || say "dev: not a Debian system; these packages are needed:" "${list//$'\n'/ }"
    mkdir -p "$BUILD/.packages" && touch "$stamp"
    return
  fi
  missing=$(comm -23 <(printf '%s\n' "$list") <(
    # shellcheck disable=SC2086  # one word per package
    dpkg-query -W -f '${binary:Package} ${db:Status-Status}\n' $list 2>/dev/null |
      sed -n 's/^\([^: ]*\)[^ ]* installed$/\1/p' | sort -u))
  mkdir -p "$BUILD/.packages"
  if [[ -n $missing ]]; then
    say "Installing ${missing//$'\n'/ }"
    log=$BUILD/.packages/apt.log
    # A second try: another apt may have cleared the downloads away in the middle.
    # shellcheck disable=SC2086  # one word per package
    if ! { apt_install $missing || apt_install $missing; } >"$log" 2>&1 </dev/null; then
      tail -n 15 "$log" >&2
      die "cannot install packages; as root: apt-get install ${missing//$'\n'/ }"
    fi
  fi
  touch "$stamp"
}

apt_install() {
  local options=(-y -q -o DPkg::Lock::Timeout=300)
  as_root apt-get "${options[@]}" update || say "dev: going on with the package lists there are"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get "${options[@]}" \
    --no-install-recommends install "$@"
}
