#!/usr/bin/env bash
# Installs the libraries and tools that `swift build` needs. Swift 6.3 itself must be there.
set -euo pipefail
. "$(dirname "$0")/packages.sh"

install_missing libuv1-dev libnghttp2-dev libssl-dev libsqlite3-dev libpq-dev ca-certificates
install_missing_command git git
install_missing_command pkg-config pkg-config
# The Swift toolchain links with the system's C runtime and needs the C++ headers for its module maps.
install_missing_command g++ g++

if ! command -v swift >/dev/null; then
    echo "Swift 6.3 isn't on PATH: install it from https://www.swift.org/install/ and run this again." >&2
    exit 1
fi
