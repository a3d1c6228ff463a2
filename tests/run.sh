#!/usr/bin/env bash
# Builds the solution once and runs every test: .NET assemblies, then the scripts of other languages' clients.
# The last line is always "N passed, N failed"; the exit code is 0 only when something ran and nothing failed.
#
#   bash tests/run.sh              everything
#   bash tests/run.sh --no-install do not install missing peers (redis-server, node …)
set -uo pipefail
cd "$(dirname "$0")/.."

passed=0
failed=0
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

finish() {
    [ $((passed + failed)) -gt 0 ] || { echo "Nothing ran."; failed=1; }
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
    exit
}

# A step that has to work: without it nothing after it would mean anything.
must() {
    local what=$1
    shift
    "$@" && return
    echo "FAILED: $what"
    failed=$((failed + 1))
    finish
}

# The servers and languages the tests talk to, from the distribution's packages.
install_peers() {
    local missing=()
    need() { command -v "$1" >/dev/null 2>&1 || missing+=("$2"); }
    need redis-server redis-server
    need redis-cli redis-tools
    need redis-sentinel redis-sentinel
    need lua5.1 lua5.1
    need tclsh tcl
    need node nodejs
    need npm npm
    [ ${#missing[@]} -gt 0 ] || return 0
    echo "Installing ${missing[*]}"
    local sudo=""
    [ "$(id -u)" -eq 0 ] || sudo=sudo
    # A package must not start a service of its own here: the tests start what they need on free ports.
    $sudo apt-get update -qq &&
        $sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# Adds up the counters of one test assembly; one that left no result file counts as a failure.
count() {
    local name=$1 code=$2 file="$results/$1.trx" counters ok bad
    counters=$(grep -o '<Counters [^>]*>' "$file" 2>/dev/null | head -n 1)
    ok=$(sed -n 's/.* passed="\([0-9]*\)".*/\1/p' <<<"$counters")
    bad=$(sed -n 's/.* failed="\([0-9]*\)".*/\1/p' <<<"$counters")
    passed=$((passed + ${ok:-0}))
    failed=$((failed + ${bad:-0}))
    # The process failed although no test did, or no test ran: that is a failure of its own.
    if [ "$code" -ne 0 ] && [ "${bad:-0}" -eq 0 ]; then
        echo "FAILED: $name ended with code $code"
        failed=$((failed + 1))
    elif [ "${ok:-0}" -eq 0 ] && [ "${bad:-0}" -eq 0 ]; then
        echo "FAILED: $name ran no test"
        failed=$((failed + 1))
    fi
}

run_assembly() {
    local name=$1
    echo "== $name"
    # Blame ends an assembly that hangs and names the test.
    dotnet test "tests/$name/$name.csproj" -c Release --no-build --nologo -v quiet --blame-hang-timeout 3min --blame-hang-dump-type none \
        --results-directory "$results" --logger "trx;LogFileName=$name.trx" --logger "console;verbosity=minimal"
    count "$name" $?
}

# A script prints one line a check, "ok …" or "not ok …", and "done" at its end.
run_client_script() {
    local script=$1 output code ok bad
    echo "== $script"
    output=$(timeout 120 node "$script" 2>&1)
    code=$?
    grep -v '^ok ' <<<"$output"
    ok=$(grep -c '^ok ' <<<"$output")
    bad=$(grep -c '^not ok ' <<<"$output")
    # A script that broke off, or checked nothing, has failed although none of its checks did.
    if [ "$bad" -eq 0 ] && { [ "$code" -ne 0 ] || [ "$ok" -eq 0 ] || ! grep -q '^done$' <<<"$output"; }; then
        echo "FAILED: $script ended with code $code"
        bad=1
    fi
    passed=$((passed + ok))
    failed=$((failed + bad))
}

[ "${1:-}" = --no-install ] || must "installing the peers" install_peers
must "building" dotnet build RedisLite.sln -c Release --nologo -v quiet

for assembly in RedisLite.Tests RedisLite.Tests.Differential RedisLite.Tests.System; do
    run_assembly "$assembly"
done

must "installing the client libraries" npm ci --prefix tests/clients --no-audit --no-fund --loglevel=error
for script in tests/clients/*.test.mjs; do
    run_client_script "$script"
done

finish
