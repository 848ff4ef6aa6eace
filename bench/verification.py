"""Cold and warm judgements of one attestor, beside the bare P-256 verification of the cryptography library.

    python -m bench.verification [--seconds 2] [--format text|json]

Cold means that nothing is remembered about the signature; the attestor's key is parsed, as it is in a running server.
The budget (cold at no less than 60 % of the bare rate) compares two figures of one run.
"""

import argparse
import datetime as dt
import itertools
import sys
from collections.abc import Callable, Iterator

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from tests.attestation.cases import CASES, read_case

from bench.measure import Sample, measure, report, rss_mib
from binauthz.attestation.memo import Prover
from binauthz.attestation.model import Attestation, Attestor, AttestorKey, PkixKey, Signature, SignatureAlgorithm
from binauthz.attestation.payload import create_signature_payload
from binauthz.attestation.verify import Outcome, judge_attestor
from binauthz.crypto.signing import KeyPair, generate_key_pair, sign

NOTE = "projects/p1/notes/n1"
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
DISTINCT = 2000


def _attestation(pair: KeyPair, index: int, dsse_type: str | None = None) -> tuple[str, Attestation]:
    digest = f"{index:064x}"
    image = f"us-docker.pkg.dev/p1/r/img@sha256:{digest}"
    payload = create_signature_payload(image)
    signature = sign(pair.private_pem, payload, algorithm=pair.algorithm, dsse_type=dsse_type)
    return digest, Attestation(
        name=f"projects/p1/occurrences/{index}",
        note=NOTE,
        resource_uri=image,
        payload=payload,
        signatures=(Signature(public_key_id=pair.id, signature=signature),),
    )


def _attestor(pair: KeyPair) -> Attestor:
    material = PkixKey(pem=pair.public_pem, algorithm=pair.algorithm)
    return Attestor(name="projects/p1/attestors/a1", note=NOTE, keys=(AttestorKey(id=pair.id, material=material),))


def _judging(attestor: Attestor, made: Iterator[tuple[str, Attestation]], prover: Prover) -> Callable[[], None]:
    def judge() -> None:
        digest, attestation = next(made)
        if judge_attestor(attestor, digest, (attestation,), prover, NOW).outcome is not Outcome.SATISFIED:
            raise AssertionError("the benchmark judges what does not verify")

    return judge


def _bare(pair: KeyPair, made: list[tuple[str, Attestation]]) -> Callable[[], None]:
    key = load_pem_public_key(pair.public_pem.encode())
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise TypeError("expected an EC key")
    algorithm = ec.ECDSA(hashes.SHA256())
    attestations = itertools.cycle(attestation for _, attestation in made)

    def verify() -> None:
        attestation = next(attestations)
        key.verify(attestation.signatures[0].signature, attestation.payload, algorithm)

    return verify


def _vector(name: str, prover: Prover) -> Callable[[], object]:
    """A committed case, judged over and over: OpenPGP proven, and refused, which is never remembered."""
    case = read_case(next(folder for folder in CASES if folder.name == name))
    return lambda: judge_attestor(case.attestor, case.digest, case.attestations, prover, case.now)


def run(seconds: float) -> tuple[list[Sample], dict[str, float | str]]:
    """All measurements of this benchmark, in an order that lets the ratios be compared."""
    pair = generate_key_pair()
    attestor = _attestor(pair)
    made = [_attestation(pair, index) for index in range(DISTINCT)]
    encoded = [_attestation(pair, index, "application/vnd.dev.cosign.simplesigning.v1+json") for index in range(200)]
    rsa = generate_key_pair(SignatureAlgorithm.RSA_SIGN_PKCS1_2048_SHA256)
    rsa_made = [_attestation(rsa, index) for index in range(200)]
    forgetful, remembering = Prover(capacity=0), Prover()
    before = rss_mib()
    samples = [
        measure(_bare(pair, made), seconds, name="cryptography, P-256 verify"),
        measure(_judging(attestor, itertools.cycle(made), forgetful), seconds, name="judge_attestor, P-256, cold"),
        measure(
            _judging(attestor, itertools.cycle(encoded), forgetful),
            seconds,
            name="judge_attestor, P-256 over PAE, cold",
        ),
        measure(
            _judging(_attestor(rsa), itertools.cycle(rsa_made), forgetful),
            seconds,
            name="judge_attestor, RSA-2048, cold",
        ),
        measure(
            _vector("pgp-ed25519-attached_proves", forgetful), seconds, name="judge_attestor, OpenPGP Ed25519, cold"
        ),
        measure(_vector("pgp-wrong-key_refused", forgetful), seconds, name="judge_attestor, OpenPGP, refused"),
        measure(
            _judging(attestor, itertools.cycle(made), remembering),
            seconds,
            name=f"judge_attestor, P-256, warm ({DISTINCT} proofs)",
            warm=DISTINCT,
        ),
    ]
    return samples, {
        "cold / bare (budget: at least 0.6)": samples[1].per_second / samples[0].per_second,
        "warm judgements per second": samples[-1].per_second,
        "memory gained by the run, MiB": rss_mib() - before,
        "proofs remembered": float(len(remembering)),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--format", choices=["text", "json"], default="text")
    arguments = parser.parse_args()
    samples, notes = run(arguments.seconds)
    report(samples, format=arguments.format, notes=notes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
