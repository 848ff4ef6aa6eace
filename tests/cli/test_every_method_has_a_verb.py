"""Every method that is served has a verb that really calls it, or a row that says why not (``tools.cli_exceptions``).

One story is told with the whole command line against a real server; what the server was asked on the way is compared
with the method table. A new method without verb or reason fails here, and so does a verb that the story leaves out.
"""

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

import click
import pytest
from click.testing import CliRunner, Result
from tools.cli_exceptions import EXCEPTIONS, without_verb_or_reason

from binauthz.cli.main import command
from binauthz.transports.methods import METHODS
from binauthz.transports.routes import Router, bindings
from binauthz.wire import descriptors
from tests.cli.relay import Call, relaying
from tests.cli.running import clean_environment, serving
from tests.cli.test_every_command_explains_itself import LEAVES
from tests.sources import images
from tests.sources.hostile import Reply, Toy, toy

pytestmark = pytest.mark.servers

IMAGE = f"us-docker.pkg.dev/p/r/app@sha256:{'7' * 64}"
OTHER = IMAGE.replace("7", "8")
RING = "projects/demo-project/locations/global/keyRings/ring"
FILES = {
    "policy.yaml": """
        globalPolicyEvaluationMode: ENABLE
        defaultAdmissionRule:
          {evaluationMode: ALWAYS_DENY, enforcementMode: ENFORCED_BLOCK_AND_AUDIT_LOG}
    """,
    "other.yaml": """
        defaultAdmissionRule:
          {evaluationMode: ALWAYS_ALLOW, enforcementMode: ENFORCED_BLOCK_AND_AUDIT_LOG}
    """,
    "platform.yaml": "gkePolicy: {checkSets: [{displayName: all, checks: [{displayName: never, alwaysDeny: true}]}]}",
    "bindings.yaml": "bindings: [{role: roles/viewer, members: ['user:dev@example.com']}]",
    "discovery.yaml": "discovery: {analysisKind: VULNERABILITY}",
    "found.yaml": f"""
        noteName: projects/demo-project/notes/scan
        resourceUri: https://{IMAGE}
        discovery: {{analysisStatus: FINISHED_SUCCESS}}
    """,
    "described.yaml": "shortDescription: a scan",
    "remediated.yaml": "remediation: none",
    "pods.yaml": f"{{apiVersion: v1, kind: Pod, metadata: {{name: p}}, spec: {{containers: [{{image: '{IMAGE}'}}]}}}}",
}
# Commands in the order of a life; the number in front is the exit code where it is not 0.
STORY = f"""
    projects list
    projects describe demo-project
    projects get-iam-policy demo-project
    projects set-iam-policy demo-project bindings.yaml
    projects add-iam-policy-binding demo-project --member user:a@example.com --role roles/viewer
    projects remove-iam-policy-binding demo-project --member user:a@example.com --role roles/viewer
    projects test-iam-permissions demo-project resourcemanager.projects.get
    services list --all
    services enable container.googleapis.com
    services enable container.googleapis.com cloudkms.googleapis.com
    services describe container.googleapis.com
    continuous-validation describe
    continuous-validation enable
    continuous-validation disable
    services disable anthos.googleapis.com
    keys generate --private-key key.pem --public-key pub.pem
    keys generate --private-key key2.pem --public-key pub2.pem
    notes create build --hint 'the build'
    notes create scan --file discovery.yaml
    notes list --filter 'kind="ATTESTATION"'
    notes update scan described.yaml
    notes describe scan
    notes get-iam-policy build
    notes set-iam-policy build bindings.yaml
    notes add-iam-policy-binding build --member user:a@example.com --role roles/viewer
    notes remove-iam-policy-binding build --member user:a@example.com --role roles/viewer
    notes test-iam-permissions build containeranalysis.notes.get
    attestors create build
    attestors list --limit 1
    attestors describe build
    attestors update build --description 'what CI built'
    attestors public-keys add build pub.pem --id //ours/1
    attestors public-keys list build
    attestors public-keys update build //ours/1 --comment first
    attestors public-keys remove build //ours/1
    attestors add-key build pub2.pem --id //ours/2
    attestors remove-key build //ours/2
    attestors public-keys add build pub.pem
    attestors get-iam-policy build
    attestors set-iam-policy build bindings.yaml
    attestors add-iam-policy-binding build --member user:a@example.com --role roles/viewer
    attestors remove-iam-policy-binding build --member user:a@example.com --role roles/viewer
    attestors test-iam-permissions build binaryauthorization.attestors.get
    kms keyrings create ring
    kms keyrings list
    kms keyrings describe global/ring
    kms keyrings get-iam-policy ring
    kms keyrings set-iam-policy ring bindings.yaml
    kms keyrings add-iam-policy-binding ring --member user:a@example.com --role roles/cloudkms.viewer
    kms keyrings remove-iam-policy-binding ring --member user:a@example.com --role roles/cloudkms.viewer
    kms keyrings test-iam-permissions ring cloudkms.keyRings.get
    kms keys create ring/key --label team=a
    kms keys list ring
    kms keys describe {RING}/cryptoKeys/key
    kms keys update ring/key --algorithm ec-sign-p384-sha384 --label team=b
    kms keys update ring/key --clear-labels
    kms keys get-iam-policy ring/key
    kms keys set-iam-policy ring/key bindings.yaml
    kms keys add-iam-policy-binding ring/key --member user:a@example.com --role roles/cloudkms.signer
    kms keys remove-iam-policy-binding ring/key --member user:a@example.com --role roles/cloudkms.signer
    kms keys test-iam-permissions ring/key cloudkms.cryptoKeys.get
    kms versions create ring/key
    kms versions list ring/key --limit 1
    kms versions describe ring/key/2
    kms versions disable ring/key/2
    kms versions enable ring/key/2
    kms versions destroy ring/key/2
    kms versions restore ring/key/2
    kms versions get-public-key ring/key/1
    kms sign ring/key/1 --input-file policy.yaml --signature-file policy.sig
    attestors public-keys add build --keyversion {RING}/cryptoKeys/key/cryptoKeyVersions/1
    attestations create --image {OTHER} --attestor build --keyversion {RING}/cryptoKeys/key/cryptoKeyVersions/1
    attestations verify --image {OTHER} --attestor build
    attestations payload --image {IMAGE}
    attestations sign --image {IMAGE} --private-key key.pem
    attestations create --image {IMAGE} --attestor build --private-key key.pem --dry-run
    attestations create --image {IMAGE} --attestor build --private-key key.pem
    attestations list --attestor build --limit 5
    attestations verify --image {IMAGE} --attestor build
    occurrences create found.yaml
    occurrences list --filter 'kind="DISCOVERY"'
    occurrences vulnerability-summary
    occurrences describe $FOUND
    occurrences update $FOUND remediated.yaml
    occurrences note $FOUND
    notes list-occurrences scan
    policy export
    2 policy lint other.yaml --server
    2 policy diff policy.yaml
    policy import policy.yaml --dry-run
    policy import policy.yaml
    policy diff policy.yaml
    2 policy what-if other.yaml --image {IMAGE}
    policy export-system-policy
    policy get-iam-policy
    policy set-iam-policy bindings.yaml
    policy add-iam-policy-binding --member user:a@example.com --role roles/viewer
    policy remove-iam-policy-binding --member user:a@example.com --role roles/viewer
    policy test-iam-permissions binaryauthorization.policy.get
    2 evaluate --image {IMAGE}
    2 explain {IMAGE}
    platform-policies list-platforms
    platform-policies create strict platform.yaml
    platform-policies list
    platform-policies describe strict
    platform-policies replace strict platform.yaml
    2 platform-policies evaluate strict -f pods.yaml
    platform-policies delete strict
    clusters list
    clusters create c1 --location us-central1-a --label team=a
    clusters describe c1 --location us-central1-a
    clusters update c1 --location us-central1-a --evaluation-mode DISABLED
    memberships create m1 --location us-central1 --cluster us-central1-a/c1
    memberships describe m1 --location us-central1
    memberships update m1 --location us-central1 --label a=b
    memberships delete m1 --location us-central1
    clusters delete c1 --location us-central1-a
    clusters server-config --location us-central1-a
    clusters create c2 --location us-central1-a --async --format json
    operations cancel us-central1-a/$OPERATION
    operations describe us-central1-a/$OPERATION
    operations list
    memberships delete local-cluster --location global
    fleet list
    fleet delete
    fleet create --display-name ours
    fleet update --evaluation-mode POLICY_BINDINGS --label a=b
    fleet describe
    memberships create local-cluster --location global --cluster us-central1-a/local-cluster
    locations list
    locations describe global
    artifacts repositories list
    artifacts repositories describe us/containers
    artifacts images list us/containers
    artifacts images describe us/containers/team/app@$DIGEST
    artifacts packages list us/containers
    artifacts packages describe us/containers/team/app
    artifacts versions list us/containers/team/app
    artifacts tags list us/containers/team/app
    clusters get-credentials local-cluster --location us-central1-a
    memberships list
    memberships get-credentials local-cluster --location global
    logs write my-log hello
    logs read --freshness 1h
    logs list
    logs delete my-log
    api list
    api get /v1/projects/demo-project/policy
    api post '/v1/projects/demo-project/notes?noteId=other' --data discovery.yaml
    api put /v1/projects/demo-project/policy --data policy.yaml
    api patch '/v1/projects/demo-project/notes/other?updateMask=shortDescription' --data described.yaml
    api delete /v1/projects/demo-project/notes/other
    attestations delete $ATTESTATION
    occurrences delete $FOUND
    notes delete scan
    attestors delete build
"""
# They run servers, or work on what is on this machine; other suites do them.
LOCAL = {
    ("up",), ("serve",), ("env",), ("doctor",), ("completion",),
    ("tokens", "create"), ("tokens", "list"), ("tokens", "revoke"),
}  # fmt: skip


@dataclass(frozen=True)
class Told:
    """What was asked of the server, and the commands that ran."""

    calls: tuple[Call, ...]
    commands: frozenset[tuple[str, ...]]


def run(line: str, env: dict[str, str]) -> Result:
    return CliRunner().invoke(command, shlex.split(line), env=env)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """The story, told once."""
    directory = tmp_path_factory.mktemp("story")
    for name, text in FILES.items():
        (directory / name).write_text(text)
    clean = clean_environment(directory)
    with (
        toy() as registry,
        serving(directory / "up", clean, "--registry", f"us/containers={registry.url}", verb="up") as (_, url),
        relaying(url) as relay,
        pytest.MonkeyPatch.context() as patch,
    ):
        _stock(registry)
        patch.chdir(directory)
        token = directory / "up" / "owner-token"
        env = {"BINAUTHZ_SERVER": relay.url, "BINAUTHZ_PROJECT": "demo-project", "BINAUTHZ_TOKEN_FILE": str(token)}
        env["KUBECONFIG"] = str(directory / "kubeconfig")
        names = {"$DIGEST": images.digest(images.image(images.config()))}
        calls: list[Call] = []
        for line in filter(None, map(str.strip, STORY.splitlines())):
            code, _, rest = line.partition(" ") if line[0].isdigit() else ("0", "", line)
            for variable, value in names.items():
                rest = rest.replace(variable, value)
            relay.calls.clear()
            result = run(rest, env)
            # What `api` was told to call is no verb of its own.
            calls += [] if rest.startswith("api ") else relay.calls
            assert result.exit_code == int(code), f"{line}: {result.output} {result.exception!r}"
            if rest.startswith("occurrences create"):
                names["$FOUND"] = _name(result.output)
            elif rest.startswith("clusters create c2"):
                names["$OPERATION"] = json.loads(result.output)["name"]
            elif rest.startswith("attestations create"):
                names["$ATTESTATION"] = _name(result.output)
        yield Told(tuple(calls), frozenset(_path(line) for line in STORY.splitlines() if line.strip()))


def _stock(registry: Toy) -> None:
    """Put one image, ``team/app:1.0``, into a registry that no program is needed for."""
    body = images.image(images.config())
    content = {"Docker-Content-Digest": images.digest(body), "Content-Type": images.IMAGE}
    for reference in ("1.0", images.digest(body)):
        registry.replies[f"/v2/team/app/manifests/{reference}"] = Reply(headers=content, body=body)
    registry.replies["/v2/_catalog"] = Reply(body=b'{"repositories": ["team/app"]}')
    registry.replies["/v2/team/app/tags/list"] = Reply(body=b'{"name": "team/app", "tags": ["1.0"]}')
    configuration = images.config()
    registry.replies[f"/v2/team/app/blobs/{images.digest(configuration)}"] = Reply(body=configuration)


def _name(output: str) -> str:
    found = [line for line in output.splitlines() if line.startswith("name: ")]
    return found[0].removeprefix("name: ") if found else ""


def _path(line: str) -> tuple[str, ...]:
    """The names of the command that a line of the story runs."""
    found: click.Command = command
    path: list[str] = []
    for word in shlex.split(line.strip().lstrip("0123456789 ")):
        if not isinstance(found, click.Group):
            break
        sub = found.get_command(click.Context(found), word)
        assert sub is not None, line
        found = sub
        path.append(word)
    return tuple(path)


def methods_called(calls: tuple[Call, ...]) -> set[str]:
    router = Router(descriptors.methods().values())
    called = set()
    for call in calls:
        if call.target.startswith("/binauthz/") or call.status != 200:
            continue
        route, _ = router.match(call.verb, call.target.partition("?")[0].encode())
        called.add(route.method.full_name)
    return called


def test_every_served_method_has_a_verb_or_a_reason(told: Told) -> None:
    served = [row.full_name for row in METHODS]
    missing = without_verb_or_reason(served, methods_called(told.calls))
    assert missing == [], f"give each a verb and a line in STORY, or a row in tools/cli_exceptions.py: {missing}"


def test_no_reason_stands_where_a_verb_is(told: Told) -> None:
    assert not {*EXCEPTIONS} & methods_called(told.calls)


def test_the_story_uses_every_verb(told: Told) -> None:
    assert {*LEAVES} - told.commands == LOCAL


def test_everything_excused_can_be_reached_by_its_path() -> None:
    for name in EXCEPTIONS:
        assert list(bindings(descriptors.methods()[name])), name


def test_a_method_without_either_is_found() -> None:
    assert without_verb_or_reason(["grafeas.v1.Grafeas.GetNote"], []) == ["grafeas.v1.Grafeas.GetNote"]
    assert without_verb_or_reason(["grafeas.v1beta1.GrafeasV1Beta1.GetNote"], ["grafeas.v1.Grafeas.GetNote"]) == []
