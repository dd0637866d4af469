#!/bin/sh
# The full check of `inventory`, some minutes long and not part of `tests/run`:
#
#     tests/inventory/check.sh [--quick] [--keep] [--tree DIR]
#
# makes a tree of 20,000 files, one of them of 4 GiB, and compares byte for byte what `inventory` says
# of it with what an independent script says, with 1, 2 and 16 workers, with and without chaos; counts
# the crashes; measures memory; and takes the time of a plain parallel loop that does the same work.
# `--quick`: a tree of 2,000 files without the large one, and no times.
set -eu
cd "$(dirname "$0")/../.."
cargo build --release --package workers-example --bin inventory --example rayon_inventory
exec python3 tests/inventory/check.py --bin "${CARGO_TARGET_DIR:-target}/release" "$@"
