"""The TLA+ edition holds where TLC tries it, and says what the model says that is proved."""

from __future__ import annotations

import functools
import itertools
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from attrs import evolve, frozen

from tests.support import tlc as support
from tests.support.tlc import MODULE, PAGE, TLC, shipped, taken, with_invariants
from web4core.messages import Kind, prepared_reference
from web4proofs.agreement import finite, model, tla
from web4proofs.agreement.finite import Step, World
from web4proofs.agreement.logic import Formula
from web4proofs.agreement.taken import RELATION_OF, casting, closest, fewest, step_of
from web4proofs.agreement.tla import Item, Look, Meaning, Trace, look, name_of
from web4proofs.explore import Bounds
from web4proofs.explore.exploration import Plan, federation_of
from web4proofs.explore.moves import Move
from web4proofs.explore.search import Federation, Place

TEXT = MODULE.read_text(encoding="utf-8")
OPERATORS = support.operators(TEXT)
IN_MODEL = {"sort", "given", "variable", "definition", "premise", "action", "claim"}

OWN = {
    "": {"vars"},
    "Given": {"Faulty", "QuorumSize"},
    "Behaviours": {"TypeOK", "Init", "Next", "Spec"},
    "Claims": {"CastOnce", "CastAfterLeaving"},
}
"""What the module needs for itself: sizes, the state machine, and two claims of any relation."""


@pytest.fixture
def tlc(tmp_path: Path) -> TLC:
    return support.tlc_in(tmp_path)


# --- names -------------------------------------------------------------------------------------


def names(kind: str) -> set[str]:
    """What the model has of a kind, by the names of the module."""
    return {row.name for row in tla.rows() if row.kind == kind}


def defined(section: str) -> set[str]:
    """What the module defines in a section, but for what is its own."""
    found = {each.name for each in OPERATORS.values() if each.section == section}
    return found - OWN.get(section, set())


@pytest.mark.parametrize(
    ("section", "kind"),
    [
        ("Definitions", "definition"),
        ("Premises", "premise"),
        ("Actions", "action"),
        ("Claims", "claim"),
    ],
)
def test_the_module_defines_what_the_model_does_and_nothing_else(section: str, kind: str) -> None:
    assert defined(section) == names(kind)


def test_every_sort_and_relation_of_the_model_is_in_the_module_and_no_other() -> None:
    constants = {"Platforms", "Byzantine", "Views", "Digests", "JudgedValid"}
    assert support.variables(TEXT) == tuple(each.name for each in tla.CHANGING)
    assert defined("Given") | constants - {"Byzantine"} == names("sort") | names("given")
    assert defined("Behaviours") | defined("") == set()
    assert {each.section for each in OPERATORS.values()} == {
        *OWN,
        "Definitions",
        "Premises",
        "Actions",
    }
    assert {row.kind for row in tla.rows()} == IN_MODEL


@pytest.mark.parametrize("action", model.ACTIONS, ids=lambda each: each.name)
def test_an_action_asks_for_the_premises_of_the_model_and_moves_what_it_moves(
    action: model.Action,
) -> None:
    operator = OPERATORS[name_of(action.name)]
    found = support.conjuncts(operator.body)
    parameters = tuple(each.name for each in action.parameters if each is not model.h)
    moved = tuple(update.relation.name for update in action.updates)
    kept = tuple(each.name for each in tla.CHANGING if each.name not in moved)
    assert operator.parameters == parameters
    assert found.premises == tuple(name_of(premise.name) for premise in action.premises)
    assert found.moved == moved
    assert found.kept == (kept if moved else ("vars",))


def test_the_tables_of_names_and_clauses_are_those_of_the_model() -> None:
    assert support.between(TEXT) == support.in_module()
    assert support.between(PAGE.read_text(encoding="utf-8")) == support.in_page()


def test_a_conjunct_of_no_known_form_is_not_passed_over() -> None:
    with pytest.raises(ValueError, match="no known form: p = v"):
        support.conjuncts("  /\\ p \\in Honest\n  /\\ p = v")


# --- all states within the bounds --------------------------------------------------------------


@pytest.mark.clause("I-AGREE-1", "C-STMT-4", "C-PREP-3", "C-LOCK-1", "C-CERT-3", "C-DEC-1")
@pytest.mark.slow
def test_with_one_byzantine_of_four_every_state_of_two_views_holds(tlc: TLC) -> None:
    found = tlc.run(shipped("MCAgreement"), jvm=())
    assert found.holds, found.text
    assert found.states == 12_069
    assert counts(found) in PAGE.read_text(encoding="utf-8")


@pytest.mark.clause("I-SIGN-1", "C-PROP-2", "C-VIEW-1")
@pytest.mark.slow
def test_whoever_proposes_or_announces_says_nothing_twice(tlc: TLC) -> None:
    found = tlc.run(shipped("MCWords"))
    assert found.holds, found.text
    assert found.states == 1_771
    assert counts(found) in PAGE.read_text(encoding="utf-8")


def counts(found: support.Found) -> str:
    """How the page tells the size of a model."""
    return f"| {found.states:,} | {found.generated:,} |"


def test_every_claim_of_the_model_is_an_invariant_that_is_checked() -> None:
    asked = set()
    for name in ("MCAgreement", "MCWords"):
        asked |= set(shipped(name).config.partition("INVARIANTS")[2].split())
    assert asked == names("claim") | {"TypeOK", "QuorumsMeet"}


def read_by(name: str) -> set[str]:
    """The variables that decide whether an action is permitted, through all that it names."""
    operator = OPERATORS[name]
    permits = operator.body
    if operator.section == "Actions":
        permits = " ".join(support.conjuncts(operator.body).premises)
    words = set(re.findall(r"\w+", permits))
    inside = (read_by(word) for word in words & set(OPERATORS) - {name})
    return words.intersection(support.variables(TEXT)).union(*inside)


def test_votes_and_words_can_be_gone_through_apart() -> None:
    votes = {"prepared", "committed", "locked", "decided"}
    asked = {action.name: read_by(name_of(action.name)) for action in model.ACTIONS}
    assert asked["propose"] == {"left", "proposed"}
    assert asked["enter"] == {"left"}
    for action in ("prepare", "prepare_justified", "lock_and_commit", "decide"):
        assert asked[action] & votes
        assert asked[action] <= votes | {"left"}


# --- the same graph ----------------------------------------------------------------------------


def federation(n: int, byzantine: set[int], views: int, digests: str) -> World:
    return finite.federation(n, frozenset(byzantine), views=views, digests=tuple(digests))


def transitions(start: World) -> set[tuple[support.Facts, str, support.Facts]]:
    """All that the model can do from a world on, by the finite reading."""
    found: set[tuple[support.Facts, str, support.Facts]] = set()
    known, todo = {support.facts_of(start)}, [start]
    good = [platform for (platform,) in start.facts[model.honest]]
    while todo:
        world = todo.pop()
        before = support.facts_of(world)
        for step in itertools.chain(*(finite.steps(model.ACTIONS, world, each) for each in good)):
            then = finite.after(step, world)
            facts = support.facts_of(then)
            found.add((before, name_of(step.action.name), facts))
            if facts not in known:
                known.add(facts)
                todo.append(then)
    return found


@pytest.mark.parametrize(
    ("start", "states"),
    [
        pytest.param(federation(1, set(), 2, "AB"), 687, id="one platform, two views, two digests"),
        pytest.param(
            federation(4, {3}, 1, "A"),
            1_184,
            id="four platforms, one of them Byzantine",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_model_and_module_have_the_same_states_and_the_same_steps_between_them(
    tlc: TLC, start: World, states: int
) -> None:
    expected = transitions(start)
    assert len({state for state, _, _ in expected}) == states
    assert tlc.graph(tla.graph(start)) == expected


def test_another_step_is_seen_in_the_graph(tlc: TLC) -> None:
    """A lock in one view alone: no claim is broken, but it is not the model's."""
    start = federation(1, set(), 2, "A")
    changed = planted("{w \\in Views : UpTo(w, v)} \\X {d}", "{v} \\X {d}")
    assert tlc.graph(tla.graph(start), changed) != transitions(start)


# --- the same meaning, also in worlds that are never reached ------------------------------------

VALID = frozenset({(0, 1, "A"), (1, 1, "A"), (2, 1, "B"), (3, 1, "A"), (3, 1, "B")})


@functools.cache
def worlds() -> tuple[World, ...]:
    """Worlds of every density, worlds on the way of runs, and these with a few facts turned."""
    dice = random.Random(1)
    start = federation(4, {3}, 3, "AB")
    start = evolve(start, facts={**start.facts, model.judged_valid: VALID})
    dense = [turned(start, dice, (0.05, 0.3, 0.6, 0.85)[number % 4]) for number in range(24)]
    reached = [world for _ in range(5) for world in followed(start, dice)]
    nearly = [turned(world, dice, 0.015) for world in reached]
    return (start, *dense, *reached, *nearly)


def turned(world: World, dice: random.Random, share: float) -> World:
    """The world with this share of its facts turned round."""
    facts = {
        relation: world.facts[relation]
        ^ {point for point in finite.points(relation, world.elements) if dice.random() < share}
        for relation in tla.CHANGING
    }
    return evolve(world, facts={**world.facts, **facts})


RUN = (*(model.PREPARE,) * 3, *(model.LOCK_AND_COMMIT,) * 3, model.DECIDE, model.ENTER)
"""The actions of a run, as often as they are tried."""


def followed(world: World, dice: random.Random) -> Iterator[World]:
    """The worlds on the way of a run that votes more often than it changes its view."""
    for _ in range(500):
        action = dice.choice(RUN)
        values = {each: dice.choice(world.elements[each.sort]) for each in action.parameters}
        step = Step(action, values)
        then = finite.after(step, world)
        if then != world and not finite.refused(step, world):
            world = then
            yield world


VARIABLES = {
    each.name: each
    for each in (model.p, model.k, model.v, model.w, model.r, model.d, model.e, model.q, model.s)
}


def meaning(name: str, formula: Formula, called: tuple[str, ...]) -> Meaning:
    """What the finite reading makes of a formula in each of the worlds."""
    variables = tuple(VARIABLES[each] for each in called)
    elements = worlds()[0].elements
    taken_from = {
        each.name: tla.value(frozenset(map(as_element, elements[each.sort]))) for each in variables
    }
    points = tuple(
        frozenset(
            tuple(map(as_element, values.values()))
            for values in finite.choices(variables, world)
            if finite.holds(formula, world, {model.h: 1, **values})
        )
        for world in worlds()
    )
    return Meaning(name, taken_from, points)


def as_element(element: finite.Element) -> finite.Element:
    """An element as the module has it: a quorum is a set."""
    return frozenset(element) if isinstance(element, tuple) else element


def all_meanings() -> Iterator[Meaning]:
    formulas: dict[str, Formula] = {name_of(each.name): each.formula for each in tla.premises()}
    formulas |= {name_of(each.name): each.formula for each in tla.claims()}
    formulas |= {name_of(each.name): each.body for each in model.DEFINITIONS}
    formulas["UpTo"] = model.up_to(model.w, model.v)
    for name, formula in formulas.items():
        if name not in {"Honest", "JudgedValid"}:
            yield meaning(name, formula, OPERATORS[name].parameters)


@pytest.mark.slow
def test_every_definition_premise_and_claim_means_the_same_in_any_world(tlc: TLC) -> None:
    known = tuple(all_meanings())
    kinds = ("definition", "premise", "claim")
    assert {each.name for each in known} == set().union(*map(names, kinds)) | {"UpTo"}
    for each in known:
        seen = {bool(points) for points in each.points}
        assert seen == {True, False} or each.parameters, f"{each.name} tells no worlds apart"
    found = tlc.run(tla.meanings(worlds(), known))
    assert found.holds, found.text
    assert found.states == len(worlds())


ANOTHER = {
    "Reached": ("Below(w, v) => <<p, w>> \\in left", "UpTo(w, v) => <<p, w>> \\in left"),
    "LockAgrees": ("k = p => e = d", "e = d"),
    "LockNotAbove": ("k = p => UpTo(w, r)", "k = p => Below(w, r)"),
    "ChoosableIsGuarded": ("k = p /\\ Below(v, w) => e = d", "k = p /\\ UpTo(v, w) => e = d"),
    "DecidedWasPrepared": ("PreparedCertificate", "CommitCertificate"),
    "DecidedIsValid": ("\\A k \\in q", "\\E k \\in q"),
}


@pytest.mark.slow
def test_another_meaning_is_seen(tlc: TLC) -> None:
    changed = TEXT
    for name, (old, new) in ANOTHER.items():
        body = OPERATORS[name].body
        assert (body.count(old), changed.count(body)) == (1, 1)
        changed = changed.replace(body, body.replace(old, new))
    found = tlc.run(
        tla.meanings(worlds(), all_meanings()), "-continue", changed={MODULE.name: changed}
    )
    assert found.broken == {f"Means{name}" for name in ANOTHER}


# --- the same steps, also in worlds that are never reached --------------------------------------


Taking: TypeAlias = tuple[World, Step]
"""A step, and the world in which it is tried."""


def permitted(action: model.Action, dice: random.Random) -> Iterator[Taking]:
    """Steps that are permitted, each in another world."""
    for world in dice.sample(worlds(), len(worlds())):
        for _ in range(100):
            values = {each: dice.choice(world.elements[each.sort]) for each in action.parameters}
            if not finite.refused(Step(action, values), world):
                yield world, Step(action, values)
                break


def almost(some: Sequence[Taking], dice: random.Random) -> dict[str, Taking]:
    """Steps that lack one premise alone, by its name: permitted ones with a little changed."""
    action = some[0][1].action
    found: dict[str, Taking] = {}
    for world, step in itertools.islice(itertools.cycle(some), 12_000):
        changed = dice.sample(action.parameters, dice.choice((1, 2, 3)))
        values = {each: dice.choice(world.elements[each.sort]) for each in changed}
        other = Step(action, {**step.values, **values})
        for near in (world, copied(world, dice)):
            refused = finite.refused(other, near)
            if len(refused) == 1:
                found.setdefault(refused[0].name, (near, other))
        if len(found) == len(action.premises):
            break
    return found


def copied(world: World, dice: random.Random) -> World:
    """The world in which some facts that hold of one element hold of another as well."""
    sort = dice.choice((model.PLATFORM, model.VIEW))
    one, other = dice.sample(world.elements[sort], 2)
    relations = dice.choice((tla.CHANGING, (dice.choice(tla.CHANGING),)))
    facts = {
        relation: world.facts[relation]
        | {
            tuple(
                other if (each, element) == (sort, one) else element
                for each, element in zip(relation.sorts, point, strict=True)
            )
            for point in world.facts[relation]
        }
        for relation in relations
    }
    return evolve(world, facts={**world.facts, **facts})


@pytest.mark.slow
def test_the_module_takes_a_step_just_if_each_premise_holds(tlc: TLC) -> None:
    """For each action steps that it takes, and for each premise of it some that lack that alone."""
    dice = random.Random(2)
    good: list[Taking] = []
    bad: list[Taking] = []
    for action in model.ACTIONS:
        if not action.updates:
            continue
        found = tuple(itertools.islice(permitted(action, dice), 14))
        assert len(found) >= 6
        lacking = almost(found, dice)
        assert set(lacking) == {premise.name for premise in action.premises}
        good += found
        bad += lacking.values()
    tried = [Trace(world, (step, look(finite.after(step, world)))) for world, step in good + bad]
    found_by_tlc = tlc.run(tla.trace(tried))
    assert taken(found_by_tlc, len(tried)) == (2,) * len(good) + (0,) * len(bad)


# --- planted errors ----------------------------------------------------------------------------


def planted(old: str, new: str, within: str = "") -> dict[str, str]:
    """The module with one piece of its text changed, in an operator if the piece occurs oftener."""
    body = OPERATORS[within].body if within else TEXT
    assert body.count(old) == 1, f"{old} occurs {body.count(old)} times"
    assert TEXT.count(body) == 1
    return {MODULE.name: TEXT.replace(body, body.replace(old, new))}


ALL = tuple(shipped("MCAgreement").config.partition("INVARIANTS")[2].split())
WORDS = tuple(shipped("MCWords").config.partition("INVARIANTS")[2].split())


@frozen
class Planted:
    """One thing wrong in the module, and the invariant that TLC finds broken by it."""

    within: str
    old: str
    new: str
    broken: str
    asked: tuple[str, ...] = ALL
    model: str = "MCAgreement"


def without(action: str, premise: str, broken: str, **more: Any) -> Planted:
    return Planted(action, f"  /\\ {premise}\n", "", broken, **more)


ERRORS = {
    "it prepares against its lock": without("Prepare", "LockAgrees(p, d)", "ChoosableIsGuarded"),
    "so honest platforms decide differently": without(
        "Prepare", "LockAgrees(p, d)", "Agreement", asked=("Agreement",)
    ),
    "a certificate that is none justifies": without(
        "PrepareJustified", "Justified(q, r, d)", "ChoosableIsGuarded"
    ),
    "a quorum is one platform too small": Planted(
        "QuorumSize", "\\div 2 + 1", "\\div 2", "OneCertificateAView", ("OneCertificateAView",)
    ),
    "small quorums need not meet": Planted("QuorumSize", "\\div 2 + 1", "\\div 2", "QuorumsMeet"),
    "it commits in a view that it has left": without(
        "LockAndCommit", "NotLeft(p, v)", "ChoosableIsGuarded"
    ),
    "it commits without a certificate": without(
        "LockAndCommit", "PreparedByQuorum(q, v, d)", "CommittedIsCertified"
    ),
    "it decides without a certificate": without(
        "Decide", "CommittedByQuorum(q, v, d)", "DecidedIsCertified"
    ),
    "it prepares twice in a view": without("Prepare", "NotPrepared(p, v)", "PreparedOnce"),
    "it prepares what it does not find valid": without(
        "Prepare", "<<p, d>> \\in JudgedValid", "PreparedIsValid"
    ),
    "it votes in a view that it has not reached": without(
        "Prepare", "Reached(p, v)", "PreparedAfterLeaving"
    ),
    "it enters a view without its lock": Planted(
        "Enter",
        "  /\\ UNCHANGED <<proposed, prepared, committed, locked, decided>>",
        "  /\\ locked' = {held \\in locked : held[1] # p}\n"
        "  /\\ UNCHANGED <<proposed, prepared, committed, decided>>",
        "ChoosableIsGuarded",
    ),
    "it proposes twice in a view": without(
        "Propose", "NotProposed(p, v)", "ProposedOnce", asked=WORDS, model="MCWords"
    ),
    "it announces the view that it is in": without(
        "Enter", "Higher(v, w)", "AnnouncedOnce", asked=WORDS, model="MCWords"
    ),
}
TRIED_ALWAYS = {"it prepares against its lock", "it proposes twice in a view"}
"""One for each of the two models."""


@pytest.mark.clause("C-PREP-1", "C-PREP-3", "C-PREP-4", "C-QUORUM-2", "C-VIEW-1", "C-LOCK-1")
@pytest.mark.parametrize(
    "error",
    [
        pytest.param(each, id=name, marks=[] if name in TRIED_ALWAYS else [pytest.mark.slow])
        for name, each in ERRORS.items()
    ],
)
def test_a_planted_error_breaks_an_invariant(tlc: TLC, error: Planted) -> None:
    asked = with_invariants(shipped(error.model).config, error.asked)
    changed = planted(error.old, error.new, error.within)
    assert tlc.run(shipped(error.model, asked), changed=changed).broken == {error.broken}


@pytest.mark.clause("C-QUORUM-1")
@pytest.mark.slow
def test_with_two_byzantine_of_four_honest_platforms_decide_differently(tlc: TLC) -> None:
    config = with_invariants(shipped("MCAgreement").config, ["Agreement"])
    assert "Byzantine = {byzantine}" in config
    two = config.replace("Byzantine = {byzantine}", "Byzantine = {byzantine, p3}")
    assert tlc.run(shipped("MCAgreement", two)).broken == {"Agreement"}


# --- runs of the shipped code ------------------------------------------------------------------

CAST = (Kind.VIEW_CHANGE, Kind.PRE_PREPARE, Kind.PREPARE, Kind.COMMIT)
"""The order in which one move may cast statements of several kinds (C-FLOW-1)."""


@frozen
class Moved:
    """A move of the explorer: who moves, and how all are before and after it."""

    position: int
    move: Move
    before: Place
    after: Place


def walk(federation: Federation, dice: random.Random) -> tuple[Moved, ...]:
    """A run of the shipped code as the explorer takes it, until nothing more can happen."""
    place = federation.start()
    found: list[Moved] = []
    while True:
        moves = federation.moves(place)
        options = [Moved(at, move, place, to) for at, move, to in moves if to != place]
        if not options:
            return tuple(found)
        found.append(dice.choice(options))
        place = found[-1].after


class Reading:
    """What the explorer's platforms are in the words of the model, at height 1."""

    def __init__(self, federation: Federation) -> None:
        offers, bounds = federation.arena.offers, federation.arena.bounds
        self.federation = federation
        self.names: dict[bytes, str] = {
            **{each.digest: each.digest.hex()[:8] for each in offers.statements.all()},
            **{digest: known.name for digest, known in offers.blocks.by_digest.items()},
            prepared_reference(None): "none",
        }
        start = finite.federation(
            bounds.n,
            federation.byzantine,
            views=bounds.views,
            digests=tuple(sorted(set(self.names.values()))),
            size=fewest(bounds.n),
        )
        valid = [each.name for each in offers.blocks.by_digest.values() if each.valid]
        judged = frozenset(itertools.product(range(bounds.n), (1,), valid))
        self.start = evolve(start, facts={**start.facts, model.judged_valid: judged})

    def shown(self, place: Place) -> Look:
        """What the states of the code show."""
        facts: dict[str, set[finite.Point]] = {each.name: set() for each in tla.CHANGING}
        for index in place:
            local, state = self.federation.local(index), self.federation.state(index)
            me, lock, view = state.config.me, state.agreement.lock, state.agreement.view
            for each in self.federation.arena.offers.statements.of(local.signed):
                cast = (me, each.view, self.names[each.digest])
                facts[RELATION_OF[each.kind].name].add(cast)
            facts["decided"] |= {(me, self.names[digest]) for digest in local.decided}
            if state.height > 1:  # what the height left behind is told by what was signed there
                continue
            facts["left"] |= {(me, lower) for lower in range(view)}
            if lock is not None:
                facts["locked"] |= {
                    (me, lower, self.names[lock.digest]) for lower in range(lock.view + 1)
                }
        return Look({name: frozenset(points) for name, points in facts.items()})

    def trace(self, run: Sequence[Moved]) -> Trace:
        """A run as actions of the model, and what is seen after each move."""
        items: list[Item] = []
        world = self.start
        for moved in run:
            for step in self._steps(moved, world):
                items.append(step)
                world = finite.after(step, world)
            items.append(self._seen(moved.after, world))
        return Trace(self.start, tuple(items))

    def _seen(self, place: Place, world: World) -> Look:
        """What the code shows; a platform that is past the height shows no view and lock of it."""
        shown = self.shown(place).shown
        past = {self._me(index) for index in place if self.federation.state(index).height > 1}
        kept = {
            name: frozenset(point for point in tla.facts(world)[name] if point[0] in past)
            for name in ("left", "locked")
        }
        return Look({**shown, **{name: shown[name] | points for name, points in kept.items()}})

    def _me(self, index: int) -> int:
        return self.federation.state(index).config.me

    def _steps(self, moved: Moved, world: World) -> Iterator[Step]:
        """The actions of a move, each the closest there is; TLC judges whether it is permitted."""
        before = moved.before[moved.position]
        me = self._me(before)
        statements = self.federation.arena.offers.statements
        new = statements.of(moved.move.signed & ~self.federation.local(before).signed)
        for each in sorted(new, key=lambda each: CAST.index(each.kind)):
            digest = self.names[each.digest]
            options = list(casting(each.kind, me, 1, each.view, digest, world))
            step, _ = closest(reversed(options), world)
            yield step
            world = finite.after(step, world)
        for block in moved.move.decided:
            views, quorums = world.elements[model.VIEW], world.elements[model.QUORUM]
            decisions = (
                step_of(model.DECIDE, me, 1, view, self.names[block], quorum)
                for view, quorum in itertools.product(views, quorums)
            )
            yield closest(decisions, world)[0]
        if not new and not moved.move.decided:
            yield step_of(model.RESTART, me, 1)


@functools.cache
def runs(byzantine: int) -> tuple[Trace, ...]:
    """Runs of three views with this platform Byzantine."""
    federation = federation_of(Plan(Bounds(heights=1, views=3), (byzantine,)))
    found = [walk(federation, random.Random(seed)) for seed in range(6)]
    reading = Reading(federation)
    return tuple(reading.trace(each) for each in found)


ASKED = ("INVARIANTS", "  TypeOK", "  Agreement", "  NoConflict", "PROPERTIES", "  Spec")


@pytest.mark.parametrize("byzantine", [1, 3])
@pytest.mark.slow
def test_what_the_shipped_code_does_is_a_behaviour_of_the_module(tlc: TLC, byzantine: int) -> None:
    traces = runs(byzantine)
    found = tlc.run(tla.trace(traces, ASKED))
    assert found.holds, found.text
    assert taken(found, len(traces)) == tuple(len(each.items) for each in traces)
    done = [item for each in traces for item in each.items if isinstance(item, Step)]
    assert {step.action for step in done} == {each for each in model.ACTIONS if each.updates}
    assert len(done) > 80


def with_other(step: Step, **values: finite.Element) -> Step:
    """The step with other values for some of its parameters."""
    named = {each: values.get(each.name, known) for each, known in step.values.items()}
    assert named != step.values
    return Step(step.action, named)


def tampered(run: Trace) -> Iterator[tuple[str, Trace, int]]:
    """What is changed in a run, the changed run, and how many items of it can be taken.

    The run begins with a PREPARE, so that its platform is not locked, and nobody left the view.
    """
    items = run.items
    done = [(at, item) for at, item in enumerate(items) if isinstance(item, Step)]

    def first(action: model.Action) -> tuple[int, Step]:
        return next((at, step) for at, step in done if step.action is action)

    (zero, prepare), (commits, commit) = first(model.PREPARE), first(model.LOCK_AND_COMMIT)
    (enters, enter), (_, decide) = first(model.ENTER), first(model.DECIDE)
    assert zero == 0
    sees = next(at for at in range(commits, len(items)) if isinstance(items[at], Look))
    (byzantine,) = set(range(4)) - {platform for (platform,) in run.start.facts[model.honest]}
    (someone, _) = set(range(4)) - {byzantine, prepare.values[model.p]}
    rival = {"A": "B", "B": "A"}

    def changed(at: int, *instead: Item) -> Trace:
        return Trace(run.start, (*items[:at], *instead, *items[at + 1 :]))

    def without(name: str) -> Look:
        """What is seen after the first COMMIT, but for one fact."""
        seen = items[sees]
        assert isinstance(seen, Look)
        return Look({**seen.shown, name: frozenset(sorted(seen.shown[name], key=str)[1:])})

    other = rival[str(prepare.values[model.d])]
    another = rival[str(commit.values[model.d])]
    here = enter.values[model.v]
    yield "a vote for another block", changed(0, with_other(prepare, d=other)), 1
    yield "a vote of somebody else", changed(0, with_other(prepare, p=someone)), 1
    yield "a vote left out", changed(0), 0
    yield "a vote cast twice", changed(0, prepare, prepare), 1
    yield "a vote of the Byzantine platform", changed(0, with_other(prepare, p=byzantine)), 0
    yield "a vote for what is not valid", changed(0, with_other(prepare, d="X")), 0
    yield "a vote in a later view", changed(0, with_other(prepare, v=1)), 0
    yield "a COMMIT for another block", changed(commits, with_other(commit, d=another)), commits
    yield "a COMMIT before its votes", changed(0, commit, prepare), 0
    yield "a decision before its votes", changed(0, decide, prepare), 0
    yield "the same view entered", changed(enters, with_other(enter, w=here)), enters
    yield "a lock that is not seen", changed(sees, without("locked")), sees
    yield "a COMMIT that is not seen", changed(sees, without("committed")), sees


@pytest.mark.slow
def test_a_run_that_was_tampered_with_is_refused_where_it_was(tlc: TLC) -> None:
    run = next(each for each in runs(1) if str(each.items[0]).startswith("prepare("))
    kinds, traces, expected = zip(*tampered(run), strict=True)
    found = tlc.run(tla.trace([run, *traces], ASKED))
    far, *refused = taken(found, len(traces) + 1)
    assert far == len(run.items)
    assert dict(zip(kinds, refused, strict=True)) == dict(zip(kinds, expected, strict=True))
