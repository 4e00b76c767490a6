# Sourced by the install-*.sh scripts: installs the Debian packages that are missing, and only those.

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# install_missing PACKAGE...: quiet and without effect where everything is there already.
install_missing() {
    if ! command -v dpkg-query >/dev/null; then
        echo "Not a Debian system: please install the equivalents of: $*" >&2
        return 0
    fi
    local missing=() package
    for package in "$@"; do
        is_installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0

    local as_root=()
    [ "$(id -u)" = 0 ] || as_root=(sudo)
    echo "Installing: ${missing[*]}"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -q
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
}

# install_missing_command COMMAND PACKAGE: for tools that may have come from somewhere else than Debian.
install_missing_command() {
    command -v "$1" >/dev/null || install_missing "$2"
}
