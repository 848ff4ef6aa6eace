"""The settings of an installation, one struct for each section of the configuration file.

A key is added by adding a field here: the loader, `binauthz doctor` and docs/configuration.md follow from it. Each
field has a default and a description; unknown keys are refused. A section that only one part of the product reads is
handed to that part by ``app.control``, which is the one place that knows them all.
"""

import os
from typing import Annotated

import msgspec
from msgspec import Meta

from binauthz.sources.registry import RegistrySettings
from binauthz.transports.oidc.settings import Algorithm


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table of the configuration file."""


class Server(Section, frozen=True, kw_only=True):
    """Where the control plane answers, and what it keeps its data in."""

    host: Annotated[str, Meta(description="Address to listen on; `up` listens on 127.0.0.1 only.")] = "127.0.0.1"
    public_host: Annotated[
        str, Meta(description="Name by which clusters reach us; empty means `host`. For `serve` only.")
    ] = ""
    port: Annotated[int, Meta(description="First of three ports (four with `up`); 0 picks free ones.")] = 8750
    project: Annotated[
        str,
        Meta(
            pattern="^[a-z][a-z0-9-]{4,28}[a-z0-9]$",
            description="Id of the project that a fresh store holds: 6 to 30 lower-case letters, digits and hyphens.",
        ),
    ] = "demo-project"
    store: Annotated[
        str,
        Meta(
            description="`sqlite:///PATH` or `postgresql://USER@HOST/DATABASE`; empty means SQLite in the directory."
            " For `serve` only."
        ),
    ] = ""
    review_deadline_seconds: Annotated[
        float, Meta(gt=0, le=30, description="How long a review may take; half of the webhook's timeout if shorter.")
    ] = 5.0


class LocalCluster(Section, frozen=True, kw_only=True):
    """The embedded clusters of `up`."""

    fail_closed: Annotated[
        bool, Meta(description="Refuse Pods when no answer can be had, instead of admitting and logging them.")
    ] = False
    limit: Annotated[
        int, Meta(ge=0, le=50, description="How many clusters may be created beside it; each is a process of its own.")
    ] = 5


class Compatibility(Section, frozen=True, kw_only=True):
    """Choices where the documentation of the service that we are compatible with is silent (limitations.md)."""

    stale_etag_is_conflict: Annotated[
        bool, Meta(description="Answer 409 ABORTED to an update that carries a stale etag, instead of ignoring it.")
    ] = False
    bare_name_covers_tags: Annotated[
        bool, Meta(description="Let the pattern `registry/name` cover `registry/name:tag` too.")
    ] = False


class Keys(Section, frozen=True, kw_only=True):
    """Private keys that the server keeps and signs with (keys.md)."""

    sealing_key_file: Annotated[
        str,
        Meta(
            description="File of the keys under which private keys are sealed in the store; empty means `sealing-keys`"
            " in the directory. Servers that share a store need the same file."
        ),
    ] = ""
    pkcs11_module: Annotated[
        str,
        Meta(description="PKCS#11 module that holds keys of protection level HSM, such as `/usr/lib/.../module.so`."),
    ] = ""
    pkcs11_token: Annotated[str, Meta(description="Label of the token.")] = ""
    pkcs11_pin_file: Annotated[str, Meta(description="File that holds the token's user PIN.")] = ""
    deadline_seconds: Annotated[
        float, Meta(gt=0, le=50, description="How long a signature may take before the caller is told UNAVAILABLE.")
    ] = 10.0

    def __post_init__(self) -> None:
        if bool(self.pkcs11_module) != bool(self.pkcs11_token) or bool(self.pkcs11_token) != bool(self.pkcs11_pin_file):
            raise ValueError("`pkcs11_module`, `pkcs11_token` and `pkcs11_pin_file` are set together or not at all")


class Registry(Section, frozen=True, kw_only=True):
    """One table for each repository of a container registry that may be read; no other registry is ever contacted
    (registries.md)."""

    repository: Annotated[
        str, Meta(description="The resource it is: `projects/PROJECT/locations/LOCATION/repositories/REPOSITORY`.")
    ]
    url: Annotated[str, Meta(description="Address of the registry: `https://HOST[:PORT][/NAMESPACE]`.")]
    prefixes: Annotated[
        tuple[str, ...],
        Meta(description="Other names of its images, such as `localhost:5000/team`, beside `us-docker.pkg.dev/P/R`."),
    ] = ()
    packages: Annotated[
        tuple[str, ...], Meta(description="Its images, where the registry shows no catalog; empty asks the catalog.")
    ] = ()
    ca_file: Annotated[str, Meta(description="Certificates to trust instead of the system's.")] = ""
    credentials_file: Annotated[str, Meta(description="File that holds one line `USER:PASSWORD`.")] = ""
    token_realm: Annotated[
        str, Meta(description="The one URL where tokens are asked for; the credentials then go there only.")
    ] = ""
    redirect_origins: Annotated[
        tuple[str, ...], Meta(description="Origins that the registry may redirect to, without credentials.")
    ] = ()
    unsafe_plain_http: Annotated[bool, Meta(description="Allow http to other machines than this one.")] = False

    def __post_init__(self) -> None:
        self.settings()

    def settings(self) -> RegistrySettings:
        """The same for who asks the registry; raises ValueError naming the key at fault."""
        return RegistrySettings(**msgspec.structs.asdict(self))


class Quotas(Section, frozen=True, kw_only=True):
    """What one project may hold, and how often one caller may ask (callers.md). Counts are on with the numbers that
    Google publishes; rates are off, as one person's scripts would meet Google's at once."""

    attestors_per_project: Annotated[int, Meta(ge=1, description="Attestors in one project.")] = 200
    attestor_references_per_policy: Annotated[
        int, Meta(ge=1, le=10_000, description="Attestors that all rules of one policy name together.")
    ] = 200
    keys_per_attestor: Annotated[int, Meta(ge=1, le=10_000, description="Public keys of one attestor.")] = 1000
    reads_per_minute: Annotated[
        int,
        Meta(
            ge=0,
            description="Reads a minute by one caller in one project, of every API; 0 is any number, Google's is 100.",
        ),
    ] = 0
    updates_per_minute: Annotated[int, Meta(ge=0, description="Updates and deletions, likewise; Google's is 20.")] = 0
    creates_per_minute: Annotated[int, Meta(ge=0, description="Creations, likewise; Google's is 10.")] = 0
    reviews_per_minute: Annotated[
        int,
        Meta(ge=0, description="Pods a minute that one cluster asks about; over it Pods are refused. Google's is 500."),
    ] = 0


class OidcIssuer(Section, frozen=True, kw_only=True):
    """One table for each issuer of OpenID Connect tokens that may say who calls (callers.md)."""

    issuer: Annotated[str, Meta(description="The issuer's URL, exactly as its tokens have it in `iss`.")]
    audiences: Annotated[tuple[str, ...], Meta(min_length=1, description="A token must name one of these in `aud`.")]
    algorithms: Annotated[
        tuple[Algorithm, ...],
        Meta(min_length=1, description="Algorithms that a token may be signed with."),
    ] = ("RS256", "ES256")
    jwks_url: Annotated[
        str, Meta(description="Where the issuer's keys are; empty asks the issuer's discovery document.")
    ] = ""
    jwks_hosts: Annotated[
        tuple[str, ...], Meta(description="Hosts beside the issuer's own that the discovery document may name.")
    ] = ()
    ca_file: Annotated[str, Meta(description="Certificates to trust instead of the system's.")] = ""
    principal_claim: Annotated[
        str, Meta(min_length=1, description="The claim that names the caller; dots reach into objects.")
    ] = "email"
    principal_prefix: Annotated[
        str,
        Meta(
            pattern="^(user:|serviceAccount:|principal://).{0,200}$",
            description="What bindings say before the claim, such as `user:` or `principal://github/`.",
        ),
    ] = "user:"
    principal_suffix: Annotated[
        str, Meta(max_length=200, description="What bindings say after the claim, such as `@ci.example.com`.")
    ] = ""
    require_verified_email: Annotated[
        bool, Meta(description="Refuse an `email` whose `email_verified` is not true.")
    ] = True
    domains: Annotated[
        tuple[str, ...], Meta(description="Accept addresses of these domains only; empty accepts any.")
    ] = ()
    groups_claim: Annotated[str, Meta(description="The claim that lists groups; empty takes none.")] = "groups"
    groups_prefix: Annotated[str, Meta(max_length=200, description="What bindings say before a group's name.")] = ""
    groups_suffix: Annotated[
        str, Meta(max_length=200, description="What bindings say after it, such as `@example.com`.")
    ] = ""
    required_claims: Annotated[
        dict[str, str], Meta(description="Claims and the text that each must be, such as `repository_owner`.")
    ] = {}
    leeway_seconds: Annotated[
        float, Meta(ge=0, le=300, description="How far the issuer's clock may differ from ours.")
    ] = 30.0
    refresh_seconds: Annotated[
        float, Meta(ge=60, description="Fetch the keys again when they are older than this.")
    ] = 3600.0
    stale_seconds: Annotated[
        float, Meta(ge=60, description="Believe the keys for this long while the issuer does not answer.")
    ] = 86_400.0

    def __post_init__(self) -> None:
        """Refuse addresses that would ask a host in the clear."""
        from binauthz.transports.oidc.fetch import check_url  # noqa: PLC0415 - only where an issuer is configured

        check_url(self.issuer, "issuer")
        if self.jwks_url:
            check_url(self.jwks_url, "jwks_url")
        if self.ca_file and not os.access(self.ca_file, os.R_OK):
            raise ValueError(f"`ca_file` {self.ca_file} cannot be read")


class Log(Section, frozen=True, kw_only=True):
    """The audit log."""

    retention_days: Annotated[
        int, Meta(ge=0, le=36500, description="Remove entries older than this many days; 0 keeps them forever.")
    ] = 400
    reads: Annotated[
        bool, Meta(description="Keep entries of reads too, in the data access log; changes always leave theirs.")
    ] = False


class Sections(Section, frozen=True, kw_only=True):
    """Every section. The order here is the order of the documentation."""

    server: Server = Server()
    local_cluster: LocalCluster = LocalCluster()
    compatibility: Compatibility = Compatibility()
    keys: Keys = Keys()
    registries: tuple[Registry, ...] = ()
    quotas: Quotas = Quotas()
    oidc: tuple[OidcIssuer, ...] = ()
    log: Log = Log()

    def __post_init__(self) -> None:
        """Refuse an issuer that is there twice: which of the two would say who calls?"""
        issuers = [each.issuer for each in self.oidc]
        if len(issuers) != len(set(issuers)):
            raise ValueError("`oidc` has an issuer twice")
