"""How cryptography says no. Nothing here is shown to a caller as it is: services build API errors from it.

Exception
    KeyRefusedError          a key record cannot be used: the mistake of whoever wrote the attestor
    SignatureRefusedError    a signature, message or token proves nothing: the mistake of whoever attested
"""


class KeyRefusedError(Exception):
    """A key is not one, is of another kind than declared, or has an id that it may not have.

    ``field`` is the path of the member at fault below the attestor's public key; ``description`` says what was got
    and what was expected.
    """

    def __init__(self, field: str, description: str) -> None:
        super().__init__(f"{field}: {description}")
        self.field = field
        self.description = description


class SignatureRefusedError(Exception):
    """Bytes that prove nothing, and why.

    ``lasting`` tells whether the same bytes will be refused for ever. It is false where the refusal may have depended
    on the present moment (an OpenPGP signature from a fast clock), so that such a refusal is never remembered.
    """

    def __init__(self, reason: str, *, lasting: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.lasting = lasting
