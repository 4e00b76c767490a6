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

# fetch_tool PACKAGE PATH: one program of a package, in .tools. The package is unpacked, not installed: that would start
# a server.
fetch_tool() {
    local package=$1 path=$2 name folder as_root=()
    name=$(basename "$path")
    if command -v "$name" >/dev/null || [ -x ".tools/$name" ] || ! command -v dpkg-deb >/dev/null; then return 0; fi
    [ "$(id -u)" = 0 ] || as_root=(sudo)
    folder=$(mktemp -d)
    echo "Fetching: $name"
    (cd "$folder" && { apt-get download -q "$package" || { "${as_root[@]}" apt-get update -q && apt-get download -q "$package"; }; })
    dpkg-deb --fsys-tarfile "$folder/${package}"_*.deb | tar -x -C "$folder" ".$path"
    mkdir -p .tools
    mv "$folder$path" ".tools/$name"
    rm -rf "$folder"
}

# install_promtool: Prometheus's own checks.
install_promtool() { fetch_tool prometheus /usr/bin/promtool; }

# install_pgbouncer: the pooler that tests put between gateways and PostgreSQL.
install_pgbouncer() {
    install_missing libc-ares2 libevent-2.1-7
    fetch_tool pgbouncer /usr/sbin/pgbouncer
}

# install_postgres: the server that tests start themselves, without the cluster that Debian would make and start.
install_postgres() {
    command -v dpkg-query >/dev/null || { install_missing postgresql; return; }
    [ -z "$(find /usr/lib/postgresql -maxdepth 3 -name initdb 2>/dev/null)" ] || return 0
    local as_root=()
    [ "$(id -u)" = 0 ] || as_root=(sudo)
    install_missing postgresql-common
    "${as_root[@]}" sed -i 's/^#\?create_main_cluster.*/create_main_cluster = false/' \
        /etc/postgresql-common/createcluster.conf
    install_missing postgresql
}
