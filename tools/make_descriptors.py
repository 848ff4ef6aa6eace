"""Make ``src/binauthz/wire/descriptors.binpb.gz``: every API we speak, as one FileDescriptorSet.

    python -m tools.make_descriptors [--protos FOLDER] [--check]

The .proto files come from a pinned npm package (or FOLDER, an unpacked copy of it), the overlay from the discovery
documents that google-api-python-client carries. ``--check`` compares with what is committed and writes nothing.
"""

import argparse
import gzip
import re
import sys
import tempfile
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet

from tools import descriptor_overlays
from tools.descriptor_edit import in_dependency_order, prune, strip
from tools.descriptor_sources import compile_protos, fetch

OUTPUT = Path(__file__).parent.parent / "src" / "binauthz" / "wire" / "descriptors.binpb.gz"
# What no method's signature names, but clients or we read: statuses, Any payloads, operation metadata, log payloads.
_ALSO = re.compile(
    r"google\.(rpc\.(Status|BadRequest|ErrorInfo|PreconditionFailure|ResourceInfo|QuotaFailure|RetryInfo|Help"
    r"|LocalizedMessage|RequestInfo|DebugInfo)"
    r"|protobuf\.\w+"
    r"|cloud\.audit\.AuditLog"
    r"|cloud\.binaryauthorization\.\w+\.\w+"
    r"|api\.HttpRule|api\.FieldBehavior"
    r"|api\.serviceusage\.v1\.\w+"
    r"|(cloud\.gkehub\.\w+|devtools\.artifactregistry\.v1|cloud\.location)\.OperationMetadata)"
)


def make(protos: Path) -> bytes:
    """The serialized descriptor set, from unpacked .proto files."""
    files = compile_protos(protos)
    descriptor_overlays.apply(files)
    strip(files)
    kept = prune(files, lambda name: _ALSO.fullmatch(name) is not None)
    return in_dependency_order(FileDescriptorSet(file=kept.file)).SerializeToString(deterministic=True)


def main() -> int:
    """Make or check the descriptor set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--protos", type=Path, help="an unpacked copy of the npm package")
    parser.add_argument("--check", action="store_true", help="compare with the committed file")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        made = make(arguments.protos or fetch(Path(temporary)))
    if arguments.check:
        if gzip.decompress(OUTPUT.read_bytes()) != made:
            print(f"{OUTPUT.name} is not what its sources make: run python -m tools.make_descriptors", file=sys.stderr)
            return 1
        return 0
    OUTPUT.write_bytes(gzip.compress(made, 9, mtime=0))
    print(f"{OUTPUT.name}: {len(made)} bytes, {OUTPUT.stat().st_size} compressed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
