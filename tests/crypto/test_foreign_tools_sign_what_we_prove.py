"""Interoperation: signatures by the real openssl and gpg are proven, and keys get the ids they have there."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from binauthz.attestation.keys import describe_key
from binauthz.attestation.memo import Form, Prover
from binauthz.attestation.model import AttestorKey, PgpKey, PkixKey
from binauthz.attestation.payload import create_signature_payload
from binauthz.crypto.algorithms import SCHEMES, Ecdsa, RsaPkcs1, RsaPss, SignatureAlgorithm
from binauthz.crypto.errors import SignatureRefusedError
from binauthz.crypto.pae import pae
from binauthz.crypto.pgp import load_certificate, verify_message
from binauthz.crypto.signing import generate_key_pair, sign

from .keys import ALGORITHMS, private_pem

pytestmark = pytest.mark.clients
Need = Callable[[str], str]
DIGEST = "c" * 64
PAYLOAD = create_signature_payload(f"us-docker.pkg.dev/p1/r/img@sha256:{DIGEST}")


def _run(*command: str, stdin: bytes = b"") -> bytes:
    done = subprocess.run(command, input=stdin, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def _options(algorithm: SignatureAlgorithm) -> list[str]:
    match SCHEMES[algorithm]:
        case RsaPss():
            return ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"]
        case RsaPkcs1() | Ecdsa():
            return []


@pytest.mark.parametrize("form", [Form.RAW, Form.PAE])
@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda algorithm: algorithm.value)
def test_openssl_signs_what_we_prove(need: Need, tmp_path: Path, algorithm: SignatureAlgorithm, form: Form) -> None:
    openssl = need("openssl")
    private, message = tmp_path / "private.pem", tmp_path / "message"
    private.write_bytes(private_pem(algorithm))
    message.write_bytes(PAYLOAD if form is Form.RAW else pae(PAYLOAD))
    public = _run(openssl, "pkey", "-in", str(private), "-pubout").decode()
    digest = f"-{SCHEMES[algorithm].digest.name}"
    signature = _run(openssl, "dgst", digest, "-sign", str(private), *_options(algorithm), str(message))
    key = describe_key(AttestorKey(id="", material=PkixKey(pem=public, algorithm=algorithm)))
    proof = Prover().prove_signature(key, signature, PAYLOAD)
    assert (proof.form, proof.statement.digest) == (form, DIGEST)


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda algorithm: algorithm.value)
def test_openssl_proves_what_we_sign(need: Need, tmp_path: Path, algorithm: SignatureAlgorithm) -> None:
    openssl = need("openssl")
    pair = None if isinstance(SCHEMES[algorithm], RsaPss | RsaPkcs1) else generate_key_pair(algorithm)
    private = pair.private_pem if pair else private_pem(algorithm)
    signature, message, public = tmp_path / "signature", tmp_path / "message", tmp_path / "public.pem"
    signature.write_bytes(sign(private, PAYLOAD, algorithm=algorithm))
    message.write_bytes(PAYLOAD)
    public.write_bytes(_run(openssl, "pkey", "-pubout", stdin=private))
    digest = f"-{SCHEMES[algorithm].digest.name}"
    shown = _run(
        openssl,
        "dgst",
        digest,
        "-verify",
        str(public),
        "-signature",
        str(signature),
        *_options(algorithm),
        str(message),
    )
    assert b"Verified OK" in shown


class Gpg:
    """GnuPG with a home of its own."""

    def __init__(self, program: str, home: Path) -> None:
        self._command = [program, "--homedir", str(home), "--batch", "--yes", "--quiet", "--trust-model", "always"]
        self._command += ["--pinentry-mode", "loopback", "--passphrase", ""]

    def __call__(self, *arguments: str, stdin: bytes = b"") -> bytes:
        return _run(*self._command, *arguments, stdin=stdin)

    def edit(self, name: str, *answers: str) -> None:
        """An interactive edit, answered from a list."""
        command = [word for word in self._command if word != "--batch"]
        edit = ("--no-tty", "--command-fd", "0", "--edit-key", self.fingerprint(name))
        _run(*command, *edit, stdin="\n".join(answers).encode() + b"\n")

    def fingerprint(self, name: str) -> str:
        listing = self("--with-colons", "--list-keys", f"<{name}@example.com>").decode()
        return next(line.split(":")[9] for line in listing.splitlines() if line.startswith("fpr:"))

    def certificate(self, name: str) -> str:
        return self("--armor", "--export", f"<{name}@example.com>").decode()


@pytest.fixture(scope="module")
def gpg(need: Need, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gpg]:
    program, gpgconf = need("gpg"), need("gpgconf")
    home = tmp_path_factory.mktemp("g")
    home.chmod(0o700)
    made = Gpg(program, home)
    for name, kind in (("ed25519", "ed25519"), ("rsa", "rsa2048"), ("p256", "nistp256"), ("sub", "ed25519")):
        usage = "cert" if name == "sub" else "sign"
        made("--quick-gen-key", f"{name} <{name}@example.com>", kind, usage, "1y")
    made("--quick-add-key", made.fingerprint("sub"), "ed25519", "sign", "1y")
    yield made
    subprocess.run([gpgconf, "--homedir", str(home), "--kill", "all"], check=False, timeout=30)


@pytest.mark.parametrize(
    "how", [("--armor", "--sign"), ("--clearsign",), ("--sign",), ("--armor", "--sign", "--textmode")]
)
@pytest.mark.parametrize("name", ["ed25519", "rsa", "p256", "sub"])
def test_gpg_signs_what_we_prove(gpg: Gpg, name: str, how: tuple[str, ...]) -> None:
    message = gpg("--local-user", f"<{name}@example.com>", *how, stdin=PAYLOAD)
    key = describe_key(AttestorKey(id="ignored", material=PgpKey(armored=gpg.certificate(name))))
    assert key.id == gpg.fingerprint(name)
    proof = Prover().prove_signature(key, message, b"")
    assert (proof.form, proof.statement.digest) == (Form.PGP, DIGEST)
    for other in {"ed25519", "rsa", "p256", "sub"} - {name}:
        with pytest.raises(SignatureRefusedError):
            verify_message(load_certificate(gpg.certificate(other)), message)


def test_a_key_revoked_today_proves_nothing_it_signed_yesterday(gpg: Gpg, tmp_path: Path) -> None:
    gpg("--quick-gen-key", "gone <gone@example.com>", "ed25519", "sign", "1y")
    message = gpg("--local-user", "<gone@example.com>", "--armor", "--sign", stdin=PAYLOAD)
    assert verify_message(load_certificate(gpg.certificate("gone")), message).content == PAYLOAD
    home = Path(gpg._command[2])
    revocation = (home / "openpgp-revocs.d" / f"{gpg.fingerprint('gone')}.rev").read_text()
    gpg("--import", stdin=revocation.replace(":-----BEGIN", "-----BEGIN").encode())
    with pytest.raises(SignatureRefusedError, match="revoked"):
        verify_message(load_certificate(gpg.certificate("gone")), message)


def test_a_revoked_subkey_proves_nothing(gpg: Gpg) -> None:
    gpg("--quick-gen-key", "half <half@example.com>", "ed25519", "cert", "1y")
    gpg("--quick-add-key", gpg.fingerprint("half"), "ed25519", "sign", "1y")
    message = gpg("--local-user", "<half@example.com>", "--armor", "--sign", stdin=PAYLOAD)
    assert verify_message(load_certificate(gpg.certificate("half")), message).content == PAYLOAD
    gpg.edit("half", "key 1", "revkey", "y", "3", "", "y", "save")
    revoked = load_certificate(gpg.certificate("half"))
    assert revoked.revoked
    assert revoked.fingerprint.lower() not in revoked.revoked
    with pytest.raises(SignatureRefusedError, match=r"revoked subkey|does not verify"):
        verify_message(revoked, message)
