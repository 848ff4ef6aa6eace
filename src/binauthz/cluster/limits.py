"""Every bound of the embedded cluster in one place."""

BODY_BYTES = 3 * 1024 * 1024
"""Largest request body; kube-apiserver's own limit (CVE-2019-11253)."""

JSON_DEPTH = 64
"""Deepest nesting of a request body: no Kubernetes type comes near."""

PROTOBUF_FIELDS = 100_000
"""Fields of one protobuf body, its parts included."""

CONNECTIONS = 4096
"""Open connections, watches included; more are turned away (503)."""

QUERY_FIELDS = 64
"""Query parameters of one request."""

SELECTOR_CHARACTERS = 16 * 1024
"""Longest label or field selector."""

PATCH_OPERATIONS = 10_000
"""Operations of one JSON patch, as in kube-apiserver."""

COPIED_BYTES = BODY_BYTES
"""How much the ``copy`` operations of one JSON patch may add up to."""

OBJECT_BYTES = 3 * 1024 * 1024
"""Largest stored object."""

HISTORY = 2048
"""Changes remembered per resource, from which a watch may resume; older ones answer 410."""

WATCH_BACKLOG = 4096
"""Changes that may wait for one watcher before it is dropped and must list again."""

PAGE = 500
"""Items between two writes of a streamed list."""

MUTATIONS_IN_FLIGHT = 400
"""Writes under way at once; more are told to come back (429)."""

PATCH_ATTEMPTS = 5
"""How often a write without a resourceVersion is redone when the object changed under it."""

WEBHOOK_RESPONSE_BYTES = 3 * 1024 * 1024
"""Largest answer read from an admission webhook."""

AUDIT_BATCH = 200
"""Audit events of one delivery."""

AUDIT_BATCH_BYTES = 4 * 1024 * 1024
"""Size of one delivery, unless a single event is larger."""

AUDIT_SPOOL_BYTES = 2 * 1024 * 1024 * 1024
"""Undelivered audit events kept on disk; past that, writes are refused rather than left without evidence."""

AUDIT_STRING = 4096
"""Longest user agent or request URI kept in an audit event."""
