"""The fixed keys of the vectors, and GnuPG with a clock that stands still."""

import base64
import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

ROOT = Path(__file__).resolve().parent.parent / "tests" / "vectors"
DIGEST = "aa" * 32
OTHER = "bb" * 32
IMAGE = f"us-docker.pkg.dev/p1/r/img@sha256:{DIGEST}"
NOTE = "projects/p1/notes/n1"
NOW = "2026-01-02T00:00:00+00:00"
MADE = "20260101T000000!"  # The clock of GnuPG while it signs, a day before the moment of the decisions.

EC_CURVES: dict[str, tuple[ec.EllipticCurve, hashes.HashAlgorithm, str]] = {
    "ECDSA_P256_SHA256": (ec.SECP256R1(), hashes.SHA256(), "ES256"),
    "ECDSA_P384_SHA384": (ec.SECP384R1(), hashes.SHA384(), "ES384"),
    "ECDSA_P521_SHA512": (ec.SECP521R1(), hashes.SHA512(), "ES512"),
}
RSA_SCHEMES: dict[str, tuple[int, hashes.HashAlgorithm, str]] = {
    "RSA_PSS_2048_SHA256": (2048, hashes.SHA256(), "PS256"),
    "RSA_PSS_3072_SHA256": (3072, hashes.SHA256(), "PS256"),
    "RSA_PSS_4096_SHA256": (4096, hashes.SHA256(), "PS256"),
    "RSA_PSS_4096_SHA512": (4096, hashes.SHA512(), "PS512"),
    "RSA_SIGN_PKCS1_2048_SHA256": (2048, hashes.SHA256(), "RS256"),
    "RSA_SIGN_PKCS1_3072_SHA256": (3072, hashes.SHA256(), "RS256"),
    "RSA_SIGN_PKCS1_4096_SHA256": (4096, hashes.SHA256(), "RS256"),
    "RSA_SIGN_PKCS1_4096_SHA512": (4096, hashes.SHA512(), "RS512"),
}
ALGORITHMS = (*EC_CURVES, *RSA_SCHEMES)
Json = dict[str, object]
Private = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def payload(digest: str = f"sha256:{DIGEST}") -> bytes:
    """SPEC 3.1, as text, so that nothing of ours writes it."""
    return (
        '{\n  "critical": {\n    "identity": {\n      "docker-reference": "us-docker.pkg.dev/p1/r/img"\n    },\n'
        f'    "image": {{\n      "docker-manifest-digest": "{digest}"\n    }},\n'
        '    "type": "Google cloud binauthz container signature"\n  }\n}\n'
    ).encode()


def key_file(algorithm: str) -> str:
    return f"rsa-{RSA_SCHEMES[algorithm][0]}.pem" if algorithm in RSA_SCHEMES else f"{algorithm.lower()}.pem"


def private_key(algorithm: str, name: str = "") -> Private:
    """The committed key for an algorithm; RSA keys of one size are shared by its algorithms."""
    key = load_pem_private_key((ROOT / "keys" / (name or key_file(algorithm))).read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise SystemExit(f"{algorithm}: neither EC nor RSA")
    return key


def public_pem(key: Private) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def key_id(pem: str) -> str:
    der = base64.b64decode("".join(pem.split("\n")[1:-2]))
    return "ni:///sha-256;" + b64url(hashlib.sha256(der).digest())


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def make_keys() -> None:
    folder = ROOT / "keys"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)

    def write(name: str, key: Private) -> None:
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / name).write_bytes(pem)

    for algorithm, (curve, _, _) in EC_CURVES.items():
        write(key_file(algorithm), ec.generate_private_key(curve))
    write("other-p256.pem", ec.generate_private_key(ec.SECP256R1()))
    for size in (2048, 3072, 4096):
        write(f"rsa-{size}.pem", rsa.generate_private_key(public_exponent=65537, key_size=size))
    with gnupg() as gpg:
        for name, kind in (("ed25519", "ed25519"), ("rsa", "rsa2048"), ("p256", "nistp256"), ("other", "ed25519")):
            gpg("--quick-gen-key", f"{name} <{name}@example.com>", kind, "sign", "never", clock="20250101T000000!")
        gpg("--quick-gen-key", "sub <sub@example.com>", "ed25519", "cert", "never", clock="20250101T000000!")
        sub = fingerprint(gpg, "sub")
        gpg("--quick-add-key", sub, "ed25519", "sign", "never", clock="20250101T000000!")
        gpg("--quick-gen-key", "oldsub <oldsub@example.com>", "ed25519", "cert", "never", clock="20250101T000000!")
        gpg(
            "--quick-add-key",
            fingerprint(gpg, "oldsub"),
            "ed25519",
            "sign",
            "20260101T120000",
            clock="20250101T000000!",
        )
        gpg("--quick-gen-key", "old <old@example.com>", "ed25519", "sign", "20260101T120000", clock="20250101T000000!")
        for name in ("ed25519", "rsa", "p256", "other", "sub", "oldsub", "old"):
            (folder / f"pgp-{name}.secret.asc").write_bytes(
                gpg("--armor", "--export-secret-keys", f"<{name}@example.com>")
            )
            (folder / f"pgp-{name}.asc").write_bytes(gpg("--armor", "--export", f"<{name}@example.com>"))
        revocation = Path(gpg.home) / "openpgp-revocs.d" / f"{fingerprint(gpg, 'ed25519')}.rev"
        text = revocation.read_text().replace(":-----BEGIN", "-----BEGIN")
        gpg("--import", stdin=text.encode())
        (folder / "pgp-ed25519.revoked.asc").write_bytes(gpg("--armor", "--export", "<ed25519@example.com>"))
    (folder / "README.md").write_text(
        "Private keys made for these vectors alone by `python -m tools.make_vectors --keys`. They protect nothing and\n"
        "are committed so that every case can be made again, byte for byte.\n"
    )


class Gnupg:
    """GnuPG with a home of its own and a clock that stands still."""

    def __init__(self, home: str) -> None:
        self.home = home

    def __call__(self, *arguments: str, stdin: bytes = b"", clock: str = MADE) -> bytes:
        command = ["gpg", "--homedir", self.home, "--batch", "--yes", "--quiet", "--pinentry-mode", "loopback"]
        command += ["--passphrase", "", "--faked-system-time", clock, "--trust-model", "always", *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)}: {done.stderr.decode()}")
        return done.stdout


@contextmanager
def gnupg(*secret: str) -> Iterator[Gnupg]:
    home = tempfile.mkdtemp(prefix="gnupg-")
    try:
        gpg = Gnupg(home)
        for name in secret:
            gpg("--import", str(ROOT / "keys" / f"pgp-{name}.secret.asc"))
        yield gpg
    finally:
        subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=False, capture_output=True)
        shutil.rmtree(home, ignore_errors=True)


def fingerprint(gpg: Gnupg, name: str) -> str:
    listing = gpg("--with-colons", "--list-keys", f"<{name}@example.com>").decode()
    return next(line.split(":")[9] for line in listing.splitlines() if line.startswith("fpr:"))
