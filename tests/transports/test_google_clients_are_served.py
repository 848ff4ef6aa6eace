"""Google's own client libraries over real sockets on loopback: REST and gRPC from one table."""

import asyncio
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
import uvicorn
from google.api_core import exceptions
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import binaryauthorization_v1
from google.cloud.binaryauthorization_v1.services.binauthz_management_service_v1 import transports
from google.oauth2.credentials import Credentials
from googleapiclient import discovery, errors
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_status import rpc_status

from binauthz.transports import grpc as grpc_door
from binauthz.transports.server import application
from tests.transports.toy import BINAUTHZ, TOKEN, Toy

pytestmark = pytest.mark.servers
METADATA = (("authorization", f"Bearer {TOKEN}"),)
UNWRITABLE = binaryauthorization_v1.CreateAttestorRequest.pb()(
    attestor=binaryauthorization_v1.Attestor.pb()(update_time={"seconds": 10**15})
).SerializeToString()


@dataclass
class Doors:
    rest: str
    grpc: str
    toy: Toy


class _Server(uvicorn.Server):
    """uvicorn in a thread: without signal handlers, and able to say when it listens."""

    def install_signal_handlers(self) -> None:
        pass


@pytest.fixture(scope="module")
def doors() -> Iterator[Doors]:
    toy = Toy()
    started = threading.Event()
    ports: dict[str, int] = {}
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        dispatcher = toy.dispatcher()
        config = uvicorn.Config(application(dispatcher), host="127.0.0.1", port=0, access_log=False, log_level="error")
        http = _Server(config)
        config.load()
        http.lifespan = config.lifespan_class(config)
        await http.startup()
        ports["rest"] = http.servers[0].sockets[0].getsockname()[1]
        rpc = grpc_door.server(dispatcher)
        ports["grpc"] = rpc.add_insecure_port("127.0.0.1:0")
        await rpc.start()
        started.set()
        await stop.wait()
        await rpc.stop(0)
        await http.shutdown()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert started.wait(20)
    yield Doors(f"http://127.0.0.1:{ports['rest']}", f"127.0.0.1:{ports['grpc']}", toy)
    loop.call_soon_threadsafe(stop.set)
    thread.join(20)
    loop.close()


@pytest.fixture
def channel(doors: Doors) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(doors.grpc) as made:
        yield made


def test_google_cloud_binary_authorization_over_grpc(doors: Doors, channel: grpc.Channel) -> None:
    doors.toy.attestors.clear()
    client = binaryauthorization_v1.BinauthzManagementServiceV1Client(
        transport=transports.BinauthzManagementServiceV1GrpcTransport(channel=channel)
    )
    attestor = {"user_owned_grafeas_note": {"note_reference": "projects/p/notes/n"}}
    made = client.create_attestor(parent="projects/p", attestor_id="a", attestor=attestor, metadata=METADATA)
    assert made.name == "projects/p/attestors/a"
    assert [each.name for each in client.list_attestors(parent="projects/p", metadata=METADATA)] == [made.name]
    with pytest.raises(exceptions.NotFound, match="does not exist"):
        client.get_attestor(name="projects/p/attestors/none", metadata=METADATA)
    with pytest.raises(exceptions.Unauthenticated):
        client.get_attestor(name="projects/p/attestors/a")
    with pytest.raises(exceptions.MethodNotImplemented, match=r"docs/coverage\.md"):
        client.get_policy(name="projects/p/policy", metadata=METADATA)


def test_google_cloud_binary_authorization_over_rest(doors: Doors) -> None:
    doors.toy.attestors.clear()
    transport = transports.BinauthzManagementServiceV1RestTransport(
        host=doors.rest.removeprefix("http://"), url_scheme="http", credentials=AnonymousCredentials()
    )
    client = binaryauthorization_v1.BinauthzManagementServiceV1Client(transport=transport)
    made = client.create_attestor(
        parent="projects/p",
        attestor_id="a",
        attestor={"user_owned_grafeas_note": {"note_reference": "projects/p/notes/n"}},
        metadata=METADATA,
    )
    assert client.get_attestor(name=made.name, metadata=METADATA) == made
    with pytest.raises(exceptions.Conflict):
        client.create_attestor(parent="projects/p", attestor_id="a", attestor=made, metadata=METADATA)
    client.delete_attestor(name=made.name, metadata=METADATA)


def test_google_api_python_client(doors: Doors) -> None:
    doors.toy.attestors.clear()
    service: Any = discovery.build(
        "binaryauthorization",
        "v1",
        credentials=Credentials(token=TOKEN),
        client_options=ClientOptions(api_endpoint=doors.rest),
        static_discovery=True,
        cache_discovery=False,
    )
    attestors = service.projects().attestors()
    made = attestors.create(parent="projects/p", attestorId="a", body={"description": "x"}).execute()
    assert made == {"name": "projects/p/attestors/a", "description": "x"}
    policy = attestors.getIamPolicy(resource=made["name"], options_requestedPolicyVersion=3).execute()
    assert policy == {"version": 3}
    assert attestors.list(parent="projects/p", pageToken="x" * 3000).execute() == {"attestors": [made]}
    with pytest.raises(errors.HttpError) as caught:
        attestors.get(name="projects/p/attestors/none").execute()
    assert json.loads(caught.value.content)["error"]["status"] == "NOT_FOUND"
    service.close()


def test_details_arrive_over_grpc(channel: grpc.Channel) -> None:
    call = channel.unary_unary(f"/{BINAUTHZ}/CreateAttestor")
    with pytest.raises(grpc.RpcError) as caught:
        call(b"", metadata=METADATA)
    status: Any = rpc_status.from_call(caught.value)
    assert (status.code, len(status.details)) == (3, 1)
    assert status.details[0].type_url == "type.googleapis.com/google.rpc.BadRequest"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"\xff\xff", "INVALID_ARGUMENT"),
        (UNWRITABLE, "INVALID_ARGUMENT"),
        (b"x" * (11 << 20), "RESOURCE_EXHAUSTED"),
    ],
    ids=["truncated", "time outside the calendar", "too large"],
)
def test_B101_bytes_that_are_no_message_are_refused(channel: grpc.Channel, body: bytes, code: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary(f"/{BINAUTHZ}/CreateAttestor")(body, metadata=METADATA)
    assert caught.value.code().name == code


def test_streams_and_unknown_methods_are_unimplemented(channel: grpc.Channel) -> None:
    stream = channel.stream_stream("/google.logging.v2.LoggingServiceV2/TailLogEntries")
    with pytest.raises(grpc.RpcError) as caught:
        list(stream(iter([b""]), metadata=METADATA))
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    with pytest.raises(grpc.RpcError) as unknown:
        channel.unary_unary("/no.Such/Method")(b"", metadata=METADATA)
    assert unknown.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_health_and_reflection_need_no_token(channel: grpc.Channel) -> None:
    answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=BINAUTHZ))
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    asked = [
        reflection_pb2.ServerReflectionRequest(list_services=""),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol=BINAUTHZ),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol="grpc.health.v1.Health"),
    ]
    listed, ours, health = stub.ServerReflectionInfo(iter(asked))
    assert BINAUTHZ in {service.name for service in listed.list_services_response.service}
    assert ours.file_descriptor_response.file_descriptor_proto
    assert health.file_descriptor_response.file_descriptor_proto
