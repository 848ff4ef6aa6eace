"""What the keeper gives a cluster before it starts: a certificate in time, and an address that it keeps."""

import datetime as dt
import json
import socket
from pathlib import Path

import pytest
from cryptography import x509

from binauthz.app.certificates import Authority
from binauthz.app.cluster_directory import ClusterDirectory
from binauthz.app.cluster_process import Doors
from binauthz.app.keeper import Keeper
from binauthz.base.clock import FixedClock

PLACE = "projects/demo-project/locations/us-central1-a/clusters"


@pytest.fixture
def clock() -> FixedClock:
    """A clock that the test moves."""
    return FixedClock(dt.datetime(2026, 1, 1, tzinfo=dt.UTC))


def keeper(directory: Path, clock: FixedClock, first_port: int = 0) -> Keeper:
    root = directory / "clusters"
    root.mkdir(exist_ok=True)
    authority = Authority(directory / "pki", clock.now())
    doors = Doors(url="https://127.0.0.1:1", ca_file=authority.ca_file, owner_token="owner", fail_closed=False)
    return Keeper(root, authority, doors, clock, first_port=first_port)


def cluster(directory: Path, name: str = "c") -> ClusterDirectory:
    made = ClusterDirectory(directory / "clusters", f"{PLACE}/{name}")
    made.stage()
    made.publish()
    return made


def serial(place: ClusterDirectory) -> int:
    return x509.load_pem_x509_certificate((place.path / "server.pem").read_bytes()).serial_number


def test_a_certificate_is_renewed_while_the_cluster_runs(tmp_path: Path, clock: FixedClock) -> None:
    tested = keeper(tmp_path, clock)
    place = cluster(tmp_path)
    tested.renew()
    first = serial(place)
    tested.renew()
    assert serial(place) == first
    clock.advance(dt.timedelta(days=61))
    tested.renew()
    assert serial(place) != first


@pytest.mark.servers
def test_a_cluster_keeps_its_port_and_takes_no_other_ones(tmp_path: Path, clock: FixedClock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        first = taken.getsockname()[1]
        tested = keeper(tmp_path, clock, first_port=first)
        one, other = cluster(tmp_path, "one"), cluster(tmp_path, "other")
        ports = []
        for place in (one, other):
            tested._prepare(place)
            configuration = json.loads((place.path / "config.json").read_text())
            ports.append(configuration["port"])
            (place.path / "ready.json").write_text(json.dumps({"port": ports[-1], "pid": 1}))
        assert len({*ports, first}) == 3
        assert all(first < port <= first + 100 or port > 1023 for port in ports)
    tested._prepare(one)
    assert json.loads((one.path / "config.json").read_text())["port"] == ports[0]


@pytest.mark.servers
def test_each_cluster_calls_its_own_doors_with_its_own_token(tmp_path: Path, clock: FixedClock) -> None:
    tested = keeper(tmp_path, clock)
    one, other = cluster(tmp_path, "one"), cluster(tmp_path, "other")
    found = []
    for place, name in ((one, "one"), (other, "other")):
        tested._prepare(place)
        configuration = json.loads((place.path / "config.json").read_text())
        door = f"https://127.0.0.1:1/v1/projects/demo-project/policy/locations/us-central1-a/clusters/{name}"
        assert configuration["webhook"]["url"] == f"{door}:admissionReview"
        assert configuration["audit"]["url"] == f"{door.replace('/policy', '')}:audit"
        assert configuration["webhook"]["token"] == configuration["audit"]["token"] == place.webhook_token
        assert configuration["failure_policy"] == "Ignore"
        found.append(configuration["webhook"]["token"])
        assert (place.path / "config.json").stat().st_mode & 0o077 == 0
    assert len(set(found)) == 2
