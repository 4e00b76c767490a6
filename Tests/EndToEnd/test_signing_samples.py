"""docs/signing-tokens.md: what customers copy runs, signs what the gateway accepts, and is what the page shows."""

import hmac
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import jwt
import pytest

from conftest import organization
from harness.gateway import ROOT, Gateway
from harness.tokens import must_stay_secret, now, sign, user_hash

PAGE = ROOT / "docs" / "signing-tokens.md"
SAMPLES = ROOT / "docs" / "examples" / "signing"

# The known answer of the user hash.
SECRET = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
HASH_OF_123 = "1750de02089c6d42780711f8833278622f131dc6196617806ad6929196cd5759"
must_stay_secret.add(SECRET)

USERS = [
    {"id": "123", "email": "ada@example.test", "name": "Ada Lovelace"},
    {"id": "00123", "email": "o'brien+1@example.test", "name": 'Zoë "Zed" O’Brien \\ <b>&amp;</b> 漢字 🎈'},
    {"id": "9007199254740993", "email": "big@example.test", "name": "A\ttab, a\nline and a \x01 control character"},
    {"id": "müller/7", "email": "m@example.test", "name": "?>~ÿ" * 20},
]


def python(sample: Path, folder: Path) -> list[str]:
    return [str(ROOT / ".venv/bin/python") if (ROOT / ".venv/bin/python").exists() else "python3", str(sample)]


def with_jsonwebtoken(sample: Path, folder: Path) -> list[str]:
    # Modules are looked for beside the file, so that it runs from a folder where the package is.
    modules = os.environ.get("NODE_PATH", "")
    if not (Path(modules) / "jsonwebtoken").is_dir():
        pytest.skip("jsonwebtoken isn't installed: point NODE_PATH at a node_modules that has it")
    (folder / "node_modules").symlink_to(modules)
    return ["node", str(shutil.copy(sample, folder))]


def csharp(sample: Path, folder: Path) -> list[str]:
    version = subprocess.run(["dotnet", "--version"], text=True, capture_output=True, check=True).stdout.split(".")[0]
    shutil.copy(sample, folder / "Program.cs")
    (folder / "Sample.csproj").write_text(
        f'<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><OutputType>Exe</OutputType><Nullable>enable</Nullable>'
        f"<TargetFramework>net{version}.0</TargetFramework></PropertyGroup></Project>\n")
    return ["dotnet", "run", "--project", str(folder)]


def run_by(program: str):
    return lambda sample, folder: [program, str(sample)]


#: Each sample with the program that it needs and how it is started.
COMMANDS = {
    "node/sign-user-token.mjs": ("node", run_by("node")),
    "node/sign-with-jsonwebtoken.mjs": ("node", with_jsonwebtoken),
    "python/sign_user_token.py": ("python3", python),
    "php/sign_user_token.php": ("php", run_by("php")),
    "ruby/sign_user_token.rb": ("ruby", run_by("ruby")),
    "go/sign_user_token.go": ("go", lambda sample, folder: ["go", "run", str(sample)]),
    "java/SignUserToken.java": ("java", run_by("java")),
    "csharp/SignUserToken.cs": ("dotnet", csharp),
}


@pytest.fixture(scope="module")
def idle(tmp_path_factory, upstream):
    """A configured gateway that doesn't run, whose organization asks for user hashes."""
    made = Gateway(tmp_path_factory.mktemp("signing"),
                   organizations=[organization("acme", SECRET, require_user_hash="enforce")],
                   upstreams=[{"name": "widgets", "url": upstream.url}],
                   routes=[{"path": "/", "access": "widget", "upstream": "widgets"}])
    yield made
    made.close()


def verdict(gateway: Gateway, token: str) -> dict:
    """What `token verify` says, which must agree with its exit status."""
    result = gateway.cli("token", "verify", "--organization", "acme", "--json", token)
    said = json.loads(result.stdout)
    assert result.returncode == (0 if said["accepted"] else 1), result.stdout
    return said


# The samples

@pytest.mark.parametrize("name", COMMANDS)
def test_a_sample_signs_what_the_gateway_accepts(idle, tmp_path, name):
    program, command = COMMANDS[name]
    if shutil.which(program) is None:
        pytest.skip(f"{name} needs `{program}`, which isn't installed here")
    started = command(SAMPLES / name, tmp_path)
    for user in USERS:
        before = now()
        result = subprocess.run(
            started, text=True, encoding="utf-8", capture_output=True, timeout=100, cwd=tmp_path,
            env=os.environ | {
                "LC_ALL": "C.UTF-8", "GOCACHE": str(tmp_path / "go"), "API_SECRET": SECRET, "USER_ID": user["id"],
                "USER_EMAIL": user["email"], "USER_NAME": user["name"]})
        assert result.returncode == 0, result.stderr
        token, hashed = result.stdout.split()

        claims = jwt.decode(token, SECRET, algorithms=["HS256"])
        assert {key: claims[key] for key in user} == user
        assert before <= claims["iat"] <= now()
        assert 0 < claims["exp"] - claims["iat"] <= 3600
        assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}

        assert hashed == claims["user_hash"] == user_hash(SECRET, user["id"])
        assert user["id"] != "123" or hashed == HASH_OF_123
        assert verdict(idle, token)["accepted"]


def test_every_sample_is_run():
    assert {str(path.relative_to(SAMPLES)) for path in SAMPLES.rglob("*") if path.is_file()} == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_page_quotes_the_sample_as_it_is(name):
    quoted = re.search(rf"\(examples/signing/{re.escape(name)}\)[^`]*\n```[a-z]+\n(.*?)\n```\n", PAGE.read_text(), re.S)
    assert quoted, f"{PAGE.name} links to {name} and shows it in the block below"
    assert quoted[1] + "\n" == (SAMPLES / name).read_text(), f"{PAGE.name} shows another {name} than there is"


# The mistakes that the page warns of

def claims(**changes) -> dict:
    full = {"id": "123", "email": "a@example.test", "user_hash": HASH_OF_123, "iat": now(), "exp": now() + 600}
    return {key: value for key, value in (full | changes).items() if value is not None}


MISTAKES = [
    ("the key is hex-decoded", lambda: jwt.encode(claims(), bytes.fromhex(SECRET), algorithm="HS256"),
     "token_signature_mismatch", "hexadecimal"),
    ("the key ends in a line break", lambda: sign(claims(), SECRET + "\n"), "token_signature_mismatch", "line break"),
    ("`exp` is in milliseconds", lambda: sign(claims(exp=(now() + 600) * 1000), SECRET),
     "token_lifetime_exceeded", "milliseconds"),
    ("`iat` is in milliseconds", lambda: sign(claims(iat=now() * 1000, exp=now() * 1000 + 600), SECRET),
     "token_issued_in_future", "milliseconds"),
    ("`exp` is a text", lambda: jwt.api_jws.encode(json.dumps(claims(exp="600")).encode(), SECRET, algorithm="HS256"),
     "token_claim_invalid", "JSON number"),
    ("`exp` is more than an hour after `iat`", lambda: sign(claims(exp=now() + 7200), SECRET),
     "token_lifetime_exceeded", "at most 3600 s"),
    ("the hash is over the email address", lambda: sign(claims(user_hash=user_hash(SECRET, "a@example.test")), SECRET),
     "user_hash_mismatch", "over the email address"),
    ("the hash is over another form of the id", lambda: sign(claims(user_hash=user_hash(SECRET, "0123")), SECRET),
     "user_hash_mismatch", "isn't that of this token's id"),
    ("the hash is made with the decoded key",
     lambda: sign(claims(user_hash=hmac.new(bytes.fromhex(SECRET), b"123", "sha256").hexdigest()), SECRET),
     "user_hash_mismatch", "hexadecimal"),
    ("the token has no id", lambda: sign(claims(id=None), SECRET), "user_hash_subject_missing", "no id"),
    ("the token has no hash", lambda: sign(claims(user_hash=None), SECRET), "user_hash_missing", "is required"),
    ("the server's clock is ahead", lambda: sign(claims(iat=now() + 120), SECRET), "token_issued_in_future", "ahead"),
    ("the token is kept too long", lambda: sign(claims(iat=now() - 900, exp=now() - 300), SECRET),
     "token_expired", "ago"),
]


@pytest.mark.parametrize("mistake, make, code, words", MISTAKES, ids=[entry[0] for entry in MISTAKES])
def test_a_mistake_is_refused_by_the_code_that_the_page_gives(idle, mistake, make, code, words):
    said = verdict(idle, make())
    assert said["code"] == code, said
    assert words in " ".join(step["words"] for step in said["steps"] if step["outcome"] == "failed")
    row = next((line for line in PAGE.read_text().splitlines() if line.startswith(f"| {mistake} ")), None)
    assert row, f"{PAGE.name} has a row for: {mistake}"
    assert f"`{code}`" in row


def test_a_slow_clock_within_the_skew_is_no_mistake(idle):
    assert verdict(idle, sign(claims(iat=now() + 30), SECRET))["accepted"]
    assert verdict(idle, sign(claims(iat=now() - 630, exp=now() - 30), SECRET))["accepted"]
