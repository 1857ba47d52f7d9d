#!/usr/bin/env bash
# Runs every test there is, on a machine with Rust and a Debian-like system.
#
#   ./test.sh            every step (installs what is missing; never asks)
#   ./test.sh quick      only what needs nothing but Rust
#   ./test.sh STEP...    these steps, in this order
#   ./test.sh help       the steps
#
# Needs no network beside the package registries, leaves nothing running, and can be run again at any time. What it
# installs for itself lies below target/; logs of the steps are in target/test/.
set -euo pipefail
cd "$(dirname "$0")"

# name | longest time in minutes | in `quick` | exists if | what it does
STEPS=(
  "system       |10|no |test.sh                     |system packages: C compiler, Python, Node.js, PostgreSQL, OpenSSL, Chromium"
  "build        |40|yes|Cargo.toml                  |everything, once; later steps compile nothing"
  "unit         |20|yes|Cargo.toml                  |tests inside the crates"
  "tidy         | 5|yes|crates/gateway/tests/it     |house rules"
  "integration  |35|no |Cargo.toml                  |promises, stores on SQLite and PostgreSQL, crashes, tampering"
  "docs         |10|no |Cargo.toml                  |examples in the documentation of the code"
  "policies     | 5|no |policies/starter/tests.yaml |starter policies against their cases"
  "openapi      | 5|no |tests/openapi/check.py      |the description of the API, with a validator of OpenAPI 3.1"
  "demo         | 5|no |crates/gateway/src/cli/demo.rs|the guided tour, to its end"
  "quality      |20|no |tests/quality/run.py        |detectors on documents that others' generators made"
  "peers        |25|no |tests/peers/run.py          |real clients and servers through the gateway"
  "anchors      |15|no |tests/anchors/run.py        |buckets and containers with locks, witnesses, a timestamp authority, a signer outside"
  "browser      |15|no |tests/browser/run.mjs       |the console in a real browser"
  "conformance  |15|no |tests/peers/conformance.py  |the official suite, directly and through the gateway"
)

step_system() {
  local missing=()
  command -v cc >/dev/null || missing+=(build-essential)
  command -v python3 >/dev/null || missing+=(python3)
  python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
  command -v npm >/dev/null || missing+=(nodejs npm)
  command -v openssl >/dev/null || missing+=(openssl)
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
  command -v pgbouncer >/dev/null || missing+=(pgbouncer)
  command -v haproxy >/dev/null || missing+=(haproxy)
  command -v chromium >/dev/null || missing+=(chromium fonts-inter fonts-jetbrains-mono)
  if ((${#missing[@]} == 0)); then
    echo "nothing is missing"
    return
  fi
  echo "missing: ${missing[*]}"
  if ! command -v apt-get >/dev/null; then
    echo "this system has no apt-get: install the equivalents, then run ./test.sh again" >&2
    return 1
  fi
  local as_root=()
  ((EUID == 0)) || as_root=(sudo -n)
  # Tests start databases of their own; the package must not start one for the whole machine.
  if [[ ! -e /etc/postgresql-common/createcluster.conf ]]; then
    "${as_root[@]}" mkdir -p /etc/postgresql-common
    echo 'create_main_cluster = false' | "${as_root[@]}" tee /etc/postgresql-common/createcluster.conf >/dev/null
  fi
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold "${missing[@]}"
}

# The binary that `build` made. Built as a package alone it would have other features, and everything be compiled again.
product() { cargo test --workspace --locked --no-run --quiet && target/debug/countersign "$@"; }
export -f product

step_build() { cargo test --workspace --locked --no-run; }
step_unit() { cargo test --workspace --locked --lib --bins; }
step_tidy() { cargo test --workspace --locked --test it tidy::; }
step_integration() { COUNTERSIGN_CRASHES=200 cargo test --workspace --locked --no-fail-fast --test '*' -- --skip tidy::; }
step_docs() { cargo test --workspace --locked --doc; }
step_policies() { product policy test policies/starter/tests.yaml; }
step_openapi() { product openapi | python3 tests/openapi/check.py; }
step_demo() { product demo --exit; }
step_quality() { python3 tests/quality/run.py; }
step_peers() { python3 tests/peers/run.py clients oauth servers masked recognizer held; }
step_anchors() { python3 tests/anchors/run.py; }
step_browser() { node tests/browser/run.mjs; }
step_conformance() { python3 tests/peers/run.py conformance; }

# The parts of a line of STEPS, without spaces around them.
part() { cut -d'|' -f"$2" <<<"$1" | sed 's/^ *//; s/ *$//'; }

find_step() {
  local line
  for line in "${STEPS[@]}"; do
    if [[ "$(part "$line" 1)" == "$1" ]]; then
      echo "$line"
      return
    fi
  done
  echo "there is no step \`$1\`; ./test.sh help lists them" >&2
  return 2
}

# Passed and failed tests that a log speaks of; a step that counts nothing is one test.
count() {
  local log=$1 status=$2 passed failed
  read -r passed failed < <(
    sed 's/\x1b\[[0-9;]*m//g' "$log" |
      sed -nE 's/^(test result: .*\. )?([0-9]+) passed[;,] ([0-9]+) failed.*/\2 \3/p' |
      awk '{ passed += $1; failed += $2 } END { print passed + 0, failed + 0 }'
  )
  if ((status == 0 && passed + failed == 0)); then passed=1; fi
  # It failed before or beside its tests.
  if ((status != 0 && failed == 0)); then failed=1; fi
  echo "$passed $failed"
}

running=
# Ends what the running step started: each step is a session of its own.
stop() {
  if [[ -n "$running" ]]; then
    pkill -TERM -s "$running" || true
    local waited
    for waited in 1 2 3 4 5; do
      pgrep -s "$running" >/dev/null || break
      sleep "0.$waited"
    done
    pkill -KILL -s "$running" || true
    running=
  fi
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

passed_all=0
failed_all=0
summary=()

run_step() {
  local line name minutes log started status=0 passed failed seconds result=ok
  line=$(find_step "$1")
  name=$(part "$line" 1)
  minutes=$(part "$line" 2)
  log="target/test/$name.log"
  started=$SECONDS
  printf '\n==> %s: %s\n' "$name" "$(part "$line" 5)"
  export -f "step_$name"
  : >"$log"
  # A background process leads no group, so `setsid` does not fork and its process id is that of the new session;
  # `timeout` must not make a group of its own, so that the whole step stays in that session.
  setsid timeout --foreground --kill-after=10 "${minutes}m" bash -euo pipefail -c "step_$name" >"$log" 2>&1 &
  running=$!
  tail --pid="$running" -n +1 -f "$log" || true
  wait "$running" || status=$?
  if ((status == 124)); then echo "took longer than $minutes minutes" | tee -a "$log"; fi
  stop
  read -r passed failed < <(count "$log" "$status")
  passed_all=$((passed_all + passed))
  failed_all=$((failed_all + failed))
  seconds=$((SECONDS - started))
  ((status == 0 && failed == 0)) || result="FAILED, see $log"
  summary+=("$(printf '%-12s %5d s %6d passed %4d failed  %s' "$name" "$seconds" "$passed" "$failed" "$result")")
}

chosen=()
case "${1:-all}" in
  help | -h | --help)
    sed -n '2,/^set /{/^set /d; s/^# \{0,1\}//; p}' "$0"
    for line in "${STEPS[@]}"; do printf '  %-12s %s\n' "$(part "$line" 1)" "$(part "$line" 5)"; done
    exit
    ;;
  all | quick)
    for line in "${STEPS[@]}"; do
      [[ -e "$(part "$line" 4)" ]] || continue
      [[ "${1:-all}" == all || "$(part "$line" 3)" == yes ]] && chosen+=("$(part "$line" 1)")
    done
    ;;
  *)
    for name in "$@"; do
      find_step "$name" >/dev/null
      chosen+=("$name")
    done
    ;;
esac

mkdir -p target/test
for name in "${chosen[@]}"; do
  run_step "$name"
done

printf '\n'
printf '%s\n' "${summary[@]}"
printf '\n%d passed, %d failed\n' "$passed_all" "$failed_all"
((failed_all == 0))
