"""Container Analysis by Google's own clients: every kind of note in both versions, the summary of vulnerabilities,
batches, masks and pages."""

import hashlib
import urllib.error
import urllib.request
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud.devtools import containeranalysis_v1
from google.cloud.devtools.containeranalysis_v1.services.container_analysis import transports as analysis_transports
from googleapiclient import errors
from grafeas import grafeas_v1

from tests.conformance.discovery import Apis
from tests.conformance.rest import Rest
from tests.conformance.server import PROJECT, Target
from tests.conformance.services import ANALYSIS, GRAFEAS, GRAFEAS_BETA
from tests.conformance.signing import fresh
from tests.conformance.test_google_clients import Clients

pytestmark = pytest.mark.servers
PARENT = f"projects/{PROJECT}"
HIGH, LOW = grafeas_v1.Severity.HIGH, grafeas_v1.Severity.LOW


@pytest.fixture(params=["grpc", "rest"])
def clients(request: pytest.FixtureRequest, target: Target) -> Clients:
    """Clients of either transport."""
    return Clients(request.param, target)


def image() -> str:
    name = fresh("image")
    return f"https://us-docker.pkg.dev/p1/r/{name}@sha256:{hashlib.sha256(name.encode()).hexdigest()}"


V1_NOTES: dict[str, dict[str, Any]] = {
    "vulnerability": {"severity": HIGH, "details": [{"affected_package": "openssl", "affected_cpe_uri": "cpe:/o"}]},
    "build": {"builder_version": "1"},
    "image": {"resource_url": "r", "fingerprint": {"v1_name": "a", "v2_blob": ["b"]}},
    "package": {"name": "openssl", "distribution": [{"cpe_uri": "cpe:/o"}]},
    "deployment": {"resource_uri": ["r"]},
    "discovery": {"analysis_kind": grafeas_v1.NoteKind.VULNERABILITY},
    "attestation": {"hint": {"human_readable_name": "qa"}},
    "upgrade": {"package": "openssl", "version": {"name": "2"}},
    "compliance": {"title": "t", "cis_benchmark": {"profile_level": 1}},
    "dsse_attestation": {"hint": {"human_readable_name": "qa"}},
    "vulnerability_assessment": {"title": "t", "assessment": {"vulnerability_id": "CVE-1"}},
    "sbom_reference": {"format_": "spdx", "version": "2.3"},
    "secret": {},
}
V1_OCCURRENCES: dict[str, dict[str, Any]] = {
    "vulnerability": {"effective_severity": HIGH, "package_issue": [{"affected_package": "openssl"}]},
    "build": {"provenance": {"id": "1", "commands": [{"name": "make"}], "build_options": {"a": "b"}}},
    "image": {"distance": 1, "layer_info": [{"directive": "RUN"}]},
    "package": {"name": "openssl", "version": {"name": "3", "kind": 1}},
    "deployment": {"user_email": "a@b.c", "resource_uri": ["r"]},
    "discovery": {"analysis_status": 3},
    "attestation": {"serialized_payload": b"{}", "signatures": [{"public_key_id": "k", "signature": b"s"}]},
    "upgrade": {"package": "openssl"},
    "compliance": {"non_compliance_reason": "r"},
    "dsse_attestation": {"envelope": {"payload": b"p", "payload_type": "t"}},
    "sbom_reference": {"payload_type": "t", "payload": {"predicate_type": "x"}},
    "secret": {"kind": 2},
}


@pytest.mark.shows(GRAFEAS, "CreateNote", "GetNote")
@pytest.mark.parametrize("kind", sorted(V1_NOTES))
def test_every_kind_of_v1_note_and_occurrence_is_kept(clients: Clients, kind: str) -> None:
    client = clients.grafeas()
    note = grafeas_v1.Note(short_description="s", **{kind: V1_NOTES[kind]})
    made = client.create_note(parent=PARENT, note_id=fresh("n"), note=note)
    assert made.kind.name == kind.upper()
    assert getattr(client.get_note(name=made.name), kind) == getattr(note, kind)
    if kind not in V1_OCCURRENCES:
        return
    sent = grafeas_v1.Occurrence(note_name=made.name, resource_uri=image(), **{kind: V1_OCCURRENCES[kind]})
    occurrence = client.create_occurrence(parent=PARENT, occurrence=sent)
    assert occurrence.kind == made.kind
    found = list(client.list_occurrences(parent=PARENT, filter=f'kind="{kind.upper()}" AND noteName="{made.name}"'))
    assert [getattr(each, kind) for each in found] == [getattr(sent, kind)]


@pytest.mark.shows(GRAFEAS, "BatchCreateNotes")
def test_notes_are_created_in_a_batch_whole_or_not_at_all(clients: Clients) -> None:
    client = clients.grafeas()
    first, second = fresh("n"), fresh("n")
    notes = {note_id: grafeas_v1.Note(build={"builder_version": note_id}) for note_id in (first, second)}
    made = client.batch_create_notes(parent=PARENT, notes=notes).notes
    assert {each.build.builder_version for each in made} == {first, second}
    third = fresh("n")
    again = {third: notes[first], first: notes[first]}
    with pytest.raises(exceptions.Conflict):
        client.batch_create_notes(parent=PARENT, notes=again)
    with pytest.raises(exceptions.NotFound):
        client.get_note(name=f"{PARENT}/notes/{third}")


def vulnerabilities(clients: Clients, uri: str) -> None:
    client = clients.grafeas()
    note = client.create_note(parent=PARENT, note_id=fresh("CVE"), note=grafeas_v1.Note(vulnerability={})).name
    fixed = {"fixed_version": {"name": "2", "kind": "NORMAL"}}
    details = [
        {"effective_severity": HIGH, "package_issue": [fixed]},
        {"effective_severity": HIGH, "severity": LOW, "package_issue": [{"fixed_version": {"kind": "MAXIMUM"}}]},
        {"severity": LOW, "fix_available": True},
        {},
    ]
    client.batch_create_occurrences(
        parent=PARENT,
        occurrences=[grafeas_v1.Occurrence(note_name=note, resource_uri=uri, vulnerability=each) for each in details],
    )


@pytest.mark.shows(ANALYSIS, "GetVulnerabilityOccurrencesSummary")
def test_vulnerabilities_are_summed_by_resource_and_severity(clients: Clients) -> None:
    uri = image()
    vulnerabilities(clients, uri)
    client = containeranalysis_v1.ContainerAnalysisClient(
        transport=clients.transport(analysis_transports, "ContainerAnalysis")
    )
    for filter in (f'resource_url = "{uri}"', f'(resourceUrl = "{uri}") OR (resourceUrl = "{uri[8:]}")'):
        summary = client.get_vulnerability_occurrences_summary(parent=PARENT, filter=filter)
        assert {(each.resource_uri, each.severity.name, each.fixable_count, each.total_count)
                for each in summary.counts} == {
            (uri, "SEVERITY_UNSPECIFIED", 2, 4), (uri, "HIGH", 1, 2), (uri, "LOW", 1, 1)
        }  # fmt: skip
    everything = client.get_vulnerability_occurrences_summary(parent=PARENT, filter="")
    assert uri in {each.resource_uri for each in everything.counts}
    assert not client.get_vulnerability_occurrences_summary(parent=PARENT, filter='kind="BUILD"').counts
    with pytest.raises(exceptions.BadRequest):
        client.get_vulnerability_occurrences_summary(parent=PARENT, filter="kind=")


@pytest.mark.shows(GRAFEAS_BETA, "GetVulnerabilityOccurrencesSummary")
def test_v1beta1_has_the_same_summary(target: Target, apis: Apis) -> None:
    uri = image()
    vulnerabilities(Clients("rest", target), uri)
    occurrences = apis("containeranalysis", "v1beta1").projects().occurrences()
    summary = occurrences.getVulnerabilitySummary(parent=PARENT, filter=f'resourceUrl="{uri}"').execute()
    assert summary["counts"][0] == {"resource": {"uri": uri}, "fixableCount": "2", "totalCount": "4"}
    assert {each.get("severity") for each in summary["counts"]} == {None, "HIGH", "LOW"}


BETA_NOTES: dict[str, dict[str, Any]] = {
    "vulnerability": {"severity": "HIGH", "details": [{"package": "openssl", "cpeUri": "cpe:/o"}], "cwe": ["CWE-1"]},
    "build": {"builderVersion": "1", "signature": {"keyId": "k", "signature": "AQ==", "keyType": "PKIX_PEM"}},
    "baseImage": {"resourceUrl": "r", "fingerprint": {"v1Name": "a"}},
    "package": {"name": "openssl", "distribution": [{"cpeUri": "cpe:/o"}]},
    "deployable": {"resourceUri": ["r"]},
    "discovery": {"analysisKind": "VULNERABILITY"},
    "attestationAuthority": {"hint": {"humanReadableName": "qa"}},
    "intoto": {"stepName": "build", "threshold": "1", "expectedMaterials": [{"artifactRule": ["ALLOW"]}]},
    "sbom": {"spdxVersion": "2.3"},
    "spdxPackage": {"title": "t", "licenseDeclared": {"expression": "MIT"}},
    "spdxFile": {"title": "t", "fileType": "SOURCE"},
    "spdxRelationship": {"type": "CONTAINS"},
    "vulnerabilityAssessment": {"title": "t", "assessment": {"vulnerabilityId": "CVE-1", "state": "AFFECTED"}},
    "sbomReference": {"format": "spdx", "version": "2.3"},
    "secret": {},
    "aiSkillAnalysis": {},
}
BETA_OCCURRENCES: dict[str, tuple[str, dict[str, Any]]] = {
    "vulnerability": (
        "vulnerability",
        {"packageIssue": [{"affectedLocation": {"package": "openssl"}, "severityName": "HIGH"}]},
    ),
    "build": ("build", {"provenance": {"id": "1"}, "provenanceBytes": "x"}),
    "baseImage": ("derivedImage", {"derivedImage": {"distance": 1, "layerInfo": [{"directive": "RUN"}]}}),
    "package": ("installation", {"installation": {"name": "openssl", "location": [{"path": "/"}]}}),
    "deployable": ("deployment", {"deployment": {"deployTime": "2026-01-01T00:00:00Z", "platform": "GKE"}}),
    "discovery": ("discovered", {"discovered": {"analysisStatus": "FINISHED_SUCCESS"}}),
    "attestationAuthority": (
        "attestation",
        {"attestation": {"pgpSignedAttestation": {"signature": "PGP", "pgpKeyId": "AB"}}},
    ),
    "intoto": ("intoto", {"signed": {"command": ["make"], "materials": [{"resourceUri": "r"}]}}),
    "sbom": ("sbom", {"title": "t", "creators": ["c"]}),
    "spdxPackage": ("spdxPackage", {"filename": "f"}),
    "spdxFile": ("spdxFile", {"copyright": "c"}),
    "spdxRelationship": ("spdxRelationship", {"source": "a", "target": "b"}),
    "sbomReference": ("sbomReference", {"payloadType": "t"}),
    "secret": ("secret", {"kind": "SECRET_KIND_GCP_API_KEY"}),
    "aiSkillAnalysis": ("aiSkillAnalysis", {"skillName": "s"}),
}
# What v1 calls the details, where it has them.
IN_V1 = {
    "baseImage": "image", "derivedImage": "image", "installation": "package", "deployable": "deployment",
    "discovered": "discovery", "attestationAuthority": "attestation",
}  # fmt: skip
ONLY_BETA = {"intoto", "sbom", "spdxPackage", "spdxFile", "spdxRelationship"}


@pytest.mark.shows(GRAFEAS_BETA, "CreateNote", "ListNotes")
@pytest.mark.parametrize("member", sorted(BETA_NOTES))
def test_every_kind_of_v1beta1_note_and_occurrence_is_kept_and_shown_by_v1(apis: Apis, member: str) -> None:
    beta, v1 = (apis("containeranalysis", version).projects() for version in ("v1beta1", "v1"))
    body = {"shortDescription": "s", member: BETA_NOTES[member]}
    note = beta.notes().create(parent=PARENT, noteId=fresh("n"), body=body).execute()
    assert note[member] == BETA_NOTES[member]
    assert note in beta.notes().list(parent=PARENT, pageSize=1000).execute()["notes"]
    seen = v1.notes().get(name=note["name"]).execute()
    assert seen["shortDescription"] == "s"
    assert (IN_V1.get(member, member) in seen) is (member not in ONLY_BETA)
    if member not in BETA_OCCURRENCES:
        return
    details, content = BETA_OCCURRENCES[member]
    sent = {"noteName": note["name"], "resource": {"uri": image()}, details: content}
    made = beta.occurrences().create(parent=PARENT, body=sent).execute()
    assert made[details] == content
    assert made["kind"] == note["kind"]
    assert beta.occurrences().list(parent=PARENT, filter=f'noteName="{note["name"]}"').execute() == {
        "occurrences": [made]
    }
    seen = v1.occurrences().get(name=made["name"]).execute()
    assert seen["resourceUri"] == made["resource"]["uri"]
    assert (IN_V1.get(details, details) in seen) is (member not in ONLY_BETA)


def test_an_update_that_would_lose_what_v1beta1_said_is_refused(apis: Apis) -> None:
    beta, v1 = (apis("containeranalysis", version).projects().notes() for version in ("v1beta1", "v1"))
    plain = beta.create(parent=PARENT, noteId=fresh("n"), body={"build": {"builderVersion": "1"}}).execute()
    v1.patch(name=plain["name"], body={"shortDescription": "s"}, updateMask="shortDescription").execute()
    assert beta.get(name=plain["name"]).execute()["build"] == {"builderVersion": "1"}
    signed = beta.create(parent=PARENT, noteId=fresh("n"), body={"build": BETA_NOTES["build"]}).execute()
    with pytest.raises(errors.HttpError) as refused:
        v1.patch(name=signed["name"], body={"shortDescription": "s"}, updateMask="shortDescription").execute()
    assert "FAILED_PRECONDITION" in str(refused.value.content)
    changed = beta.patch(name=signed["name"], body={"shortDescription": "s"}, updateMask="shortDescription").execute()
    assert changed["build"] == BETA_NOTES["build"]


@pytest.mark.shows(GRAFEAS, "ListOccurrences", "ListNoteOccurrences", "ListNotes")
def test_pages_are_followed_by_the_clients_own_pager(clients: Clients) -> None:
    client = clients.grafeas()
    ids = [fresh("page") for _ in range(5)]
    client.batch_create_notes(parent=PARENT, notes={each: grafeas_v1.Note(build={}) for each in ids})
    wanted = " OR ".join(f'noteId="{each}"' for each in ids)
    listed = client.list_notes(request={"parent": PARENT, "page_size": 2, "filter": f'kind="BUILD" AND ({wanted})'})
    assert [each.name.rpartition("/")[2] for each in listed] == sorted(ids)
    uri, note = image(), f"{PARENT}/notes/{ids[0]}"
    sent = [grafeas_v1.Occurrence(note_name=note, resource_uri=uri, build={}) for _ in range(5)]
    client.batch_create_occurrences(parent=PARENT, occurrences=sent)
    request = {"parent": PARENT, "page_size": 2, "filter": f'resourceUrl="{uri}"'}
    assert len({each.name for each in client.list_occurrences(request=request)}) == 5
    of_note = client.list_note_occurrences(request={"name": note, "page_size": 2, "filter": 'has_prefix(kind, "BU")'})
    assert len({each.name for each in of_note}) == 5


def test_a_filter_of_100_kilobytes_is_refused_on_every_list(server: Target) -> None:
    client = Clients("grpc", server).grafeas()
    long = f'kind="{"A" * 100_000}"'
    for call in (
        lambda: client.list_notes(parent=PARENT, filter=long),
        lambda: client.list_occurrences(parent=PARENT, filter=long),
        lambda: client.list_note_occurrences(name=f"{PARENT}/notes/x", filter=long),
    ):
        with pytest.raises(exceptions.InvalidArgument, match="100007 characters"):
            call()
    rest = Rest(server.url, server.token)
    for path in ("notes", "occurrences", "occurrences:vulnerabilitySummary"):
        for version in ("v1", "v1beta1"):
            answer = rest.get(f"/{version}/{PARENT}/{path}?filter={'A' * 20_000}")
            assert (answer.status, answer.error, answer.fields) == (400, "INVALID_ARGUMENT", ["filter"])
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{server.url}/v1/{PARENT}/occurrences?filter={'A' * 100_000}", timeout=10)
    with refused.value as page:
        assert 400 <= page.code < 500


def test_methods_without_a_meaning_here_say_so(clients: Clients) -> None:
    client = containeranalysis_v1.ContainerAnalysisClient(
        transport=clients.transport(analysis_transports, "ContainerAnalysis")
    )
    with pytest.raises(exceptions.MethodNotImplemented):
        client.export_sbom(request={"name": f"{PARENT}/resources/{image()[8:]}"})
