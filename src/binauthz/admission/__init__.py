"""The admission door: reviews in, verdicts out, audit events into the log."""
