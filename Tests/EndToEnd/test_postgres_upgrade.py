"""A gateway whose database a newer release has brought further than it can follow."""

import httpx
import pytest

from conftest import organization
from harness.cluster import Member
from harness.expect import accepted, problem
from harness.gateway import eventually
from harness.tokens import secret, sign

KEY = secret(750)


@pytest.fixture(scope="module")
def member(tmp_path_factory, database, upstream):
    made = Member.start_all(tmp_path_factory.mktemp("cluster"), [database.url], upstream.url,
                            [organization("acme", KEY)])[0]
    eventually(lambda: made.metric("widget_storage_listening") == 1, within=30, what="that it listens")
    yield made
    made.close()


@pytest.fixture
def known(member, email):
    """The token of a user who is remembered."""
    token = sign({"email": f"known-{email}"}, KEY)
    assert member.is_identified(token=token)
    return token


@pytest.fixture(params=["announced", "found by asking"])
def migrated(request, member, known, database):
    """A step of a later release, which takes a program that this one isn't."""
    assert readiness(member) == (200, "ready\n")
    announcement = "SELECT pg_notify('widget_gateway', '');" if request.param == "announced" else ""
    database.sql(f"BEGIN; INSERT INTO schema_steps (step, oldest) VALUES (99, 99); {announcement} COMMIT")
    yield
    database.sql("DELETE FROM schema_steps WHERE step = 99")
    eventually(lambda: readiness(member) == (200, "ready\n"), within=15, what="that the gateway is ready again")


def readiness(member: Member) -> tuple[int, str]:
    answer = httpx.get(member.gateway.admin + "/readyz", timeout=10)
    return answer.status_code, answer.text


def written(database) -> str:
    """What a gateway writes on behalf of others; its sign of life is none."""
    return database.sql("""SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM sessions),
                           (SELECT count(*) FROM audit), (SELECT max(generation) FROM meta)""")


def test_it_says_so_and_lets_in_whom_it_remembers_alone(member, known, database, email, migrated):
    before = written(database)
    # Whether it has noticed already or not.
    problem(member.identify(sign({"email": f"stranger-{email}"}, KEY)), "directory_unavailable")
    eventually(lambda: readiness(member) == (503, "outdated\n"), within=15, what="that the gateway notices")
    assert member.metric("widget_storage_outdated") == 1
    assert "this release is too old for its storage" in member.gateway.log()
    assert "step 99" in member.gateway.log()
    for _ in range(3):
        assert member.is_identified(token=known)
        problem(member.identify(sign({"email": f"stranger-{email}"}, KEY)), "directory_unavailable")
    answer = member.admin.post("/api/v1/organizations", json={"id": "other", "name": "Other"})
    assert answer.status_code == 503, answer.text
    assert written(database) == before


def test_it_hears_of_users_who_are_blocked(member, known, database, email, migrated):
    eventually(lambda: readiness(member) == (503, "outdated\n"), within=15, what="that the gateway notices")
    # As the newer release would do it.
    database.sql(f"""BEGIN; UPDATE users SET blocked_at = 1 WHERE email = 'known-{email}';
                     UPDATE meta SET generation = generation + 1;
                     UPDATE organizations SET generation = (SELECT generation FROM meta) WHERE id = 'acme';
                     SELECT pg_notify('widget_gateway', ''); COMMIT""")
    eventually(lambda: member.state(token=known).status_code != 200, within=15, what="that the user is forgotten")


def test_it_goes_on_where_the_step_was_taken_back(member, email):
    assert readiness(member) == (200, "ready\n")
    assert member.metric("widget_storage_outdated") == 0
    accepted(member.identify(sign({"email": email}, KEY)))


def test_it_notices_when_the_database_comes_back(member, known, database, email):
    database.kill()
    eventually(lambda: member.metric("widget_storage_up") == 0, within=30, every=0.2, what="that the database is gone")
    database.start()
    database.sql("INSERT INTO schema_steps (step, oldest) VALUES (99, 99)")
    try:
        problem(member.identify(sign({"email": email}, KEY)), "directory_unavailable")
        eventually(lambda: readiness(member) == (503, "outdated\n"), within=15, what="that the gateway notices")
        assert member.is_identified(token=known)
        assert database.sql(f"SELECT count(*) FROM users WHERE email = '{email}'") == "0"
    finally:
        database.sql("DELETE FROM schema_steps WHERE step = 99")
    eventually(lambda: member.identify(sign({"email": email}, KEY)).status_code == 200, within=30, every=0.2,
               what="that the gateway goes on")
