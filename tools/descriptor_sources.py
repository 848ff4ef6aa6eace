"""Where the descriptors come from: Google's public .proto files, compiled, and Google's public discovery documents."""

import importlib.util
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorSet

PACKAGE = "google-proto-files"
VERSION = "6.0.1"

ROOTS = (
    "google/api/annotations.proto",
    "google/api/client.proto",
    "google/api/field_behavior.proto",
    "google/api/serviceusage/v1/serviceusage.proto",
    "google/cloud/audit/audit_log.proto",
    "google/cloud/binaryauthorization/v1/service.proto",
    "google/cloud/binaryauthorization/v1beta1/continuous_validation_logging.proto",
    "google/cloud/binaryauthorization/v1beta1/service.proto",
    "google/cloud/gkeconnect/gateway/v1/control.proto",
    "google/cloud/gkehub/v1/service.proto",
    "google/cloud/kms/v1/service.proto",
    "google/cloud/location/locations.proto",
    "google/container/v1/cluster_service.proto",
    "google/container/v1beta1/cluster_service.proto",
    "google/devtools/artifactregistry/v1/service.proto",
    "google/devtools/containeranalysis/v1/containeranalysis.proto",
    "google/devtools/containeranalysis/v1beta1/containeranalysis.proto",
    "google/devtools/containeranalysis/v1beta1/grafeas/grafeas.proto",
    "google/iam/v1/iam_policy.proto",
    "google/logging/v2/logging.proto",
    "google/longrunning/operations.proto",
    "google/protobuf/wrappers.proto",
    "google/rpc/error_details.proto",
    "grafeas/v1/grafeas.proto",
)


def fetch(directory: Path) -> Path:
    """Download the pinned package of .proto files into ``directory`` and return the folder that holds them."""
    subprocess.run(
        ["npm", "pack", "--silent", f"{PACKAGE}@{VERSION}"], cwd=directory, check=True, stdout=subprocess.DEVNULL
    )
    (archive,) = directory.glob("*.tgz")
    with tarfile.open(archive) as tar:
        tar.extractall(directory, filter="data")
    return directory / "package"


def compile_protos(folder: Path) -> FileDescriptorSet:
    """Compile ROOTS with their imports, in dependency order, without source comments."""
    installed = importlib.util.find_spec("grpc_tools")
    if installed is None or installed.origin is None:
        raise SystemExit("grpcio-tools is not installed")
    with tempfile.TemporaryDirectory() as temporary:
        output = Path(temporary) / "set.binpb"
        subprocess.run(
            [
                sys.executable,
                "-m",
                "grpc_tools.protoc",
                f"--proto_path={folder}",
                f"--proto_path={Path(installed.origin).parent / '_proto'}",
                "--include_imports",
                f"--descriptor_set_out={output}",
                *ROOTS,
            ],
            check=True,
            stderr=subprocess.DEVNULL,
        )
        return FileDescriptorSet.FromString(output.read_bytes())


def discovery(name: str) -> dict[str, Any]:
    """One public discovery document, such as ``binaryauthorization.v1``."""
    installed = importlib.util.find_spec("googleapiclient")
    if installed is None or installed.origin is None:
        raise SystemExit("google-api-python-client is not installed")
    path = Path(installed.origin).parent / "discovery_cache" / "documents" / f"{name}.json"
    document: dict[str, Any] = json.loads(path.read_bytes())
    return document
