"""Tables of the specification that come from the code: records, bounds, codes, settings, tags."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Any

from attrs import fields

from tests.spec_tools.clauses import ROOT
from web4core import chain, link, messages, settings, snapshot
from web4core.chain import Genesis, Platform
from web4core.hashing import Tag
from web4core.ledger import application, light, pool, rules, state, transactions
from web4core.ledger.application import Ledger, genesis_content
from web4core.schema import Schema
from web4core.settings import Settings
from web4core.types import PublicKey, TimeMs

_LEDGER = Ledger.of(
    Genesis("example", TimeMs(0), (Platform("thor", PublicKey(bytes(32))),), genesis_content(()))
)
_MESSAGES = messages.message_schemas(_LEDGER.decode)
_EXPONENTS = (63, 34, 30)


def _members(union: Schema[Any]) -> tuple[Schema[Any], ...]:
    return tuple(member for _, member in union.fields)


RECORDS: dict[str, tuple[Schema[Any], ...]] = {
    "chain": (chain.PLATFORM, chain.GENESIS, chain.HEADER, _MESSAGES.block),
    "messages": (
        messages.STATEMENT,
        messages.CERTIFICATE,
        *_members(_MESSAGES.message),
        messages.EVIDENCE,
    ),
    "ledger": (
        state.ADDRESS,
        *_members(state.ENTRY),
        application.ENDOWMENT,
        transactions._ENVELOPE,
        *_members(transactions.BODY),
    ),
    "proofs": (
        light.ANCHOR,
        light._STEP,
        light._MAP_PROOF,
        light.ENTRY_PROOF,
        light.INCLUSION_PROOF,
    ),
    "link": (link.HELLO, link.WELCOME, link.PROOF),
    "journal": (snapshot._TIMER, snapshot.SETTINGS, *_members(snapshot.event_schema(_LEDGER))),
}
"""The records that each section of `wire.md` shows."""

LEFT_OUT = ("by(signer, signature)", "ledger(supply, entries)")
"""Records of the code that no byte string outside a platform shows: a pair, part of a snapshot."""


def records_of_the_core() -> Iterator[str]:
    """Every record that stands at the top of a module of the core, as it says itself."""
    for path in sorted((ROOT / "web4core").rglob("*.py")):
        for value in vars(import_module(_module_name(path))).values():
            if isinstance(value, Schema) and value.label is not None:
                yield value.says


def record_table(section: str) -> str:
    """A table of records: label, fields in order, the type of each."""
    lines = ["| record | field | type |", "|---|---|---|"]
    for schema in RECORDS[section]:
        label = f"**{schema.label}**"
        for name, inner in schema.fields:
            lines.append(f"| {label} | {name} | {phrase(inner)} |")
            label = ""
    return "\n".join(lines)


def phrase(schema: Schema[Any]) -> str:
    """What a schema says, with records by their labels alone."""
    if schema.says.startswith("a name that matches"):
        return "a name (W-TYPE-3)"
    return _numbers(re.sub(r"\b(\w+)\([\w, ]+\)", r"`\1`", schema.says))


def _numbers(text: str) -> str:
    """The same text with powers of two in place of very large numbers."""
    for exponent in _EXPONENTS:
        for less, suffix in ((0, ""), (1, " - 1"), (2, " - 2")):
            text = re.sub(rf"\b{2**exponent - less}\b", f"2^{exponent}{suffix}", text)
    return text


_USES = {
    Tag.GENESIS: "digest of a genesis: the chain id (H-GENESIS-2)",
    Tag.HEADER: "digest of a header: the block's (H-BLOCK-1)",
    Tag.TRANSACTION: "id of a transaction, and what its keys sign (L-TX-4)",
    Tag.PREPARED: "digest in a VIEW-CHANGE (C-STMT-3)",
    Tag.STATEMENT: "what platforms sign (C-STMT-2)",
    Tag.HELLO: "what the two ends of a link sign (W-LINK-3)",
    Tag.MAP_KEY: "paths of accounts and transfers (L-STATE-3)",
    Tag.MAP_LEAF: "leaves of the map (W-MAP-3)",
    Tag.MAP_BRANCH: "branches of the map (W-MAP-4)",
    Tag.MAP_EMPTY: "root of an empty map (W-MAP-3)",
    Tag.STATE: "name of a platform's state; never leaves it",
}


def tag_table() -> str:
    """The tags, their domains, and what each is for."""
    lines = ["| tag | domain, in hex | use |", "|---|---|---|"]
    lines += [f"| {tag.value} | `{tag.prefix.hex()}` | {_USES[tag]} |" for tag in Tag]
    return "\n".join(lines)


def code_table() -> str:
    """The refusal codes of the rules."""
    return _codes(rules.Code, {code.value: text for code, text in rules.EXPLAINED.items()})


def pool_code_table() -> str:
    """The refusal codes of the pool."""
    return _codes(pool.PoolCode, {code.value: text for code, text in pool.POOL_EXPLAINED.items()})


def _codes(codes: type[StrEnum], explained: dict[str, str]) -> str:
    lines = ["| code | meaning |", "|---|---|"]
    return "\n".join(lines + [f"| `{code.value}` | {explained[code.value]} |" for code in codes])


def settings_table() -> str:
    """Every setting with its default, its bounds and its meaning."""
    tree = ast.parse(Path(settings.__file__).read_text(encoding="utf-8"))
    (body,) = (node.body for node in tree.body if isinstance(node, ast.ClassDef))
    says = _documented(body)
    most = {
        "block_items": chain.MAX_BLOCK_ITEMS,
        "block_bytes": chain.MAX_BLOCK_BYTES,
        "pool_items": settings.MAX_POOL,
    }
    least = {"block_bytes": chain.MAX_ITEM_BYTES}
    lines = ["| setting | default | least | most | meaning |", "|---|---|---|---|---|"]
    for each in fields(Settings):
        bounds = f"{least.get(each.name, 1)} | {most.get(each.name, settings.MAX_DELAY_MS)}"
        lines.append(f"| `{each.name}` | {each.default} | {bounds} | {says[each.name]} |")
    return "\n".join(lines)


def _documented(body: list[ast.stmt]) -> dict[str, str]:
    """Each name that is assigned to, and the string that follows it, if one does."""
    says: dict[str, str] = {}
    for node, follower in zip(body, [*body[1:], ast.Pass()], strict=True):
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        if isinstance(node, ast.AnnAssign):
            target = node.target
        if isinstance(target, ast.Name):
            says[target.id] = _text(follower)
    return says


def _text(node: ast.stmt) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return " ".join(str(node.value.value).split())
    return ""


BOUND_FOLDERS = (
    "web4core",
    "adapters/web4adapters/transport",
    "adapters/web4adapters/runtime",
    "adapters/web4adapters/node",
    "adapters/web4adapters/api",
    "adapters/web4adapters/client",
    "adapters/web4adapters/config",
    "adapters/web4adapters/signers",
    "adapters/web4adapters/storage",
)
_BOUND = re.compile(r"MAX_\w+|[A-Z]\w*_(?:S|MS|BYTES|BLOCKS|ROUNDS|SNAPSHOTS|VERSION|DOUBLINGS)")
"""The names of bounds: a most, or how much of something."""


def bound_table() -> str:
    """Every bound that a module names at its top: value, module, meaning."""
    lines = ["| bound | value | module | meaning |", "|---|---|---|---|"]
    for folder in BOUND_FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            module = import_module(_module_name(path))
            body = ast.parse(path.read_text(encoding="utf-8")).body
            for name, says in _documented(body).items():
                value = getattr(module, name, None)
                if _BOUND.fullmatch(name) and isinstance(value, int | float):
                    number = _numbers(str(value))
                    lines.append(f"| `{name}` | {number} | `{module.__name__}` | {says} |")
    return "\n".join(lines)


def _module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    if parts[-1] == "__init__":
        parts = parts[:-1]
    return ".".join(parts[1:] if parts[0] == "adapters" else parts)


TABLES: dict[str, Callable[[], str]] = {
    "codes": code_table,
    "pool-codes": pool_code_table,
    "settings": settings_table,
    "tags": tag_table,
    "bounds": bound_table,
}
