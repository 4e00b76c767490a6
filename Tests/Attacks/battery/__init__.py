"""Attacks on the gateway, each bounded in connections, bytes and time."""
