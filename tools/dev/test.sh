# shellcheck shell=bash
# A part of ./dev: its tests.

# The test programs that use several threads.
THREADED=(memory net http spill rules pipeline guide generation sources plugin_host runtime
  store_open jobs outputs logos depot api)

# Results of a test run, one line of "passed failed skipped" each.
RESULTS=

record() { echo "$1 $2 $3" >>"$RESULTS"; }

# step NAME COMMAND…: one thing that passes or fails as a whole.
step() {
  local name=$1
  shift
  if "$@"; then
    record 1 0 0
  else
    record 0 1 0
    say "FAILED: $name"
  fi
}

# Seconds that the parts of a test run took, one line of "seconds name" each.
TIMES=()

# part NAME COMMAND…: says what is going on, and remembers how long it took.
part() {
  local name=$1 begin=$SECONDS status=0
  shift
  say "== $name"
  "$@" || status=$?
  TIMES+=("$((SECONDS - begin)) $name")
  return "$status"
}

# run_tests PRESET [OPTION…]: counts by itself.
run_tests() {
  local preset=$1
  shift
  "$PYTHON" "$ROOT/tools/run_tests.py" --build "$BUILD/$preset" --results "$RESULTS" "$@" ||
    record 0 1 0
}

# build_for_tests PRESET [TARGET…]: a build that fails is a test that fails.
build_for_tests() {
  if configure "$1" && part "building $1" build "$@"; then return; fi
  record 0 1 0
  say "FAILED: the $1 build"
  return 1
}

# build_samples KIND…: the plugins that tests run.
build_samples() {
  if ! command -v clang++-19 >/dev/null || ! command -v wasm-ld-19 >/dev/null; then
    skip "the tests of the sample plugins" "there is no clang++-19 with wasm-ld-19 (clang-19 lld-19)"
    return
  fi
  step "building the sample plugins" \
    env CARGO_TARGET_DIR="$BUILD/plugins-rust" "$ROOT/sdk/build.sh" "$BUILD/plugins" "$@"
}

test_user() {
  install "${PACKAGES_BUILD[@]}" "${PACKAGES_TEST[@]}" "${PACKAGES_BENCH[@]}"
  build_web || record 0 1 0
  build_for_tests debug || return 0
  part "sample plugins" build_samples cpp
  part "tests" run_tests debug --pytest --filter "$1"
  [[ -n $1 ]] || part "web interface, its sources" check_web
  part "web interface, in a browser" test_ui debug "$1"
}

test_full() {
  install "${PACKAGES_BUILD[@]}" "${PACKAGES_TEST[@]}" "${PACKAGES_BENCH[@]}" \
    "${PACKAGES_CLANG[@]}" "${PACKAGES_STYLE[@]}"
  part "all sample plugins" build_samples cpp wasi rust
  part "the service on PostgreSQL" run_tests debug --postgresql
  part "several replicas" run_tests debug --replicas
  part "formatting and scripts" step style "$PYTHON" "$ROOT/tools/lint.py" --fast
  if build_for_tests asan; then
    M3U_PROXY_LONG_TESTS=1 part "tests under asan" run_tests asan --service
    part "fuzzing" fuzz_all 45
  fi
  part "other systems" test_platforms
  if build_for_tests tsan m3u-proxy "${THREADED[@]/%/_test}"; then
    part "tests under tsan" run_tests tsan --only "${THREADED[@]}" --concurrent
  fi
  if ! (install "${PACKAGES_PLAYERS[@]}"); then
    skip "some players" "there are not all of ${PACKAGES_PLAYERS[*]}"
  fi
  if ! (install "${PACKAGES_DEPLOY[@]}"); then
    skip "some checks of the deployment" "there are not all of ${PACKAGES_DEPLOY[*]}"
  fi
  if part "building release" build_bench_programs; then
    part "proofs and players" run_tests release --proofs
    # The short ones ran with the debug build.
    M3U_PROXY_LONG_TESTS=only part "the web interface at size, in a browser" test_ui release ''
    part "deployment" run_tests release --deploy
  else
    record 0 1 0
  fi
}

cmd_test() {
  local full='' filter=''
  while [[ $# -gt 0 ]]; do
    case $1 in
      --full) full=1 ;;
      -*) die "unknown option $1; see ./dev help" ;;
      *) filter=$1 ;;
    esac
    shift
  done
  mkdir -p "$BUILD"
  RESULTS=$(mktemp "$BUILD/results.XXXXXX")
  trap 'rm -f "$RESULTS"' EXIT
  if [[ -n $full ]] && ! (install "${PACKAGES_PLUGINS[@]}"); then
    skip "some sample plugins" "there are not all of ${PACKAGES_PLUGINS[*]}"
  fi
  test_user "$filter"
  [[ -z $full ]] || test_full
  printf '%s\n' "${TIMES[@]}" |
    awk '{seconds = $1; $1 = ""; printf "%5d s %s\n", seconds, $0}' >&2
  awk '{passed += $1; failed += $2; skipped += $3}
       END {printf "%d passed, %d failed", passed, failed
            if (skipped) printf ", %d skipped", skipped
            print ""
            exit (failed > 0 || passed == 0)}' "$RESULTS"
}
