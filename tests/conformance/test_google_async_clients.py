"""Google's own Python clients in their asynchronous form, over gRPC: the same calls from one event loop."""

import asyncio
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.api_core import exceptions
from google.cloud import binaryauthorization_v1, binaryauthorization_v1beta1
from google.cloud.binaryauthorization_v1.services import (
    binauthz_management_service_v1,
    system_policy_v1,
    validation_helper_v1,
)
from google.cloud.binaryauthorization_v1beta1.services import (
    binauthz_management_service_v1_beta1,
    system_policy_v1_beta1,
)
from google.cloud.devtools import containeranalysis_v1
from google.cloud.devtools.containeranalysis_v1.services import container_analysis
from google.iam.v1 import iam_policy_pb2
from grafeas import grafeas_v1
from grafeas.grafeas_v1.services import grafeas

from tests.conformance.server import PROJECT, Target
from tests.conformance.services import (
    ANALYSIS,
    BINAUTHZ,
    BINAUTHZ_BETA,
    GRAFEAS,
    SYSTEM,
    SYSTEM_BETA,
    VALIDATION,
)
from tests.conformance.signing import Signer, fresh, payload

pytestmark = pytest.mark.servers
PARENT = f"projects/{PROJECT}"
DIGEST = "d" * 64


class _Bearer(grpc.aio.UnaryUnaryClientInterceptor):  # type: ignore[misc]
    """Sends the token on a plaintext channel, where call credentials are not allowed."""

    def __init__(self, token: str) -> None:
        self._header = ("authorization", f"Bearer {token}")

    async def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        metadata = grpc.aio.Metadata(*(details.metadata or ()), self._header)
        return await continuation(details._replace(metadata=metadata), request)


class Loop:
    """One event loop with one channel; clients share it."""

    def __init__(self, target: Target) -> None:
        self._runner = asyncio.Runner()
        self._channel = self._runner.run(self._open(target))

    async def _open(self, target: Target) -> Any:
        return grpc.aio.insecure_channel(target.grpc_address, interceptors=[_Bearer(target.token)])

    def run(self, work: Any) -> Any:
        """Wait for a coroutine."""
        return self._runner.run(work)

    def client(self, kind: Any, module: Any, name: str) -> Any:
        """A client of a service, by its generated modules."""

        async def make() -> Any:
            transport = getattr(module.transports, f"{name}GrpcAsyncIOTransport")
            return kind(transport=transport(channel=self._channel))

        return self.run(make())

    def close(self) -> None:
        """Close the channel and the loop."""
        self.run(self._channel.close())
        self._runner.close()


@pytest.fixture
def loop(target: Target) -> Iterator[Loop]:
    made = Loop(target)
    yield made
    made.close()


@pytest.fixture
def notes(loop: Loop) -> Any:
    return loop.client(grafeas_v1.GrafeasAsyncClient, grafeas, "Grafeas")


@pytest.fixture
def management(loop: Loop) -> Any:
    kind = binaryauthorization_v1.BinauthzManagementServiceV1AsyncClient
    return loop.client(kind, binauthz_management_service_v1, "BinauthzManagementServiceV1")


async def make_note(notes: Any) -> str:
    hint = grafeas_v1.AttestationNote.Hint(human_readable_name="qa")
    note = grafeas_v1.Note(attestation=grafeas_v1.AttestationNote(hint=hint))
    made = await notes.create_note(parent=PARENT, note_id=fresh("note"), note=note)
    return str(made.name)


@pytest.mark.shows(BINAUTHZ, "GetPolicy", "UpdatePolicy", "CreateAttestor", "GetAttestor", "ListAttestors")
@pytest.mark.shows(BINAUTHZ, "UpdateAttestor", "DeleteAttestor")
@pytest.mark.shows(SYSTEM, "GetSystemPolicy")
@pytest.mark.shows(VALIDATION, "ValidateAttestationOccurrence")
def test_binary_authorization(loop: Loop, notes: Any, management: Any) -> None:
    system = loop.client(binaryauthorization_v1.SystemPolicyV1AsyncClient, system_policy_v1, "SystemPolicyV1")
    helper_kind = binaryauthorization_v1.ValidationHelperV1AsyncClient
    helper = loop.client(helper_kind, validation_helper_v1, "ValidationHelperV1")

    async def story() -> None:
        policy = await management.get_policy(name=f"{PARENT}/policy")
        assert (await management.update_policy(policy=policy)).name == policy.name
        assert (await system.get_system_policy(name="locations/global/policy")).admission_whitelist_patterns
        signer, note = Signer(), await make_note(notes)
        pkix = binaryauthorization_v1.PkixPublicKey(
            public_key_pem=signer.pem,
            signature_algorithm=binaryauthorization_v1.PkixPublicKey.SignatureAlgorithm.ECDSA_P256_SHA256,
        )
        block = binaryauthorization_v1.UserOwnedGrafeasNote(
            note_reference=note, public_keys=[binaryauthorization_v1.AttestorPublicKey(pkix_public_key=pkix)]
        )
        attestor = binaryauthorization_v1.Attestor(user_owned_grafeas_note=block)
        made = await management.create_attestor(parent=PARENT, attestor_id=fresh("a"), attestor=attestor)
        made.description = "changed"
        assert (await management.update_attestor(attestor=made)).description == "changed"
        assert (await management.get_attestor(name=made.name)).description == "changed"
        request = binaryauthorization_v1.ListAttestorsRequest(parent=PARENT, page_size=1)
        listed = [each.name async for each in await management.list_attestors(request=request)]
        assert made.name in listed
        text = payload(DIGEST)
        signature = {"public_key_id": made.user_owned_grafeas_note.public_keys[0].id, "signature": signer.sign(text)}
        answer = await helper.validate_attestation_occurrence(
            request={
                "attestor": made.name,
                "attestation": {"serialized_payload": text, "signatures": [signature]},
                "occurrence_note": note,
                "occurrence_resource_uri": f"r/i@sha256:{DIGEST}",
            }
        )
        assert answer.result.name == "VERIFIED"
        await management.delete_attestor(name=made.name)
        with pytest.raises(exceptions.NotFound):
            await management.get_attestor(name=made.name)

    loop.run(story())


@pytest.mark.shows(BINAUTHZ_BETA, "GetPolicy", "CreateAttestor", "DeleteAttestor")
@pytest.mark.shows(SYSTEM_BETA, "GetSystemPolicy")
def test_v1beta1(loop: Loop, notes: Any) -> None:
    beta = binaryauthorization_v1beta1
    kind, module = beta.BinauthzManagementServiceV1Beta1AsyncClient, binauthz_management_service_v1_beta1
    management = loop.client(kind, module, "BinauthzManagementServiceV1Beta1")
    system = loop.client(beta.SystemPolicyV1Beta1AsyncClient, system_policy_v1_beta1, "SystemPolicyV1Beta1")

    async def story() -> None:
        assert (await management.get_policy(name=f"{PARENT}/policy")).default_admission_rule.evaluation_mode
        assert (await system.get_system_policy(name="locations/global/policy")).admission_whitelist_patterns
        block = beta.UserOwnedDrydockNote(note_reference=await make_note(notes))
        attestor = beta.Attestor(user_owned_drydock_note=block)
        made = await management.create_attestor(parent=PARENT, attestor_id=fresh("a"), attestor=attestor)
        assert made.user_owned_drydock_note.note_reference == block.note_reference
        await management.delete_attestor(name=made.name)

    loop.run(story())


@pytest.mark.shows(
    GRAFEAS, "CreateNote", "CreateOccurrence", "GetOccurrence", "ListNoteOccurrences", "UpdateOccurrence"
)
@pytest.mark.shows(GRAFEAS, "DeleteOccurrence", "DeleteNote")
@pytest.mark.shows(ANALYSIS, "GetIamPolicy", "SetIamPolicy")
def test_many_occurrences_at_once(loop: Loop, notes: Any) -> None:
    kind = containeranalysis_v1.ContainerAnalysisAsyncClient
    analysis = loop.client(kind, container_analysis, "ContainerAnalysis")

    async def story() -> None:
        note = await make_note(notes)

        def occurrence(key: int) -> grafeas_v1.Occurrence:
            signature = grafeas_v1.Signature(public_key_id=str(key), signature=b"s")
            attestation = grafeas_v1.AttestationOccurrence(serialized_payload=b"{}", signatures=[signature])
            uri = f"https://us-docker.pkg.dev/p/r/i@sha256:{DIGEST}"
            return grafeas_v1.Occurrence(note_name=note, resource_uri=uri, attestation=attestation)

        created = [notes.create_occurrence(parent=PARENT, occurrence=occurrence(key)) for key in range(8)]
        made = await asyncio.gather(*created)
        request = grafeas_v1.ListNoteOccurrencesRequest(name=note, page_size=3)
        listed = [each.name async for each in await notes.list_note_occurrences(request=request)]
        assert sorted(listed) == sorted(each.name for each in made)
        made[0].remediation = "r"
        mask = {"paths": ["remediation"]}
        changed = await notes.update_occurrence(name=made[0].name, occurrence=made[0], update_mask=mask)
        assert (await notes.get_occurrence(name=changed.name)).remediation == "r"
        policy = await analysis.get_iam_policy(request=iam_policy_pb2.GetIamPolicyRequest(resource=note))
        policy.bindings.add(role="roles/containeranalysis.notes.attacher", members=["user:a@b.c"])
        written = iam_policy_pb2.SetIamPolicyRequest(resource=note, policy=policy)
        assert (await analysis.set_iam_policy(request=written)).bindings[0].members == ["user:a@b.c"]
        await asyncio.gather(*(notes.delete_occurrence(name=each.name) for each in made))
        await notes.delete_note(name=note)
        with pytest.raises(exceptions.NotFound):
            await notes.get_note(name=note)

    loop.run(story())
