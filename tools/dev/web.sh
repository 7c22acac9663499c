# shellcheck shell=bash
# A part of ./dev: the web interface, its build and what its tests need.

# Vite needs node 20.19 or later, which Debian 12 does not have.
has_node() {
  command -v npm >/dev/null && command -v node >/dev/null &&
    node -e 'const [a, b] = process.versions.node.split(".").map(Number);
             process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'
}

# npm_ready: the packages of web/package-lock.json.
npm_ready() {
  local web=$ROOT/web
  [[ $web/node_modules/.package-lock.json -nt $web/package-lock.json ]] && return
  (cd "$web" && npm ci --no-audit --no-fund --loglevel=error >&2)
}

# build_web: only where the sources are others than those of the build in web/dist, and node is there.
build_web() {
  [[ $("$PYTHON" "$ROOT/tools/web_inputs.py") == "$(cat "$ROOT/web/dist/inputs.sha256" 2>/dev/null)" ]] && return
  if ! has_node; then
    say "dev: web/dist is not of today's web/src, and there is no node (20.19 or later) to build it: it is taken as it is"
    return
  fi
  say "Building the web interface"
  mkdir -p "$BUILD"
  npm_ready || return 1
  npm --prefix "$ROOT/web" run --silent build >"$BUILD/web.log" 2>&1 && return
  cat "$BUILD/web.log" >&2
  return 1
}

# ui_ready: the browser's driver in an environment of its own; Debian's pytest is seen from there.
ui_ready() {
  local venv=$BUILD/ui-venv wanted=$ROOT/tests/ui/requirements.txt
  cmp -s "$wanted" "$venv/requirements.txt" && return
  rm -rf "$venv"
  { "$PYTHON" -m venv --system-site-packages "$venv" &&
    "$venv/bin/pip" install -q --disable-pip-version-check --require-hashes -r "$wanted"; } >&2 &&
    cp "$wanted" "$venv/requirements.txt"
}

# check_web: types, and the tests of the components' logic.
check_web() {
  if ! has_node; then
    skip "the types and unit tests of the web interface" "there is no node 20.19 or later"
    return
  fi
  npm_ready || { record 0 1 0; return; }
  step "types of the web interface" npm --prefix "$ROOT/web" run --silent check
  step "unit tests of the web interface" npm --prefix "$ROOT/web" run --silent test
}

# test_ui PRESET FILTER: as a person would, with the real program and a browser.
test_ui() {
  if ! (install "${PACKAGES_UI[@]}") || ! ui_ready; then
    skip "the tests of the web interface in a browser" "there are not all of ${PACKAGES_UI[*]} and tests/ui/requirements.txt"
    return
  fi
  run_tests "$1" --ui "$BUILD/ui-venv/bin/python" --filter "$2"
}
