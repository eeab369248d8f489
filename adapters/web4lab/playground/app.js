// The page: starts Python, draws what it tells, and passes on what a person does.
//
// One thing happens after another: what is asked for while something happens waits its turn.

import { makeCards } from "./cards.js";
import { makeChart } from "./chart.js";
import { PLATFORMS, byId, el, forgetBlocks, say } from "./dom.js";
import { makeFlights } from "./flights.js";
import { startPython } from "./host.js";
import { makeTours } from "./tours.js";
import { makeTrace } from "./trace.js";

const FUTILE = 24; // so many timers in vain, and a run stops
const LIMIT = 2000;
const LOGGED = 200;

let python = null;
let told = null;
let running = false;
let queue = Promise.resolve();
let life = Promise.resolve();
let ghost = null;

const drawChart = makeChart(byId("chart"), PLATFORMS);
const drawCards = makeCards(byId("cards"), (...given) => enqueue(() => call(...given)));
const drawFlights = makeFlights(byId("flights"), {
  act: (does, id) => enqueue(() => call(does, id)),
  actAll: (does, ids) => enqueue(() => inTurn(ids, (id) => call(does, id))),
  look(flight) {
    ghost = flight;
    if (told) drawChart(told.rows, ghost);
  },
});

/** Do something once all that was asked for before is done. */
function enqueue(deed) {
  queue = queue.then(deed).catch((error) => tell(error.message.trim().split("\n").at(-1), true));
  return queue;
}

function tell(words, wrong = false) {
  say(byId("status"), words);
  byId("status").classList.toggle("wrong", wrong);
}

/** One call of the federation, and the page drawn anew. */
async function call(name, ...given) {
  told = await python.call(name, ...given);
  draw();
  return told;
}

async function inTurn(ids, deed) {
  for (const id of ids) await deed(id);
}

function draw() {
  drawCards(told);
  drawFlights(told.flights);
  if (ghost && !told.flights.some((flight) => flight.id === ghost.id)) ghost = null;
  drawChart(told.rows, ghost);
  say(byId("clock"), told.clock);
  say(byId("flights-count"), String(told.flights.length));
  say(byId("next"), nextWords());
  drawLog();
  tell(summary());
}

function nextWords() {
  const [first] = told.flights;
  if (first) return `Next: ${first.kind} ${PLATFORMS[first.source]} → ${PLATFORMS[first.target]}`;
  const timer = told.next_timer;
  return timer ? `Next: ${PLATFORMS[timer[0]]}'s ${timer[1]} timer` : "Nothing can happen";
}

function summary() {
  const last = told.rows.at(-1);
  return last ? last.text : "Four platforms are at rest. Hand in a transaction.";
}

function drawLog() {
  const log = byId("log");
  const known = Number(log.dataset.last ?? 0);
  if (!told.rows.length) log.replaceChildren();
  for (const row of told.rows.filter((each) => each.id > known)) {
    log.prepend(el("li", { class: row.notes.length ? "weighty" : null }, row.text));
  }
  while (log.children.length > LOGGED) log.lastElementChild.remove();
  log.dataset.last = told.rows.at(-1)?.id ?? 0;
}

// --- going on -------------------------------------------------------------------------------------

/** The next thing: the first message arrives, or, if none is on its way, a timer runs out. */
async function step() {
  if (told.flights.length) return call("deliver", told.flights[0].id);
  const timer = told.next_timer;
  return timer ? call("fire", ...timer) : told;
}

const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** Go on until a condition holds, somebody stops it, or it leads nowhere. */
async function until(holds) {
  let futile = 0;
  let reached = progress();
  for (let steps = 0; steps < LIMIT && !(await holds(told)); steps += 1) {
    if (!running) throw new Stopped();
    if (!told.flights.length) futile += 1;
    if (progress() !== reached) { futile = 0; reached = progress(); }
    if (futile > FUTILE || (!told.flights.length && !told.next_timer)) {
      throw new Error("No decision comes: fewer than three platforms take part. Restart one.");
    }
    await enqueue(step);
    await sleep(Number(byId("pace").value));
  }
}

const progress = () => told.platforms.map((each) => `${each.height}/${each.view}`).join();

/** Somebody pressed Pause. */
class Stopped extends Error {}

/** Do something that takes many steps; whatever else is asked for happens in between. */
function begin(deed) {
  running = false;
  life = life.then(async () => {
    setRunning(true);
    try {
      await deed();
    } catch (error) {
      if (!(error instanceof Stopped)) tell(error.message, true);
    }
    setRunning(false);
  });
}

function setRunning(now) {
  running = now;
  byId("run").setAttribute("aria-pressed", String(now));
  say(byId("run"), now ? "Pause" : "Run");
  document.body.classList.toggle("running", now);
}

function toggleRun() {
  if (running) running = false;
  else begin(async () => {
    if (told.resting) await enqueue(step);
    await until((now) => now.resting);
  });
}

async function reset() {
  forgetBlocks();
  byId("log").dataset.last = 0;
  byId("log").replaceChildren();
  await call("reset");
}

/** Play the script of a tour, on a new federation. */
function show(tour) {
  begin(async () => {
    await enqueue(reset);
    await tour.script({ call: (...given) => enqueue(() => call(...given)), until, told: () => told });
  });
}

// --- the start ------------------------------------------------------------------------------------

function wire() {
  byId("hand-in").addEventListener("click", () =>
    enqueue(() => call("hand_in", byId("order").value, Number(byId("via").value))));
  byId("step").addEventListener("click", () => enqueue(step));
  byId("round").addEventListener("click", () =>
    enqueue(() => inTurn(told.flights.map((flight) => flight.id), (id) => call("deliver", id))));
  byId("run").addEventListener("click", toggleRun);
  byId("timer").addEventListener("click", () =>
    enqueue(async () => told.next_timer && call("fire", ...told.next_timer)));
  byId("reset").addEventListener("click", () => { running = false; enqueue(reset); });
  makeTours(byId("tours"), show);
  makeTrace((text) => python.trace(text), tell);
  wireTabs();
}

/** Tabs by arrow keys, as people who use a keyboard expect. */
function wireTabs() {
  const tabs = [byId("tab-federation"), byId("tab-trace")];
  function choose(chosen) {
    for (const tab of tabs) {
      const on = tab === chosen;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
      byId(tab.getAttribute("aria-controls")).hidden = !on;
    }
    chosen.focus();
  }
  tabs.forEach((tab, place) => {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", ({ key }) => {
      if (key === "ArrowRight" || key === "ArrowLeft") choose(tabs[1 - place]);
    });
  });
}

async function main() {
  document.body.classList.add("loading");
  try {
    python = await startPython(tell);
    wire();
    await call("reset");
  } catch (error) {
    tell(`The playground does not start: ${error.message}`, true);
    return;
  }
  document.body.classList.replace("loading", "ready");
}

await main();
