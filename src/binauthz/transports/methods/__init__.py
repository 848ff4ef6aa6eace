"""The table of served methods: what runs, and which permission on which resource its caller needs (SPEC 1.9).

A method of the descriptor set without a row answers UNIMPLEMENTED. Where the permission is None the handler decides:
IAM methods by the family of the resource, log queries by each project they name, and what everyone who is
authenticated may read (the system policy, operations by their unguessable names, what one is allowed to do).
"""

from binauthz.transports.method import Method
from binauthz.transports.methods import artifacts, binary_authorization, clusters, grafeas, kms, neighbours, projects

METHODS: tuple[Method, ...] = (
    *binary_authorization.methods(),
    *projects.methods(),
    *grafeas.methods(),
    *clusters.methods(),
    *neighbours.methods(),
    *artifacts.methods(),
    *kms.methods(),
)
