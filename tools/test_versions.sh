#!/usr/bin/env bash
# Runs the tests with the oldest and with the newest TensorFlow and Keras that
# setup.cfg allows, each in a virtual environment of its own:
#     tools/test_versions.sh [oldest|newest] [pytest arguments]
set -euo pipefail
cd "$(dirname "$0")/.."

lowest() { # the lower bound of a package in setup.cfg
    grep -oP "^    $1>=\K[0-9.]+(?=,)" setup.cfg | head -1
}

check() { # a name, what to install, and pytest's arguments
    local name=$1 packages=$2 environment
    shift 2
    environment=$(mktemp -d)
    # shellcheck disable=SC2064
    trap "rm -rf '$environment'" EXIT
    python3 -m venv "$environment"
    # shellcheck disable=SC2086
    "$environment/bin/pip" install -q $packages
    echo "$name:" "$("$environment/bin/pip" list --format=freeze | grep -iE '^(tensorflow|keras|numpy)==' | tr '\n' ' ')"
    "$environment/bin/pytest" -q "$@"
    rm -rf "$environment"
}

ends=("oldest" "newest")
if [ $# -gt 0 ] && [[ "$1" =~ ^(oldest|newest)$ ]]; then
    ends=("$1")
    shift
fi
for end in "${ends[@]}"; do
    if [ "$end" = oldest ]; then
        # The extra litert asks for a newer Keras; its test skips without.
        check oldest "tensorflow==$(lowest tensorflow).* keras==$(lowest keras).* \
            .[docs,onnx,serving] hypothesis import-linter onnxruntime pytest pytest-xdist tensorboard" "$@"
    else
        check newest ".[test]" "$@"
    fi
done
