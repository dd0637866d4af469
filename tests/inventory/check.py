"""Compares `inventory` with `reference.py`, and its time with that of a plain parallel loop.

Started by `check.sh`, which says more.
"""

import argparse
import filecmp
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
MEMORY_LIMIT_MB = 200
TIME_LIMIT = 1.1
SEED = 7
ROUNDS = 7


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--bin", required=True)
    arguments.add_argument("--tree", help="make it here, or use what is here, and keep it")
    arguments.add_argument("--keep", action="store_true")
    arguments.add_argument("--quick", action="store_true")
    arguments = arguments.parse_args()

    scratch = tempfile.mkdtemp(prefix="inventory-check-")
    tree = arguments.tree or os.path.join(scratch, "tree")
    try:
        failed = check(arguments.bin, tree, scratch, arguments.quick)
    finally:
        if arguments.keep:
            print("kept:", scratch)
        else:
            shutil.rmtree(scratch)
    print("FAILED: " + "; ".join(failed) if failed else "all as it should be")
    return 1 if failed else 0


def check(binaries, tree, scratch, quick):
    inventory = os.path.join(binaries, "inventory")
    rayon = os.path.join(binaries, "examples", "rayon_inventory")
    failed = []

    def expect(holds, what):
        if not holds:
            print("  FAILED:", what)
            failed.append(what)

    if not os.path.isdir(tree):
        size = ["--files", "2000"] if quick else ["--files", "20000", "--large", "real"]
        script("make_tree.py", tree, *size)
    expected = os.path.join(scratch, "expected")
    began = time.monotonic()
    with open(expected, "wb") as report:
        script("reference.py", tree, stdout=report)
    with open(expected, "rb") as report:
        count = sum(1 for _ in report)
    print(f"reference: {count} files, {time.monotonic() - began:.1f} s")

    for chaos in ("0", "0.3", "1"):
        flags = ["--chaos", chaos, "--seed", str(SEED)]
        crashes = script("reference.py", tree, *flags, "--restarts", stdout=subprocess.PIPE)
        crashes = int(crashes.stdout)
        for workers in (1, 2, 16):
            out = os.path.join(scratch, "report")
            command = [inventory, tree, "--out", out, "--workers", str(workers), *flags]
            status, figures, memory = run(command, scratch)
            name = f"--workers {workers} --chaos {chaos}"
            print(f"{name:25} {memory:4.0f} MB  {figures}")
            figures = dict(pair.split("=") for pair in figures.split())
            expect(status == 0, f"{name}: status {status}")
            expect(filecmp.cmp(out, expected, shallow=False), f"{name}: another report")
            expect(int(figures["files"]) == count, f"{name}: not {count} files")
            for counter in ("restarts", "retries"):
                expect(int(figures[counter]) == crashes, f"{name}: not {crashes} {counter}")
            expect(memory < MEMORY_LIMIT_MB, f"{name}: {memory:.0f} MB")

    out = os.path.join(scratch, "report")
    with open(out, "wb") as report:
        subprocess.run([rayon, tree], stdout=report, stderr=subprocess.DEVNULL, check=True)
    expect(filecmp.cmp(out, expected, shallow=False), "the parallel loop: another report")
    if not quick:
        ours, theirs = [], []
        for _ in range(ROUNDS):
            ours.append(seconds([inventory, tree]))
            theirs.append(seconds([rayon, tree]))
        ratio = statistics.median(ours) / statistics.median(theirs)
        for name, times in (("inventory", ours), ("parallel loop", theirs)):
            times = sorted(times)
            middle = statistics.median(times)
            print(f"{name:14} median {middle:.3f} s, from {times[0]:.3f} to {times[-1]:.3f}")
        print(f"ratio of the medians of {ROUNDS}: {ratio:.3f}")
        expect(ratio <= TIME_LIMIT, f"{ratio:.3f} times as long as a plain parallel loop")
    return failed


def script(name, *arguments, stdout=None):
    command = [sys.executable, os.path.join(HERE, name), *arguments]
    return subprocess.run(command, stdout=stdout, check=True)


def run(command, scratch):
    """Exit status, last line on standard error, and peak memory in MB."""
    with tempfile.TemporaryFile(dir=scratch) as stderr:
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=stderr)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        stderr.seek(0)
        lines = stderr.read().decode(errors="replace").splitlines()
    # Linux counts in KiB, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return child.returncode, lines[-1], usage.ru_maxrss * unit / 1e6


def seconds(command):
    began = time.monotonic()
    subprocess.run(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True
    )
    return time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
