// A counterexample, step by step: who hears what, what it does about it, and how all are then.

import { blockClass, byId, el, say } from "./dom.js";
import { makeChart } from "./chart.js";

const FACTS = [
  ["proposed", "proposed"],
  ["prepared", "voted PREPARE"],
  ["lock", "lock"],
  ["committed", "voted COMMIT"],
  ["tip", "last block"],
];

const EXAMPLES = {
  fork: "Two traitors among four: more than the protocol withstands",
  lock: "A variant of the rules, in which a platform forgets its lock when it changes the view",
};

/** `read(text)` makes a trace of a file's text, or throws; `tell(words, wrong)` says how it went. */
export function makeTrace(read, tell) {
  let trace = null;
  let draw = null;
  const at = byId("trace-at");
  const buttons = ["first", "back", "on", "last"].map((each) => byId(`trace-${each}`));

  function open(text, name) {
    try {
      trace = read(text);
    } catch (error) {
      tell(error.message, true);
      return;
    }
    tell(`${name}: ${trace.steps.length - 1} steps.`);
    const platforms = Array.from({ length: trace.n }, (_, index) => `platform ${index}`);
    draw = makeChart(byId("trace-chart"), platforms);
    at.max = trace.steps.length - 1;
    [at, ...buttons].forEach((each) => { each.disabled = false; });
    const traitors = trace.byzantine.map((each) => `platform ${each}`).join(" and ") || "nobody";
    say(byId("trace-title"), name);
    say(byId("trace-about"), `${trace.n} platforms, Byzantine: ${traitors}; ${trace.bounds}.`);
    go(0);
  }

  function go(step) {
    const place = Math.max(0, Math.min(step, trace.steps.length - 1));
    const now = trace.steps[place];
    at.value = place;
    at.setAttribute("aria-valuetext", `step ${place} of ${trace.steps.length - 1}`);
    const did = now.notes.map((note) => `platform ${note.at} ${note.text}`).join("; ");
    say(byId("trace-says"), `${place} of ${trace.steps.length - 1}: ${now.text}${did ? `. Then ${did}` : ""}.`);
    showVerdict(place === trace.steps.length - 1);
    byId("trace-cards").replaceChildren(...cards(now));
    draw(trace.steps.slice(1, place + 1).map((each, id) => ({ ...each, id })));
  }

  function showVerdict(last) {
    const { breaks } = trace;
    byId("trace-verdict").hidden = !(last && breaks);
    if (breaks) say(byId("trace-verdict"), `Broken: ${breaks.clause}, ${breaks.found}.`);
  }

  function cards(now) {
    const states = new Map(now.platforms);
    return Array.from({ length: trace.n }, (_, index) => card(index, states.get(index)));
  }

  const here = () => Number(at.value);
  const moves = [() => 0, () => here() - 1, () => here() + 1, () => Number(at.max)];
  buttons.forEach((button, place) => button.addEventListener("click", () => go(moves[place]())));
  at.addEventListener("input", () => go(here()));
  byId("trace-file").addEventListener("change", async ({ target }) => {
    const [file] = target.files;
    if (file) open(await file.text(), file.name);
  });
  for (const [name, title] of Object.entries(EXAMPLES)) {
    byId(`trace-${name}`).addEventListener("click", async () => {
      const answer = await fetch(`${name}.itf.json`);
      open(await answer.text(), title);
    });
  }
}

function card(index, state) {
  const head = el("h3", {}, `platform ${index}`);
  if (!state) {
    head.append(" ", el("span", { class: "badge traitor" }, "Byzantine"));
    return el("article", { class: "card panel traitor", "aria-label": `platform ${index}, Byzantine` },
      head, el("p", { class: "phase" }, "says whatever serves it"));
  }
  const rows = FACTS.flatMap(([name, words]) => {
    const block = state[name].split(" ")[0];
    return [el("dt", {}, words),
      el("dd", {}, el("span", { class: block ? `block ${blockClass(block)}` : "" }, state[name] || "–"))];
  });
  return el("article", { class: "card panel", "aria-label": `platform ${index}` },
    head, el("p", { class: "where" }, `height ${state.height} · view ${state.view}`), el("dl", {}, ...rows));
}
