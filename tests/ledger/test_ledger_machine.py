"""The ledger against a naive model: dictionaries, and each rule written again, differently."""

from __future__ import annotations

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.support.federation import Key, make_genesis, owner_key, platform_key, sign
from web4core import invariants
from web4core.application import Refusal
from web4core.ledger.application import Ledger
from web4core.ledger.state import Account, Address, account_path
from web4core.ledger.transactions import (
    AccountOpen,
    Body,
    Transfer,
    TransferCommit,
    TransferLock,
    TransferRollback,
)
from web4core.types import Nonce, TimeMs, TransactionId

PLATFORMS = ("thor", "sprout", "legion", "platform2")
PEOPLE = [
    Address(platform=platform, agent=agent)
    for platform in ("thor", "sprout")
    for agent in ("a", "b", "c")
]
UNKNOWN = [Address(platform="nowhere", agent="a"), Address(platform="legion", agent="z")]
ADDRESSES = st.sampled_from(PEOPLE * 3 + UNKNOWN)
AMOUNTS = st.sampled_from([0, 1, 2, 50, 99, 100, 101, 1000, 2**63 - 1])
KEYS = st.sampled_from(["owner"] * 4 + ["stranger"])


class Model:
    """What a ledger is, in the plainest words."""

    def __init__(self, start: dict[Address, int]) -> None:
        self.owner = {who: owner_key(who).public for who in start}
        self.free = dict(start)
        self.held = dict.fromkeys(start, 0)
        self.next = dict.fromkeys(start, 0)
        self.transfers: dict[bytes, list[object]] = {}

    def spend(self, payer: Address, amount: int, nonce: int, key: bytes) -> str | None:
        if key != self.owner[payer]:
            return "wrong-key"
        if nonce != self.next[payer]:
            return "nonce-used" if nonce < self.next[payer] else "nonce-gap"
        if amount < 1:
            return "amount-not-positive"
        return "insufficient-funds" if amount > self.free[payer] else None

    def run(self, body: Body, identity: bytes, now: int, keys: tuple[bytes, ...]) -> str | None:
        match body:
            case AccountOpen(address=who, owner=owner):
                if who.platform not in PLATFORMS:
                    return "unknown-platform"
                home = platform_key(PLATFORMS.index(who.platform)).public
                if keys != (home, owner):
                    return "wrong-key"
                if who in self.free:
                    return "account-exists"
                self.owner[who], self.free[who], self.held[who], self.next[who] = owner, 0, 0, 0
            case Transfer(source=payer, destination=payee, amount_uatp=amount, nonce=nonce):
                if payer.platform != payee.platform:
                    return "not-local"
                for who, unknown in ((payer, "unknown-source"), (payee, "unknown-destination")):
                    if who not in self.free:
                        return unknown
                if payer == payee:
                    return "same-account"
                if code := self.spend(payer, amount, nonce, keys[0]):
                    return code
                self.free[payer] -= amount
                self.free[payee] += amount
                self.next[payer] += 1
            case TransferLock(source=payer, destination=payee, amount_uatp=amount):
                if payee.platform not in PLATFORMS:
                    return "unknown-platform"
                if payer.platform == payee.platform:
                    return "same-platform"
                for who, unknown in ((payer, "unknown-source"), (payee, "unknown-destination")):
                    if who not in self.free:
                        return unknown
                if code := self.spend(payer, amount, body.nonce, keys[0]):
                    return code
                if now >= body.expiry_ms:
                    return "expiry-not-future"
                self.free[payer] -= amount
                self.held[payer] += amount
                self.next[payer] += 1
                self.transfers[identity] = [payer, payee, amount, body.expiry_ms, "locked"]
            case TransferCommit() | TransferRollback():
                return self.settle(body, now, keys[0])
        return None

    def settle(self, body: TransferCommit | TransferRollback, now: int, key: bytes) -> str | None:
        if body.transfer not in self.transfers:
            return "unknown-transfer"
        record = self.transfers[body.transfer]
        payer, payee, amount, expiry, phase = record
        assert isinstance(payer, Address)
        assert isinstance(payee, Address)
        assert isinstance(amount, int)
        assert isinstance(expiry, int)
        host = platform_key(PLATFORMS.index(payee.platform)).public
        if isinstance(body, TransferCommit):
            if key != host:
                return "wrong-key"
            if phase != "locked":
                return "already-settled"
            if now >= expiry:
                return "transfer-expired"
            self.free[payee] += amount
        else:
            if phase != "locked":
                return "already-settled"
            if key != host and now < expiry:
                return "not-expired"
            self.free[payer] += amount
        self.held[payer] -= amount
        record[4] = "done"
        return None


class LedgerMachine(RuleBasedStateMachine):
    """Any transaction, by anybody, at any time: the shipped ledger says what the model says."""

    def __init__(self) -> None:
        super().__init__()
        start = {who: 100 for who in PEOPLE if who.agent != "c"}
        genesis = make_genesis(4, start)
        self.ledger = Ledger.of(genesis)
        self.state = self.ledger.initial(genesis.content)
        self.model = Model(start)
        self.now = 1_000
        self.locks: list[bytes] = [bytes(32)]

    def submit(self, body: Body, *keys: Key) -> None:
        transaction = sign(body, *keys)
        before = self.state
        self.now += 1
        result = self.ledger.apply(self.state, (transaction,), TimeMs(self.now))
        publics = tuple(key.public for key in keys)
        expected = self.model.run(body, transaction.id, self.now, publics)
        if isinstance(result, Refusal):
            assert expected == result.code
            assert self.ledger.root(before) == self.ledger.root(self.state)
            return
        assert expected is None
        self.state = result.state
        if isinstance(body, TransferLock):
            self.locks.append(transaction.id)

    def key(self, who: Address, whose: str) -> Key:
        return owner_key(who) if whose == "owner" else Key("stranger")

    @rule(who=ADDRESSES, by=st.integers(0, 3), whose=KEYS)
    def open(self, who: Address, by: int, whose: str) -> None:
        owner = owner_key(who)
        body = AccountOpen(self.ledger.chain_id, who, owner.public)
        self.submit(body, platform_key(by), self.key(who, whose))

    @rule(payer=ADDRESSES, payee=ADDRESSES, amount=AMOUNTS, off=st.integers(-1, 1), whose=KEYS)
    def transfer(self, payer: Address, payee: Address, amount: int, off: int, whose: str) -> None:
        nonce = max(0, self.model.next.get(payer, 0) + (off if amount % 2 else 0))
        body = Transfer(
            chain_id=self.ledger.chain_id,
            source=payer,
            destination=payee,
            amount_uatp=amount,
            nonce=Nonce(nonce),
        )
        self.submit(body, self.key(payer, whose))

    @rule(
        payer=ADDRESSES,
        payee=ADDRESSES,
        amount=AMOUNTS,
        ahead=st.integers(-1, 8),
        whose=KEYS,
    )
    def lock(self, payer: Address, payee: Address, amount: int, ahead: int, whose: str) -> None:
        nonce = self.model.next.get(payer, 0)
        body = TransferLock(
            chain_id=self.ledger.chain_id,
            source=payer,
            destination=payee,
            amount_uatp=amount,
            nonce=Nonce(nonce),
            expiry_ms=TimeMs(self.now + 1 + ahead),
        )
        self.submit(body, self.key(payer, whose))

    @rule(data=st.data(), by=st.integers(0, 3))
    def commit(self, data: st.DataObject, by: int) -> None:
        transfer = data.draw(st.sampled_from(self.locks))
        self.submit(TransferCommit(self.ledger.chain_id, TransactionId(transfer)), platform_key(by))

    @rule(data=st.data(), by=st.integers(0, 4))
    def roll_back(self, data: st.DataObject, by: int) -> None:
        transfer = data.draw(st.sampled_from(self.locks))
        key = Key("stranger") if by == 4 else platform_key(by)
        self.submit(TransferRollback(self.ledger.chain_id, TransactionId(transfer), "why not"), key)

    @rule(ms=st.integers(1, 10))
    def wait(self, ms: int) -> None:
        self.now += ms

    @invariant()
    def the_ledger_is_what_the_model_says(self) -> None:
        for who, free in self.model.free.items():
            account = self.state.entries.get(account_path(who))
            assert isinstance(account, Account)
            assert free == account.available_uatp
            assert self.model.held[who] == account.locked_uatp
            assert self.model.next[who] == account.nonce

    @invariant()
    def the_invariants_hold(self) -> None:
        for name, holds in invariants.LEDGER_INVARIANTS.items():
            assert holds(self.state) is None, name


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = hypothesis_settings(
    hypothesis_settings(), max_examples=60, stateful_step_count=40
)
