"""The verifier: the acceptance rule and the library, and a memory that changes no verdict."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from web4adapters.signers.verifier import Verifier
from web4core import ed25519

ORDER = 2**252 + 27742317777372353535851937790883648493
IDENTITY = (1).to_bytes(32, "little")

Triple = tuple[bytes, bytes, bytes]


def signed(message: bytes, seed: int = 1) -> Triple:
    private_key = Ed25519PrivateKey.from_private_bytes(seed.to_bytes(32, "big"))
    return private_key.public_key().public_bytes_raw(), message, private_key.sign(message)


def with_s_plus_order(signature: bytes) -> bytes:
    s = int.from_bytes(signature[32:], "little") + ORDER
    return signature[:32] + s.to_bytes(32, "little")


class Counting:
    """Stands for a function and counts its calls."""

    def __init__(self, function: Callable[..., object]) -> None:
        self.function = function
        self.calls = 0

    def __call__(self, *arguments: object) -> object:
        self.calls += 1
        return self.function(*arguments)


@pytest.fixture
def key_checks(monkeypatch: pytest.MonkeyPatch) -> Counting:
    counting = Counting(ed25519.key_is_acceptable)
    monkeypatch.setattr("web4adapters.signers.verifier.key_is_acceptable", counting)
    return counting


def test_an_ordinary_signature_holds() -> None:
    assert Verifier()(*signed(b"message")) is True


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_change_to_any_part_of_the_triple_is_found(part: int) -> None:
    triple = list(signed(b"message"))
    triple[part] = bytes([triple[part][0] ^ 1]) + triple[part][1:]

    assert Verifier()(*triple) is False


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_change_is_found_after_the_true_triple_was_remembered(part: int) -> None:
    verify = Verifier()
    triple = list(signed(b"message"))
    verify(*triple)
    triple[part] = bytes([triple[part][0] ^ 1]) + triple[part][1:]

    assert verify(*triple) is False


def test_bytes_moved_between_signature_and_message_are_another_triple() -> None:
    verify = Verifier()
    key, message, signature = signed(b"message")
    verify(key, message, signature)

    assert verify(key, signature[63:] + message, signature[:63]) is False


@pytest.mark.clause("K-SIG-2")
def test_a_signature_with_s_beyond_the_order_is_refused() -> None:
    key, message, signature = signed(b"message")

    assert Verifier()(key, message, with_s_plus_order(signature)) is False


@pytest.mark.clause("K-KEY-4")
def test_a_key_of_small_order_is_refused_where_the_equation_holds() -> None:
    # Under the identity as key, [S]B = R holds for any message: R = [1]B, S = 1.
    base = (4 * pow(5, -1, 2**255 - 19) % (2**255 - 19)).to_bytes(32, "little")
    forged = base + (1).to_bytes(32, "little")
    Ed25519PublicKey.from_public_bytes(IDENTITY).verify(forged, b"anything")

    assert Verifier()(IDENTITY, b"anything", forged) is False


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_key_of_another_length_is_refused(size: int) -> None:
    _, message, signature = signed(b"message")

    assert Verifier()(bytes(size), message, signature) is False


@pytest.mark.parametrize("size", [0, 63, 65])
def test_a_signature_of_another_length_is_refused(size: int) -> None:
    key, message, signature = signed(b"message")

    assert Verifier()(key, message, (signature + b"\0")[:size]) is False


def test_all_of_many_must_hold() -> None:
    claims = [signed(bytes([number]), seed=number + 1) for number in range(8)]

    assert Verifier().verify_many(claims) is True


@pytest.mark.parametrize("bad", range(4))
def test_one_bad_claim_among_many_is_found(bad: int) -> None:
    claims = [signed(bytes([number])) for number in range(4)]
    claims[bad] = (claims[bad][0], b"another message", claims[bad][2])

    assert Verifier().verify_many(claims) is False


def test_no_claims_hold() -> None:
    assert Verifier().verify_many([]) is True


def test_a_key_is_judged_once(key_checks: Counting) -> None:
    verify = Verifier()
    for number in range(5):
        verify(*signed(bytes([number])))

    assert key_checks.calls == 1


def test_keys_are_remembered_up_to_a_bound(key_checks: Counting) -> None:
    verify = Verifier(max_keys=2)
    for seed in (1, 2, 3, 1):
        verify(*signed(b"message", seed))

    assert key_checks.calls == 4


def test_bad_keys_do_not_push_out_good_ones(key_checks: Counting) -> None:
    verify = Verifier(max_keys=1)
    good = signed(b"message")
    verify(*good)
    verify(IDENTITY, b"message", good[2])
    verify(*signed(b"another message"))

    assert key_checks.calls == 2


def test_a_verified_triple_is_not_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    verify = Verifier()
    triple = signed(b"message")
    verify(*triple)
    key = CountedKey(triple[0])
    monkeypatch.setattr(verify, "_usable_key", lambda _: key)

    assert (verify(*triple), key.verifications) == (True, 0)


def test_verified_triples_are_remembered_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    verify = Verifier(max_verified=2)
    triples = [signed(bytes([number])) for number in range(3)]
    verify.verify_many(triples)
    key = CountedKey(triples[0][0])
    monkeypatch.setattr(verify, "_usable_key", lambda _: key)

    verify.verify_many([triples[2], triples[1], triples[0]])

    assert key.verifications == 1


@pytest.mark.parametrize("bounds", [(0, 1), (1, 0)])
def test_a_bound_of_nothing_is_refused(bounds: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="at least one"):
        Verifier(*bounds)


def test_threads_agree_with_one_thread() -> None:
    verify = Verifier(max_keys=2, max_verified=4)
    good = [signed(bytes([number]), seed=number % 5 + 1) for number in range(40)]
    claims = [
        (key, message if number % 3 else b"forged", signature)
        for number, (key, message, signature) in enumerate(good)
    ]

    with ThreadPoolExecutor(4) as pool:
        verdicts = list(pool.map(lambda claim: verify(*claim), claims * 5))

    assert verdicts == [number % 3 != 0 for number in range(40)] * 5


class CountedKey:
    """A library key that counts the verifications asked of it."""

    def __init__(self, key: bytes) -> None:
        self._key = Ed25519PublicKey.from_public_bytes(key)
        self.verifications = 0

    def verify(self, signature: bytes, message: bytes) -> None:
        self.verifications += 1
        self._key.verify(signature, message)
