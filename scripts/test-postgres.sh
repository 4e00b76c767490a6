#!/usr/bin/env bash
# A PostgreSQL of the tests' own, on a free port of loopback, in a folder that goes with it.
#   . scripts/test-postgres.sh; start_postgres; …; stop_postgres
# Exports TEST_POSTGRES, the address of its superuser's database. Nothing of it is durable.

start_postgres() {
    local binaries port
    binaries=$(find /usr/lib/postgresql -maxdepth 2 -name bin | sort -V | tail -1)
    [ -n "$binaries" ] || { echo "There is no PostgreSQL: scripts/install-test-packages.sh" >&2; return 1; }
    postgres_folder=$(mktemp -d)
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    # The server refuses to run as root.
    as_postgres=()
    if [ "$(id -u)" = 0 ]; then
        chown postgres "$postgres_folder"
        as_postgres=(setpriv --reuid=postgres --regid=postgres --clear-groups)
    fi
    postgres_binaries=$binaries
    "${as_postgres[@]}" "$binaries/initdb" -D "$postgres_folder/data" -U tests -A trust -E UTF8 --locale=C.UTF-8 \
        --no-sync >"$postgres_folder/initdb.log"
    # Without -l the server would keep this script's output open.
    "${as_postgres[@]}" "$binaries/pg_ctl" -D "$postgres_folder/data" -w -s -l "$postgres_folder/server.log" \
        -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=1000 \
            -c shared_buffers=64MB -c fsync=off -c full_page_writes=off" start
    export TEST_POSTGRES="postgres://tests@127.0.0.1:$port/postgres"
}

stop_postgres() {
    [ -n "${postgres_folder:-}" ] || return 0
    "${as_postgres[@]}" "$postgres_binaries/pg_ctl" -D "$postgres_folder/data" -s -m immediate stop || true
    rm -rf "$postgres_folder"
    postgres_folder=
}
