#!/usr/bin/env bash
# Resolves the dependencies in pyproject.toml into requirements.lock (what rowcast runs with) and requirements-dev.lock (tests and checks
# too), with hashes, for every platform and Python that the project supports. Called by `make lock`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
place=$(mktemp -d .stack/lock.XXXXXX)
trap 'rm -rf "$place"' EXIT
.venv/bin/python -m venv "$place"
PIP_CACHE_DIR=.stack/pip "$place/bin/pip" install -q uv
resolve() {
    "$place/bin/uv" pip compile -q --universal --python-version 3.11 --only-binary :all: --generate-hashes --upgrade \
        --no-emit-index-url --no-emit-find-links --no-header --no-annotate --cache-dir .stack/uv pyproject.toml "$@"
}
resolve -o requirements.lock
resolve --group dev -o requirements-dev.lock
