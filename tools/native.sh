#!/usr/bin/env bash
# Builds the native part (native/) into .venv when a Rust toolchain is there, and says so when it is not: everything works without it,
# slower. Called by `make setup`. Never downloads a toolchain. ROWCAST_NATIVE=require makes a missing native part an error (CI).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export RUSTUP_AUTO_INSTALL=0

say() { printf 'setup: %s\n' "$*" >&2; }

left_out() {
    say "native part left out: $*"
    [ "${ROWCAST_NATIVE:-}" != require ] || exit 1
    exit 0
}

[ -x .venv/bin/python ] || left_out "no .venv"
command -v cargo >/dev/null || left_out "no cargo on PATH"
version=$(cargo --version 2>/dev/null | cut -d ' ' -f 2) || left_out "cargo does not run"
oldest=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' native/Cargo.toml)
printf '%s\n%s\n' "$oldest" "$version" | sort -V -C || left_out "cargo $version is older than $oldest"

log=$(mktemp)
trap 'rm -f "$log"' EXIT
(cd native && cargo build --release --locked -p rowcast-native) >"$log" 2>&1 || {
    tail -n 15 "$log" >&2
    left_out "cargo could not build it"
}
built=$(find native/target/release -maxdepth 1 \( -name 'librowcast_native.so' -o -name 'librowcast_native.dylib' \) | head -n 1)
[ -n "$built" ] || left_out "cargo built no module"
installed="$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("platlib"))')/rowcast_native.abi3.so"
if ! cmp -s "$built" "$installed"; then
    # A process that has the old one loaded keeps it.
    cp "$built" "$installed.new"
    mv -f "$installed.new" "$installed"
    say "native part built: $(.venv/bin/python -c 'import rowcast_native; print(rowcast_native.version())')"
fi
