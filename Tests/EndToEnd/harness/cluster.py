"""Gateways that share a PostgreSQL, each with clients that stay connected."""

from __future__ import annotations

import time
from pathlib import Path

import httpx

from . import tokens
from .gateway import Gateway, eventually

SESSION = "__Host-widget_session"


class Member:
    """A gateway, and one client that stays connected."""

    @staticmethod
    def start_all(folder: Path, addresses: list[str], upstream: str, organizations: list[dict],
                  **settings) -> list["Member"]:
        """One for each address of the database, all with one master key."""
        members = []
        for number, address in enumerate(addresses):
            directory = folder / f"gateway-{number}"
            directory.mkdir()
            members.append(Member(Gateway(
                directory, organizations=organizations, upstreams=[{"name": "widgets", "url": upstream}],
                routes=[{"path": "/", "access": "widget", "upstream": "widgets"}], workers=1,
                storage={"url": address, "master_key_file": str(folder / "master.key")}, **settings).start()))
        return members

    def __init__(self, gateway: Gateway):
        self.gateway = gateway
        self.client = gateway.client(cleartext=True)
        self.admin = httpx.Client(base_url=gateway.admin, timeout=20)
        made = gateway.cli("admin-token", "create", "test")
        assert made.returncode == 0, made.stderr
        token = made.stdout.strip()
        tokens.must_stay_secret.add(token)
        self.admin.headers["Authorization"] = f"Bearer {token}"

    def close(self) -> None:
        self.client.close()
        self.admin.close()
        self.gateway.close()

    def get(self, path: str, *, token: str | None = None, session: str | None = None,
            host: str = "acme.test") -> httpx.Response:
        headers = {"Host": host}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if session:
            headers["Cookie"] = f"{SESSION}={session}"
        self.client.cookies.clear()
        return self.client.get(path, headers=headers)

    def state(self, **identity: str) -> httpx.Response:
        return self.get("/_widget/state", **identity)

    def is_identified(self, **identity: str) -> bool:
        return self.state(**identity).json().get("state") == "identified"

    def identify(self, token: str) -> httpx.Response:
        return self.client.post("/_widget/identify", json={"token": token}, headers={"Host": "acme.test"})

    def sign_in(self, token: str) -> httpx.Response:
        return self.get(f"/api/redirects/sso?ssoToken={token}&organizationId=acme")

    def session(self, token: str) -> str:
        """Signs in, and returns the session's cookie."""
        answer = self.sign_in(token)
        assert answer.status_code == 303, answer.text
        return next(field.split("=", 1)[1].split(";")[0] for field in answer.headers.get_list("set-cookie")
                    if field.startswith(SESSION + "="))

    def sign_out(self, session: str) -> None:
        self.client.cookies.clear()
        answer = self.client.post(
            "/_widget/logout", headers={"Host": "acme.test", "Cookie": f"{SESSION}={session}",
                                        "Origin": "http://acme.test", "Sec-Fetch-Site": "same-origin"})
        assert answer.status_code < 400, answer.text

    def api(self, method: str, path: str, **options) -> httpx.Response:
        answer = self.admin.request(method, "/api/v1" + path, **options)
        assert answer.status_code < 400, answer.text
        return answer

    def set_blocked(self, user: str, blocked: bool) -> None:
        self.api("POST", f"/organizations/acme/users/{user}/{'block' if blocked else 'unblock'}")

    def metric(self, name: str) -> float | None:
        for line in self.admin.get("/metrics").text.splitlines():
            if line.startswith(name + " "):
                return float(line.split()[-1])
        return None


#: What an operator or a browser ends at one gateway, so that all must refuse from then on.
CHANGES = ("secret regenerated", "user blocked", "session ended")


def propagation(members: list[Member], change: str, rounds: int, *, key: str, name: str) -> list[float]:
    """From the request for a change until the last of the gateways has refused, in seconds; asked at each in turn.

    `key` is the secret of `acme`, `name` begins the names of what is made for it.
    """
    return [_propagation(members, members[number % len(members)], change, key, f"{name}-{number}")
            for number in range(rounds)]


def _propagation(members: list[Member], asker: Member, change: str, key: str, name: str) -> float:
    email = f"{name}@example.test"
    if change == "secret regenerated":
        asker.api("POST", "/organizations", json={"id": name, "hosts": [f"{name}.test"]})
        own = asker.api("POST", f"/organizations/{name}/secrets", json={}).json()["secret"]
        identity = {"token": tokens.sign({"email": email}, own), "host": f"{name}.test"}
    else:
        token = tokens.sign({"email": email}, key)
        answer = asker.identify(token)
        assert answer.status_code == 200, answer.text
        user = answer.json()["user"]["id"]
        identity = {"session": asker.session(token)} if change == "session ended" else {"token": token}
    for member in members:
        eventually(lambda: member.is_identified(**identity), within=10, what="that each gateway knows the user")
    begun = time.monotonic()
    if change == "secret regenerated":
        asker.api("POST", f"/organizations/{name}/secrets/regenerate", json={})
    elif change == "session ended":
        asker.sign_out(identity["session"])
    else:
        asker.set_blocked(user, True)
    for member in members:
        eventually(lambda: not member.is_identified(**identity), within=10, every=0.001, what="the refusal")
    return time.monotonic() - begun
