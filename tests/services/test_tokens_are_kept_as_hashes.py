"""Bearer tokens and the prepared store."""

import datetime as dt

from binauthz.policy.model import Policy
from binauthz.services import bootstrap, tokens
from binauthz.store.records import Cluster, EnabledService, IamPolicy, Membership, Project, Token
from tests.services.conftest import PROJECT, World

CLUSTER = f"{PROJECT}/locations/us-central1-a/clusters/local-cluster"
SEED = bootstrap.ClusterSeed(
    server="https://127.0.0.1:1", ca_pem="PEM", webhook_token_hash="h", proxy_token="proxy-secret", version="v1.33.1"
)


def test_a_token_names_its_holder_until_it_expires(world: World) -> None:
    issue = tokens.issue(world.store, world.clock, "user:ci@example.com", lifetime=dt.timedelta(hours=1), groups=("g",))
    token = world.run(issue)
    caller = world.run(tokens.authenticate(world.store, world.clock, token))
    assert caller is not None
    assert (caller.principal, caller.groups) == ("user:ci@example.com", ("g",))
    world.clock.advance(dt.timedelta(hours=1))
    assert world.run(tokens.authenticate(world.store, world.clock, token)) is None


def test_unknown_empty_changed_and_oversized_tokens_name_nobody(world: World) -> None:
    token = world.run(tokens.issue(world.store, world.clock, "user:a@b"))
    for given in ("", "x", token + "x", token[:-1], token.upper(), "x" * 100_000, tokens.fingerprint(token)):
        assert world.run(tokens.authenticate(world.store, world.clock, given)) is None


def test_the_plaintext_is_nowhere_in_the_store(world: World) -> None:
    token = world.run(tokens.issue(world.store, world.clock, "user:a@b"))
    row = world.run(world.store.read(lambda tx: tx.get(Token, tokens.fingerprint(token))))
    assert row is not None
    assert token not in repr(row)


def test_a_revoked_token_names_nobody(world: World) -> None:
    token = world.run(tokens.issue(world.store, world.clock, "user:a@b"))
    assert world.run(tokens.revoke(world.store, token))
    assert not world.run(tokens.revoke(world.store, token))
    assert world.run(tokens.authenticate(world.store, world.clock, token)) is None


def test_preparing_twice_changes_nothing_but_where_the_cluster_is_reached(world: World) -> None:
    token = tokens.generate()
    world.run(bootstrap.prepare(world.store, world.clock, owner_token=token, cluster=SEED))

    def everything() -> list[object]:
        kept = [
            (Project, PROJECT),
            (Policy, "locations/global/policy"),
            (IamPolicy, "organizations/local"),
            (Token, tokens.fingerprint(token)),
            (EnabledService, f"{PROJECT}/services/binaryauthorization.googleapis.com"),
            (Membership, f"{PROJECT}/locations/global/memberships/local-cluster"),
        ]
        return world.run(world.store.read(lambda tx: [tx.get(kind, name) for kind, name in kept]))

    first = everything()
    assert None not in first
    world.clock.advance(dt.timedelta(days=1))
    moved = bootstrap.ClusterSeed(
        server="https://127.0.0.1:2", ca_pem="NEW", webhook_token_hash="i", proxy_token="q", version="v1.33.1"
    )
    world.run(bootstrap.prepare(world.store, world.clock, owner_token=token, cluster=moved))
    assert everything() == first
    cluster = world.run(world.store.read(lambda tx: tx.get(Cluster, CLUSTER)))
    assert cluster is not None
    assert (cluster.server, cluster.ca_pem, cluster.webhook_token_hash) == ("https://127.0.0.1:2", "NEW", "i")
    assert cluster.create_time < world.clock.now()
    assert cluster.embedded


def test_the_owners_token_names_the_owner(world: World) -> None:
    token = tokens.generate()
    world.run(bootstrap.prepare(world.store, world.clock, owner_token=token))
    caller = world.run(tokens.authenticate(world.store, world.clock, token))
    assert caller is not None
    assert caller.principal == "user:owner@binauthz.local"


def test_a_second_project_gets_a_number_of_its_own(world: World) -> None:
    world.run(bootstrap.prepare(world.store, world.clock, project_id="second"))
    numbers = world.run(world.store.read(lambda tx: [each.number for each in tx.list(Project, "")]))
    assert len(numbers) == len(set(numbers)) == 3
