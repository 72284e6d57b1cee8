#!/usr/bin/env bash
# The tests as they would run on other machines and in other company, one condition after the other.
# Words after it go to pytest: tests/portable.sh tests/losses
set -o pipefail
cd "$(dirname "$0")/.."
export PYTHONPATH="$PWD/src:$PWD/tests"

words=("$@")
verdicts=()
failed=0

pytest() { .venv/bin/python -m pytest "$@" "${words[@]}"; }

try() {  # NAME COMMAND...
    echo
    echo "===== $1"
    if "${@:2}"; then
        verdicts+=("passed  $1")
    else
        verdicts+=("FAILED  $1")
        failed=1
    fi
}

with_avx2() {  # a processor without AVX-512, AMX and bfloat16
    ATEN_CPU_CAPABILITY=default ONEDNN_MAX_CPU_ISA=AVX2 MKL_ENABLE_INSTRUCTIONS=AVX2 \
        IMPASTO_DTYPE=float32 pytest
}
in_float32() { IMPASTO_DTYPE=float32 pytest; }
on_one_core() { OMP_NUM_THREADS=1 pytest; }
rounding_otherwise() { pytest -p other_rounding; }
in_random_order() { pytest -p randomly; }
two_at_once() {
    pytest &
    local first=$!
    pytest
    local second=$?
    wait "$first" && [ "$second" = 0 ]
}

try "as it is" pytest
try "a processor with AVX2 only" with_avx2
try "float32 alone" in_float32
try "one core" on_one_core
try "convolutions that round otherwise" rounding_otherwise
try "in random order" in_random_order
try "two at once" two_at_once

echo
printf '%s\n' "${verdicts[@]}"
exit "$failed"
