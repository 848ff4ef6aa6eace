"""Stored occurrences as the facts that platform policies are decided from (SPEC 6.3).

Only what the API defines is read. A member that is absent makes a fact weaker, never stronger.
"""

import datetime as dt
import json
from collections.abc import Iterable, Iterator
from typing import Any

from google.protobuf import json_format

from binauthz.policy.platform.evidence import Provenance, Severity, Vulnerability
from binauthz.policy.platform.repositories import is_source
from binauthz.services.platform_evidence import Decoders, Discovery
from binauthz.store.records import Note, Occurrence
from binauthz.wire.descriptors import message_class
from binauthz.wire.fields import enum_name

_FINISHED = "FINISHED_SUCCESS"
_FIXED = "NORMAL"


def _occurrence(record: Occurrence) -> Any:
    return message_class("grafeas.v1.Occurrence").FromString(record.body)


def _severity(message: Any, field: str) -> Severity:
    value = getattr(message, field)
    names = {each.number: each.name for each in message.DESCRIPTOR.fields_by_name[field].enum_type.values}
    return Severity(names.get(value, Severity.UNSPECIFIED.value))


def vulnerability(record: Occurrence) -> Vulnerability:
    """A VULNERABILITY occurrence: the effective severity, else the worst of its packages, else the provider's.

    It is fixable when the occurrence or a package says so, or a package names the version that has the fix.
    """
    details = _occurrence(record).vulnerability
    packages = details.package_issue
    ranked = list(Severity)
    worst = max((_severity(each, "effective_severity") for each in packages), key=ranked.index, default=ranked[0])
    known = (_severity(details, "effective_severity"), worst, _severity(details, "severity"))
    fixable = details.fix_available or any(
        each.fix_available or (each.HasField("fixed_version") and _kind(each.fixed_version) == _FIXED)
        for each in packages
    )
    return Vulnerability(
        id=record.note.rpartition("/")[2],
        severity=next((each for each in known if each is not Severity.UNSPECIFIED), Severity.UNSPECIFIED),
        fixable=fixable,
    )


def _kind(version: Any) -> str:
    return enum_name(version, "kind", "fixedVersion")


def note_severity(record: Note) -> Severity:
    """What the provider of a VULNERABILITY note says of it."""
    note: Any = message_class("grafeas.v1.Note").FromString(record.body)
    return _severity(note.vulnerability, "severity")


def discovery(record: Occurrence) -> Discovery:
    """A DISCOVERY occurrence: whether its analysis finished, and when its findings were or will be archived."""
    details = _occurrence(record).discovery
    names = {each.name: each.number for each in details.DESCRIPTOR.fields_by_name["analysis_status"].enum_type.values}
    archive: dt.datetime | None = None
    if details.HasField("archive_time"):
        archive = details.archive_time.ToDatetime(tzinfo=dt.UTC)
    return Discovery(finished=details.analysis_status == names[_FINISHED], archive_time=archive)


def provenances(record: Occurrence) -> Iterator[Provenance]:
    """Every statement that a BUILD occurrence holds."""
    build = _occurrence(record).build
    if build.HasField("in_toto_slsa_provenance_v1"):
        yield _slsa_v1(record.name, build.in_toto_slsa_provenance_v1)
    if build.HasField("intoto_statement"):
        yield from _statement(record.name, build.intoto_statement)
    if build.HasField("intoto_provenance"):
        name = f"{record.name} (intotoProvenance)"
        yield _recipe(name, None, build.intoto_provenance, _payload({"predicate": _json(build.intoto_provenance)}))
    if build.HasField("provenance"):
        artifacts = {each.checksum.removeprefix("sha256:") for each in build.provenance.built_artifacts}
        yield Provenance(
            name=f"{record.name} (provenance)",
            # This form names no builder, so that no rule can trust it.
            builder="",
            subjects=frozenset(artifacts) or None,
            payload=_payload({"predicate": _json(build.provenance)}),
        )


def _statement(name: str, statement: Any) -> Iterator[Provenance]:
    name = f"{name} (intotoStatement)"
    subjects = _subjects(statement.subject)
    form = statement.WhichOneof("predicate")
    if form is None:
        return
    predicate: Any = getattr(statement, form)
    payload = _payload(_envelope(statement) | {"predicate": _json(predicate)})
    if form == "slsa_provenance_zero_two":
        source = predicate.invocation.config_source
        yield Provenance(
            name=name,
            builder=predicate.builder.id,
            subjects=subjects,
            config=source.uri if source.entry_point else "",
            sources=_sources((each.uri, each.digest) for each in predicate.materials),
            payload=payload,
        )
    else:
        yield _recipe(name, subjects, predicate, payload)


def _recipe(name: str, subjects: frozenset[str] | None, predicate: Any, payload: bytes) -> Provenance:
    """SLSA 0.1, whose two spellings differ in where the builder's id is and in what a material is."""
    own = hasattr(predicate, "builder_config")
    materials = [(each, {}) if own else (each.uri, each.digest) for each in predicate.materials]
    recipe = predicate.recipe
    configured = recipe.entry_point and 0 <= recipe.defined_in_material < len(materials)
    return Provenance(
        name=name,
        builder=predicate.builder_config.id if own else predicate.builder.id,
        subjects=subjects,
        config=materials[recipe.defined_in_material][0] if configured else "",
        sources=_sources(materials),
        payload=payload,
    )


def _slsa_v1(name: str, statement: Any) -> Provenance:
    definition = statement.predicate.build_definition
    external = _json(definition.external_parameters)
    source = external.get("buildConfigSource")
    config = ""
    if isinstance(source, dict) and isinstance(source.get("repository"), str) and source.get("path"):
        config = source["repository"]
    return Provenance(
        name=f"{name} (inTotoSlsaProvenanceV1)",
        builder=statement.predicate.run_details.builder.id,
        subjects=_subjects(statement.subject),
        config=config,
        sources=_sources((each.uri, each.digest) for each in definition.resolved_dependencies),
        payload=_payload(_envelope(statement) | {"predicate": _json(statement.predicate)}),
    )


def _subjects(subjects: Iterable[Any]) -> frozenset[str]:
    return frozenset(each.digest["sha256"] for each in subjects if "sha256" in each.digest)


def _sources(materials: Iterable[tuple[str, Any]]) -> tuple[str, ...]:
    return tuple(uri for uri, digest in materials if uri and is_source(uri, frozenset(digest)))


def _envelope(statement: Any) -> dict[str, Any]:
    return {
        "_type": statement.type,
        "subject": [{"name": each.name, "digest": dict(each.digest)} for each in statement.subject],
        "predicateType": statement.predicate_type,
    }


def _json(message: Any) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json_format.MessageToDict(message)
    except (TypeError, ValueError, json_format.Error):
        # An Any of a type unknown here cannot be shown; what reads it then finds nothing and holds for nothing.
        return {}
    return document


def _payload(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()


DECODERS = Decoders(
    vulnerability=vulnerability, discovery=discovery, provenances=provenances, note_severity=note_severity
)
