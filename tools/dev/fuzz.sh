# shellcheck shell=bash
# A part of ./dev: fuzzing.

# fuzz_one TARGET SECONDS: starts from the corpus in the repository, keeps what it finds in build/.
fuzz_one() {
  local target=$1 seconds=$2 work=$BUILD/fuzz/$1
  mkdir -p "$work/corpus" "$work/findings"
  local corpora=("$work/corpus")
  [[ -d $ROOT/fuzz/corpus/$target ]] && corpora+=("$ROOT/fuzz/corpus/$target")
  local options=("-max_total_time=$seconds" "-artifact_prefix=$work/findings/" -timeout=10
    -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1)
  [[ -f $ROOT/fuzz/$target.dict ]] && options+=("-dict=$ROOT/fuzz/$target.dict")
  if "$BUILD/asan/fuzz_$target" "${options[@]}" "${corpora[@]}" >"$work/log" 2>&1 </dev/null; then
    say "fuzz $target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log") runs"
  else
    grep -vE '^#[0-9]+|^stat::|NEW_FUNC' "$work/log" | tail -n 40 >&2
    say "fuzz $target: a finding in $work/findings"
    return 1
  fi
}

fuzz_targets() { find "$BUILD/asan" -maxdepth 1 -type f -name 'fuzz_*' -printf '%f\n' | sed 's/^fuzz_//' | sort; }

# fuzz_all SECONDS: as many targets at a time as there are cores; every target is one test.
fuzz_all() {
  local target pids=() pid
  while read -r target; do
    fuzz_one "$target" "$1" &
    pids+=($!)
    if [[ ${#pids[@]} -ge $(nproc) ]]; then
      step fuzzing wait "${pids[0]}"
      pids=("${pids[@]:1}")
    fi
  done < <(fuzz_targets)
  for pid in "${pids[@]}"; do step fuzzing wait "$pid"; done
}

cmd_fuzz() {
  local target='' seconds=60
  if [[ ${1:-} =~ ^[0-9]+$ ]]; then seconds=$1; else
    target=${1:-}
    seconds=${2:-60}
  fi
  cmd_build_fuzz || exit 1
  if [[ -n $target ]]; then
    [[ -x $BUILD/asan/fuzz_$target ]] || die "no target '$target'; there are: $(fuzz_targets | tr '\n' ' ')"
    fuzz_one "$target" "$seconds"
    return
  fi
  RESULTS=$(mktemp "$BUILD/results.XXXXXX")
  trap 'rm -f "$RESULTS"' EXIT
  fuzz_all "$seconds"
  ! grep -q '^0 1' "$RESULTS"
}

cmd_build_fuzz() {
  install "${PACKAGES_BUILD[@]}" "${PACKAGES_TEST[@]}" "${PACKAGES_CLANG[@]}"
  configure asan && build asan fuzz_targets
}
