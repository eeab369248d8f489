"""The part of JSON Schema (draft 2020-12) that `spec/vectors/schema.json` uses.

A keyword that is not known here is an error, so that no rule of the schema goes unchecked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from tests.vectors.form import Json

_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
}
_SILENT: Final = {"$schema", "$id", "$defs", "title", "description"}
Check = Callable[[Json, Json, Json, str], Iterator[str]]
"""The whole schema, the keyword's value, what is checked, and where it stands."""


def errors(schema: Json, value: Json) -> list[str]:
    """What is wrong with a value under a schema; nothing if all is well."""
    return list(_errors(schema, schema, value, "$"))


def _errors(root: Json, schema: Json, value: Json, where: str) -> Iterator[str]:
    if isinstance(schema, bool):
        if not schema:
            yield f"{where}: nothing may stand here"
        return
    for keyword, rule in schema.items():
        if keyword in _SILENT or keyword in ("then", "else"):
            continue
        if keyword == "if":
            yield from _if(root, schema, value, where)
        elif keyword == "additionalProperties":
            yield from _additional(root, schema, value, where)
        elif keyword in _CHECKS:
            yield from _CHECKS[keyword](root, rule, value, where)
        else:
            yield f"{where}: the schema uses {keyword!r}, which is not known"


def _matches(root: Json, schema: Json, value: Json) -> bool:
    return next(_errors(root, schema, value, ""), None) is None


def _ref(root: Json, rule: str, value: Json, where: str) -> Iterator[str]:
    yield from _errors(root, root["$defs"][rule.removeprefix("#/$defs/")], value, where)


def _type(_root: Json, rule: Any, value: Json, where: str) -> Iterator[str]:
    names = [rule] if isinstance(rule, str) else rule
    kinds = [kind for name in names for kind in _TYPES[name]]
    if type(value) not in kinds:
        yield f"{where}: not {' or '.join(names)}"


def _const(_root: Json, rule: Json, value: Json, where: str) -> Iterator[str]:
    if value != rule:
        yield f"{where}: not {rule!r}"


def _enum(_root: Json, rule: Json, value: Json, where: str) -> Iterator[str]:
    if value not in rule:
        yield f"{where}: none of {rule!r}"


def _pattern(_root: Json, rule: str, value: Json, where: str) -> Iterator[str]:
    if isinstance(value, str) and re.search(rule, value) is None:
        yield f"{where}: does not match {rule}"


def _required(_root: Json, rule: list[str], value: Json, where: str) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (f"{where}: {name} is missing" for name in rule if name not in value)


def _properties(root: Json, rule: Json, value: Json, where: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name in rule.keys() & value.keys():
            yield from _errors(root, rule[name], value[name], f"{where}.{name}")


def _additional(root: Json, schema: Json, value: Json, where: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name in value.keys() - schema.get("properties", {}).keys():
            yield from _errors(root, schema["additionalProperties"], value[name], f"{where}.{name}")


def _items(root: Json, rule: Json, value: Json, where: str) -> Iterator[str]:
    if isinstance(value, list):
        for place, item in enumerate(value):
            yield from _errors(root, rule, item, f"{where}[{place}]")


def _min_items(_root: Json, rule: int, value: Json, where: str) -> Iterator[str]:
    if isinstance(value, list) and len(value) < rule:
        yield f"{where}: fewer than {rule} items"


def _max_items(_root: Json, rule: int, value: Json, where: str) -> Iterator[str]:
    if isinstance(value, list) and len(value) > rule:
        yield f"{where}: more than {rule} items"


def _minimum(_root: Json, rule: int, value: Json, where: str) -> Iterator[str]:
    if type(value) is int and value < rule:
        yield f"{where}: below {rule}"


def _maximum(_root: Json, rule: int, value: Json, where: str) -> Iterator[str]:
    if type(value) is int and value > rule:
        yield f"{where}: above {rule}"


def _one_of(root: Json, rule: list[Json], value: Json, where: str) -> Iterator[str]:
    count = sum(_matches(root, each, value) for each in rule)
    if count != 1:
        yield f"{where}: is {count} of the alternatives, not one"


def _all_of(root: Json, rule: list[Json], value: Json, where: str) -> Iterator[str]:
    for each in rule:
        yield from _errors(root, each, value, where)


def _if(root: Json, schema: Json, value: Json, where: str) -> Iterator[str]:
    branch = "then" if _matches(root, schema["if"], value) else "else"
    if branch in schema:
        yield from _errors(root, schema[branch], value, where)


_CHECKS: Final[dict[str, Check]] = {
    "$ref": _ref,
    "type": _type,
    "const": _const,
    "enum": _enum,
    "pattern": _pattern,
    "required": _required,
    "properties": _properties,
    "items": _items,
    "minItems": _min_items,
    "maxItems": _max_items,
    "minimum": _minimum,
    "maximum": _maximum,
    "oneOf": _one_of,
    "allOf": _all_of,
}
