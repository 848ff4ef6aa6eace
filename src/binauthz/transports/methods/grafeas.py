"""Notes and occurrences (SPEC 3)."""

from collections.abc import Iterator

from binauthz.transports.method import Method
from binauthz.transports.methods.rows import name, parent, row
from binauthz.wire import grafeas, grafeas_beta


def methods() -> Iterator[Method]:
    """Every served method of Grafeas."""
    v1, beta = "grafeas.v1.Grafeas", "grafeas.v1beta1.GrafeasV1Beta1"
    notes, occurrences = "containeranalysis.notes", "containeranalysis.occurrences"
    yield row(v1, "CreateNote", f"{notes}.create", parent, grafeas.create_note)
    yield row(v1, "BatchCreateNotes", f"{notes}.create", parent, grafeas.batch_create_notes)
    yield row(v1, "GetNote", f"{notes}.get", name, grafeas.get_note)
    yield row(v1, "ListNotes", f"{notes}.list", parent, grafeas.list_notes)
    yield row(v1, "UpdateNote", f"{notes}.update", name, grafeas.update_note)
    yield row(v1, "DeleteNote", f"{notes}.delete", name, grafeas.delete_note)
    yield row(v1, "CreateOccurrence", f"{occurrences}.create", parent, grafeas.create_occurrence)
    yield row(v1, "BatchCreateOccurrences", f"{occurrences}.create", parent, grafeas.batch_create_occurrences)
    yield row(v1, "GetOccurrence", f"{occurrences}.get", name, grafeas.get_occurrence)
    yield row(v1, "GetOccurrenceNote", f"{occurrences}.get", name, grafeas.get_occurrence_note)
    yield row(v1, "ListOccurrences", f"{occurrences}.list", parent, grafeas.list_occurrences)
    yield row(v1, "ListNoteOccurrences", f"{notes}.listOccurrences", name, grafeas.list_note_occurrences)
    yield row(v1, "UpdateOccurrence", f"{occurrences}.update", name, grafeas.update_occurrence)
    yield row(v1, "DeleteOccurrence", f"{occurrences}.delete", name, grafeas.delete_occurrence)
    yield row(beta, "CreateNote", f"{notes}.create", parent, grafeas_beta.create_note)
    yield row(beta, "BatchCreateNotes", f"{notes}.create", parent, grafeas_beta.batch_create_notes)
    yield row(beta, "GetNote", f"{notes}.get", name, grafeas_beta.get_note)
    yield row(beta, "ListNotes", f"{notes}.list", parent, grafeas_beta.list_notes)
    yield row(beta, "UpdateNote", f"{notes}.update", name, grafeas_beta.update_note)
    yield row(beta, "DeleteNote", f"{notes}.delete", name, grafeas.delete_note)
    yield row(beta, "CreateOccurrence", f"{occurrences}.create", parent, grafeas_beta.create_occurrence)
    yield row(beta, "BatchCreateOccurrences", f"{occurrences}.create", parent, grafeas_beta.batch_create_occurrences)
    yield row(beta, "UpdateOccurrence", f"{occurrences}.update", name, grafeas_beta.update_occurrence)
    yield row(beta, "GetOccurrence", f"{occurrences}.get", name, grafeas_beta.get_occurrence)
    yield row(beta, "GetOccurrenceNote", f"{occurrences}.get", name, grafeas_beta.get_occurrence_note)
    yield row(beta, "ListOccurrences", f"{occurrences}.list", parent, grafeas_beta.list_occurrences)
    yield row(beta, "ListNoteOccurrences", f"{notes}.listOccurrences", name, grafeas_beta.list_note_occurrences)
    yield row(beta, "DeleteOccurrence", f"{occurrences}.delete", name, grafeas.delete_occurrence)
