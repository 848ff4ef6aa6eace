"""The hand-made part of the descriptor set: services that public .proto files lack, and routes of shared services.

Each function says which fact it encodes; the messages come from the discovery documents wherever those have them.
"""

from collections.abc import Iterable

from google.api import annotations_pb2, client_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet, ServiceDescriptorProto

from tools.descriptor_discovery import Overlay, add_missing_parameters, methods, template
from tools.descriptor_edit import (
    Field,
    add_import,
    add_method,
    camel,
    clone,
    file_of,
    keep_methods,
    message_of,
    rule,
    stable_number,
)
from tools.descriptor_sources import discovery

_EMPTY = "google.protobuf.Empty"
_BINAUTHZ = "google/cloud/binaryauthorization"


def apply(files: FileDescriptorSet) -> None:
    """Every overlay, in the order in which they build on one another."""
    _discovery_only_members(files)
    _note_kinds(files)
    _platform_policies(files)
    _validation_helper_v1beta1(files)
    for version in ("v1beta", "v1alpha"):
        _fleets(files, version)
    _gateway_versions(files)
    _resource_manager(files)
    _binauthz_v1alpha2(files)
    _cluster_evaluation_modes(files)
    _clusters_v1alpha1(files)
    _shared_services(files)


def _discovery_only_members(files: FileDescriptorSet) -> None:
    for document, file, packages in (
        ("container.v1", "google/container/v1/cluster_service.proto", ("google.container.v1",)),
        ("container.v1beta1", "google/container/v1beta1/cluster_service.proto", ("google.container.v1beta1",)),
        ("containeranalysis.v1", "grafeas/v1/grafeas.proto", ("grafeas.v1",)),
        ("gkehub.v1", "google/cloud/gkehub/v1/membership.proto", ("google.cloud.gkehub.v1",)),
    ):
        overlay = Overlay(files, discovery(document), file, packages)
        if document == "gkehub.v1":
            # Feature specifications are a large family that no part of this service reads.
            for schema in [name for name in overlay.schemas if "Feature" in name or "Operation" in name]:
                del overlay.schemas[schema]
        overlay.add_missing_fields(files)
        add_missing_parameters(files, discovery(document))


def _note_kinds(files: FileDescriptorSet) -> None:
    """Grafeas has kinds that its public .proto files lack: their details, with the numbers that grafeas.v1beta1 is
    known to give them, belong to the oneof that says the kind."""
    base = "google/devtools/containeranalysis/v1beta1"
    packages = tuple({file.package for file in files.file if file.package.startswith("grafeas.v1beta1")})
    document = discovery("containeranalysis.v1beta1")
    # New messages go where every other file of the version can import them.
    overlay = Overlay(files, document, f"{base}/common/common.proto", packages)
    for kind in ("attestation", "build", "deployment", "discovery", "image", "package", "vulnerability"):
        schema = "Details" if kind == "attestation" else f"GrafeasV1beta1{kind.capitalize()}Details"
        file = file_of(files, f"{base}/{kind}/{kind}.proto")
        name, message = f"{file.package}.Details", message_of(file, "Details")
        overlay.known[schema] = (name, file)
        present = {field.json_name or camel(field.name) for field in message.field}
        for member, definition in sorted(overlay.schemas[schema]["properties"].items()):
            if member not in present:
                overlay.add_field(message, name, file, member, definition)
    overlay.add_missing_fields(files)
    overlay.add_missing_values(files)
    add_missing_parameters(files, document)
    Overlay(files, discovery("containeranalysis.v1"), "grafeas/v1/grafeas.proto", ("grafeas.v1",)).add_missing_values(
        files
    )
    for path in ("grafeas/v1/grafeas.proto", f"{base}/grafeas/grafeas.proto"):
        for name in ("Note", "Occurrence"):
            message = message_of(file_of(files, path), name)
            for field in message.field:
                if field.number > 99_999 and field.name not in ("advisory_publish_time", "envelope"):
                    field.oneof_index = 0
                if path != "grafeas/v1/grafeas.proto":
                    field.number = _BETA_NUMBERS[name].get(field.name, field.number)


_BETA_NUMBERS = {
    "Note": {
        "intoto": 17,
        "sbom": 18,
        "spdx_package": 19,
        "spdx_file": 20,
        "spdx_relationship": 21,
        "vulnerability_assessment": 22,
        "sbom_reference": 23,
        "secret": 24,
        "ai_skill_analysis": 25,
    },
    "Occurrence": {
        "intoto": 15,
        "sbom": 16,
        "spdx_package": 17,
        "spdx_file": 18,
        "spdx_relationship": 19,
        "envelope": 20,
        "sbom_reference": 21,
        "secret": 22,
        "ai_skill_analysis": 23,
    },
}


def _service(file: FileDescriptorProto, name: str, host: str) -> ServiceDescriptorProto:
    service = file.service.add(name=name)
    service.options.Extensions[client_pb2.default_host] = host
    return service


def _request(file: FileDescriptorProto, name: str, fields: Iterable[tuple[str, object]]) -> str:
    """A request message; a field's kind is a scalar type or the full name of a message."""
    message = file.message_type.add(name=name)
    for number, (field, kind) in enumerate(fields, 1):
        made = message.field.add(name=field, number=number, label=Field.LABEL_OPTIONAL)
        if isinstance(kind, str):
            made.type, made.type_name = Field.TYPE_MESSAGE, f".{kind}"
        else:
            made.type = kind  # type: ignore[assignment]
    return f"{file.package}.{name}"


def _platform_policies(files: FileDescriptorSet) -> None:
    """SPEC 6: messages from the v1 discovery document, members that only gcloud's client knows from SPEC 0.2."""
    path = f"{_BINAUTHZ}/v1/platform_policy.proto"
    package = "google.cloud.binaryauthorization.v1"
    file = files.file.add(
        name=path,
        package=package,
        syntax="proto3",
        dependency=["google/protobuf/empty.proto", "google/api/client.proto"],
    )
    overlay = Overlay(files, discovery("binaryauthorization.v1"), path, (package,))
    policy = overlay.require("PlatformPolicy")
    listed = overlay.require("ListPlatformPoliciesResponse")
    evaluation = overlay.require("EvaluateGkePolicyRequest")
    evaluated = overlay.require("EvaluateGkePolicyResponse")
    message_of(file, "EvaluateGkePolicyRequest").field.add(
        name="name", number=1, type=Field.TYPE_STRING, label=Field.LABEL_OPTIONAL
    )
    for name, free in (("Check", {"display_name", "image_allowlist"}), ("Scope", set[str]())):
        message = message_of(file, name)
        message.oneof_decl.add(name="check_type" if name == "Check" else "scope_type")
        for field in message.field:
            if field.name not in free:
                field.oneof_index = 0
    # The first of several is shown as `0` (SPEC 6.5), which a member without presence would not be.
    for name in ("CheckSetResult", "CheckResult"):
        message = message_of(file, name)
        (index,) = (field for field in message.field if field.name == "index")
        index.proto3_optional, index.oneof_index = True, len(message.oneof_decl)
        message.oneof_decl.add(name="_index")
    overlay.schemas = {
        "PlatformPolicy": {"properties": {"cloudRunPolicy": {"$ref": "InlineCloudRunPolicy"}}},
        "InlineCloudRunPolicy": {
            "properties": {
                "allowlistPatterns": {"type": "array", "items": {"$ref": "AllowlistPattern"}},
                "rule": {"$ref": "EvaluationRule"},
            }
        },
        "AllowlistPattern": {"properties": {"namePattern": {"type": "string"}}},
        "EvaluationRule": {
            "properties": {
                "enforcementMode": {
                    "type": "string",
                    "enum": [
                        "ENFORCEMENT_MODE_UNSPECIFIED",
                        "ENFORCED_BLOCK_AND_AUDIT_LOG",
                        "DRYRUN_AUDIT_LOG_ONLY",
                    ],
                },
                "evaluationMode": {
                    "type": "string",
                    "enum": [
                        "EVALUATION_MODE_UNSPECIFIED",
                        "ALWAYS_ALLOW",
                        "REQUIRE_ATTESTATION",
                        "ALWAYS_DENY",
                    ],
                },
                "requiredAttestors": {"type": "array", "items": {"$ref": "InlineAttestor"}},
            }
        },
        "InlineAttestor": {
            "properties": {
                "attestationNote": {"type": "string"},
                "description": {"type": "string"},
                "id": {"type": "string"},
                "publicKeys": {"type": "array", "items": {"$ref": "AttestorPublicKey"}},
            }
        },
        "EvaluateGkePolicyRequest": {
            "properties": {
                "attestationMode": {
                    "type": "string",
                    "enum": ["ATTESTATION_MODE_UNSPECIFIED", "GENERATE_DEPLOY"],
                }
            }
        },
        "EvaluateGkePolicyResponse": {"properties": {"attestations": {"type": "array", "items": {"type": "string"}}}},
        "Platform": {"properties": {"name": {"type": "string"}}},
        "ListPlatformsResponse": {
            "properties": {
                "platforms": {"type": "array", "items": {"$ref": "Platform"}},
                "nextPageToken": {"type": "string"},
            }
        },
    }
    overlay.add_missing_fields(files)
    platforms = overlay.require("ListPlatformsResponse")
    text, number = Field.TYPE_STRING, Field.TYPE_INT32
    parent, named = "/v1/{parent=projects/*/platforms/*}/policies", "/v1/{name=projects/*/platforms/*/policies/*}"
    page = (("parent", text), ("page_size", number), ("page_token", text))
    create = _request(
        file, "CreatePlatformPolicyRequest", [("parent", text), ("policy_id", text), ("platform_policy", policy)]
    )
    get = _request(file, "GetPlatformPolicyRequest", [("name", text)])
    replace = _request(file, "ReplacePlatformPolicyRequest", [("platform_policy", policy)])
    delete = _request(file, "DeletePlatformPolicyRequest", [("name", text), ("etag", text)])
    listing = _request(file, "ListPlatformPoliciesRequest", page)
    list_platforms = _request(file, "ListPlatformsRequest", page)
    host = "binaryauthorization.googleapis.com"
    service = _service(file, "PlatformPolicyManagementService", host)
    add_method(service, "CreatePlatformPolicy", create, policy, rule("post", parent, "platform_policy"))
    add_method(service, "GetPlatformPolicy", get, policy, rule("get", named))
    add_method(service, "ListPlatformPolicies", listing, listed, rule("get", parent))
    replace_path = named.replace("{name=", "{platform_policy.name=")
    add_method(service, "ReplacePlatformPolicy", replace, policy, rule("put", replace_path, "platform_policy"))
    add_method(service, "DeletePlatformPolicy", delete, _EMPTY, rule("delete", named))
    add_method(service, "ListPlatforms", list_platforms, platforms, rule("get", "/v1/{parent=projects/*}/platforms"))
    service = _service(file, "PlatformPolicyEvaluationService", host)
    evaluate_path = "/v1/{name=projects/*/platforms/gke/policies/*}:evaluate"
    add_method(service, "EvaluateGkePolicy", evaluation, evaluated, rule("post", evaluate_path, "*"))


def _validation_helper_v1beta1(files: FileDescriptorSet) -> None:
    """The v1beta1 discovery document has validateAttestationOccurrence; the v1beta1 .proto files do not."""
    source = file_of(files, f"{_BINAUTHZ}/v1/service.proto")
    copy = clone(
        source, (("/v1/", "/v1beta1/"), (".v1", ".v1beta1"), ("V1", "V1Beta1"), ("grafeas.v1beta1", "grafeas.v1"))
    )
    target = file_of(files, f"{_BINAUTHZ}/v1beta1/service.proto")
    for message in copy.message_type:
        if message.name.startswith("ValidateAttestationOccurrence"):
            target.message_type.append(message)
    target.service.extend(service for service in copy.service if service.name.startswith("ValidationHelper"))
    add_import(target, "grafeas/v1/attestation.proto")


def _binauthz_v1alpha2(files: FileDescriptorSet) -> None:
    """SPEC 0.2 and 6.9: v1alpha2 is v1beta1 under another name, with the continuous-validation config."""
    names = (("v1beta1", "v1alpha2"), ("V1Beta1", "V1Alpha2"))
    for name in ("resources", "service"):
        files.file.append(clone(file_of(files, f"{_BINAUTHZ}/v1beta1/{name}.proto"), names))
    package = "google.cloud.binaryauthorization.v1alpha2"
    path = f"{_BINAUTHZ}/v1alpha2/continuous_validation.proto"
    file = files.file.add(name=path, package=package, syntax="proto3", dependency=["google/protobuf/timestamp.proto"])
    text = Field.TYPE_STRING
    enforcement = _request(file, "EnforcementPolicyConfig", [("enabled", Field.TYPE_BOOL)])
    members = [("name", text), ("enforcement_policy_config", enforcement), ("update_time", "google.protobuf.Timestamp")]
    config = _request(file, "ContinuousValidationConfig", members)
    get = _request(file, "GetContinuousValidationConfigRequest", [("name", text)])
    update = _request(file, "UpdateContinuousValidationConfigRequest", [("continuous_validation_config", config)])
    service = _service(file, "ContinuousValidationManagementServiceV1Alpha2", "binaryauthorization.googleapis.com")
    named = "/v1alpha2/{name=projects/*/continuousValidationConfig}"
    add_method(service, "GetContinuousValidationConfig", get, config, rule("get", named))
    named = named.replace("{name=", "{continuous_validation_config.name=")
    put = rule("put", named, "continuous_validation_config")
    add_method(service, "UpdateContinuousValidationConfig", update, config, put)


def _fleets(files: FileDescriptorSet, version: str) -> None:
    """gcloud looks for a membership's location on v1beta (SPEC 7.2), and its alpha track calls v1alpha; public .proto
    files have v1 alone."""
    names = (("gkehub/v1/", f"gkehub/{version}/"), ("gkehub.v1.", f"gkehub.{version}."), ("/v1/", f"/{version}/"))
    for name in ("feature", "fleet", "membership", "service"):
        copy = clone(file_of(files, f"google/cloud/gkehub/v1/{name}.proto"), names)
        copy.package = f"google.cloud.gkehub.{version}"
        for index, path in enumerate(copy.dependency):
            if path.count("/") > 4:
                copy.dependency[index] = path.replace(f"/{version}/", "/v1/")
        for message in copy.message_type:
            for field in message.field:
                if field.type_name.count(".") > 5 and field.type_name.split(".")[5].islower():
                    field.type_name = field.type_name.replace(version, "v1")
        files.file.append(copy)
    for each in ("v1", version):
        file = file_of(files, f"google/cloud/gkehub/{each}/service.proto")
        nouns = ("Membership", "Memberships", "Fleet", "Fleets", "Feature", "Features")
        verbs = ("Get", "List", "Create", "Update", "Delete")
        keep_methods(file.service[0], {verb + noun for verb in verbs for noun in nouns}.__contains__)


def _gateway_versions(files: FileDescriptorSet) -> None:
    """Connect Gateway answers one request on a version per gcloud track (SPEC 7.2)."""
    path = "google/cloud/gkeconnect/gateway/v1/control.proto"
    for version in ("v1alpha1", "v1beta1"):
        names = (("/v1/", f"/{version}/"), ("gateway.v1", f"gateway.{version}"))
        files.file.append(clone(file_of(files, path), names))


def _resource_manager(files: FileDescriptorSet) -> None:
    """Resource Manager v1, of which public .proto files have only later versions."""
    path, package = "google/cloud/resourcemanager/v1/projects.proto", "google.cloud.resourcemanager.v1"
    file = files.file.add(
        name=path,
        package=package,
        syntax="proto3",
        dependency=["google/iam/v1/iam_policy.proto", "google/iam/v1/policy.proto"],
    )
    overlay = Overlay(files, discovery("cloudresourcemanager.v1"), path, (package,))
    project, listed = overlay.require("Project"), overlay.require("ListProjectsResponse")
    text = Field.TYPE_STRING
    get = _request(file, "GetProjectRequest", [("project_id", text)])
    page = [("filter", text), ("page_size", Field.TYPE_INT32), ("page_token", text)]
    listing = _request(file, "ListProjectsRequest", page)
    service = _service(file, "Projects", "cloudresourcemanager.googleapis.com")
    add_method(service, "GetProject", get, project, rule("get", "/v1/projects/{project_id}"))
    add_method(service, "ListProjects", listing, listed, rule("get", "/v1/projects"))
    ancestry = overlay.require("GetAncestryResponse")
    of_project = _request(file, "GetAncestryRequest", [("project_id", text)])
    add_method(service, "GetAncestry", of_project, ancestry, rule("post", "/v1/projects/{project_id}:getAncestry", "*"))
    for name, response in (
        ("GetIamPolicy", "Policy"),
        ("SetIamPolicy", "Policy"),
        ("TestIamPermissions", "TestIamPermissionsResponse"),
    ):
        verb = name[0].lower() + name[1:]
        http = rule("post", "/v1/projects/{resource}:" + verb, "*")
        add_method(service, name, f"google.iam.v1.{name}Request", f"google.iam.v1.{response}", http)


def _cluster_evaluation_modes(files: FileDescriptorSet) -> None:
    """SPEC 6.7: v1 documents two evaluation modes of four, but a cluster may hold any; v1 tells the truth too."""
    newer = message_of(file_of(files, "google/container/v1beta1/cluster_service.proto"), "BinaryAuthorization")
    older = message_of(file_of(files, "google/container/v1/cluster_service.proto"), "BinaryAuthorization")
    modes = {value.number for value in older.enum_type[0].value}
    older.enum_type[0].value.extend(value for value in newer.enum_type[0].value if value.number not in modes)
    names = {field.name for field in older.field}
    for field in newer.field:
        if field.name not in names:
            older.field.add().CopyFrom(field)
            if field.type_name:
                older.field[-1].type_name = field.type_name.replace("v1beta1", "v1")
    have = {nested.name for nested in older.nested_type}
    older.nested_type.extend(nested for nested in newer.nested_type if nested.name not in have)
    for message in (newer, older):
        binding = next(nested for nested in message.nested_type if nested.name == "PolicyBinding")
        version = "v1beta1" if message is newer else "v1"
        enum = binding.enum_type.add(name="EnforcementMode")
        for number, value in enumerate(("UNSPECIFIED", "AUDIT", "AUDIT_AND_ENFORCE", "AUDIT_AND_DRYRUN")):
            enum.value.add(name="ENFORCEMENT_MODE_UNSPECIFIED" if number == 0 else value, number=number)
        binding.field.add(
            name="enforcement_mode",
            number=stable_number("enforcementMode"),
            label=Field.LABEL_OPTIONAL,
            type=Field.TYPE_ENUM,
            type_name=f".google.container.{version}.BinaryAuthorization.PolicyBinding.EnforcementMode",
        )


def _clusters_v1alpha1(files: FileDescriptorSet) -> None:
    """gcloud's alpha track calls v1alpha1, which is in no public document: the methods of v1beta1 that we serve."""
    version = "v1alpha1"
    names = (("container/v1beta1/", f"container/{version}/"), ("container.v1beta1.", f"container.{version}."))
    copy = clone(
        file_of(files, "google/container/v1beta1/cluster_service.proto"), (*names, ("/v1beta1/", f"/{version}/"))
    )
    copy.package = f"google.container.{version}"
    served = {
        *("GetCluster", "ListClusters", "CreateCluster", "UpdateCluster", "DeleteCluster", "SetLabels"),
        *("GetOperation", "ListOperations", "CancelOperation", "GetServerConfig", "GetNodePool", "ListNodePools"),
    }
    keep_methods(copy.service[0], served.__contains__)
    files.file.append(copy)


def _shared_services(files: FileDescriptorSet) -> None:
    """Routes of the mixin services, whose own annotations match everything: one route per resource that has it."""
    iam = {"getIamPolicy": "GetIamPolicy", "setIamPolicy": "SetIamPolicy", "testIamPermissions": "TestIamPermissions"}
    taken = _routes(files)
    routes: dict[str, set[tuple[str, str]]] = {name: set() for name in iam.values()}
    documents = (
        "artifactregistry.v1",
        "binaryauthorization.v1",
        "binaryauthorization.v1beta1",
        "cloudkms.v1",
        "gkehub.v1",
    )
    for document in (*documents, "gkehub.v1beta"):
        for method in methods(discovery(document)):
            path, _, verb = template(method).rpartition(":")
            if verb not in iam or "/scopes/" in path:
                continue
            version, _, resource = path[1:].partition("/")
            routes[iam[verb]].add((method["httpMethod"].lower(), f"/{version}/{{resource={resource}}}:{verb}"))
            if version == "v1beta1":
                routes[iam[verb]].add((method["httpMethod"].lower(), f"/v1alpha2/{{resource={resource}}}:{verb}"))
    for verb in iam:
        # SPEC 6.9 names IAM on the continuous-validation config.
        resource = f"/v1alpha2/{{resource=projects/*/continuousValidationConfig}}:{verb}"
        routes[iam[verb]].add(("get" if verb == "getIamPolicy" else "post", resource))
    _bind(file_of(files, "google/iam/v1/iam_policy.proto").service[0], routes, taken)
    # Container's operations live at the same path for every location but `global`, where only fleets have some.
    named, listed = "{name=projects/*/locations/global/operations/*}", "{name=projects/*/locations/global}/operations"
    hub = ("v1", "v1beta", "v1alpha")
    operations = {
        "GetOperation": {("get", "/v1/{name=operations/*}")} | {("get", f"/{v}/{named}") for v in hub},
        "ListOperations": {("get", "/v1/{name=operations}")} | {("get", f"/{v}/{listed}") for v in hub},
        "DeleteOperation": {("delete", "/v1/{name=operations/*}")} | {("delete", f"/{v}/{named}") for v in hub},
        "CancelOperation": {("post", "/v1/{name=operations/*}:cancel")},
    }
    _bind(file_of(files, "google/longrunning/operations.proto").service[0], operations, taken)
    # gcloud lists the locations of Artifact Registry on v1beta2, where we serve nothing else.
    versions = ("v1", "v1beta", "v1beta2")
    locations = {
        "GetLocation": {("get", f"/{v}/{{name=projects/*/locations/*}}") for v in versions},
        "ListLocations": {("get", f"/{v}/{{name=projects/*}}/locations") for v in versions},
    }
    _bind(file_of(files, "google/cloud/location/locations.proto").service[0], locations, taken)


_SHARED = {"google.cloud.location.Locations", "google.iam.v1.IAMPolicy", "google.longrunning.Operations"}


def _routes(files: FileDescriptorSet) -> set[tuple[str, str]]:
    """The routes of every service but the shared ones, whose own are replaced."""
    return {
        (verb, getattr(binding, verb))
        for file in files.file
        for service in file.service
        if f"{file.package}.{service.name}" not in _SHARED
        for method in service.method
        for http in [method.options.Extensions[annotations_pb2.http]]
        for binding in (http, *http.additional_bindings)
        for verb in [binding.WhichOneof("pattern")]
        if verb and verb != "custom"
    }


def _bind(
    service: ServiceDescriptorProto, routes: dict[str, set[tuple[str, str]]], taken: set[tuple[str, str]]
) -> None:
    for method in service.method:
        wanted = sorted(routes.get(method.name, set()) - taken)
        http = method.options.Extensions[annotations_pb2.http]
        http.Clear()
        for index, (verb, path) in enumerate(wanted):
            made = rule(verb, path, "*" if verb == "post" else "")
            if index == 0:
                http.CopyFrom(made)
            else:
                http.additional_bindings.append(made)
