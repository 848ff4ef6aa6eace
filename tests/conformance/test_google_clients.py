"""Google's own Python clients, over gRPC and over REST, unmodified."""

from collections.abc import Sequence
from typing import Any

import google.auth.credentials
import grpc
import pytest
from google.api_core import exceptions
from google.cloud import binaryauthorization_v1, binaryauthorization_v1beta1
from google.cloud.binaryauthorization_v1.services.binauthz_management_service_v1 import transports as v1_transports
from google.cloud.binaryauthorization_v1.services.system_policy_v1 import transports as system_transports
from google.cloud.binaryauthorization_v1.services.validation_helper_v1 import transports as helper_transports
from google.cloud.binaryauthorization_v1beta1.services.binauthz_management_service_v1_beta1 import (
    transports as beta_transports,
)
from google.cloud.devtools import containeranalysis_v1
from google.cloud.devtools.containeranalysis_v1.services.container_analysis import transports as analysis_transports
from google.iam.v1 import iam_policy_pb2
from google.oauth2.credentials import Credentials
from grafeas import grafeas_v1
from grafeas.grafeas_v1.services.grafeas import transports as grafeas_transports

from tests.conformance.server import OTHER_PROJECT, PROJECT, Target
from tests.conformance.services import ANALYSIS, BINAUTHZ, GRAFEAS, SYSTEM, VALIDATION
from tests.conformance.signing import Signer, fresh, payload

pytestmark = pytest.mark.servers
PARENT = f"projects/{PROJECT}"
DIGEST = "b" * 64


class _Bearer(grpc.UnaryUnaryClientInterceptor):
    """Sends the token on a plaintext channel, where call credentials are not allowed."""

    def __init__(self, token: str) -> None:
        self._header = ("authorization", f"Bearer {token}")

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        metadata: Sequence[tuple[str, str]] = [*(details.metadata or ()), self._header]
        return continuation(details._replace(metadata=metadata), request)


class Clients:
    """Builds clients of one transport."""

    def __init__(self, kind: str, target: Target) -> None:
        self._kind = kind
        self._target = target

    def transport(self, module: Any, name: str) -> Any:
        """A transport of a generated client, such as ``GrafeasGrpcTransport``."""
        if self._kind == "grpc":
            channel = grpc.intercept_channel(
                grpc.insecure_channel(self._target.grpc_address), _Bearer(self._target.token)
            )
            return getattr(module, f"{name}GrpcTransport")(channel=channel)
        credentials: google.auth.credentials.Credentials = Credentials(token=self._target.token)
        host = self._target.url.removeprefix("http://")
        return getattr(module, f"{name}RestTransport")(host=host, url_scheme="http", credentials=credentials)

    def management(self) -> binaryauthorization_v1.BinauthzManagementServiceV1Client:
        """Binary Authorization v1."""
        transport = self.transport(v1_transports, "BinauthzManagementServiceV1")
        return binaryauthorization_v1.BinauthzManagementServiceV1Client(transport=transport)

    def grafeas(self) -> grafeas_v1.GrafeasClient:
        """Grafeas v1."""
        return grafeas_v1.GrafeasClient(transport=self.transport(grafeas_transports, "Grafeas"))


@pytest.fixture(params=["grpc", "rest"])
def clients(request: pytest.FixtureRequest, target: Target) -> Clients:
    """Clients of either transport."""
    return Clients(request.param, target)


def make_note(clients: Clients) -> str:
    hint = grafeas_v1.AttestationNote.Hint(human_readable_name="qa")
    note = grafeas_v1.Note(attestation=grafeas_v1.AttestationNote(hint=hint))
    made = clients.grafeas().create_note(parent=PARENT, note_id=fresh("note"), note=note)
    assert made.kind == grafeas_v1.NoteKind.ATTESTATION
    return str(made.name)


def make_attestor(clients: Clients, signer: Signer | None = None) -> binaryauthorization_v1.Attestor:
    block = binaryauthorization_v1.UserOwnedGrafeasNote(note_reference=make_note(clients))
    if signer is not None:
        pkix = binaryauthorization_v1.PkixPublicKey(
            public_key_pem=signer.pem,
            signature_algorithm=binaryauthorization_v1.PkixPublicKey.SignatureAlgorithm.ECDSA_P256_SHA256,
        )
        block.public_keys = [binaryauthorization_v1.AttestorPublicKey(pkix_public_key=pkix)]
    attestor = binaryauthorization_v1.Attestor(user_owned_grafeas_note=block)
    return clients.management().create_attestor(parent=PARENT, attestor_id=fresh("a"), attestor=attestor)


def occurrence(note: str, key: str = "k") -> grafeas_v1.Occurrence:
    return grafeas_v1.Occurrence(
        note_name=note,
        resource_uri=f"https://us-docker.pkg.dev/p/r/i@sha256:{DIGEST}",
        attestation=grafeas_v1.AttestationOccurrence(
            serialized_payload=b"{}", signatures=[grafeas_v1.Signature(public_key_id=key, signature=b"s")]
        ),
    )


@pytest.mark.shows(BINAUTHZ, "GetPolicy", "UpdatePolicy")
def test_a_policy_is_read_and_replaced(clients: Clients) -> None:
    client = clients.management()
    policy = client.get_policy(name=f"{PARENT}/policy")
    policy.description = fresh("d")
    policy.default_admission_rule.evaluation_mode = binaryauthorization_v1.AdmissionRule.EvaluationMode.ALWAYS_DENY
    policy.default_admission_rule.enforcement_mode = (
        binaryauthorization_v1.AdmissionRule.EnforcementMode.DRYRUN_AUDIT_LOG_ONLY
    )
    written = client.update_policy(policy=policy)
    assert written.description == policy.description
    assert client.get_policy(name=f"{PARENT}/policy") == written


@pytest.mark.shows(SYSTEM, "GetSystemPolicy")
def test_the_system_policy_is_read(clients: Clients) -> None:
    client = binaryauthorization_v1.SystemPolicyV1Client(
        transport=clients.transport(system_transports, "SystemPolicyV1")
    )
    assert client.get_system_policy(name="locations/global/policy").admission_whitelist_patterns


@pytest.mark.shows(BINAUTHZ, "CreateAttestor", "ListAttestors", "UpdateAttestor", "DeleteAttestor")
def test_attestors_live_a_life(clients: Clients) -> None:
    client, signer = clients.management(), Signer()
    attestor = make_attestor(clients, signer)
    assert attestor.user_owned_grafeas_note.public_keys[0].id.startswith("ni:///sha-256;")
    attestor.description = "changed"
    assert client.update_attestor(attestor=attestor).description == "changed"
    assert attestor.name in [each.name for each in client.list_attestors(parent=PARENT)]
    client.delete_attestor(name=attestor.name)
    with pytest.raises(exceptions.NotFound):
        client.get_attestor(name=attestor.name)


@pytest.mark.shows(BINAUTHZ, "ListAttestors")
def test_lists_are_walked_by_the_clients_pager(clients: Clients) -> None:
    names = {make_attestor(clients).name for _ in range(3)}
    request = binaryauthorization_v1.ListAttestorsRequest(parent=PARENT, page_size=1)
    listed = [each.name for each in clients.management().list_attestors(request=request)]
    assert names <= set(listed)
    assert listed == sorted(set(listed))


def test_v1beta1_sees_the_same_attestor(clients: Clients) -> None:
    attestor = make_attestor(clients)
    client = binaryauthorization_v1beta1.BinauthzManagementServiceV1Beta1Client(
        transport=clients.transport(beta_transports, "BinauthzManagementServiceV1Beta1")
    )
    seen = client.get_attestor(name=attestor.name)
    assert seen.user_owned_drydock_note.note_reference == attestor.user_owned_grafeas_note.note_reference


@pytest.mark.shows(VALIDATION, "ValidateAttestationOccurrence")
def test_an_attestation_is_validated(clients: Clients) -> None:
    signer = Signer()
    attestor = make_attestor(clients, signer)
    text, key = payload(DIGEST), attestor.user_owned_grafeas_note.public_keys[0].id
    client = binaryauthorization_v1.ValidationHelperV1Client(
        transport=clients.transport(helper_transports, "ValidationHelperV1")
    )

    def result(signature: bytes) -> str:
        attestation = {
            "serialized_payload": text,
            "signatures": [{"public_key_id": key, "signature": signature}],
        }
        answer = client.validate_attestation_occurrence(
            request={
                "attestor": attestor.name,
                "attestation": attestation,
                "occurrence_note": attestor.user_owned_grafeas_note.note_reference,
                "occurrence_resource_uri": f"r/i@sha256:{DIGEST}",
            }
        )
        return str(answer.result.name)

    assert result(signer.sign(text)) == "VERIFIED"
    assert result(signer.sign(text + b" ")) == "ATTESTATION_NOT_VERIFIABLE"


@pytest.mark.shows(
    GRAFEAS,
    "CreateOccurrence",
    "BatchCreateOccurrences",
    "GetOccurrence",
    "GetOccurrenceNote",
    "ListNoteOccurrences",
    "UpdateOccurrence",
    "DeleteOccurrence",
)
def test_occurrences_live_a_life(clients: Clients) -> None:
    client, note = clients.grafeas(), make_note(clients)
    made = client.create_occurrence(parent=PARENT, occurrence=occurrence(note))
    with pytest.raises(exceptions.Conflict):
        client.create_occurrence(parent=PARENT, occurrence=occurrence(note))
    assert client.get_occurrence(name=made.name) == made
    assert client.get_occurrence_note(name=made.name).name == note
    batch = client.batch_create_occurrences(parent=PARENT, occurrences=[occurrence(note, "a"), occurrence(note, "b")])
    assert len(batch.occurrences) == 2
    filter = f'has_suffix(resourceUrl, "sha256:{DIGEST}")'
    request = grafeas_v1.ListNoteOccurrencesRequest(name=note, filter=filter, page_size=1)
    assert len(list(client.list_note_occurrences(request=request))) == 3
    made.remediation = "r"
    changed = client.update_occurrence(name=made.name, occurrence=made, update_mask={"paths": ["remediation"]})
    assert changed.remediation == "r"
    client.delete_occurrence(name=made.name)
    with pytest.raises(exceptions.NotFound):
        client.get_occurrence(name=made.name)


@pytest.mark.shows(GRAFEAS, "CreateNote", "BatchCreateNotes", "GetNote", "ListNotes", "UpdateNote", "DeleteNote")
def test_notes_live_a_life(clients: Clients) -> None:
    client, name = clients.grafeas(), make_note(clients)
    assert name in [each.name for each in client.list_notes(parent=PARENT, filter="")]
    changed = client.update_note(
        name=name, note=grafeas_v1.Note(short_description="s"), update_mask={"paths": ["short_description"]}
    )
    assert changed.short_description == "s"
    assert changed.attestation.hint.human_readable_name == "qa"
    assert client.get_note(name=name) == changed
    batch = {fresh("batch"): grafeas_v1.Note(attestation=grafeas_v1.AttestationNote()) for _ in range(2)}
    made = client.batch_create_notes(parent=PARENT, notes=batch)
    assert {each.name.rpartition("/")[2] for each in made.notes} == set(batch)
    client.delete_note(name=name)
    with pytest.raises(exceptions.NotFound):
        client.get_note(name=name)


@pytest.mark.shows(ANALYSIS, "GetIamPolicy", "SetIamPolicy", "TestIamPermissions")
def test_iam_of_a_note_through_the_container_analysis_client(clients: Clients) -> None:
    name = make_note(clients)
    client = containeranalysis_v1.ContainerAnalysisClient(
        transport=clients.transport(analysis_transports, "ContainerAnalysis")
    )
    policy = client.get_iam_policy(request=iam_policy_pb2.GetIamPolicyRequest(resource=name))
    policy.bindings.add(role="roles/containeranalysis.notes.attacher", members=["user:a@b.c"])
    request = iam_policy_pb2.SetIamPolicyRequest(resource=name, policy=policy)
    assert client.set_iam_policy(request=request).bindings[0].members == ["user:a@b.c"]
    asked = ["containeranalysis.notes.get", "made.up.one"]
    test = iam_policy_pb2.TestIamPermissionsRequest(resource=name, permissions=asked)
    assert client.test_iam_permissions(request=test).permissions == asked[:1]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda c: c.management().get_attestor(name=f"{PARENT}/attestors/absent"), exceptions.NotFound),
        (lambda c: c.management().get_policy(name="projects/absent/policy"), exceptions.NotFound),
        (lambda c: c.management().list_attestors(parent="projects/absent"), exceptions.BadRequest),
        (
            lambda c: c.management().update_policy(policy=binaryauthorization_v1.Policy(name=f"{PARENT}/policy")),
            exceptions.BadRequest,
        ),
        (
            lambda c: c.grafeas().create_note(parent=PARENT, note_id="x", note=grafeas_v1.Note()),
            exceptions.BadRequest,
        ),
        (
            lambda c: c.grafeas().create_occurrence(parent=PARENT, occurrence=occurrence(f"{PARENT}/notes/absent")),
            exceptions.NotFound,
        ),
        (lambda c: list(c.grafeas().list_notes(parent="projects/absent")), exceptions.NotFound),
    ],
)
def test_errors_arrive_as_the_clients_own_exceptions(clients: Clients, call: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        call(clients)


@pytest.mark.usefixtures("other_project")
def test_an_attestation_may_hang_off_a_note_of_another_project(clients: Clients) -> None:
    note = make_note(clients)
    made = clients.grafeas().create_occurrence(parent=f"projects/{OTHER_PROJECT}", occurrence=occurrence(note))
    assert made.name.startswith(f"projects/{OTHER_PROJECT}/occurrences/")
