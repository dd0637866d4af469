#!/usr/bin/env python3
"""What `inventory` must print, from its definition alone and with nothing in common with its code.

    reference.py [DIR]                              prints the report
    reference.py [DIR] --chaos P --seed S --restarts
                                                    prints how many restarts there must be

A file or directory that cannot be read is named on standard error, and the exit status is 3.
"""

import argparse
import hashlib
import os
import re
import stat
import sys

PIECE = 1 << 20
# A word begins with a byte that is not blank where there was none before it.
WORDS = re.compile(rb"[^\x09\x0a\x0b\x0c\x0d\x20]+")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("dir", nargs="?", default=".")
    arguments.add_argument("--chaos", type=float, default=0.0)
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--restarts", action="store_true")
    arguments = arguments.parse_args()

    failures = []
    root = os.fsencode(arguments.dir)
    paths = sorted(regular_files(root, failures))
    if arguments.restarts:
        print(sum(struck(path, arguments.chaos, arguments.seed) for path in paths))
        return 0

    for path in paths:
        try:
            line = entry(root, path)
        except OSError as error:
            failures.append((path, error))
        else:
            sys.stdout.buffer.write(line)
    for path, error in sorted(failures, key=lambda failure: failure[0]):
        sys.stderr.buffer.write(b"%s: %s\n" % (escaped(path), os.fsencode(error.strerror)))
    return 3 if failures else 0


def regular_files(root, failures):
    """Paths relative to `root`, in no order."""
    pending = [b""]
    while pending:
        directory = pending.pop()
        try:
            names = os.listdir(os.path.join(root, directory))
        except OSError as error:
            failures.append((directory, error))
            continue
        for name in names:
            path = os.path.join(directory, name)
            try:
                mode = os.lstat(os.path.join(root, path)).st_mode
            except OSError as error:
                failures.append((path, error))
                continue
            if stat.S_ISDIR(mode):
                pending.append(path)
            elif stat.S_ISREG(mode):
                yield path


def entry(root, path):
    """One line of the report."""
    sha256, size, lines, words = hashlib.sha256(), 0, 0, 0
    in_word = False
    with open(os.path.join(root, path), "rb", buffering=0) as file:
        while piece := file.read(PIECE):
            sha256.update(piece)
            size += len(piece)
            lines += piece.count(b"\n")
            words += len(WORDS.findall(piece))
            if in_word and WORDS.match(piece):
                words -= 1
            in_word = WORDS.match(piece, len(piece) - 1) is not None
    figures = b"\t".join(b"%d" % figure for figure in (size, lines, words))
    return b"%s\t%s\t%s\n" % (sha256.hexdigest().encode(), figures, escaped(path))


def escaped(path):
    return path.replace(b"\\", b"\\\\").replace(b"\t", b"\\t").replace(b"\n", b"\\n")


def struck(path, probability, seed):
    """Whether the first attempt at a file crashes: `--chaos` and `--seed`."""
    digest = hashlib.sha256(seed.to_bytes(8, "big") + path).digest()
    return int.from_bytes(digest[:8], "big") < probability * 2**64


if __name__ == "__main__":
    sys.exit(main())
