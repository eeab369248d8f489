"""Scenarios: short scripts that command a federation, and the transcript of what comes of it.

A script is a text file of three kinds of lines: `> ` and a command; `# ` and a remark; and,
below each command, what the platforms did, indented.
Blocks are called A, B, C in the order in which they are first seen, transfers by the name that
`lock` gives them, so that a transcript can be read and does not change with the keys.

    federation N [byzantine NAME]        N platforms, at rest
    submit NAME open ACCOUNT             hand a transaction to a platform:
    submit NAME transfer ACCOUNT -> ACCOUNT AMOUNT
    submit NAME lock ACCOUNT -> ACCOUNT AMOUNT for MS as T
    submit NAME commit T                 signed by this platform
    submit NAME rollback T               signed by this platform
    drop KIND from NAME|all to NAME|all  lose such messages from now on
    part NAME,NAME from NAME,NAME        lose everything between these
    heal                                 lose nothing any more
    reconnect                            every link comes up again
    deliver all                          deliver until nothing is on its way
    timer KIND NAME                      let a timer run out
    wait MS                              only the clock moves
    run                                  deliver, and fire timers in order, until nobody has work
    equivocate NAME [to all]             its proposal to one half, another to the other, or both
    crash NAME / restart NAME
    expect height H on NAME|all
    expect view V on NAME|all
    expect balance ACCOUNT AVAILABLE LOCKED
"""

from __future__ import annotations

from collections.abc import Callable

from tests.support.federation import (
    ALICE,
    BOB,
    NAMES,
    Federation,
    Node,
    owner_key,
    platform_key,
    sign,
)
from tests.support.forge import block_after, proposal
from web4core.chain import Block
from web4core.effects import Accuse, Decide, Effect, Fetch, Refuse, Send, Sign
from web4core.events import TimerKind
from web4core.ledger.state import Account, Address, account_path
from web4core.ledger.transactions import (
    AccountOpen,
    Body,
    Transfer,
    TransferCommit,
    TransferLock,
    TransferRollback,
)
from web4core.messages import (
    Decided,
    Draft,
    Kind,
    Message,
    ProposalDraft,
    Submission,
    ViewChangeDraft,
)
from web4core.types import TimeMs, TransactionId

MAX_TIMERS = 500
"""Timers that `run` fires at most."""

COMMANDS = (
    "federation",
    "submit",
    "drop",
    "part",
    "heal",
    "reconnect",
    "deliver",
    "timer",
    "wait",
    "run",
    "equivocate",
    "crash",
    "restart",
    "expect",
)


class Recorded(Federation):
    """A federation that writes down what its platforms do."""

    def __init__(self, n: int, byzantine: tuple[int, ...]) -> None:
        self.lines: list[str] = []
        self.letters: dict[bytes, str] = {}
        accounts = {ALICE: 1000, BOB: 500}
        super().__init__(n, byzantine=byzantine, accounts=accounts)

    def letter(self, digest: bytes) -> str:
        """What the transcript calls a block."""
        return self.letters.setdefault(digest, chr(ord("A") + len(self.letters)))

    def say(self, index: int, text: str) -> None:
        self.lines.append(f"  {NAMES[index]:<10}{text}")

    def _perform(self, index: int, node: Node, effect: Effect) -> None:
        match effect:
            case Sign(draft=unsigned):
                self._say_signed(index, unsigned)
            case Send(message=Decided(block=block), to=to):
                helped = ", ".join(NAMES[each] for each in to)
                self.say(index, f"shows {self.letter(block.digest)} to {helped}")
            case Decide(block=block, certificate=proof):
                items = len(block.payload)
                letter = self.letter(block.digest)
                where = f"{proof.height}/{proof.view}"
                self.say(index, f"decides {letter} at {where}: {items} transaction(s)")
            case Refuse(code=code):
                self.say(index, f"refuses: {code}")
            case Accuse(evidence=evidence):
                first = evidence.first
                where = f"{first.height}/{first.view}"
                self.say(index, f"accuses {NAMES[first.signer]}: two {first.kind.name} at {where}")
            case Fetch(height=height, to=to):
                self.say(index, f"asks {NAMES[to]} for block {height} and on")
            case _:
                pass
        super()._perform(index, node, effect)

    def _say_signed(self, index: int, unsigned: Draft) -> None:
        if unsigned.statement.kind is Kind.STATUS:
            return
        said = unsigned.statement
        about = ""
        if isinstance(unsigned, ViewChangeDraft):
            prepared = unsigned.prepared
            about = "" if prepared is None else f" with {self.letter(prepared.digest)} prepared"
        else:
            about = f" {self.letter(said.digest)}"
        if isinstance(unsigned, ProposalDraft) and unsigned.justification is not None:
            about += " again"
        self.say(index, f"{said.kind.name} {said.height}/{said.view}{about}")


def _address(text: str) -> Address:
    agent, platform = text.split("@")
    return Address(platform=platform, agent=agent)


def _is_a(kind: str, message: Message) -> bool:
    if isinstance(message, Submission | Decided):
        return kind == type(message).__name__.lower()
    return kind == message.statement.kind.name.lower().replace("_", "-")


class Scenario:
    """One run of a script; `transcript` is the script with what happened."""

    def __init__(self) -> None:
        self.fed = Recorded(4, ())
        self.transfers: dict[str, bytes] = {}
        self.losses: list[Callable[[int, int, Message], bool]] = []
        self.commands: dict[str, Callable[[list[str]], None]] = {
            name: getattr(self, f"_{name}") for name in COMMANDS
        }

    def transcript(self, script: str) -> str:
        """Run every command; below each, what came of it."""
        out: list[str] = []
        for line in script.splitlines():
            if not line.startswith("> "):
                if line == "" or line.startswith("#"):
                    out.append(line)
                continue
            name, *words = line[2:].split()
            out.append(line)
            self.commands[name](words)
            out.extend(self.fed.lines)
            self.fed.lines = []
        return "\n".join(out) + "\n"

    def _which(self, text: str) -> tuple[int, ...]:
        if text == "all":
            return tuple(range(self.fed.n))
        return tuple(NAMES.index(name) for name in text.split(","))

    def _federation(self, words: list[str]) -> None:
        byzantine = self._which(words[2]) if len(words) > 1 else ()
        self.fed = Recorded(int(words[0]), byzantine)
        self.fed.cut = lambda source, target, message: any(
            lose(source, target, message) for lose in self.losses
        )
        self.fed.settle()

    def _submit(self, words: list[str]) -> None:
        (index,) = self._which(words[0])
        body, signer = self._body(words[1:])
        host = platform_key(index)
        if isinstance(body, AccountOpen):
            transaction = sign(body, host, owner_key(body.address))
        elif signer is None:
            transaction = sign(body, host)
        else:
            transaction = sign(body, owner_key(signer))
        if "as" in words:
            self.transfers[words[-1]] = transaction.id
        self.fed.submit(index, transaction)

    def _body(self, words: list[str]) -> tuple[Body, Address | None]:
        chain, kind = self.fed.chain_id, words[0]
        if kind == "open":
            who = _address(words[1])
            return AccountOpen(chain, who, owner_key(who).public), None
        if kind == "commit":
            return TransferCommit(chain, TransactionId(self.transfers[words[1]])), None
        if kind == "rollback":
            return TransferRollback(chain, TransactionId(self.transfers[words[1]]), "no"), None
        payer, payee, amount = _address(words[1]), _address(words[3]), int(words[4])
        nonce = self._account(payer).nonce
        if kind == "lock":
            expiry_ms = self.fed.now_ms + int(words[6])
            return TransferLock(
                chain_id=chain,
                source=payer,
                destination=payee,
                amount_uatp=amount,
                nonce=nonce,
                expiry_ms=TimeMs(expiry_ms),
            ), payer
        return Transfer(
            chain_id=chain, source=payer, destination=payee, amount_uatp=amount, nonce=nonce
        ), payer

    def _account(self, address: Address) -> Account:
        highest = max(self.fed.nodes.values(), key=lambda node: node.state.height)
        account = highest.state.app.entries.get(account_path(address))
        assert isinstance(account, Account), f"{address} is not open"
        return account

    def _drop(self, words: list[str]) -> None:
        kind, sources, targets = words[0], self._which(words[2]), self._which(words[4])
        self.losses.append(
            lambda source, target, message: (
                source in sources and target in targets and _is_a(kind, message)
            )
        )

    def _part(self, words: list[str]) -> None:
        ours, theirs = self._which(words[0]), self._which(words[2])
        self.losses.append(
            lambda source, target, _message: (
                (source in ours and target in theirs) or (source in theirs and target in ours)
            )
        )

    def _heal(self, _words: list[str]) -> None:
        self.losses.clear()

    def _reconnect(self, _words: list[str]) -> None:
        self.fed.connect()

    def _deliver(self, _words: list[str]) -> None:
        self.fed.settle()

    def _timer(self, words: list[str]) -> None:
        (index,) = self._which(words[1])
        self.fed.ring(index, TimerKind[words[0].upper()])

    def _wait(self, words: list[str]) -> None:
        self.fed.now_ms += int(words[0])

    def _run(self, _words: list[str]) -> None:
        for _ in range(MAX_TIMERS):
            self.fed.settle()
            if self.fed.finished():
                return
            if not self.fed.fire_next_timer():
                return

    def _equivocate(self, words: list[str]) -> None:
        (index,) = self._which(words[0])
        honest = self.fed.honest
        state = self.fed.nodes[honest[0]].state
        blocks: list[Block] = []
        for later in (1, 2):
            waiting = self.fed.ledger.waiting(state.pool, 10)
            blocks.append(block_after(state, waiting, self.fed.now_ms + later))
        half = (len(honest) + 1) // 2
        sides = (honest, honest) if words[1:] == ["to", "all"] else (honest[:half], honest[half:])
        for block, targets in zip(blocks, sides, strict=True):
            message = proposal(self.fed, block, state.agreement.view)
            for target in targets:
                letter = self.fed.letter(block.digest)
                self.fed.say(index, f"proposes {letter} to {NAMES[target]}")
                self.fed.send(index, target, message)

    def _crash(self, words: list[str]) -> None:
        self.fed.crash(self._which(words[0])[0])

    def _restart(self, words: list[str]) -> None:
        self.fed.restart(self._which(words[0])[0])

    def _expect(self, words: list[str]) -> None:
        if words[0] == "balance":
            account = self._account(_address(words[1]))
            found = [account.available_uatp, account.locked_uatp]
            assert found == [int(words[2]), int(words[3])], f"{words[1]} has {found}"
            return
        for index in self._which(words[3]):
            node = self.fed.nodes.get(index)
            if node is None or not node.up:
                continue
            agreement = node.state.agreement
            found_here = agreement.height if words[0] == "height" else agreement.view
            assert found_here == int(words[1]), f"{NAMES[index]} is at {found_here}"
