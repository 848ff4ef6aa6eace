"""A JWT of a configured issuer is a credential at every door: REST, gRPC, evaluate, the gateway, and for gcloud."""

import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest

from binauthz.app.sections import OidcIssuer, Sections
from tests.conformance.gcloud import Gcloud
from tests.conformance.rest import Rest
from tests.conformance.server import PROJECT, Target, running
from tests.transports.oidc.issuer import LocalIssuer, local_issuer
from tests.transports.oidc.signer import Signer, claims

pytestmark = pytest.mark.servers

POLICY = f"/v1/projects/{PROJECT}/policy"
MEMBERSHIP = f"/v1/projects/{PROJECT}/locations/global/memberships/local-cluster"


@dataclass(frozen=True)
class House:
    """A server that believes an issuer."""

    target: Target
    issuer: LocalIssuer
    directory: Path

    def token(self, **changed: Any) -> str:
        return self.issuer.signer.token(claims(time.time(), **{"iss": self.issuer.url, **changed}))

    def rest(self, token: str) -> Rest:
        return Rest(self.target.url, token)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    directory = tmp_path_factory.mktemp("oidc")
    with local_issuer(Signer().rsa("k1").ec("k2")) as issuer:
        sections = Sections(oidc=(OidcIssuer(issuer=issuer.url, audiences=("binauthz",)),))
        with running(directory, sections=sections) as target:
            owner = Rest(target.url, target.token)
            binding = {"role": "roles/viewer", "members": ["user:Dev@example.com", "group:team@example.com"]}
            answer = owner.post(f"/v1/projects/{PROJECT}:setIamPolicy", {"policy": {"bindings": [binding]}})
            assert answer.status == 200, answer.document
            assert answer.document["bindings"][0]["members"][0] == "user:dev@example.com"
            yield House(target, issuer, directory)


def test_rest_knows_the_caller_by_address_or_by_group(house: House) -> None:
    assert house.rest(house.token()).get(POLICY).status == 200
    assert house.rest(house.token(email="new@example.com")).get(POLICY).status == 200
    stranger = house.rest(house.token(email="new@example.com", groups=[]))
    assert stranger.get(POLICY).error == "PERMISSION_DENIED"
    assert house.rest(house.token()).put(POLICY, {}).error == "PERMISSION_DENIED"


@pytest.mark.parametrize(
    "changed", [{"aud": "other"}, {"exp": 1}, {"iss": "https://evil.example.com"}, {"email": "owner@binauthz.local"}]
)
def test_a_bad_token_is_no_credential(house: House, changed: dict[str, Any]) -> None:
    answer = house.rest(house.token(**changed)).get(POLICY)
    assert (answer.status, answer.error) == (401, "UNAUTHENTICATED")


def test_another_issuers_key_is_no_credential(house: House) -> None:
    forged = Signer().rsa("k1").token(claims(time.time(), iss=house.issuer.url))
    assert house.rest(forged).get(POLICY).status == 401


def test_an_action_is_logged_under_the_tokens_address(house: House) -> None:
    house.rest(house.token()).put(POLICY, {"defaultAdmissionRule": {}})
    query = 'protoPayload.authenticationInfo.principalEmail="dev@example.com"'
    owner = Rest(house.target.url, house.target.token)
    found = owner.post("/v2/entries:list", {"resourceNames": [f"projects/{PROJECT}"], "filter": query})
    assert found.document["entries"][0]["protoPayload"]["status"]["code"] == 7


def test_grpc_knows_the_caller(house: House) -> None:
    from google.cloud.binaryauthorization_v1.types import service  # noqa: PLC0415

    with grpc.insecure_channel(house.target.grpc_address) as channel:
        call = channel.unary_unary(
            "/google.cloud.binaryauthorization.v1.BinauthzManagementServiceV1/GetPolicy",
            request_serializer=service.GetPolicyRequest.serialize,
        )
        request = service.GetPolicyRequest(name=f"projects/{PROJECT}/policy")
        assert call(request, metadata=[("authorization", f"Bearer {house.token()}")])
        with pytest.raises(grpc.RpcError) as refused:
            call(request, metadata=[("authorization", f"Bearer {house.token(exp=1)}")])
        assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


def gateway_status(house: House, token: str) -> int:
    trust = ssl.create_default_context(cafile=house.directory / "pki" / "ca.pem")
    request = urllib.request.Request(f"{house.target.gateway}{MEMBERSHIP}/api/v1/namespaces")
    request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=20, context=trust) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_the_gateway_knows_the_caller(house: House) -> None:
    # Nobody serves the cluster here: who may pass is told that it cannot be reached.
    assert gateway_status(house, house.token()) == 503
    assert gateway_status(house, house.token(email="new@example.com", groups=[])) == 403
    assert gateway_status(house, house.token(exp=1)) == 401


def test_an_issuer_that_is_away_is_not_a_bad_token(tmp_path: Path) -> None:
    sections = Sections(oidc=(OidcIssuer(issuer="http://127.0.0.1:1", audiences=("binauthz",)),))
    token = Signer().rsa("k1").token(claims(time.time(), iss="http://127.0.0.1:1"))
    with running(tmp_path, sections=sections) as target:
        assert Rest(target.url, token).get(POLICY).error == "UNAVAILABLE"
        assert Rest(target.url, target.token).get(POLICY).status == 200


@pytest.mark.clients
def test_gcloud_with_such_a_token_in_its_file(house: House, need: Callable[[str], str], tmp_path: Path) -> None:
    dev = Target(url=house.target.url, grpc_address="", token=house.token(), stranger_token="")
    gcloud = Gcloud(need("gcloud"), dev, tmp_path)
    assert gcloud.json("container", "binauthz", "policy", "export")["name"] == f"projects/{PROJECT}/policy"
    refused = gcloud("container", "binauthz", "attestors", "delete", "none")
    assert refused.code == 1
    assert "PERMISSION_DENIED" in refused.err
