"""One CA per installation, leaves that are renewed in time, and secrets that only their owner reads."""

import datetime as dt
import ipaddress
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from binauthz.app.certificates import Authority, Leaf
from binauthz.app.secret_file import write_secret
from binauthz.base.clock import FixedClock

HOSTS = ("127.0.0.1", "localhost", "::1")


@pytest.fixture
def clock() -> FixedClock:
    """A clock that the test moves."""
    return FixedClock(dt.datetime(2026, 1, 1, tzinfo=dt.UTC))


def read(leaf: Leaf) -> x509.Certificate:
    return x509.load_pem_x509_certificate(leaf.cert_file.read_bytes())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_authority_is_made_once_and_found_again(tmp_path: Path, clock: FixedClock) -> None:
    first = Authority(tmp_path / "pki", clock.now()).ca_pem
    clock.advance(dt.timedelta(days=1000))
    assert Authority(tmp_path / "pki", clock.now()).ca_pem == first


def test_a_leaf_is_signed_by_the_authority_and_names_its_hosts(tmp_path: Path, clock: FixedClock) -> None:
    authority = Authority(tmp_path, clock.now())
    certificate = read(authority.leaf("doors", HOSTS, clock.now()))
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.ca_file.read_bytes()))
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert names.get_values_for_type(x509.IPAddress) == [
        ipaddress.ip_address("127.0.0.1"),
        ipaddress.ip_address("::1"),
    ]
    assert isinstance(certificate.public_key(), ec.EllipticCurvePublicKey)
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_the_authority_signs_certificates_and_no_further_authorities(tmp_path: Path, clock: FixedClock) -> None:
    authority = Authority(tmp_path, clock.now())
    certificate = x509.load_pem_x509_certificate(authority.ca_file.read_bytes())
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.critical, constraints.value.ca, constraints.value.path_length) == (True, True, 0)
    assert certificate.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign


@pytest.mark.parametrize(("days", "renewed"), [(0, False), (59, False), (60, True), (89, True), (400, True)])
def test_a_leaf_is_renewed_when_less_than_a_third_of_its_life_is_left(
    tmp_path: Path, clock: FixedClock, days: int, renewed: bool
) -> None:
    authority = Authority(tmp_path, clock.now())
    before = read(authority.leaf("doors", HOSTS, clock.now()))
    clock.advance(dt.timedelta(days=days))
    after = read(authority.leaf("doors", HOSTS, clock.now()))
    assert (after.serial_number != before.serial_number) is renewed
    assert after.not_valid_before_utc <= clock.now() < after.not_valid_after_utc


def test_a_leaf_is_made_again_for_other_hosts(tmp_path: Path, clock: FixedClock) -> None:
    authority = Authority(tmp_path, clock.now())
    before = read(authority.leaf("doors", HOSTS, clock.now()))
    assert read(authority.leaf("doors", ("example.com",), clock.now())).serial_number != before.serial_number


def test_what_is_secret_is_its_owners_alone(tmp_path: Path, clock: FixedClock) -> None:
    authority = Authority(tmp_path / "pki", clock.now())
    leaf = authority.leaf("doors", HOSTS, clock.now())
    assert mode(tmp_path / "pki") == 0o700
    assert [mode(path) for path in (tmp_path / "pki" / "ca.key", leaf.key_file)] == [0o600, 0o600]


def test_a_secret_is_replaced_as_a_whole_and_narrows_a_wide_mode(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old")
    path.chmod(0o644)
    write_secret(path, b"new")
    assert (path.read_bytes(), mode(path)) == (b"new", 0o600)
    assert [each.name for each in tmp_path.iterdir()] == ["secret"]
