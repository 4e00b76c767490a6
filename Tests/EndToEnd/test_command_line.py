"""The command line and the configuration: what is accepted, what is refused, and with which exit status."""

import json
import stat
import time

import jwt
import pytest
import yaml

from conftest import ACME, organization
from harness.expect import accepted, problem
from harness.gateway import ROOT, eventually, run_cli
from harness.tokens import must_stay_secret, secret, sign, user_hash

COMMANDS = [
    [], ["serve"], ["demo"], ["check-config"], ["organization"], ["organization", "apply"], ["organization", "create"],
    ["organization", "set"], ["organization", "show"], ["organization", "list"], ["organization", "delete"], ["secret"],
    ["secret", "generate"], ["secret", "import"], ["secret", "rotate"], ["secret", "regenerate"], ["secret", "plan"],
    ["secret", "revoke"], ["secret", "list"], ["user"], ["user", "export-data"], ["user", "set-role"], ["audit"],
    ["user", "import"], ["user", "export"], ["user", "list"], ["user", "show"], ["user", "block"], ["user", "delete"],
    ["token"], ["token", "sign"], ["token", "verify"], ["user-hash"],
]


@pytest.fixture(scope="module")
def idle(tmp_path_factory, upstream):
    """A configured gateway that doesn't run: the command line alone."""
    from harness.gateway import Gateway
    return Gateway(tmp_path_factory.mktemp("idle"), organizations=[organization("acme", ACME)],
                   upstreams=[{"name": "widgets", "url": upstream.url}],
                   routes=[{"path": "/", "access": "widget", "upstream": "widgets"}])


# Use and exit status

@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command) or "widget-gateway")
def test_every_command_has_help(command):
    result = run_cli(*command, "--help")
    assert result.returncode == 0
    assert "USAGE" in result.stdout.upper()


@pytest.mark.parametrize("arguments", [
    ["no-such-command"], ["--no-such-option"], ["organization", "no-such"], ["user-hash"], ["token", "sign"],
    ["organization", "set", "acme"], ["organization", "set", "acme", "no-equals-sign"], ["secret", "revoke", "acme"],
    ["token", "verify"], ["secret", "plan", "acme", "key_x"], ["secret", "rotate", "acme", "--old-valid-for", "soon"],
    ["secret", "plan", "acme", "key_x", "--valid-for", "1d", "--no-end"], ["user", "set-role", "acme", "ann", "god"],
    ["audit", "--limit", "0"],
])
def test_wrong_use_exits_with_2_and_says_so(idle, arguments):
    result = run_cli(*arguments, cwd=idle.directory)
    assert result.returncode == 2, (result.stdout, result.stderr)
    assert result.stderr.strip()


@pytest.mark.parametrize("arguments", [
    ["organization", "show", "nobody"], ["organization", "delete", "nobody"], ["user", "show", "acme", "nobody"],
    ["user", "list", "nobody"], ["secret", "list", "nobody"], ["secret", "revoke", "acme", "nothing"],
    ["organization", "set", "nobody", "name=x"], ["user", "block", "acme", "nobody"],
    ["secret", "rotate", "nobody"], ["secret", "regenerate", "nobody"], ["secret", "plan", "acme", "no", "--no-end"],
    ["user", "export-data", "acme", "nobody"], ["user", "set-role", "acme", "nobody", "admin"],
    ["secret", "rotate", "acme", "--old-valid-for", "400d"],
    ["token", "verify", "--organization", "acme", "a.b.c"],
])
def test_a_refusal_exits_with_1(idle, arguments):
    result = idle.cli(*arguments)
    assert result.returncode == 1, (result.stdout, result.stderr)


# Configuration

def write(directory, text):
    path = directory / "gateway.yaml"
    path.write_text(text)
    return path


GOOD = """\
listen:
  - { address: 127.0.0.1:0, cleartext: true }
upstreams:
  - { name: widgets, url: http://127.0.0.1:9000 }
routes:
  - { path: /, access: widget, upstream: widgets }
"""


def test_a_good_configuration_passes(tmp_path):
    result = run_cli("check-config", "--config", str(write(tmp_path, GOOD)))
    assert result.returncode == 0, result.stderr


def test_every_mistake_is_named_at_once_by_line_and_key(tmp_path):
    text = """\
listen:
  - { address: nonsense, cleartext: true }
workers: many
upstreams:
  - { name: widgets, url: ftp://127.0.0.1:9000, colour: blue }
routes:
  - { path: widget, access: sometimes, upstream: nobody }
cache: { megabytes: -1 }
unknown_key: 1
log: { level: loud }
"""
    result = run_cli("check-config", "--config", str(write(tmp_path, text)))
    assert result.returncode == 1
    output = result.stdout + result.stderr
    for line, key in ((2, "address"), (3, "workers"), (5, "url"), (5, "colour"), (7, "path"), (7, "access"),
                      (8, "megabytes"), (9, "unknown_key"), (10, "level")):
        assert any(f":{line}:" in entry and key in entry for entry in output.splitlines()), (line, key, output)


@pytest.mark.parametrize("text", ["listen: [", "a: b: c", "\t- x", "listen: 7", "- just\n- a list", "\x00"])
def test_what_is_no_configuration_is_refused_with_its_line(tmp_path, text):
    result = run_cli("check-config", "--config", str(write(tmp_path, text)))
    assert result.returncode == 1
    assert "gateway.yaml:" in result.stdout + result.stderr


def test_serve_refuses_a_wrong_configuration(tmp_path):
    result = run_cli("serve", "--config", str(write(tmp_path, GOOD + "workers: many\n")))
    assert result.returncode in (1, 2)
    assert "workers" in result.stdout + result.stderr


def test_a_missing_file_is_refused(tmp_path):
    assert run_cli("serve", "--config", str(tmp_path / "none.yaml")).returncode in (1, 2)


def test_the_environment_wins_over_the_file(tmp_path):
    path = str(write(tmp_path, GOOD + "workers: 1\n"))
    assert run_cli("check-config", "--config", path, env={"WIDGET_GATEWAY_WORKERS": "2"}).returncode == 0
    wrong = run_cli("check-config", "--config", path, env={"WIDGET_GATEWAY_WORKERS": "many"})
    assert wrong.returncode == 1 and "WIDGET_GATEWAY_WORKERS" in wrong.stdout + wrong.stderr


# Organizations

def test_applying_twice_changes_nothing(make_gateway):
    gateway = make_gateway([organization("acme", ACME), organization("other", secret(3))], start=False)
    before = [gateway.cli(*command, "--json").stdout for command in (
        ("organization", "list"), ("organization", "show", "acme"), ("secret", "list", "acme"))]
    gateway.apply(gateway.organizations)
    after = [gateway.cli(*command, "--json").stdout for command in (
        ("organization", "list"), ("organization", "show", "acme"), ("secret", "list", "acme"))]
    assert before == after


def test_apply_refuses_all_or_nothing_with_line_and_key(make_gateway):
    gateway = make_gateway(start=False)
    path = gateway.directory / "wrong.yaml"
    path.write_text("""\
organizations:
  - id: fine
    hosts: [fine.test]
  - id: wrong
    identify_mode: sometimes
    colour: blue
""")
    result = gateway.cli("organization", "apply", str(path))
    assert result.returncode == 1
    output = result.stdout + result.stderr
    assert "wrong.yaml:5" in output and "identify_mode" in output and "wrong.yaml:6" in output and "colour" in output
    assert gateway.cli("organization", "show", "fine").returncode == 1


def test_a_host_belongs_to_one_organization(make_gateway):
    gateway = make_gateway(start=False)
    path = gateway.directory / "taken.yaml"
    path.write_text(yaml.safe_dump({"organizations": [organization("thief", secret(4), hosts=["acme.test"])]}))
    result = gateway.cli("organization", "apply", str(path))
    assert result.returncode == 1 and "acme.test" in result.stdout + result.stderr


def test_weak_secrets_are_refused_unless_allowed(make_gateway):
    gateway = make_gateway(start=False)
    path = gateway.directory / "weak.yaml"
    path.write_text(yaml.safe_dump({"organizations": [organization("weak", "too short to be safe")]}))
    result = gateway.cli("organization", "apply", str(path))
    assert result.returncode == 1 and "too short to be safe" not in result.stdout + result.stderr
    assert gateway.cli("organization", "apply", "--allow-weak", str(path)).returncode == 0


def test_secrets_come_from_the_environment_and_files_too(make_gateway):
    gateway = make_gateway(start=False)
    (gateway.directory / "one.secret").write_text(secret(21) + "\n")
    path = gateway.directory / "more.yaml"
    path.write_text(yaml.safe_dump({"organizations": [
        organization("more", "", secrets=[{"secret_file": "one.secret"}, {"secret_env": "ANOTHER_SECRET"}])]}))
    gateway.env["ANOTHER_SECRET"] = secret(22)
    assert gateway.cli("organization", "apply", str(path)).returncode == 0
    listed = gateway.cli("secret", "list", "more", "--json").stdout
    assert secret(21)[-4:] in listed and secret(22)[-4:] in listed


def test_create_set_show_list_delete(make_gateway):
    gateway = make_gateway(start=False)
    assert gateway.cli("organization", "create", "fresh", "name=Fresh Inc").returncode == 0
    assert gateway.cli("organization", "set", "fresh", "identify_mode=update_only", "hosts=a.test,b.test").returncode == 0
    shown = json.loads(gateway.cli("organization", "show", "fresh", "--json").stdout)
    assert shown["identify_mode"] == "update_only" and shown["hosts"] == ["a.test", "b.test"]
    assert "fresh" in gateway.cli("organization", "list").stdout
    assert gateway.cli("organization", "set", "fresh", "identify_mode=sometimes").returncode in (1, 2)
    assert gateway.cli("organization", "delete", "fresh").returncode == 0
    assert gateway.cli("organization", "show", "fresh").returncode == 1


# Secrets

def test_a_generated_secret_is_shown_once(make_gateway):
    gateway = make_gateway(start=False)
    made = json.loads(gateway.cli("secret", "generate", "acme", "--json").stdout)
    must_stay_secret.add(made["secret"])
    listed = gateway.cli("secret", "list", "acme", "--json").stdout
    assert made["secret"] not in listed and made["secret"][-4:] in listed and made["id"] in listed


def test_at_most_four_secrets_are_active(make_gateway):
    gateway = make_gateway(start=False)
    for _ in range(3):
        assert gateway.cli("secret", "generate", "acme").returncode == 0
    assert gateway.cli("secret", "generate", "acme").returncode == 1


def test_an_imported_secret_verifies(make_gateway, email):
    gateway = make_gateway(start=False)
    path = gateway.directory / "imported.secret"
    path.write_text(secret(31) + "\n")
    result = gateway.cli("secret", "import", "acme", "--secret-file", str(path))
    assert result.returncode == 0, result.stderr
    token = sign({"email": email}, secret(31))
    assert gateway.cli("token", "verify", "--organization", "acme", token).returncode == 0


def test_secrets_are_encrypted_at_rest(make_gateway):
    gateway = make_gateway()
    gateway.stop()
    gateway.may_be_dead = True
    files = [path for path in (gateway.directory / "data").rglob("*") if path.is_file()]
    assert files
    for path in files:
        content = path.read_bytes()
        assert ACME.encode() not in content and bytes.fromhex(ACME) not in content, path
    key = gateway.directory / "data" / "master.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    database = gateway.directory / "data" / "widget-gateway.db"
    assert stat.S_IMODE(database.stat().st_mode) & 0o077 == 0


def test_a_wrong_master_key_is_noticed_at_start(make_gateway):
    gateway = make_gateway(start=False)
    (gateway.directory / "data" / "master.key").write_text("ab" * 32 + "\n")
    result = run_cli("serve", "--config", str(gateway.config_path), cwd=gateway.directory)
    assert result.returncode == 1 and "master key" in (result.stdout + result.stderr).lower()


def listed(gateway) -> dict:
    return {entry["id"]: entry for entry in json.loads(gateway.cli("secret", "list", "acme", "--json").stdout)}


def made(result) -> dict:
    assert result.returncode == 0, result.stderr
    new = json.loads(result.stdout)
    must_stay_secret.add(new["secret"])
    return new


def test_rotated_secrets_overlap_and_regenerated_ones_do_not(make_gateway, email):
    gateway = make_gateway()
    old, = listed(gateway)
    token = sign({"email": email}, ACME)
    rotated = made(gateway.cli("secret", "rotate", "acme", "--old-valid-for", "1d", "--json"))
    entries = listed(gateway)
    assert 86_000 < entries[old]["valid_until"] - time.time() <= 86_400
    assert "valid_until" not in entries[rotated["id"]]
    assert gateway.cli("secret", "plan", "acme", old, "--no-end").returncode == 0
    assert "valid_until" not in listed(gateway)[old]
    assert gateway.cli("secret", "plan", "acme", old, "--valid-for", "2h").returncode == 0
    assert "VALID UNTIL" in gateway.cli("secret", "list", "acme").stdout
    with gateway.client() as client:
        def answer(token):
            return client.get("/_widget/state", headers={"Authorization": f"Bearer {token}"}).status_code

        new = sign({"email": email}, rotated["secret"])
        eventually(lambda: answer(new) == 200, what="the new secret")
        assert answer(token) == 200
        last = made(gateway.cli("secret", "regenerate", "acme", "--yes", "--json"))
        eventually(lambda: answer(token) == answer(new) == 401, within=2, what="the end of the old ones")
        assert answer(sign({"email": email}, last["secret"])) == 200


# The audit log

def test_every_change_is_audited(make_gateway, email):
    gateway = make_gateway(start=False)
    users = gateway.directory / "users.csv"
    users.write_text(f"id,email\n1,{email}\n")
    secret_file = gateway.directory / "more.secret"
    secret_file.write_text(secret(55))
    commands = [
        ("organization.create", "organization", "create", "fresh"),
        ("organization.update", "organization", "set", "fresh", "name=Fresh"),
        (None, "organization", "set", "fresh", "name=Fresh"),
        ("secret.import", "secret", "import", "fresh", "--secret-file", str(secret_file)),
        ("secret.generate", "secret", "generate", "fresh"), ("secret.rotate", "secret", "rotate", "fresh"),
        ("secret.regenerate", "secret", "regenerate", "fresh"),
        ("users.import", "user", "import", "fresh", str(users)), ("user.block", "user", "block", "fresh", email),
        (None, "user", "block", "fresh", email), ("user.unblock", "user", "unblock", "fresh", email),
        ("user.sign_out", "user", "sign-out", "fresh", email),
        ("user.set_role", "user", "set-role", "fresh", email, "owner"),
        (None, "session", "end", "fresh", "--all"), (None, "user", "export-data", "fresh", email),
        ("user.delete", "user", "delete", "fresh", email), ("organization.delete", "organization", "delete", "fresh"),
    ]
    for _, *command in commands:
        result = gateway.cli(*command)
        assert result.returncode == 0, (command, result.stderr)
        for line in result.stdout.splitlines():
            if len(line) == 64:
                must_stay_secret.add(line)
    entries = json.loads(gateway.cli("audit", "--organization", "fresh", "--json").stdout)
    assert [entry["action"] for entry in reversed(entries)] == [action for action, *_ in commands if action]
    assert {entry["actor"]["kind"] for entry in entries} == {"command_line"}
    assert email not in json.dumps(entries) and secret(55) not in json.dumps(entries)
    changed = json.loads(gateway.cli("audit", "--action", "organization.update", "--json").stdout)
    assert [(entry["before"], entry["after"]) for entry in changed] == [({"name": "fresh"}, {"name": "Fresh"})]
    applied = json.loads(gateway.cli("audit", "--organization", "acme", "--json").stdout)
    assert [entry["action"] for entry in applied] == ["secret.import", "organization.create"]
    table = gateway.cli("audit", "--limit", "2")
    assert "organization.delete" in table.stdout and "--before" in table.stderr


# Users

def test_import_export_round_trip(make_gateway):
    gateway = make_gateway(start=False)
    path = gateway.directory / "users.csv"
    path.write_text('id,email,name\n1,one@example.test,"One, with a comma"\n2,two@example.test,Zwei ü\n3,three@example.test,\n')
    assert gateway.cli("user", "import", "acme", str(path)).returncode == 0
    assert len(gateway.users("acme")) == 3
    exported = gateway.cli("user", "export", "acme").stdout
    assert "One, with a comma" in exported and "Zwei ü" in exported
    again = gateway.directory / "again.csv"
    again.write_text(exported)
    assert gateway.cli("user", "import", "acme", str(again)).returncode == 0
    assert len(gateway.users("acme")) == 3


def test_a_wrong_import_writes_nothing(make_gateway):
    gateway = make_gateway(start=False)
    path = gateway.directory / "users.csv"
    path.write_text("id,email\n1,one@example.test\n2\n")
    result = gateway.cli("user", "import", "acme", str(path))
    assert result.returncode == 1 and "3" in result.stderr
    assert gateway.users("acme") == []


def test_an_import_is_told_what_conflicts_and_run_again(make_gateway):
    gateway = make_gateway([organization("acme", ACME, match_by="id_then_email")], start=False)
    path = gateway.directory / "users.csv"
    path.write_text("id,email\n1,one@x.test\n2,two@x.test\n")
    assert gateway.cli("user", "import", "acme", str(path)).returncode == 0
    rows = [f"{number},user{number}@x.test" for number in range(3, 2503)]
    rows[1499] = "1,two@x.test"
    path.write_text("\n".join(["id,email", *rows]))
    result = gateway.cli("user", "import", "acme", str(path))
    assert result.returncode == 1
    assert "line 1501: identity_conflict" in result.stderr and "1000 users weren't imported" in result.stderr
    rows[1499] = "1502,user1502@x.test"
    path.write_text("\n".join(["id,email", *rows]))
    again = json.loads(gateway.cli("user", "import", "acme", str(path), "--json").stdout)
    assert again == {"read": 2500, "created": 1000, "updated": 0}


def test_users_are_listed_by_what_is_known_of_them(make_gateway):
    gateway = make_gateway(start=False)
    path = gateway.directory / "users.csv"
    path.write_text("id,email,company_plan,company_mrr,status\n" + "".join(
        f"{number},user{number}@x.test,{'pro' if number % 2 else 'free'},{number},active\n" for number in range(20)))
    assert gateway.cli("user", "import", "acme", str(path)).returncode == 0

    def ids(*options):
        return [user["profile"]["external_id"]
                for user in json.loads(gateway.cli("user", "list", "acme", *options, "--json").stdout)]

    assert ids("--plan", "pro", "--mrr-min", "5", "--mrr-max", "9") == ["5", "7", "9"]
    assert ids("--status", "churned") == ids("--role", "admin") == ids("--blocked") == []
    assert ids("--limit", "3") == ["0", "1", "2"]
    data = json.loads(gateway.cli("user", "export-data", "acme", "user7@x.test").stdout)
    assert data["user"]["profile"]["external_id"] == "7" and data["complete"] is True


def test_exported_cells_cannot_become_formulas(make_gateway, email):
    gateway = make_gateway()
    with gateway.client() as client:
        token = sign({"email": email, "name": "=HYPERLINK(\"http://evil.test\")"}, ACME)
        accepted(client.post("/_widget/identify", json={"token": token}))
    exported = gateway.cli("user", "export", "acme").stdout
    assert not any(cell.lstrip('"').startswith("=") for line in exported.splitlines() for cell in line.split(","))


# Tokens

def test_token_sign_makes_what_the_gateway_accepts(idle, ask, email, tmp_path):
    (tmp_path / "s").write_text(ACME)
    result = run_cli("token", "sign", "--secret-file", str(tmp_path / "s"), "--claims",
                     json.dumps({"email": email, "id": "12"}), "--expires-in", "120", "--with-user-hash", "--kid", "k")
    assert result.returncode == 0, result.stderr
    token = result.stdout.strip()
    must_stay_secret.add(token.rsplit(".", 1)[-1])
    claims = jwt.decode(token, ACME, algorithms=["HS256"])
    assert claims["user_hash"] == user_hash(ACME, "12")
    assert claims["exp"] - claims["iat"] == 120
    assert jwt.get_unverified_header(token)["kid"] == "k"
    plain = run_cli("token", "sign", "--secret-file", str(tmp_path / "s"), "--claims", json.dumps({"email": email}))
    accepted(ask("acme", token=plain.stdout.strip()))


def test_token_verify_explains_its_verdict(idle, email):
    good = idle.cli("token", "verify", "--organization", "acme", sign({"email": email}, ACME))
    assert good.returncode == 0
    expired = idle.cli("token", "verify", "--organization", "acme", sign({"email": email, "exp": 1}, ACME))
    assert expired.returncode == 1 and "token_expired" in expired.stdout + expired.stderr
    forged = idle.cli("token", "verify", "--organization", "acme", sign({"email": email}, secret(5)))
    assert "token_signature_mismatch" in forged.stdout + forged.stderr


def test_token_verify_says_how_to_mend_it(idle, email):
    good = idle.cli("token", "verify", "--organization", "acme", f" {sign({'email': email}, ACME)}\n")
    assert good.returncode == 0 and "white space" in good.stdout
    late = json.loads(idle.cli("token", "verify", "--organization", "acme", "--json",
                               sign({"email": email, "iat": 1_750_000_000_000}, ACME)).stdout)
    step, = [step for step in late["steps"] if step["outcome"] == "failed"]
    assert "1000" in step["remedy"] and late["times"][-1]["name"] == "iat"
    assert late["times"][-1]["looks_like_milliseconds"] is True
    assert late["profile"]["email"] == email and late["header"]["alg"] == "HS256"
    words = idle.cli("token", "verify", "--organization", "acme", jwt.encode({"email": email}, ACME, "HS512")).stdout
    assert "→ Set your library's algorithm to HS256" in words


def test_token_verify_recognises_a_hex_decoded_key(idle, email):
    token = jwt.encode({"email": email}, bytes.fromhex(ACME), algorithm="HS256")
    result = idle.cli("token", "verify", "--organization", "acme", token)
    assert result.returncode == 1
    assert "hex" in (result.stdout + result.stderr).lower()


def test_a_secret_in_a_wrong_place_is_never_repeated(idle):
    result = idle.cli("organization", "set", "acme", f"secret={secret(41)}")
    assert result.returncode in (1, 2)
    assert secret(41) not in result.stdout + result.stderr


def test_json_output_is_json(idle):
    for command in (["organization", "list"], ["organization", "show", "acme"], ["secret", "list", "acme"],
                    ["user", "list", "acme"]):
        result = idle.cli(*command, "--json")
        assert result.returncode == 0, result.stderr
        json.loads(result.stdout)


def test_problem_codes_of_verify_are_those_of_the_gateway(idle, ask):
    token = sign({"id": "1"}, ACME)
    problem(ask("acme", token=token), "token_claim_missing")
    assert "token_claim_missing" in "".join(idle.cli("token", "verify", "--organization", "acme", token)
                                            .__dict__[key] for key in ("stdout", "stderr"))


def test_the_example_files_are_valid(tmp_path):
    examples = ROOT / "docs" / "examples"
    result = run_cli("check-config", "--config", str(examples / "gateway.yaml"),
                     "--organizations", str(examples / "organizations.yaml"),
                     cwd=tmp_path, env={"ACME_API_SECRET": secret(900)})
    assert result.returncode == 0, result.stdout + result.stderr
