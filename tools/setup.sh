#!/usr/bin/env bash
# Makes the clone ready: what the system lacks, the virtual environment from the lock, the command .venv/bin/rowcast, and the servers.
# Called by `make setup`, and so by every verb that needs it; a second call ends within a second. Asks nothing; writes only below the
# clone, except for system packages, which are installed only for root.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# A caller's virtual environment or pip settings must not leak into ours.
unset PYTHONPATH PYTHONHOME VIRTUAL_ENV PIP_TARGET PIP_PREFIX
export PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_CACHE_DIR="$PWD/.stack/pip" PIP_ROOT_USER_ACTION=ignore

say() { printf 'setup: %s\n' "$*" >&2; }

# Prints the first Python that is new enough and can make a virtual environment with pip in it.
find_python() {
    local candidate
    for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 /usr/bin/python3; do
        if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            command -v "$candidate"
            return
        fi
    done
}

java_is_new_enough() {
    local major
    major=$(java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1)
    [ "${major:-0}" -ge 17 ]
}

# Prints the Debian packages this machine lacks; Java and Maven are for a Kafka of our own.
missing() {
    [ -n "$(find_python)" ] || echo python3 python3-venv
    if [ -z "${ROWCAST_TEST_KAFKA:-}" ]; then
        java_is_new_enough || echo openjdk-17-jre-headless
        command -v mvn >/dev/null || compgen -G '.stack/kafka/libs-*' >/dev/null || echo maven
    fi
}

install_missing() {
    local packages
    packages=$(missing | xargs)
    [ -n "$packages" ] || return 0
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
        say "installing $packages"
        local log
        log=$(mktemp)
        # On a release whose Java has another number, the release's default is new enough.
        # shellcheck disable=SC2086
        if ! { apt-get -q update && { DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install $packages ||
            DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install \
                ${packages/openjdk-17-jre-headless/default-jre-headless}; }; } >"$log" 2>&1 </dev/null; then
            tail -n 20 "$log" >&2
            rm -f "$log"
            say "apt could not install: $packages"
            exit 1
        fi
        rm -f "$log"
    fi
    packages=$(missing | xargs)
    if [ -n "$packages" ]; then
        say "install first (Python 3.11+ with venv, JDK 17+ and Maven are needed): apt-get install $packages"
        exit 1
    fi
}

# The environment is right when it was made from this lock, at this place, by this Python, and still starts.
environment_is_current() {
    [ "$(cat .venv/.lock-key 2>/dev/null)" = "$1" ] && .venv/bin/python -c 'import pip' >/dev/null 2>&1
}

make_environment() {
    local python key project
    # An environment that is there keeps its Python, whatever `python3` means in this shell, unless PYTHON asks for another.
    python=$([ -n "${PYTHON:-}" ] || .venv/bin/python -c \
        'import sys; print(sys._base_executable if sys.version_info >= (3, 11) else "")' 2>/dev/null || true)
    [ -x "$python" ] || python=$(find_python)
    key=$({ cat requirements-dev.lock; "$python" -c 'import sys; print(sys.version)'; pwd; } | sha256sum)
    if ! environment_is_current "$key"; then
        say "making .venv from requirements-dev.lock"
        rm -rf .venv
        "$python" -m venv .venv
        .venv/bin/python -m pip install -q --require-hashes --only-binary :all: -r requirements-dev.lock
        echo "$key" >.venv/.lock-key
    fi
    project=$(sha256sum pyproject.toml)
    if [ "$(cat .venv/.project-key 2>/dev/null)" != "$project" ] || [ ! -x .venv/bin/rowcast ]; then
        .venv/bin/python -m pip install -q --no-index --no-deps --no-build-isolation -e .
        # Not an entry point of the distribution: the wheel has no tools.
        printf '#!/bin/sh\nexec "%s" -m tools.stack "$@"\n' "$PWD/.venv/bin/python" >.venv/bin/rowcast-stack
        chmod +x .venv/bin/rowcast-stack
        echo "$project" >.venv/.project-key
    fi
}

mkdir -p .stack
# Two verbs at once (a test run beside a demo) must not make the environment twice.
exec 9>.stack/setup.lock
flock 9
install_missing
make_environment
.venv/bin/rowcast-stack fetch 9>&-
