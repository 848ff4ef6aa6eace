"""Our own certificate authority: what the TLS doors show, and what clusters trust (DESIGN D11).

One CA per installation, P-256, kept with its key readable by the owner alone. Leaves live 90 days and are renewed in
place when less than a third is left; a running server reloads the file, so rotation needs no restart.
"""

import datetime as dt
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from binauthz.app.secret_file import write_secret

_CA_LIFE = dt.timedelta(days=3650)
_LEAF_LIFE = dt.timedelta(days=90)
_SKEW = dt.timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Leaf:
    """The files of one server certificate: the chain and its private key."""

    cert_file: Path
    key_file: Path


class Authority:
    """The CA in one directory; made there on first use."""

    def __init__(self, directory: Path, now: dt.datetime) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._directory = directory
        self.ca_file = directory / "ca.pem"
        key_file = directory / "ca.key"
        if not self.ca_file.exists() or not key_file.exists():
            self._create(key_file, now)
        self._certificate = x509.load_pem_x509_certificate(self.ca_file.read_bytes())
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError(f"the CA key in `{key_file}` is not an EC key")
        self._key = key

    @property
    def ca_pem(self) -> str:
        """The CA certificate, PEM."""
        return self.ca_file.read_text()

    def leaf(self, name: str, hosts: Sequence[str], now: dt.datetime, directory: Path | None = None) -> Leaf:
        """The server certificate called ``name`` for these host names and addresses, issued or renewed as needed; kept
        beside the CA unless another directory is given."""
        place = directory or self._directory
        leaf = Leaf(place / f"{name}.pem", place / f"{name}.key")
        if not self._fresh(leaf, hosts, now):
            self._issue(leaf, hosts, now)
        return leaf

    def _create(self, key_file: Path, now: dt.datetime) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "binauthz local authority")])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _SKEW)
            .not_valid_after(now + _CA_LIFE)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(signs_certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        write_secret(key_file, _private_pem(key))
        self.ca_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def _issue(self, leaf: Leaf, hosts: Sequence[str], now: dt.datetime) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        issuer_key = self._certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0])]))
            .issuer_name(self._certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _SKEW)
            .not_valid_after(now + _LEAF_LIFE)
            .add_extension(x509.SubjectAlternativeName([_general_name(host) for host in hosts]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_key), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        write_secret(leaf.key_file, _private_pem(key))
        write_secret(leaf.cert_file, certificate.public_bytes(serialization.Encoding.PEM))

    def _fresh(self, leaf: Leaf, hosts: Sequence[str], now: dt.datetime) -> bool:
        if not leaf.cert_file.exists() or not leaf.key_file.exists():
            return False
        certificate = x509.load_pem_x509_certificate(leaf.cert_file.read_bytes())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        wanted = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
        return (
            names == wanted
            and certificate.issuer == self._certificate.subject
            and certificate.not_valid_after_utc - now > _LEAF_LIFE / 3
        )


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
