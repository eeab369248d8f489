"""A checker of what makes a module pure: it reads source text and imports nothing of it.

Here is what `web4core` must not contain, one function for each rule, all in `RULES`.
The reading is syntactic, so that a rule can be explained by pointing at a line; where it cannot
know (is this name a set?) it follows names and annotations, and asks for another name if wrong.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator

from attrs import frozen

ALLOWED_IMPORTS = frozenset(
    {
        "__future__",
        "attrs",
        "collections.abc",
        "collections.deque",
        "enum",
        "functools",
        "hashlib",
        "itertools",
        "re",
        "struct",
        "typing",
        "web4core",
    }
)
# A memo behind a function is state of the process, however useful.
FORBIDDEN_FROM = frozenset({"functools.cache", "functools.cached_property", "functools.lru_cache"})
FORBIDDEN_NAMES = {
    "__import__": "imports at run time",
    "breakpoint": "stops the process",
    "compile": "makes code from text",
    "complex": "computes with floats",
    "delattr": "changes what is frozen",
    "eval": "makes code from text",
    "exec": "makes code from text",
    "float": "computes with floats",
    "globals": "reads or writes the state of a module",
    "hash": "differs from process to process",
    "id": "differs from process to process",
    "input": "does I/O",
    "locals": "reads the state of a frame",
    "open": "does I/O",
    "print": "does I/O",
    "setattr": "changes what is frozen",
    "vars": "reads or writes the state of an object",
}
FORBIDDEN_ATTRIBUTES = frozenset(
    {"__builtins__", "__delattr__", "__dict__", "__globals__", "__hash__", "__setattr__"}
)
MUTABLE_DISPLAYS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
MUTABLE_TYPES = frozenset({"bytearray", "count", "cycle", "dict", "iter", "list", "set"})
# fmt: off
MUTATORS = frozenset({
    "add", "append", "clear", "difference_update", "discard", "extend", "insert",
    "intersection_update", "pop", "popitem", "remove", "reverse", "setdefault", "sort",
    "symmetric_difference_update", "update",
})
SET_TYPES = frozenset({"AbstractSet", "MutableSet", "Set", "frozenset", "set"})
SET_METHODS = frozenset({"copy", "difference", "intersection", "symmetric_difference", "union"})
SET_OPERATORS = (ast.BitAnd, ast.BitOr, ast.BitXor, ast.Sub)
# What takes an iterable and lets its order through, and what does not.
ORDER_KEEPING = frozenset({
    "dict", "enumerate", "filter", "fromkeys", "iter", "join", "list", "map", "next", "reduce",
    "reversed", "tuple", "zip",
})
ORDER_BLIND = frozenset({"all", "any", "frozenset", "len", "max", "min", "set", "sorted", "sum"})
# fmt: on

Scope = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@frozen
class Problem:
    """One breach: the line, the rule by its name in `RULES`, and what was found."""

    line: int
    rule: str
    found: str


Findings = Iterator[tuple[int, str]]


def called_name(node: ast.AST) -> str:
    """`f` for `f(...)` and for `x.f(...)`; empty for anything else."""
    if not isinstance(node, ast.Call):
        return ""
    if isinstance(node.func, ast.Name):
        return node.func.id
    return node.func.attr if isinstance(node.func, ast.Attribute) else ""


def annotation_head(node: ast.expr | None) -> str:
    """`frozenset` for `frozenset[int]`, `Final` for `typing.Final`, also within quotes."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        node = ast.parse(node.value, mode="eval").body
    if isinstance(node, ast.Subscript):
        head = annotation_head(node.value)
        return annotation_head(node.slice) if head in {"ClassVar", "Final"} else head
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def is_final(node: ast.expr | None) -> bool:
    return node is not None and any(
        annotation_head(part) == "Final"
        for part in ast.walk(node)
        if isinstance(part, ast.Name | ast.Attribute)
    )


# -- imports -----------------------------------------------------------------------------------


def allowed(module: str) -> bool:
    return module in ALLOWED_IMPORTS or module.startswith(("attrs.", "web4core."))


def check_imports(tree: ast.Module) -> Findings:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if not allowed(alias.name):
                    yield node.lineno, f"import of {alias.name}"
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            module = node.module or ""
            # `from collections import abc` is the same module by another road.
            for name in (f"{module}.{alias.name}" for alias in node.names):
                if not (allowed(module) or allowed(name)):
                    yield node.lineno, f"import of {name}"


# -- calls and names ---------------------------------------------------------------------------


def check_names(tree: ast.Module) -> Findings:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            why = FORBIDDEN_NAMES.get(node.id)
            if why is not None:
                yield node.lineno, f"{node.id}, which {why}"
        elif isinstance(node, ast.Attribute) and node.attr in FORBIDDEN_ATTRIBUTES:
            yield node.lineno, f".{node.attr}"


def check_floats(tree: ast.Module) -> Findings:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            yield node.lineno, f"the literal {node.value!r}"
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            yield node.lineno, "a division by `/`, whose result is a float"
        elif (
            isinstance(node, ast.BinOp)
            and isinstance(node.op, ast.Pow)
            and isinstance(node.right, ast.UnaryOp)
            and isinstance(node.right.op, ast.USub)
        ):
            yield node.lineno, "a negative power, whose result is a float"


# -- statements --------------------------------------------------------------------------------


def check_statements(tree: ast.Module) -> Findings:
    asynchronous = (ast.AsyncFor, ast.AsyncFunctionDef, ast.AsyncWith, ast.Await)
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield node.lineno, "global"
        elif isinstance(node, ast.Assert):
            yield node.lineno, "assert, which `python -O` strips"
        elif isinstance(node, ast.ExceptHandler) and catches_all(node):
            yield node.lineno, "an except clause that catches everything"
        elif isinstance(node, asynchronous):
            yield node.lineno, "async, which belongs to a driver"


def catches_all(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or any(
        isinstance(part, ast.Name) and part.id in {"BaseException", "Exception"}
        for part in ast.walk(handler.type)
    )


# -- state of a module -------------------------------------------------------------------------


def is_mutable(node: ast.expr | None) -> bool:
    return isinstance(node, MUTABLE_DISPLAYS) or (
        node is not None and called_name(node) in MUTABLE_TYPES
    )


def shared_bindings(tree: ast.Module) -> Iterator[ast.Assign | ast.AnnAssign]:
    """The assignments of the module and of its classes: what every caller shares."""
    bodies: list[list[ast.stmt]] = [tree.body]
    while bodies:
        for node in bodies.pop():
            if isinstance(node, ast.Assign | ast.AnnAssign):
                yield node
            elif isinstance(node, ast.ClassDef | ast.If | ast.Try | ast.For | ast.With):
                bodies.append(node.body)


def shared_names(tree: ast.Module) -> frozenset[str]:
    """Names bound to a mutable value at the top of the module, or imported from elsewhere."""
    names: set[str] = set()
    for node in shared_bindings(tree):
        if is_mutable(node.value):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names.update(target.id for target in targets if isinstance(target, ast.Name))
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom | ast.Import):
            names.update(alias.asname or alias.name for alias in statement.names)
    return frozenset(names)


def check_state(tree: ast.Module) -> Findings:
    for node in shared_bindings(tree):
        exported = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        final = isinstance(node, ast.AnnAssign) and is_final(node.annotation)
        if is_mutable(node.value) and not (exported or final):
            yield node.lineno, "a mutable value that is shared and not Final"
    names = shared_names(tree)
    for inner in ast.walk(tree):
        changed = changed_name(inner)
        if changed in names:
            yield getattr(inner, "lineno", 0), f"a change of {changed}, which is shared"
        if isinstance(inner, ast.ImportFrom):
            for alias in inner.names:
                if f"{inner.module}.{alias.name}" in FORBIDDEN_FROM:
                    yield inner.lineno, f"the memo {alias.name}"
        elif isinstance(inner, ast.Attribute) and ast.unparse(inner) in FORBIDDEN_FROM:
            yield inner.lineno, f"the memo {inner.attr}"


def changed_name(node: ast.AST) -> str:
    """`x` for `x[...] = `, `x.y = `, `del x[...]`, `x += ...` and `x.append(...)`."""
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        return node.target.id
    holder: ast.expr | None = None
    if isinstance(node, ast.Subscript | ast.Attribute) and not isinstance(node.ctx, ast.Load):
        holder = node.value
    elif (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in MUTATORS
    ):
        holder = node.func.value
    return holder.id if isinstance(holder, ast.Name) else ""


# -- order of sets -----------------------------------------------------------------------------


@frozen
class Sets:
    """Which names, and which attributes of anything, hold sets."""

    names: frozenset[str]
    attributes: frozenset[str]

    def has(self, node: ast.expr) -> bool:
        """Whether the value of an expression is a set, as far as its text tells."""
        if isinstance(node, ast.Name):
            return node.id in self.names
        if isinstance(node, ast.Attribute):
            return node.attr in self.attributes
        if isinstance(node, ast.BinOp) and isinstance(node.op, SET_OPERATORS):
            return any(self.has(side) or is_keys(side) for side in (node.left, node.right))
        if isinstance(node, ast.IfExp):
            return self.has(node.body) or self.has(node.orelse)
        if isinstance(node, ast.NamedExpr):
            return self.has(node.value)
        return self.has_call(node) or isinstance(node, ast.Set | ast.SetComp)

    def has_call(self, node: ast.expr) -> bool:
        if not isinstance(node, ast.Call):
            return False
        if isinstance(node.func, ast.Attribute):
            return node.func.attr in SET_METHODS and self.has(node.func.value)
        return called_name(node) in {"frozenset", "set"}


def is_keys(node: ast.expr) -> bool:
    """`x.keys()`, which becomes a set under an operator."""
    return called_name(node) in {"items", "keys"} and isinstance(node, ast.Call) and not node.args


def own_nodes(scope: Scope) -> Iterator[ast.AST]:
    """The nodes of a scope, the functions within it, but nothing of their bodies."""
    pending: list[ast.AST] = list(ast.iter_child_nodes(scope))
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, FUNCTIONS):
            pending.extend(ast.iter_child_nodes(node))


def set_attributes(tree: ast.Module) -> frozenset[str]:
    """Names of fields annotated as sets in a class."""
    return frozenset(
        field.target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for field in node.body
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and annotation_head(field.annotation) in SET_TYPES
    )


def set_names(nodes: Iterable[ast.AST], outer: Sets) -> Sets:
    """`outer` and the names that these nodes bind to sets."""
    names = set(outer.names)
    for node in nodes:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            if annotation_head(node.annotation) in SET_TYPES or (
                node.value is not None and outer.has(node.value)
            ):
                names.add(node.target.id)
        elif isinstance(node, ast.Assign) and outer.has(node.value):
            names.update(target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.arg) and annotation_head(node.annotation) in SET_TYPES:
            names.add(node.arg)
    return Sets(frozenset(names), outer.attributes)


def harmless(nodes: Iterable[ast.AST]) -> list[ast.AST]:
    """Comprehensions whose order cannot be seen in their result."""
    return [
        part
        for node in nodes
        for part in [node, *(node.args if isinstance(node, ast.Call) else [])]
        if isinstance(part, ast.SetComp)
        or (
            called_name(node) in ORDER_BLIND
            and isinstance(part, ast.GeneratorExp | ast.ListComp)
            and isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
        )
    ]


def iterated(node: ast.AST) -> list[ast.expr]:
    """What a node walks through in order."""
    if isinstance(node, ast.For):
        return [node.iter]
    if isinstance(node, ast.ListComp | ast.DictComp | ast.GeneratorExp):
        return [generator.iter for generator in node.generators]
    if isinstance(node, ast.Starred | ast.YieldFrom):
        return [node.value]
    if called_name(node) in ORDER_KEEPING and isinstance(node, ast.Call):
        return list(node.args)
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple | ast.List):
        return [node.value]
    return []


def check_scope(scope: Scope, outer: Sets) -> Findings:
    nodes = list(own_nodes(scope))
    sets = set_names(nodes, outer)
    # Twice, so that a name may be bound to another one that is bound further down.
    sets = set_names(nodes, sets)
    exempt = harmless(nodes)
    for node in nodes:
        if isinstance(node, FUNCTIONS):
            yield from check_scope(node, sets)
        elif not any(node is one for one in exempt):
            for walked in iterated(node):
                if sets.has(walked):
                    yield walked.lineno, f"the order of the set {ast.unparse(walked)}"


# -- all together ------------------------------------------------------------------------------

RULES: dict[str, Callable[[ast.Module], Findings]] = {
    "imports": check_imports,
    "names": check_names,
    "floats": check_floats,
    "statements": check_statements,
    "state": check_state,
}


def problems(source: str, attributes: frozenset[str] = frozenset()) -> list[Problem]:
    """Every breach in one module; `attributes` are the fields of other modules that hold sets."""
    tree = ast.parse(source)
    found = [
        Problem(line, rule, what) for rule, check in RULES.items() for line, what in check(tree)
    ]
    sets = Sets(frozenset(), attributes | set_attributes(tree))
    found += [Problem(line, "sets", what) for line, what in check_scope(tree, sets)]
    return sorted(found, key=lambda problem: (problem.line, problem.rule))
