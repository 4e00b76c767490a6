#!/usr/bin/env python3
"""Writes Tests/VerificationCacheTests/TokenDigestVectors.swift: digests as the two papers define them, by big integers.

An oracle that shares nothing with the code under test: NH with words of 64 bits and a Toeplitz key (Black and others,
"UMAC", 1999), then twice the multilinear family (Lemire and Kaser, "Strongly universal string hashing is fast", 2014).
"""

from pathlib import Path

LONGEST = 8192
MASK = (1 << 64) - 1


def splitmix(seed):
    while True:
        seed = (seed + 0x9E3779B97F4A7C15) & MASK
        mixed = seed
        mixed = ((mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9) & MASK
        mixed = ((mixed ^ mixed >> 27) * 0x94D049BB133111EB) & MASK
        yield mixed ^ mixed >> 31


def nh(words, key):
    pairs = zip(words[::2], words[1::2], key[::2], key[1::2])
    return sum(((a + k) & MASK) * ((b + l) & MASK) for a, b, k, l in pairs) % (1 << 128)


def multilinear(words, key):
    multipliers = [low | high << 64 for low, high in zip(key[::2], key[1::2])]
    total = multipliers[0] + sum(a * x for a, x in zip(multipliers[1:], words))
    return (total % (1 << 128)) >> 64


def digest(text, key):
    padded = text + bytes(-len(text) % 16)
    words = [int.from_bytes(padded[i:i + 8], "little") for i in range(0, len(padded), 8)]
    sums = [nh(words, key), nh(words, key[2:])]
    letters = [part for value in sums for part in (value & MASK, value >> 64)]
    rest = key[LONGEST // 8 + 2:]
    return multilinear(letters, rest[:10]), multilinear(letters, rest[10:20])


def text(length, seed):
    """Bytes that are all different kinds: the lower bytes of the same generator."""
    numbers = splitmix(seed)
    return bytes(next(numbers) & 0xFF for _ in range(length))


def main():
    lines = [
        "/// Made by `scripts/make-digest-vectors.py`: don't edit.",
        "///",
        "/// The key's words and the texts' bytes (the lowest of each number) come from `SplitMix` with these seeds.",
        "let tokenDigestVectors: [(keySeed: UInt64, textSeed: UInt64, length: Int, low: UInt64, high: UInt64)] = [",
    ]
    for seed in (1, 2):
        numbers = splitmix(seed)
        key = [next(numbers) for _ in range(LONGEST // 8 + 2 + 20)]
        for length in (0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 100, 323, 350, 1000, 4095, 8176, 8177, 8191, 8192):
            low, high = digest(text(length, seed + length), key)
            lines.append(f"    ({seed}, {seed + length}, {length}, 0x{low:016X}, 0x{high:016X}),")
    lines.append("]")
    target = Path(__file__).resolve().parents[1] / "Tests/VerificationCacheTests/TokenDigestVectors.swift"
    target.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
