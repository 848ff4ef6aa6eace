"""One installation for the suite, and both ways to reach its cluster."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.e2e.platform import CLUSTER, HELLO, ZONE, Kubectl, Platform, rule, unique


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """``binauthz up``, stopped at the end; it has to end cleanly."""
    running = Platform(tmp_path_factory.mktemp("up") / "dir").start()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="session")
def cluster_context(
    platform: Platform, need: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Kubectl:
    """kubectl after ``gcloud container clusters get-credentials``."""
    for program in ("gcloud", "kubectl", "gke-gcloud-auth-plugin"):
        need(program)
    kubectl = Kubectl(platform, tmp_path_factory.mktemp("kube") / "cluster")
    platform.env["KUBECONFIG"] = str(kubectl.kubeconfig)
    platform.gcloud("container", "clusters", "get-credentials", "--zone", ZONE, CLUSTER).ok()
    return kubectl


@pytest.fixture(scope="session")
def fleet_context(platform: Platform, need: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Kubectl:
    """kubectl after ``gcloud container fleet memberships get-credentials``."""
    for program in ("gcloud", "kubectl", "gke-gcloud-auth-plugin"):
        need(program)
    kubectl = Kubectl(platform, tmp_path_factory.mktemp("kube") / "fleet")
    platform.env["KUBECONFIG"] = str(kubectl.kubeconfig)
    platform.gcloud("container", "fleet", "memberships", "get-credentials", "--location", "global", CLUSTER).ok()
    return kubectl


@pytest.fixture(params=["cluster", "fleet"])
def kubectl(request: pytest.FixtureRequest) -> Kubectl:
    """Every kubectl step runs through both contexts."""
    found = request.getfixturevalue(f"{request.param}_context")
    assert isinstance(found, Kubectl)
    return found


@pytest.fixture
def allow_all(platform: Platform) -> Iterator[None]:
    """The policy of a new project, before and after."""
    default = {"globalPolicyEvaluationMode": "ENABLE", "defaultAdmissionRule": rule("ALWAYS_ALLOW")}
    platform.set_policy(default)
    yield
    platform.set_policy(default)


@pytest.fixture
def pod(kubectl: Kubectl, allow_all: None) -> Iterator[str]:
    """A Pod name, free before and after."""
    name = unique("pod")
    yield name
    kubectl("delete", "pod", name, "--ignore-not-found", "--now").ok()


@pytest.fixture
def run_hello(kubectl: Kubectl, pod: str) -> Callable[..., object]:
    """``kubectl run POD --image IMAGE``."""
    return lambda image=HELLO, *more: kubectl("run", pod, "--image", image, *more)


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """A directory for the files a user would write."""
    return tmp_path


@pytest.fixture
def make_attestor(platform: Platform) -> Iterator[Callable[[], str]]:
    """Make attestors with a note each; returns their full names."""
    made = []

    def make() -> str:
        name = unique("attestor")
        platform.binauthz("attestors", "create", name).ok()
        made.append(name)
        return f"projects/demo-project/attestors/{name}"

    yield make
    for name in made:
        platform.binauthz("attestors", "delete", name).ok()


@pytest.fixture
def broken_store(platform: Platform) -> Callable[[], AbstractContextManager[None]]:
    """Make the control plane's database answer with errors, as a failed migration or a damaged disk would."""

    @contextmanager
    def broken() -> Iterator[None]:
        with sqlite3.connect(platform.directory / "control" / "binauthz.sqlite", timeout=10) as database:
            database.execute("ALTER TABLE resources RENAME TO resources_elsewhere")
            database.commit()
            try:
                yield
            finally:
                database.execute("ALTER TABLE resources_elsewhere RENAME TO resources")

    return broken
