// A card for each platform: view, phase, what it has heard, lock, last block, balances, timers.
//
// A card is made once and then changed, so that the focus stays where it is.

import { PLATFORMS, blockClass, el, say } from "./dom.js";

const KINDS = ["PRE-PREPARE", "PREPARE", "COMMIT", "VIEW-CHANGE"];
const NEEDED = { "PRE-PREPARE": 1 };

/** `act(name, ...given)` does something to the federation. */
export function makeCards(parent, act) {
  const cards = PLATFORMS.map((name, index) => makeCard(name, index, act));
  parent.replaceChildren(...cards.map((card) => card.root));
  return (told) => told.platforms.forEach((platform, index) => cards[index].update(platform, told.quorum));
}

function makeCard(name, index, act) {
  const role = el("span", { class: "badge" }, "proposer");
  const where = el("p", { class: "where" });
  const phase = el("p", { class: "phase" });
  const votes = KINDS.map(makeVotes);
  const facts = { lock: fact("Lock"), tip: fact("Last block"), waiting: fact("Waiting") };
  const balances = el("table", { class: "balances" });
  const timers = el("div", { class: "timers" });
  const power = el("button", { class: "power" });
  power.addEventListener("click", () => act(power.dataset.does, index));
  const root = el(
    "article",
    { class: "card panel", id: `card-${name}`, "aria-label": name },
    el("h3", {}, name, " ", role),
    where,
    phase,
    el("div", { class: "votes" }, ...votes.map((each) => each.root)),
    el("dl", {}, ...Object.values(facts).flatMap((each) => [each.term, each.value])),
    balances,
    timers,
    power,
  );

  function update(platform, quorum) {
    root.classList.toggle("down", !platform.up);
    root.classList.toggle("changed-view", platform.view > 0);
    role.hidden = !platform.proposes || !platform.up;
    say(where, `height ${platform.height} · view ${platform.view}`);
    say(phase, platform.phase);
    votes.forEach((each, place) => each.update(platform.votes[KINDS[place]], quorum));
    const { lock, tip } = platform;
    facts.lock.set(lock ? `${lock.block}, view ${lock.view}` : "none", lock?.block);
    facts.lock.more(lock ? `PREPAREs by ${initials(lock.signers)}` : "");
    facts.tip.set(tip ? `${tip.height}: ${tip.block}` : "genesis", tip?.block);
    facts.tip.more(tip ? `COMMITs by ${initials(tip.signers)}, view ${tip.view}` : "");
    facts.waiting.set(String(platform.waiting));
    updateBalances(balances, platform.balances);
    updateTimers(timers, platform, index, act);
    power.dataset.does = platform.up ? "crash" : "restart";
    say(power, platform.up ? "Crash" : "Restart");
    power.setAttribute("aria-label", `${platform.up ? "Crash" : "Restart"} ${name}`);
  }
  return { root, update };
}

/** What was heard of one kind: a letter for each platform, in the colour of the block. */
function makeVotes(kind) {
  const dots = PLATFORMS.map((name) => el("span", { class: "dot", "aria-hidden": "true" }, name[0].toUpperCase()));
  const spoken = el("span", { class: "spoken" });
  const root = el("div", { class: "vote" }, el("span", { class: "kind" }, kind), ...dots, spoken);
  function update(heard, quorum) {
    const needed = NEEDED[kind] ?? quorum;
    heard.forEach((block, place) => {
      dots[place].className = block === null ? "dot" : `dot heard ${blockClass(block)}`;
    });
    const names = PLATFORMS.filter((_, place) => heard[place] !== null);
    const enough = most(kind === "VIEW-CHANGE" ? heard.map((block) => (block === null ? null : "any")) : heard) >= needed;
    root.classList.toggle("enough", enough);
    say(spoken, ` heard of ${names.join(", ") || "nobody"}; ${needed} needed, ${enough ? "enough" : "not enough"}`);
  }
  return { root, update };
}

/** How many there are of what there is most of; null is nothing. */
function most(heard) {
  const counts = {};
  for (const each of heard) if (each !== null) counts[each] = (counts[each] ?? 0) + 1;
  return Math.max(0, ...Object.values(counts));
}

function initials(names) {
  return names.map((name) => name[0].toUpperCase()).join(" ");
}

function fact(name) {
  const text = el("span");
  const rest = el("small");
  const value = el("dd", {}, text, " ", rest);
  return {
    term: el("dt", {}, name),
    value,
    set(words, block = "") {
      if (text.textContent !== words && text.textContent !== "") flash(value);
      say(text, words);
      text.className = block ? `block ${blockClass(block)}` : "";
    },
    more(words) {
      say(rest, words);
    },
  };
}

function updateBalances(table, balances) {
  if (table.rows.length !== balances.length) {
    table.replaceChildren(
      el("caption", { class: "spoken" }, "Balances in ATP"),
      ...balances.map(({ account }) =>
        el("tr", {}, el("th", { scope: "row" }, account), el("td"))),
    );
  }
  balances.forEach(({ available, locked }, place) => {
    const cell = table.rows[place].cells[1];
    const words = locked ? `${available} + ${locked} locked` : available;
    if (cell.textContent !== words && cell.textContent !== "") flash(cell);
    say(cell, words);
  });
}

function updateTimers(parent, platform, index, act) {
  const wanted = platform.timers.map((timer) => timer.kind);
  for (const button of [...parent.children]) {
    if (!wanted.includes(button.dataset.kind)) button.remove();
  }
  platform.timers.forEach((timer) => {
    let button = [...parent.children].find((each) => each.dataset.kind === timer.kind);
    if (!button) {
      button = el("button", { "data-kind": timer.kind, class: "timer" });
      button.addEventListener("click", () => act("fire", index, timer.kind));
      parent.append(button);
    }
    say(button, `${timer.kind} ${timer.in_s} s`);
    button.setAttribute("aria-label", `Let the ${timer.kind} timer of ${platform.name} run out, due in ${timer.in_s} s`);
  });
}

function flash(element) {
  element.classList.remove("flash");
  void element.offsetWidth; // so that the animation starts anew
  element.classList.add("flash");
}
