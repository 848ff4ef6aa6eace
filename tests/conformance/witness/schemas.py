"""Google's discovery documents as JSON schemas: what an answer of each method may look like, and nothing else.

Decides the shape of answers only; what no document describes is listed in UNDOCUMENTED and ADDED, with the reason.
"""

import base64
import binascii
import functools
import re
from typing import Any

from google.protobuf.descriptor import MethodDescriptor
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import best_match
from tools.descriptor_discovery import methods as discovery_methods
from tools.descriptor_discovery import template as discovery_template
from tools.descriptor_sources import discovery

from binauthz.base.errors import Code

DOCUMENTS = {
    "google.api.serviceusage.v1": "serviceusage.v1",
    "google.cloud.binaryauthorization.v1": "binaryauthorization.v1",
    "google.cloud.binaryauthorization.v1alpha2": "binaryauthorization.v1beta1",
    "google.cloud.binaryauthorization.v1beta1": "binaryauthorization.v1beta1",
    "google.cloud.gkehub.v1": "gkehub.v1",
    "google.cloud.gkehub.v1alpha": "gkehub.v1alpha",
    "google.cloud.gkehub.v1beta": "gkehub.v1beta",
    "google.cloud.kms.v1": "cloudkms.v1",
    "google.cloud.location": "gkehub.v1",
    "google.cloud.resourcemanager.v1": "cloudresourcemanager.v1",
    "google.container.v1": "container.v1",
    "google.container.v1alpha1": "container.v1beta1",
    "google.container.v1beta1": "container.v1beta1",
    "google.devtools.artifactregistry.v1": "artifactregistry.v1",
    "google.devtools.containeranalysis.v1": "containeranalysis.v1",
    "google.devtools.containeranalysis.v1beta1": "containeranalysis.v1beta1",
    "google.iam.v1": "cloudkms.v1",
    "google.logging.v2": "logging.v2",
    "google.longrunning": "gkehub.v1",
    "grafeas.v1": "containeranalysis.v1",
    "grafeas.v1beta1": "containeranalysis.v1beta1",
}
"""The document that describes a package; v1alpha2, and v1alpha1 of clusters, have none and are v1beta1 but for their
names (SPEC 0.2)."""

UNDOCUMENTED = (
    # No document describes Connect Gateway, nor the two v1alpha2 methods that only gcloud calls (SPEC 6.9, 7.2).
    "google.cloud.gkeconnect.gateway.",
    "google.cloud.binaryauthorization.v1alpha2.ContinuousValidationManagementServiceV1Alpha2.",
    # gcloud's own client has it, the document of 2026 does not (SPEC 0.2).
    "google.cloud.binaryauthorization.v1.PlatformPolicyManagementService.ListPlatforms",
)
"""Methods, or services by their prefix, whose answers are not judged."""

ADDED: dict[tuple[str, str, str], dict[str, Any]] = {
    # Members and values that gcloud's clients read and the documents lack (SPEC 0.2, 6.6, 6.7).
    ("binaryauthorization.v1", "EvaluateGkePolicyResponse", "attestations"): {
        "type": "array",
        "items": {"type": "string"},
    },
    ("binaryauthorization.v1", "PlatformPolicy", "cloudRunPolicy"): {
        "type": "object",
        "additionalProperties": {"type": "any"},
    },
    ("container.v1", "BinaryAuthorization", "evaluationMode"): {
        "type": "string",
        "enum": [
            "EVALUATION_MODE_UNSPECIFIED",
            "DISABLED",
            "PROJECT_SINGLETON_POLICY_ENFORCE",
            "POLICY_BINDINGS",
            "POLICY_BINDINGS_AND_PROJECT_SINGLETON_POLICY_ENFORCE",
        ],
    },
    ("container.v1", "BinaryAuthorization", "policyBindings"): {
        "type": "array",
        "items": {"type": "object", "properties": {"name": {"type": "string"}}},
    },
}
"""Document, schema and member to the member's schema."""

_FORMATS: dict[str, dict[str, Any]] = {
    "byte": {"type": "string", "format": "standard-base64"},
    "double": {"anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}]},
    "float": {"anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}]},
    "google-datetime": {"type": "string", "format": "google-datetime"},
    "google-duration": {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]{1,9})?s$"},
    "google-fieldmask": {"type": "string"},
    "int32": {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    "int64": {"type": "string", "pattern": r"^-?(0|[1-9][0-9]*)$"},
    "uint32": {"type": "integer", "minimum": 0, "maximum": 2**32 - 1},
    "uint64": {"type": "string", "pattern": r"^(0|[1-9][0-9]*)$"},
}
_ERROR = {
    "type": "object",
    "required": ["error"],
    "additionalProperties": False,
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "status"],
            "additionalProperties": False,
            "properties": {
                "code": {"type": "integer"},
                "message": {"type": "string", "minLength": 1},
                "status": {"enum": [code.name for code in Code]},
                "details": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["@type"],
                        "properties": {"@type": {"type": "string", "pattern": r"^type\.googleapis\.com/google\.rpc\."}},
                    },
                },
            },
        }
    },
}
_CHECKER = FormatChecker(formats=())


@_CHECKER.checks("standard-base64", raises=(binascii.Error, ValueError))
def _is_base64(value: object) -> bool:
    return not isinstance(value, str) or base64.b64encode(base64.b64decode(value, validate=True)).decode() == value


@_CHECKER.checks("google-datetime")
def _is_moment(value: object) -> bool:
    shape = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}|\.\d{6}|\.\d{9})?Z"
    return not isinstance(value, str) or re.fullmatch(shape, value) is not None


def converted(schema: dict[str, Any], *, numeric_enums: bool = False) -> dict[str, Any]:
    """A schema of the discovery dialect in JSON Schema's; an object has the members that are named and no other."""

    def inner(part: dict[str, Any]) -> dict[str, Any]:
        return converted(part, numeric_enums=numeric_enums)

    if "$ref" in schema:
        return {"$ref": f"#/$defs/{schema['$ref']}"}
    if "enum" in schema:
        return {"type": "integer"} if numeric_enums else {"type": "string", "enum": list(schema["enum"])}
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    match schema.get("type"):
        case "any":
            return {}
        case "array":
            return {"type": "array", "items": inner(schema["items"])}
        case "object":
            members = {name: inner(each) for name, each in schema.get("properties", {}).items()}
            values = schema.get("additionalProperties")
            return {
                "type": "object",
                "properties": members,
                "additionalProperties": False if values is None else inner(values),
            }
        case kind:
            return {"type": kind}


class _Document:
    """One discovery document: its schemas, and which of them each route answers with."""

    def __init__(self, name: str) -> None:
        source = discovery(name)
        self._schemas: dict[str, dict[str, Any]] = dict(source["schemas"])
        for (document, schema, member), definition in ADDED.items():
            if document == name:
                owner = self._schemas[schema]
                self._schemas[schema] = {**owner, "properties": {**owner["properties"], member: definition}}
        self._definitions = [
            {schema: converted(each, numeric_enums=numeric) for schema, each in self._schemas.items()}
            for numeric in (False, True)
        ]
        self.routes = {
            (each["httpMethod"], discovery_template(each)): each.get("response", {}).get("$ref", "")
            for each in discovery_methods(source)
        }

    def __contains__(self, schema: str) -> bool:
        return schema in self._schemas

    @functools.cache  # noqa: B019 - documents live as long as the process
    def validator(self, schema: str, numeric_enums: bool) -> Draft202012Validator:
        root = {"$defs": self._definitions[numeric_enums], "$ref": f"#/$defs/{schema}"}
        return Draft202012Validator(root, format_checker=_CHECKER)


class Schemas:
    """Judges answers."""

    def __init__(self) -> None:
        self._documents = {name: _Document(name) for name in sorted(set(DOCUMENTS.values()))}
        self._error = Draft202012Validator(_ERROR)

    def fault(
        self, method: MethodDescriptor, verb: str, template: str, answer: Any, *, numeric_enums: bool = False
    ) -> str:
        """What is wrong with a method's answer on one of its routes; empty when nothing is."""
        if method.full_name.startswith(UNDOCUMENTED):
            return ""
        found = self._schema(method, verb, template)
        if found is None:
            return f"no discovery document describes the answer of {method.full_name} on {verb} {template}"
        document, schema = found
        error = best_match(document.validator(schema, numeric_enums).iter_errors(answer))
        return "" if error is None else f"{schema}: at {error.json_path}: {error.message[:500]}"

    def error_fault(self, status: int, answer: dict[str, Any]) -> str:
        """What is wrong with an error; empty when nothing is."""
        error = best_match(self._error.iter_errors(answer))
        if error is not None:
            return f"error: at {error.json_path}: {error.message[:500]}"
        code = answer["error"]["code"]
        return "" if code == status else f"error: code {code} under HTTP {status}"

    def _schema(self, method: MethodDescriptor, verb: str, template: str) -> tuple[_Document, str] | None:
        path = re.sub(r"\{[^{}=]*=([^{}]*)\}", lambda match: match[1], template)
        path = re.sub(r"/v1alpha[12]/", "/v1beta1/", re.sub(r"\{[^{}]*\}", "*", path), count=1)
        own = DOCUMENTS.get(method.containing_service.file.package)
        # Several services have the same path, such as that of an operation; a shared service has many documents.
        for document in ([self._documents[own]] if own else []) + [*self._documents.values()]:
            schema = document.routes.get((verb, path))
            if schema:
                return document, schema
        # A route that only the .proto files have: the message has the schema of its name.
        name = method.output_type.name
        if own is None or name not in self._documents[own]:
            return None
        return self._documents[own], name
