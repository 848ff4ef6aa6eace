"""`gcloud alpha container binauthz policy evaluate-and-sign`, unmodified, into a real docker-registry (SPEC 6.6).

gcloud takes `localhost:5000/...` for a URL of the scheme `localhost`, and speaks HTTPS to other names: so the registry
has a certificate, which gcloud is told to trust as its HTTP library is told. The tests themselves look into the same
storage through a second registry.
"""

import base64
import datetime as dt
import json
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from binauthz.app.certificates import Authority, Leaf
from tests.conformance.gcloud import Gcloud
from tests.conformance.rest import Rest
from tests.conformance.server import PROJECT, Target
from tests.conformance.services import EVALUATION, KMS
from tests.conformance.signing import fresh
from tests.sources.docker_registry import docker_registry
from tests.sources.images import Pusher

pytestmark = [pytest.mark.servers, pytest.mark.clients]
PREDICATE = "https://binaryauthorization.googleapis.com/policy_verification/v0.1"
ANNOTATION = "binaryauthorization.googleapis.com/attestations"
KEY = f"projects/{PROJECT}/locations/global/keyRings/binauthz/cryptoKeys/deploy-attestations"
COMMAND = ("alpha", "container", "binauthz", "policy", "evaluate-and-sign")


@dataclass(frozen=True, kw_only=True)
class Registry:
    """A registry as gcloud names it, and two images in it."""

    url: str
    host: str
    app: str
    side: str

    def image(self, digest: str) -> str:
        """The reference of an image."""
        return f"{self.host}/team/app@{digest}"

    def attached(self, digest: str) -> dict[str, Any]:
        """The manifest that cosign's convention keeps beside an image."""
        tag = f"sha256-{digest.removeprefix('sha256:')}.att"
        request = urllib.request.Request(f"{self.url}/v2/team/app/manifests/{tag}")
        request.add_header("Accept", "application/vnd.oci.image.manifest.v1+json")
        with urllib.request.urlopen(request, timeout=10) as answer:
            document: dict[str, Any] = json.load(answer)
        return document

    def blob(self, digest: str) -> bytes:
        """A layer's content."""
        with urllib.request.urlopen(f"{self.url}/v2/team/app/blobs/{digest}", timeout=10) as answer:
            content: bytes = answer.read()
        return content


@pytest.fixture(scope="module")
def leaf(tmp_path_factory: pytest.TempPathFactory) -> Leaf:
    now = dt.datetime.now(dt.UTC)
    return Authority(tmp_path_factory.mktemp("pki"), now).leaf("registry", ["127.0.0.1"], now)


@pytest.fixture(scope="module")
def registry(need: Callable[[str], str], leaf: Leaf, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    program, directory = need("docker-registry"), tmp_path_factory.mktemp("registry")
    with docker_registry(program, directory) as plain, docker_registry(program, directory, leaf=leaf) as url:
        pusher = Pusher(plain)
        yield Registry(
            url=plain,
            host=url.removeprefix("https://"),
            app=pusher.image("team/app", "1", b"layer one"),
            side=pusher.image("team/app", "2", b"layer two"),
        )


@pytest.fixture(scope="module")
def gcloud(need: Callable[[str], str], target: Target, leaf: Leaf, tmp_path_factory: pytest.TempPathFactory) -> Gcloud:
    trusted = str(leaf.cert_file.with_name("ca.pem"))
    return Gcloud(need("gcloud"), target, tmp_path_factory.mktemp("gcloud"), HTTPLIB2_CA_CERTS=trusted)


@pytest.fixture
def policy(rest: Rest) -> str:
    """A policy that trusts every image; its name's last part."""
    name = fresh("sign")
    made = rest.post(f"/v1/projects/{PROJECT}/platforms/gke/policies?policyId={name}", {"gkePolicy": {}})
    assert made.status == 200, made.document
    return name


def verified(openssl: str, envelope: bytes, public_pem: str, directory: Path) -> dict[str, Any]:
    """The statement of an envelope whose signature openssl verifies."""
    document = json.loads(envelope)
    payload = base64.b64decode(document["payload"], validate=True)
    kind = document["payloadType"].encode()
    message = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
    (signature,) = document["signatures"]
    for name, content in (
        ("message", message), ("signature", base64.b64decode(signature["sig"])), ("key.pem", public_pem.encode()),
    ):  # fmt: skip
        (directory / name).write_bytes(content)
    subprocess.run(
        [openssl, "dgst", "-sha256", "-verify", directory / "key.pem", "-signature", directory / "signature",
         directory / "message"],
        check=True, capture_output=True,
    )  # fmt: skip
    assert kind == b"application/vnd.in-toto+json"
    assert signature["keyid"] == f"//cloudkms.googleapis.com/v1/{KEY}/cryptoKeyVersions/1"
    statement: dict[str, Any] = json.loads(payload)
    return statement


@pytest.fixture
def public_pem(gcloud: Gcloud) -> Callable[[], str]:
    """What the key's public half is, by gcloud; a key is made on first use."""

    def read() -> str:
        ran = gcloud(
            "kms", "keys", "versions", "get-public-key", "1", "--location=global", "--keyring=binauthz",
            "--key=deploy-attestations",
        )  # fmt: skip
        assert ran.code == 0, ran.err
        return ran.out

    return read


@pytest.mark.shows(EVALUATION, "EvaluateGkePolicy")
@pytest.mark.shows(KMS, "GetPublicKey")
def test_an_attestation_is_uploaded_beside_the_image(
    gcloud: Gcloud,
    registry: Registry,
    policy: str,
    public_pem: Callable[[], str],
    need: Callable[[str], str],
    tmp_path: Path,
) -> None:
    image = registry.image(registry.app)
    ran = gcloud(*COMMAND, policy, "--platform=gke", f"--image={image}")
    assert ran.code == 0, ran.err
    manifest = registry.attached(registry.app)
    (layer,) = manifest["layers"]
    assert layer["mediaType"] == "application/vnd.dsse.envelope.v1+json"
    assert layer["annotations"]["predicateType"] == PREDICATE
    statement = verified(need("openssl"), registry.blob(layer["digest"]), public_pem(), tmp_path)
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == PREDICATE
    assert statement["subject"] == [
        {"name": f"{registry.host}/team/app", "digest": {"sha256": registry.app.removeprefix("sha256:")}}
    ]
    assert statement["predicate"]["verdict"] == "CONFORMANT"
    assert statement["predicate"]["policy"]["name"] == f"projects/{PROJECT}/platforms/gke/policies/{policy}"
    # A second one is appended to the first.
    assert gcloud(*COMMAND, policy, "--platform=gke", f"--image={image}").code == 0
    assert len(registry.attached(registry.app)["layers"]) == 2


def test_a_resource_is_given_its_attestations_inline(
    gcloud: Gcloud,
    registry: Registry,
    policy: str,
    public_pem: Callable[[], str],
    need: Callable[[str], str],
    tmp_path: Path,
) -> None:
    images = [registry.image(registry.app), registry.image(registry.side)]
    template = {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"image": each} for each in images]}}
    source, signed = tmp_path / "deployment.yaml", tmp_path / "signed.yaml"
    source.write_text(
        yaml.safe_dump(
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"template": template}}
        )
    )
    ran = gcloud(
        *COMMAND, policy, "--platform=gke", f"--resource={source}", f"--output-file={signed}", "--no-upload"
    )  # fmt: skip
    assert ran.code == 0, ran.err
    annotations = yaml.safe_load(signed.read_text())["spec"]["template"]["metadata"]["annotations"]
    attestations = annotations[ANNOTATION].split(",")
    subjects = []
    for each in attestations:
        # Either alphabet reads it alike, since clients differ in which they try first.
        assert base64.b64decode(each, validate=True) == base64.urlsafe_b64decode(each)
        statement = verified(need("openssl"), base64.urlsafe_b64decode(each), public_pem(), tmp_path)
        subjects.append(statement["subject"][0]["digest"]["sha256"])
    assert subjects == [registry.app.removeprefix("sha256:"), registry.side.removeprefix("sha256:")]
    with pytest.raises(urllib.error.HTTPError):
        registry.attached(registry.side)


def test_what_does_not_conform_is_not_signed(gcloud: Gcloud, rest: Rest, registry: Registry) -> None:
    name = fresh("deny")
    body = {"gkePolicy": {"checkSets": [{"checks": [{"alwaysDeny": True}]}]}}
    assert rest.post(f"/v1/projects/{PROJECT}/platforms/gke/policies?policyId={name}", body).status == 200
    ran = gcloud(*COMMAND, name, "--platform=gke", f"--image={registry.image(registry.app)}", "--no-upload")
    assert ran.code == 2, ran.err
    assert "verdict: NON_CONFORMANT" in ran.out
    assert "attestations" not in ran.out


def test_docker_credentials_open_a_registry_that_asks_for_them(
    gcloud: Gcloud, policy: str, leaf: Leaf, need: Callable[[str], str], tmp_path: Path
) -> None:
    user, password = "robot", "not-a-secret"
    htpasswd = f"{user}:$2b$04$4nZnOXyBjIBXNyAcAF9qo.YCCDBQSO/QiW9T66JUO8s7aRooAPcu6"
    program = need("docker-registry")
    with docker_registry(program, tmp_path) as plain:
        digest = Pusher(plain).image("team/app", "1", b"layer")
    basic = base64.b64encode(f"{user}:{password}".encode()).decode()
    docker = tmp_path / "docker"
    docker.mkdir()
    with docker_registry(program, tmp_path, leaf=leaf, htpasswd=htpasswd) as url:
        host = url.removeprefix("https://")
        (docker / "config.json").write_text(json.dumps({"auths": {host: {"auth": basic}}}))
        arguments = (*COMMAND, policy, "--platform=gke", f"--image={host}/team/app@{digest}")
        assert gcloud(*arguments).code == 1
        ran = gcloud(*arguments, "--use-docker-creds", f"--docker-config-dir={docker}")
        assert ran.code == 0, ran.err
        assert f"Uploading attestation for {host}/team/app@{digest}" in ran.out + ran.err
