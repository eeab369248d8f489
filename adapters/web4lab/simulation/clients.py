"""Clients: owners of accounts who pay, send across platforms, cheat a little, and do not give up.

Each goes through its errands one after the other. An errand is a script: it yields a transaction,
and receives the outcome. The client hands the transaction to one platform after another, until one
of them reports that it is in a block, or refuses it for good.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Generator
from typing import Final, Protocol, TypeAlias

from attrs import define, field, frozen

from web4core import (
    AccountOpen,
    Address,
    Code,
    Nonce,
    PoolCode,
    TimeMs,
    Transaction,
    Transfer,
    TransferCommit,
    TransferLock,
    TransferRollback,
)
from web4lab.simulation.federation import (
    ENDOWMENT_UATP,
    START_MS,
    Federation,
    owner_address,
    platform_name,
)
from web4lab.simulation.prng import Prng
from web4lab.simulation.virtual_time import MS, VirtualTime

PASSING: Final = tuple(
    map(
        str,
        (
            Code.NONCE_GAP,
            Code.NOT_EXPIRED,
            Code.UNKNOWN_TRANSFER,
            PoolCode.LANE_FULL,
            PoolCode.OUTPACED,
            PoolCode.POOL_FULL,
        ),
    )
)
"""Refusals that may pass: the platform asked may be behind, or full."""

COMMITTED = "committed"
"""The outcome of a transaction that is in a block; any other outcome is the code of its refusal."""

Script: TypeAlias = Generator[Transaction, str, None]


class Errand(enum.Enum):
    """The kinds of errand."""

    PAY = "pays a neighbour"
    SEND = "sends to another platform, where it is accepted"
    DECLINED = "sends to another platform, which declines"
    EXPIRED = "sends to another platform, and takes it back when it has expired"
    OPEN = "opens an account, and pays into it"
    OVERDRAW = "spends more than there is"
    SPEND_TWICE = "signs two payments with one nonce"


@frozen
class Client:
    """One client: its account, its patience, and its errands."""

    platform: int
    owner: int
    errands: tuple[Errand, ...]
    think_ms: int
    """The pause between two errands."""
    retry_ms: int
    """The wait for an answer, or for the outcome of an accepted transaction, before it asks another
    platform.
    """
    faithful: bool
    """Whether it leaves a transaction to the platform that accepted it, for a long time."""


FAITHFUL_MS = 20_000
POLL_MS = 500
"""The interval at which a client asks for the outcome of a transaction."""

ROUND_TRIP_US = (500, 4_000)
"""The shortest and the longest time of a message between a client and a platform."""


class Desk(Protocol):
    """The platforms as their clients see them."""

    def submit(
        self, platform: int, item: Transaction, answer: Callable[[dict[bytes, str]], None]
    ) -> None:
        """Hand in a transaction; there may never be an answer."""
        ...

    def fate(self, platform: int, transaction: bytes) -> str | None:
        """A platform's answer on the outcome of a transaction: `COMMITTED`, a code, or nothing."""
        ...

    def nonce(self, platform: int, address: Address) -> Nonce | None:
        """The next nonce of an account, if the platform answers."""
        ...

    def helps(self, platform: int) -> bool:
        """Whether a platform settles transfers to its agents, as an honest one does."""
        ...

    def acknowledged(self, platform: int, item: Transaction) -> None:
        """Note that a platform has accepted a transaction of the client."""
        ...


@define(eq=False)
class _Delivery:
    """One transaction on its way, until its final outcome is known."""

    item: Transaction
    then: Callable[[str], None]
    accepted_by: int | None = None
    accepted_at_us: int = 0
    over: bool = False


@define(eq=False)
class Walker:
    """A client at work."""

    client: Client
    federation: Federation
    time: VirtualTime
    dice: Prng
    desk: Desk
    until_done: int = field(init=False)
    nonce: Nonce = field(default=Nonce(0))
    carried_out: int = 0
    _left: list[Errand] = field(init=False)
    _waits_for: list[_Delivery] = field(factory=list)
    _opened: int = 0

    def __attrs_post_init__(self) -> None:
        self._left = list(self.client.errands)
        self.until_done = len(self._left)

    @property
    def is_done(self) -> bool:
        """Whether all errands are."""
        return self.until_done == 0 and not self._waits_for

    @property
    def waits_for(self) -> tuple[Transaction, ...]:
        """The transactions whose final outcome is not known."""
        return tuple(each.item for each in self._waits_for)

    def begin(self) -> None:
        """Start with the first errand."""
        self._after(self.dice.below(self.client.think_ms + 1), self._next)

    def _after(self, delay_ms: int, act: Callable[[], None]) -> None:
        self.time.after(delay_ms * MS, act)

    def _next(self) -> None:
        if self._left:
            self._run(_SCRIPTS[self._left.pop(0)](self), None)

    def _run(self, script: Script, news: str | None) -> None:
        """Go on with a script until it waits for the next transaction, or ends."""
        try:
            item = next(script) if news is None else script.send(news)
        except StopIteration:
            self.until_done -= 1
            self.carried_out += 1
            self._after(self.client.think_ms, self._next)
            return
        self.deliver(item, lambda fate: self._run(script, fate))

    # --- getting a transaction through ---

    def deliver(self, item: Transaction, then: Callable[[str], None]) -> None:
        """Hand a transaction to platforms until its outcome is known."""
        delivery = _Delivery(item, then)
        self._waits_for.append(delivery)
        self._hand_in(delivery, self.client.platform)
        self._poll(delivery)

    def _trip_us(self) -> int:
        return self.dice.between(*ROUND_TRIP_US) // 2

    def _hand_in(self, delivery: _Delivery, platform: int) -> None:
        def answered(codes: dict[bytes, str]) -> None:
            code = codes.get(delivery.item.id)
            self.time.after(self._trip_us(), lambda: self._hear(delivery, platform, code))

        self.time.after(
            self._trip_us(), lambda: self.desk.submit(platform, delivery.item, answered)
        )
        self._after(self.client.retry_ms, lambda: self._retry(delivery))

    def _hear(self, delivery: _Delivery, platform: int, code: str | None) -> None:
        """Take the answer to a submission."""
        if code is None:
            self.desk.acknowledged(platform, delivery.item)
            delivery.accepted_by = platform
            delivery.accepted_at_us = self.time.now_us
        elif code not in PASSING:
            self._conclude(delivery, self.desk.fate(platform, delivery.item.id) or code)

    def _retry(self, delivery: _Delivery) -> None:
        if delivery.over:
            return
        waits_ms = (self.time.now_us - delivery.accepted_at_us) // MS
        trusts = self.client.faithful and delivery.accepted_by is not None
        if trusts and waits_ms < FAITHFUL_MS:
            self._after(self.client.retry_ms, lambda: self._retry(delivery))
        else:
            self._hand_in(delivery, self.dice.below(self.federation.n))

    def _poll(self, delivery: _Delivery) -> None:
        if delivery.over:
            return
        platform = delivery.accepted_by
        if platform is None or not self.client.faithful:
            platform = self.dice.below(self.federation.n)
        fate = self.desk.fate(platform, delivery.item.id)
        if fate is not None and fate not in PASSING:
            self._conclude(delivery, fate)
        else:
            self._after(POLL_MS, lambda: self._poll(delivery))

    def _conclude(self, delivery: _Delivery, fate: str) -> None:
        if delivery.over:
            return
        delivery.over = True
        self._waits_for.remove(delivery)
        if fate != COMMITTED:
            self._ask_nonce()
        elif isinstance(delivery.item.body, Transfer | TransferLock):
            self.nonce = Nonce(delivery.item.body.nonce + 1)
        delivery.then(fate)

    def _ask_nonce(self) -> None:
        """After a refusal, take the nonce from the platforms."""
        for platform in (self.client.platform, self.dice.below(self.federation.n)):
            nonce = self.desk.nonce(platform, self.address)
            if nonce is not None:
                self.nonce = nonce
                return

    # --- transactions ---

    @property
    def address(self) -> Address:
        """The client's account."""
        return owner_address(self.client.platform, self.client.owner)

    @property
    def neighbour(self) -> Address:
        """Somebody else's account on the same platform."""
        return owner_address(self.client.platform, 1 - self.client.owner)

    def now_ms(self) -> int:
        """The time of day; a client's clock is right."""
        return START_MS + self.time.now_us // MS

    def payment(self, to: Address, amount_uatp: int) -> Transaction:
        """A transfer within the platform, of the next nonce."""
        body = Transfer(
            chain_id=self.federation.chain_id,
            source=self.address,
            destination=to,
            amount_uatp=amount_uatp,
            nonce=self.nonce,
        )
        return self.federation.transaction(body, str(self.address))

    def lock(self, to: Address, amount_uatp: int, lasts_ms: int) -> Transaction:
        """A transfer to another platform, of the next nonce."""
        expiry_ms = TimeMs(self.now_ms() + lasts_ms)
        body = TransferLock(
            chain_id=self.federation.chain_id,
            source=self.address,
            destination=to,
            amount_uatp=amount_uatp,
            nonce=self.nonce,
            expiry_ms=expiry_ms,
        )
        return self.federation.transaction(body, str(self.address))

    def amount(self) -> int:
        """An amount that the account can spare."""
        return self.dice.between(1, ENDOWMENT_UATP // 100)

    def elsewhere(self) -> int:
        """Another platform than the client's own."""
        n = self.federation.n
        return (self.client.platform + self.dice.between(1, n - 1)) % n

    def new_address(self) -> Address:
        """An account that is not open yet."""
        self._opened += 1
        name = f"{self.address.agent}-{self._opened}"
        return Address(platform=platform_name(self.client.platform), agent=name)


# --- errands -----------------------------------------------------------------------------------


def _pay(walker: Walker) -> Script:
    yield walker.payment(walker.neighbour, walker.amount())


def _overdraw(walker: Walker) -> Script:
    yield walker.payment(walker.neighbour, ENDOWMENT_UATP * walker.dice.between(2, 10) * 10)


def _spend_twice(walker: Walker) -> Script:
    """Hand a conflicting payment to another platform at the same time: at most one gets in."""
    first = walker.payment(walker.neighbour, walker.amount())
    rival = walker.payment(walker.neighbour, walker.amount())
    walker.deliver(rival, lambda _fate: None)
    yield first


def _open(walker: Walker) -> Script:
    address = walker.new_address()
    platform, owner = platform_name(walker.client.platform), str(walker.address)
    key = walker.federation.key_of(owner).public
    body = AccountOpen(walker.federation.chain_id, address, key)
    if (yield walker.federation.transaction(body, platform, owner)) == COMMITTED:
        yield walker.payment(address, walker.amount())


def _send(walker: Walker) -> Script:
    target = walker.elsewhere()
    lock = walker.lock(
        owner_address(target, 0), walker.amount(), walker.dice.between(8_000, 60_000)
    )
    if (yield lock) != COMMITTED:
        return
    if walker.desk.helps(target):
        body = TransferCommit(walker.federation.chain_id, lock.id)
        if (yield walker.federation.transaction(body, platform_name(target))) == COMMITTED:
            return
    yield from _take_back(walker, lock)


def _declined(walker: Walker) -> Script:
    target = walker.elsewhere()
    lock = walker.lock(
        owner_address(target, 1), walker.amount(), walker.dice.between(8_000, 60_000)
    )
    if (yield lock) != COMMITTED:
        return
    if walker.desk.helps(target):
        body = TransferRollback(walker.federation.chain_id, lock.id, "declined")
        yield walker.federation.transaction(body, platform_name(target))
    else:
        yield from _take_back(walker, lock)


def _expired(walker: Walker) -> Script:
    target = walker.elsewhere()
    lock = walker.lock(owner_address(target, 0), walker.amount(), walker.dice.between(500, 4_000))
    if (yield lock) == COMMITTED:
        yield from _take_back(walker, lock)


def _take_back(walker: Walker, lock: Transaction) -> Script:
    """Roll back, as anybody may after expiry; until then the platforms refuse, so ask again."""
    body = TransferRollback(walker.federation.chain_id, lock.id, "expired")
    yield walker.federation.transaction(body, str(walker.address))


_SCRIPTS: Final[dict[Errand, Callable[[Walker], Script]]] = {
    Errand.PAY: _pay,
    Errand.SEND: _send,
    Errand.DECLINED: _declined,
    Errand.EXPIRED: _expired,
    Errand.OPEN: _open,
    Errand.OVERDRAW: _overdraw,
    Errand.SPEND_TWICE: _spend_twice,
}
