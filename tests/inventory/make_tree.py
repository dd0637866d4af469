#!/usr/bin/env python3
"""Makes the same tree every time: many small files, a few larger ones, and everything that is odd.

    make_tree.py DIR [--files N] [--large none|sparse|real] [--seed S]

DIR must not exist. `--large real` adds 4 GiB of text in one file, `sparse` a hole of that length with
a word in its middle.
"""

import argparse
import os
import random
import socket

LARGE = 4 << 30
# Names that a careless program gets wrong, apart from each other in every order that one may sort by.
ODD_NAMES = [
    b"tab\there", b"new\nline", b"back\\slash", b"\\t", b"\t", b"\n", b"\\", b" ", b"  lead", b"trail ",
    b"-dash", b"--out", b"caf\xc3\xa9", b"latin-\xe9", b"\xff\xfe", b"\x01", b"\x7f", b"return\r",
    b"a", b"a.b", b"a-b", b"A", b"a b", b".hidden", b"...", b"*", b"$HOME", b"'", b'"', b"x" * 255,
]
# Contents that a careless counter gets wrong.
ODD_CONTENTS = [
    b"", b"\n", b" ", b"x", b"no newline at the end", b"one\ntwo\n", b"\n\n\n", b" \t\n\x0b\x0c\r ",
    b"\x00", b"a\x00b", b"\x1f\x08\x0e", b"\xa0\x85", "a\u00a0b\u2003c\u0085d".encode(), b"\r\n" * 7,
    b"\xff" * 1000,
]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("dir")
    arguments.add_argument("--files", type=int, default=20_000)
    arguments.add_argument("--large", choices=["none", "sparse", "real"], default="none")
    arguments.add_argument("--seed", type=int, default=1)
    arguments = arguments.parse_args()
    root = os.fsencode(arguments.dir)
    os.mkdir(root)
    rng = random.Random(arguments.seed)

    left = arguments.files - odd(os.path.join(root, b"odd")) - pieces(os.path.join(root, b"pieces"))
    if arguments.large != "none":
        large(os.path.join(root, b"large.txt"), arguments.large == "real")
        left -= 1
    many(os.path.join(root, b"many"), left, rng)


def odd(root):
    """Odd names, odd contents, and what is no regular file. Returns the number of regular files."""
    os.mkdir(root)
    files = 0
    for n, name in enumerate(ODD_NAMES):
        write(os.path.join(root, name), ODD_CONTENTS[n % len(ODD_CONTENTS)])
        directory = os.path.join(root, b"in " + name[:200])
        os.mkdir(directory)
        write(os.path.join(directory, name), b"in an odd directory\n")
        files += 2
    for n, content in enumerate(ODD_CONTENTS):
        write(os.path.join(root, b"content-%d" % n), content)
        files += 1

    deep = root
    for _ in range(200):
        deep = os.path.join(deep, b"d")
        os.mkdir(deep)
    write(os.path.join(deep, b"bottom"), b"deep down\n")
    os.link(os.path.join(deep, b"bottom"), os.path.join(root, b"second-name"))
    files += 2

    os.mkdir(os.path.join(root, b"empty-directory"))
    os.symlink(b"content-5", os.path.join(root, b"link-to-file"))
    os.symlink(b"..", os.path.join(root, b"link-to-directory"))
    os.symlink(b"nowhere", os.path.join(root, b"dangling"))
    os.mkfifo(os.path.join(root, b"fifo"))
    here = os.getcwd()
    os.chdir(root)  # a socket's address is short
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(b"socket")
    os.chdir(here)
    return files


def pieces(root):
    """Lengths around the powers of two that programs read by, words across every such boundary."""
    os.mkdir(root)
    files = 0
    for power in (12, 13, 16, 17, 18, 20, 22):
        for extra in (-1, 0, 1):
            length = (1 << power) + extra
            text = (b"word " * (length // 5 + 1))[:length]
            write(os.path.join(root, b"words-%d" % length), text)
            write(os.path.join(root, b"one-word-%d" % length), b"x" * length)
            files += 2
    return files


def many(root, count, rng):
    """`count` files of all sizes, most of them small, in directories of up to 100."""
    os.mkdir(root)
    text = sample(rng, 1 << 20)
    for n in range(count):
        directory = os.path.join(root, b"%02d" % (n // 100 % 37), b"%03d" % (n // 100))
        if n % 100 == 0:
            os.makedirs(directory)
        size = int(min(rng.paretovariate(0.8) * 400, 1 << 20)) if rng.random() > 0.02 else 0
        start = rng.randrange(len(text) - size + 1)
        write(os.path.join(directory, b"file-%05d" % n), text[start : start + size])


def large(path, real):
    with open(path, "wb") as file:
        if real:
            # Of odd length, so that words fall across every boundary in turn.
            text = sample(random.Random(0), (1 << 20) + 13)
            written = 0
            while written < LARGE:
                written += file.write(text[: LARGE - written])
        else:
            file.seek(LARGE // 2)
            file.write(b" a word\n")
            file.truncate(LARGE)


def sample(rng, length):
    """Words, blanks of all kinds, and some bytes that are no text."""
    words = [rng.randbytes(rng.randrange(1, 12)).hex().encode() for _ in range(500)]
    words += [rng.randbytes(rng.randrange(1, 12)) for _ in range(50)]
    blanks = [b" "] * 20 + [b"\n"] * 4 + [b"\t", b"\r\n", b"\x0b", b"\x0c", b"  "]
    text = bytearray()
    while len(text) < length:
        text += rng.choice(words) + rng.choice(blanks)
    return bytes(text[:length])


def write(path, content):
    with open(path, "wb") as file:
        file.write(content)


if __name__ == "__main__":
    main()
