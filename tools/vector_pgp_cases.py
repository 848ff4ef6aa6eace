"""Cases of OpenPGP messages, as GnuPG makes them and as nobody should."""

import zlib

from tools.vector_cases import Cases, attestation, pgp
from tools.vector_keys import MADE, OTHER, ROOT, gnupg, payload


def pgp_cases(cases: Cases) -> None:  # noqa: PLR0915  # A list of cases reads best in one piece.
    with gnupg("ed25519", "rsa", "p256", "other", "sub", "oldsub", "old") as gpg:

        def by(name: str, *how: str, body: bytes | None = None, clock: str = MADE) -> bytes:
            return gpg(
                "--local-user", f"<{name}@example.com>", *how, stdin=payload() if body is None else body, clock=clock
            )

        def add(name: str, why: str, key: str, message: bytes, reason: str = "", **more: object) -> None:
            described = pgp(key)
            made = attestation([(described["id"], message)], payload())
            cases.add(f"pgp-{name}", why, keys=[described], attestations=[made], reason=reason, **more)  # type: ignore[arg-type]

        for name in ("ed25519", "rsa", "p256", "sub"):
            add(
                f"{name}-attached_proves",
                "`gpg --armor --sign`: attached, compressed, armored.",
                name,
                by(name, "--armor", "--sign"),
            )
            add(
                f"{name}-clearsigned_proves",
                "`gpg --clearsign`, which drops the last line feed (SPEC 13.9).",
                name,
                by(name, "--clearsign"),
            )
            add(
                f"{name}-binary_proves", "`gpg --sign`: attached and compressed, not armored.", name, by(name, "--sign")
            )
        for algorithm in ("none", "zip", "zlib", "bzip2"):
            add(
                f"compressed-{algorithm}_proves",
                "Each way of compressing that OpenPGP knows.",
                "ed25519",
                by("ed25519", "--sign", "--compress-algo", algorithm),
            )
        add(
            "text-mode_proves",
            "A signature over text with canonical line ends.",
            "ed25519",
            by("ed25519", "--armor", "--textmode", "--sign"),
        )
        crlf = by("ed25519", "--armor", "--sign").replace(b"\n", b"\r\n")
        add("crlf-armor_proves", "Armor with CRLF line ends.", "ed25519", crlf)
        two = by("ed25519", "--local-user", "<other@example.com>", "--armor", "--sign")
        add(
            "two-signatures-first_proves", "Two people signed one message; the attestor's is the first.", "ed25519", two
        )
        add(
            "two-signatures-second_proves", "Two people signed one message; the attestor's is the second.", "other", two
        )
        add("two-signatures-neither_refused", "Two people signed one message, neither is the attestor's.", "rsa", two)
        add(
            "two-clearsignatures_proves",
            "Two people clearsigned one text.",
            "other",
            by("ed25519", "--local-user", "<other@example.com>", "--clearsign"),
        )
        add(
            "wrong-key_refused",
            "Signed by another key, under the attestor's id.",
            "ed25519",
            by("other", "--armor", "--sign"),
            "does not verify",
        )
        add(
            "wrong-digest_refused",
            "The message is about another digest, whatever the stored payload says (SPEC 13.9).",
            "ed25519",
            by("ed25519", "--armor", "--sign", body=payload(f"sha256:{OTHER}")),
            "another digest",
        )
        add(
            "not-json_refused",
            "The signed text is no JSON.",
            "ed25519",
            by("ed25519", "--clearsign", body=b"hello\n"),
            "unexpected message was signed",
        )
        add(
            "detached_refused",
            "A detached signature does not carry what it signs.",
            "ed25519",
            by("ed25519", "--armor", "--detach-sign"),
            "detached",
        )
        add("detached-binary_refused", "The same, not armored.", "ed25519", by("ed25519", "--detach-sign"), "detached")
        add(
            "unsigned_refused",
            "A message that nobody signed.",
            "ed25519",
            by("ed25519", "--store"),
            "not one signed message",
        )
        add(
            "unsigned-clear_refused",
            "The payload itself instead of a message.",
            "ed25519",
            payload(),
            "not a signed OpenPGP message",
        )
        # Hand-made, because a session key is random: a symmetric session key packet, then protected data.
        encrypted = b"\xc3\x04\x04\x09\x00\x02" + b"\xd2\x21\x01" + b"\x55" * 32
        add("encrypted_refused", "An encrypted message.", "ed25519", encrypted, "encrypted")
        add(
            "sha1_refused",
            "A signature over SHA-1.",
            "rsa",
            by("rsa", "--armor", "--digest-algo", "SHA1", "--sign"),
            "does not verify",
        )
        add(
            "revoked_refused",
            "The certificate is revoked; the signature was made before.",
            "ed25519.revoked",
            by("ed25519", "--armor", "--sign"),
            "revoked",
        )
        add(
            "expired-key_refused",
            "The primary key has expired; the signature was made before.",
            "old",
            by("old", "--armor", "--sign"),
            "expired",
        )
        add(
            "expired-key-then_proves",
            "The same, judged at a moment before the expiry.",
            "old",
            by("old", "--armor", "--sign"),
            now="2026-01-01T06:00:00+00:00",
        )
        add(
            "B71-expired-subkey_refused",
            "The signing subkey has expired; the primary key has not (THREATS B71).",
            "oldsub",
            by("oldsub", "--armor", "--sign"),
            "subkey expired",
        )
        add(
            "B71-expired-subkey-then_proves",
            "The same, judged at a moment before the expiry.",
            "oldsub",
            by("oldsub", "--armor", "--sign"),
            now="2026-01-01T06:00:00+00:00",
        )
        add(
            "expired-signature_refused",
            "The signature itself has an end.",
            "ed25519",
            by("ed25519", "--armor", "--default-sig-expire", "1d", "--sign", clock="20260101T000000!"),
            now="2026-01-03T00:00:00+00:00",
        )
        add(
            "future-signature_refused",
            "The signature was made after the moment of the decision.",
            "ed25519",
            by("ed25519", "--armor", "--sign"),
            "not valid before",
            now="2025-12-01T00:00:00+00:00",
        )
        good = by("ed25519", "--armor", "--sign")
        add("truncated_refused", "The second half of the message is missing.", "ed25519", good[: len(good) // 2])
        add("twice_refused", "Two messages, one behind the other.", "ed25519", good + good, "block")
        add(
            "twice-binary_refused",
            "Two messages, one behind the other, not armored.",
            "ed25519",
            by("ed25519", "--sign", "--compress-algo", "none") * 2,
        )
        clear = by("ed25519", "--clearsign")
        add("clearsigned-prefix_refused", "Text stands before the clearsigned one.", "ed25519", b"hello\n" + clear)
        add("clearsigned-suffix_refused", "Text stands behind the signature.", "ed25519", clear + b"hello\n")
        add(
            "clearsigned-changed_refused",
            "A digit of the clearsigned text was changed.",
            "ed25519",
            clear.replace(b"sha256:aa", b"sha256:ab"),
            "does not verify",
        )
        huge = by("ed25519", "--sign", "--compress-algo", "zip", body=payload() + b" " * (8 << 20))
        add(
            "B46-bomb_refused",
            "8 MiB of blanks, compressed to a few kilobytes (THREATS B46).",
            "ed25519",
            huge,
            "decompresses to more than",
        )
        bomb = zlib.compressobj(9, zlib.DEFLATED, -15)
        squeezed = bomb.compress(b"\0" * (40 << 20)) + bomb.flush()
        add(
            "B46-empty-bomb_refused",
            "40 MiB of zeros that are no packets at all.",
            "ed25519",
            b"\xa3\x01" + squeezed,
            "decompresses to more than",
        )
        add(
            "B46-nested_refused",
            "A compressed packet inside a compressed packet.",
            "ed25519",
            b"\xa3\x00" + by("ed25519", "--sign"),
            "encrypted, nested",
        )
        add(
            "declared-size_refused",
            "A packet that declares 4 GiB and holds nothing.",
            "ed25519",
            b"\xcb\xff\xff\xff\xff\xff",
            "truncated",
        )
        add(
            "private-key-message_refused",
            "A key where a message should be.",
            "ed25519",
            (ROOT / "keys" / "pgp-other.asc").read_bytes(),
        )
        key = pgp("ed25519")
        cases.add(
            "pgp-lower-case-id_refused",
            "The fingerprint in lower case is not the key's id: equality is exact.",
            keys=[key],
            attestations=[attestation([(str(key["id"]).lower(), good)], payload())],
            reason="no key of this id",
        )
        cases.add(
            "pgp-empty-payload_proves",
            "The message carries the payload; the stored one is not looked at (SPEC 3.5).",
            keys=[key],
            attestations=[attestation([(key["id"], good)])],
        )
