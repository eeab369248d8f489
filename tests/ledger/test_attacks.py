"""Attacks on the ledger, each by name, against the rules and through a federation's pool."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from tests.support.federation import (
    ALICE,
    BOB,
    START_MS,
    Federation,
    Key,
    make_genesis,
    owner_key,
    platform_key,
    sign,
    verify,
)
from web4core.application import Applied, Refusal
from web4core.errors import LocalProtocolError, RemoteProtocolError
from web4core.gate import Gate
from web4core.invariants import LEDGER_INVARIANTS
from web4core.ledger.application import GenesisAccount, Ledger, genesis_content
from web4core.ledger.rules import EXPLAINED, Code
from web4core.ledger.state import (
    MAX_SUPPLY_UATP,
    Account,
    Address,
    CrossTransfer,
    LedgerState,
    Phase,
    account_path,
    transfer_path,
)
from web4core.ledger.transactions import (
    MAX_NONCE,
    AccountOpen,
    Body,
    Transaction,
    Transfer,
    TransferCommit,
    TransferLock,
    TransferRollback,
)
from web4core.types import Nonce, PublicKey, TimeMs, TransactionId

CAROL = Address(platform="thor", agent="carol")
NOBODY = Address(platform="thor", agent="nobody")
THOR, SPROUT, LEGION = (platform_key(index) for index in range(3))
EXPIRY_MS = TimeMs(START_MS + 100)
GENESIS = make_genesis(4, {ALICE: 1000, BOB: 500, CAROL: 0})
LEDGER = Ledger.of(GENESIS)
CHAIN = LEDGER.chain_id


class Book:
    """A ledger that applies one transaction after another, each in a block of its own."""

    def __init__(self) -> None:
        self.state: LedgerState = LEDGER.initial(GENESIS.content)

    def do(self, transaction: Transaction, time_ms: int = START_MS + 1) -> str:
        """Apply a transaction: its code, or "ok"."""
        result = LEDGER.apply(self.state, (transaction,), TimeMs(time_ms))
        if isinstance(result, Refusal):
            return result.code
        self.state = result.state
        for name, holds in LEDGER_INVARIANTS.items():
            assert holds(self.state) is None, name
        return "ok"

    def account(self, address: Address) -> tuple[int, int, int]:
        """Available, locked, nonce."""
        entry = self.state.entries.get(account_path(address))
        assert isinstance(entry, Account)
        return entry.available_uatp, entry.locked_uatp, entry.nonce

    def phase(self, transfer: bytes) -> Phase:
        entry = self.state.entries.get(transfer_path(TransactionId(transfer)))
        assert isinstance(entry, CrossTransfer)
        return entry.phase


def pay(amount_uatp: int, nonce: int, payee: Address = CAROL, by: Key | None = None) -> Transaction:
    return sign(
        Transfer(
            chain_id=CHAIN,
            source=ALICE,
            destination=payee,
            amount_uatp=amount_uatp,
            nonce=Nonce(nonce),
        ),
        by or owner_key(ALICE),
    )


def lock(
    amount_uatp: int = 200,
    nonce: int = 0,
    payee: Address = BOB,
    expiry_ms: int = EXPIRY_MS,
    by: Key | None = None,
) -> Transaction:
    body = TransferLock(
        chain_id=CHAIN,
        source=ALICE,
        destination=payee,
        amount_uatp=amount_uatp,
        nonce=Nonce(nonce),
        expiry_ms=TimeMs(expiry_ms),
    )
    return sign(body, by or owner_key(ALICE))


def commit(transfer: bytes, by: Key = SPROUT) -> Transaction:
    return sign(TransferCommit(CHAIN, TransactionId(transfer)), by)


def roll_back(transfer: bytes, by: Key = SPROUT) -> Transaction:
    return sign(TransferRollback(CHAIN, TransactionId(transfer), "no"), by)


def with_a_lock() -> tuple[Book, bytes]:
    book, transaction = Book(), lock()
    assert book.do(transaction) == "ok"
    return book, transaction.id


# --- settling ----------------------------------------------------------------------------------


@pytest.mark.clause("L-LOCK-9")
def test_a_lock_moves_from_available_to_locked() -> None:
    book, transfer = with_a_lock()
    assert book.account(ALICE) == (800, 200, 1)
    assert book.phase(transfer) is Phase.LOCKED


@pytest.mark.clause("L-COMMIT-5", "L-STATE-4")
def test_a_commit_credits_the_destination() -> None:
    book, transfer = with_a_lock()
    assert book.do(commit(transfer)) == "ok"
    assert (book.account(ALICE), book.account(BOB)) == ((800, 0, 1), (700, 0, 0))
    assert book.phase(transfer) is Phase.COMMITTED


@pytest.mark.clause("L-BACK-4", "L-STATE-4")
def test_a_rollback_returns_the_amount() -> None:
    book, transfer = with_a_lock()
    assert book.do(roll_back(transfer)) == "ok"
    assert book.account(ALICE) == (1000, 0, 1)
    assert book.phase(transfer) is Phase.ROLLED_BACK


@pytest.mark.clause("L-COMMIT-1")
@pytest.mark.parametrize("change", [0, 31])
def test_a_commit_with_a_wrong_id_is_refused(change: int) -> None:
    book, transfer = with_a_lock()
    wrong = bytearray(transfer)
    wrong[change] ^= 1
    assert book.do(commit(bytes(wrong))) == "unknown-transfer"


@pytest.mark.clause("L-COMMIT-3")
def test_a_second_commit_is_refused() -> None:
    book, transfer = with_a_lock()
    book.do(commit(transfer))
    assert book.do(commit(transfer)) == "already-settled"
    assert book.account(BOB) == (700, 0, 0)


@pytest.mark.clause("L-COMMIT-3")
def test_a_commit_after_the_rollback_is_refused() -> None:
    book, transfer = with_a_lock()
    book.do(roll_back(transfer))
    assert book.do(commit(transfer)) == "already-settled"


@pytest.mark.clause("L-COMMIT-4")
@pytest.mark.parametrize(
    ("at_ms", "code"), [(EXPIRY_MS - 1, "ok"), (EXPIRY_MS, "transfer-expired")]
)
def test_a_commit_must_come_before_the_expiry(at_ms: int, code: str) -> None:
    book, transfer = with_a_lock()
    assert book.do(commit(transfer), at_ms) == code


@pytest.mark.clause("L-COMMIT-2")
@pytest.mark.parametrize(
    "by", [THOR, LEGION, owner_key(ALICE), owner_key(BOB)], ids=["source", "other", "alice", "bob"]
)
def test_only_the_destination_platform_commits(by: Key) -> None:
    book, transfer = with_a_lock()
    assert book.do(commit(transfer, by)) == "wrong-key"


@pytest.mark.clause("L-BACK-3")
@pytest.mark.parametrize("by", [THOR, LEGION, owner_key(ALICE), Key("a stranger")])
def test_a_stranger_rolls_back_from_the_expiry_on_and_not_before(by: Key) -> None:
    book, transfer = with_a_lock()
    assert book.do(roll_back(transfer, by), EXPIRY_MS - 1) == "not-expired"
    assert book.do(roll_back(transfer, by), EXPIRY_MS) == "ok"


@pytest.mark.clause("L-BACK-1")
def test_a_rollback_with_a_wrong_id_is_refused() -> None:
    book, transfer = with_a_lock()
    assert book.do(roll_back(transfer[::-1])) == "unknown-transfer"


@pytest.mark.clause("L-BACK-2")
@pytest.mark.parametrize("settle", [commit, roll_back])
def test_a_settled_transfer_is_not_rolled_back(settle: object) -> None:
    book, transfer = with_a_lock()
    book.do(settle(transfer))  # type: ignore[operator]
    assert book.do(roll_back(transfer), EXPIRY_MS) == "already-settled"


# --- locks and transfers -----------------------------------------------------------------------


@pytest.mark.clause("L-LOCK-1", "L-LOCK-2", "L-LOCK-4")
@pytest.mark.parametrize(
    ("payee", "code"),
    [
        (Address(platform="nowhere", agent="bob"), "unknown-platform"),
        (CAROL, "same-platform"),
        (ALICE, "same-platform"),
        (Address(platform="sprout", agent="nobody"), "unknown-destination"),
        (Address(platform="legion", agent="bob"), "unknown-destination"),
    ],
)
def test_a_lock_goes_to_an_open_account_of_another_platform(payee: Address, code: str) -> None:
    assert Book().do(lock(payee=payee)) == code


@pytest.mark.clause("L-LOCK-3", "L-LOCK-5")
def test_a_lock_comes_from_an_open_account_and_its_owner() -> None:
    body = TransferLock(
        chain_id=CHAIN,
        source=NOBODY,
        destination=BOB,
        amount_uatp=1,
        nonce=Nonce(0),
        expiry_ms=EXPIRY_MS,
    )
    assert Book().do(sign(body, owner_key(ALICE))) == "unknown-source"
    assert Book().do(lock(by=THOR)) == "wrong-key"


@pytest.mark.clause("L-LOCK-7", "L-XFER-7", "L-RULE-3")
@pytest.mark.parametrize(
    ("amount", "code"),
    [
        (0, "amount-not-positive"),
        (1, "ok"),
        (1000, "ok"),
        (1001, "insufficient-funds"),
        (2**63 - 1, "insufficient-funds"),
    ],
)
def test_an_amount_is_above_zero_and_available(amount: int, code: str) -> None:
    assert Book().do(lock(amount)) == code
    assert Book().do(pay(amount, 0)) == code


@pytest.mark.clause("L-LOCK-8")
@pytest.mark.parametrize(
    ("expiry_ms", "code"),
    [(START_MS, "expiry-not-future"), (START_MS + 1, "expiry-not-future"), (START_MS + 2, "ok")],
)
def test_an_expiry_is_in_the_future(expiry_ms: int, code: str) -> None:
    assert Book().do(lock(expiry_ms=expiry_ms)) == code


@pytest.mark.clause("L-XFER-1", "L-XFER-2", "L-XFER-3", "L-XFER-4", "L-XFER-5")
@pytest.mark.parametrize(
    ("source", "destination", "by", "code"),
    [
        (ALICE, BOB, ALICE, "not-local"),
        (NOBODY, CAROL, ALICE, "unknown-source"),
        (ALICE, NOBODY, ALICE, "unknown-destination"),
        (ALICE, ALICE, ALICE, "same-account"),
        (ALICE, CAROL, CAROL, "wrong-key"),
        (ALICE, CAROL, ALICE, "ok"),
    ],
)
def test_a_transfer_is_between_two_open_accounts_of_one_platform(
    source: Address, destination: Address, by: Address, code: str
) -> None:
    assert (
        Book().do(
            sign(
                Transfer(
                    chain_id=CHAIN,
                    source=source,
                    destination=destination,
                    amount_uatp=1,
                    nonce=Nonce(0),
                ),
                owner_key(by),
            )
        )
        == code
    )


@pytest.mark.clause("L-XFER-8")
def test_a_transfer_moves_the_amount_and_the_nonce() -> None:
    book = Book()
    book.do(pay(300, 0))
    assert (book.account(ALICE), book.account(CAROL)) == ((700, 0, 1), (300, 0, 0))


@pytest.mark.clause("L-LOCK-6", "L-XFER-6", "L-TX-2")
@pytest.mark.parametrize(
    ("nonce", "code"), [(0, "nonce-used"), (1, "ok"), (2, "nonce-gap"), (MAX_NONCE, "nonce-gap")]
)
def test_a_nonce_is_the_next_one(nonce: int, code: str) -> None:
    for transaction in (pay(2, nonce), lock(2, nonce)):
        book = Book()
        book.do(pay(1, 0))
        assert book.do(transaction) == code


@pytest.mark.clause("L-BLOCK-1", "L-LOCK-7")
@pytest.mark.parametrize("seed", range(20))
def test_no_mixture_of_transfers_and_locks_overspends(seed: int) -> None:
    dice, book, nonce = random.Random(seed), Book(), 0
    makers: list[Callable[[int, int], Transaction]] = [pay, lock]
    for _ in range(30):
        amount = dice.randint(1, 400)
        free, held, _ = book.account(ALICE)
        make = dice.choice(makers)
        expected = "ok" if amount <= free else "insufficient-funds"
        assert book.do(make(amount, nonce)) == expected
        nonce += expected == "ok"
        assert book.account(ALICE)[1] == held + (amount if make is lock and free >= amount else 0)


@pytest.mark.clause("L-OPEN-1", "L-OPEN-2", "L-OPEN-3", "L-OPEN-4")
@pytest.mark.parametrize(
    ("address", "platform", "signer", "code"),
    [
        (Address(platform="nowhere", agent="erin"), THOR, "erin", "unknown-platform"),
        (Address(platform="thor", agent="erin"), SPROUT, "erin", "wrong-key"),
        (Address(platform="thor", agent="erin"), THOR, "mallory", "wrong-key"),
        (ALICE, THOR, "erin", "account-exists"),
        (Address(platform="thor", agent="erin"), THOR, "erin", "ok"),
    ],
)
def test_an_opening_needs_the_platform_the_owner_and_a_free_name(
    address: Address, platform: Key, signer: str, code: str
) -> None:
    book = Book()
    body = AccountOpen(CHAIN, address, Key("erin").public)
    assert book.do(sign(body, platform, Key(signer))) == code
    if code == "ok":
        assert book.account(address) == (0, 0, 0)


# --- replays -----------------------------------------------------------------------------------


@pytest.mark.clause("L-STATE-5", "L-STATE-4", "L-RULE-2")
def test_no_transaction_applies_twice() -> None:
    book, locked, second = Book(), lock(), lock(100, 1)
    erin = Address(platform="thor", agent="erin")
    opening = sign(AccountOpen(CHAIN, erin, Key("erin").public), THOR, Key("erin"))
    everything = [locked, second, commit(locked.id), roll_back(second.id), pay(5, 2), opening]
    assert [book.do(each) for each in everything] == ["ok"] * 6
    root = LEDGER.root(book.state)
    replays = [book.do(each, EXPIRY_MS + 1) for each in everything]
    assert "ok" not in replays
    assert LEDGER.root(book.state) == root


@pytest.mark.clause("L-TX-4")
def test_a_transaction_changed_after_signing_never_passes_the_gate() -> None:
    fed = Federation(4)
    item, claims = fed.gate.parse_item(
        sign(
            Transfer(
                chain_id=fed.chain_id,
                source=ALICE,
                destination=CAROL,
                amount_uatp=5,
                nonce=Nonce(0),
            ),
            owner_key(ALICE),
        ).encoded
    )
    assert all(verify(*claim) for claim in claims)
    forged = item.encoded.replace(b"\x05\x00", b"\x06\x00")
    _, claims = fed.gate.parse_item(forged)
    assert not all(verify(*claim) for claim in claims)


@pytest.mark.clause("L-TX-3", "L-TX-5", "L-TX-6", "W-TYPE-3")
@pytest.mark.parametrize(
    ("body", "keys", "clause"),
    [
        (TransferRollback(CHAIN, TransactionId(bytes(32)), "x" * 121), 1, "W-TYPE-3"),
        (TransferRollback(CHAIN, TransactionId(bytes(32)), "two\nlines"), 1, "W-TYPE-3"),
        (TransferCommit(CHAIN, TransactionId(bytes(31))), 1, "W-TYPE-2"),
        (
            Transfer(
                chain_id=CHAIN,
                source=ALICE,
                destination=Address(platform="thor", agent="Carol"),
                amount_uatp=1,
                nonce=Nonce(0),
            ),
            1,
            "W-TYPE-3",
        ),
        (
            Transfer(
                chain_id=CHAIN,
                source=ALICE,
                destination=Address(platform="thor", agent=""),
                amount_uatp=1,
                nonce=Nonce(0),
            ),
            1,
            "W-TYPE-3",
        ),
        (
            Transfer(
                chain_id=CHAIN,
                source=ALICE,
                destination=CAROL,
                amount_uatp=1,
                nonce=Nonce(MAX_NONCE + 1),
            ),
            1,
            "W-TYPE-1",
        ),
        (
            Transfer(
                chain_id=CHAIN, source=ALICE, destination=CAROL, amount_uatp=2**63, nonce=Nonce(0)
            ),
            1,
            "W-TYPE-1",
        ),
        (
            Transfer(
                chain_id=CHAIN, source=ALICE, destination=CAROL, amount_uatp=1, nonce=Nonce(0)
            ),
            2,
            "L-TX-3",
        ),
        (TransferCommit(CHAIN, TransactionId(bytes(32))), 0, "L-TX-3"),
    ],
)
def test_a_malformed_transaction_never_passes_the_gate(body: Body, keys: int, clause: str) -> None:
    gate = Gate.of(GENESIS, LEDGER)
    transaction = sign(body, *[THOR, SPROUT][:keys])
    with pytest.raises(RemoteProtocolError, match=clause):
        gate.parse_item(transaction.encoded)


# --- blocks, genesis, codes --------------------------------------------------------------------


@pytest.mark.clause("L-BLOCK-2", "L-RULE-2")
def test_a_block_applies_whole_or_not_at_all() -> None:
    book = Book()
    result = LEDGER.apply(book.state, (pay(1, 0), pay(5000, 1)), TimeMs(START_MS + 1))
    assert isinstance(result, Refusal)
    assert (result.item, result.code) == (pay(5000, 1).id, "insufficient-funds")
    assert book.account(ALICE) == (1000, 0, 0)


@pytest.mark.clause("L-STATE-1", "A-APP-3")
def test_equal_contents_have_equal_roots_whatever_the_way_there() -> None:
    ways = ([pay(1, 0), pay(2, 1)], [pay(2, 0), pay(1, 1)])
    roots = []
    for way in ways:
        result = LEDGER.apply(Book().state, tuple(way), TimeMs(START_MS + 1))
        assert isinstance(result, Applied)
        roots.append(result.root)
    assert roots[0] == roots[1]
    assert roots[0] != LEDGER.root(Book().state)


@pytest.mark.clause("L-STATE-3")
def test_an_account_and_a_transfer_never_share_a_place() -> None:
    odd = str(ALICE).encode().ljust(32, b"\0")
    assert account_path(ALICE) != transfer_path(TransactionId(odd))


@pytest.mark.clause("L-RULE-1", "L-RULE-4")
def test_every_code_is_explained() -> None:
    assert set(EXPLAINED) == set(Code)


@pytest.mark.clause("L-GEN-1", "L-GEN-2", "L-GEN-3", "L-STATE-2", "A-APP-2")
@pytest.mark.parametrize(
    ("accounts", "clause"),
    [
        ([(Address(platform="nowhere", agent="a"), 1)], "L-GEN-2"),
        ([(ALICE, 1), (ALICE, 1)], "L-GEN-2"),
        ([(ALICE, MAX_SUPPLY_UATP), (BOB, 1)], "L-GEN-3"),
        ([(ALICE, -1)], "L-GEN-1"),
    ],
)
def test_an_impossible_genesis_is_refused(accounts: list[tuple[Address, int]], clause: str) -> None:
    content = genesis_content(
        GenesisAccount(who, PublicKey(bytes(32)), amount) for who, amount in accounts
    )
    with pytest.raises(LocalProtocolError, match=clause):
        LEDGER.initial(content)


@pytest.mark.clause("L-GEN-3")
def test_the_supply_is_the_sum_of_the_genesis() -> None:
    assert Book().state.supply_uatp == 1500
