"""Notes and occurrences (SPEC 3)."""

from collections.abc import Iterator

from binauthz.transports.method import Method
from binauthz.transports.methods.rows import name, parent, row
from binauthz.wire.grafeas import Grafeas, vulnerability_summary, vulnerability_summary_v1beta1
from binauthz.wire.grafeas_versions import V1, V1BETA1

_NOTES, _OCCURRENCES = "containeranalysis.notes", "containeranalysis.occurrences"


def methods() -> Iterator[Method]:
    """Every served method of Grafeas, and the summary that Container Analysis adds."""
    v1, beta = "grafeas.v1.Grafeas", "grafeas.v1beta1.GrafeasV1Beta1"
    yield from _version(v1, Grafeas(V1))
    yield from _version(beta, Grafeas(V1BETA1))
    analysis, summary = "google.devtools.containeranalysis.v1.ContainerAnalysis", "GetVulnerabilityOccurrencesSummary"
    yield row(analysis, summary, f"{_OCCURRENCES}.list", parent, vulnerability_summary)
    yield row(beta, summary, f"{_OCCURRENCES}.list", parent, vulnerability_summary_v1beta1)


def _version(service: str, grafeas: Grafeas) -> Iterator[Method]:
    yield row(service, "CreateNote", f"{_NOTES}.create", parent, grafeas.create_note)
    yield row(service, "BatchCreateNotes", f"{_NOTES}.create", parent, grafeas.batch_create_notes)
    yield row(service, "GetNote", f"{_NOTES}.get", name, grafeas.get_note)
    yield row(service, "ListNotes", f"{_NOTES}.list", parent, grafeas.list_notes)
    yield row(service, "UpdateNote", f"{_NOTES}.update", name, grafeas.update_note)
    yield row(service, "DeleteNote", f"{_NOTES}.delete", name, grafeas.delete_note)
    yield row(service, "CreateOccurrence", f"{_OCCURRENCES}.create", parent, grafeas.create_occurrence)
    yield row(service, "BatchCreateOccurrences", f"{_OCCURRENCES}.create", parent, grafeas.batch_create_occurrences)
    yield row(service, "GetOccurrence", f"{_OCCURRENCES}.get", name, grafeas.get_occurrence)
    yield row(service, "GetOccurrenceNote", f"{_OCCURRENCES}.get", name, grafeas.get_occurrence_note)
    yield row(service, "ListOccurrences", f"{_OCCURRENCES}.list", parent, grafeas.list_occurrences)
    yield row(service, "ListNoteOccurrences", f"{_NOTES}.listOccurrences", name, grafeas.list_note_occurrences)
    yield row(service, "UpdateOccurrence", f"{_OCCURRENCES}.update", name, grafeas.update_occurrence)
    yield row(service, "DeleteOccurrence", f"{_OCCURRENCES}.delete", name, grafeas.delete_occurrence)
