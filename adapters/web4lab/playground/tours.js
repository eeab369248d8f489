// What to try first: each tour says what to look at, and can be shown up to that point.
//
// A script is given `does`: the calls of the page, and `until(condition)`, which goes on step by
// step until the condition holds of what the page is told.

import { el, say } from "./dom.js";

const height = (told, at) => told.platforms.every((each) => !each.up || each.height >= at);
const flying = (told, kind) => told.flights.filter((flight) => flight.kind === kind);

const TOURS = [
  {
    title: "Phase by phase",
    text: "Hand in a payment at thor, then press Round four times: the transaction reaches everybody; "
      + "sprout, whose turn it is, sends the PRE-PREPARE; all vote PREPARE; three PREPAREs are a certificate, "
      + "so all lock the block and vote COMMIT; three COMMITs decide. Carol has 5 ATP on every platform.",
    async script(does) {
      await does.call("hand_in", "pay", 0);
      await does.until((told) => height(told, 2));
    },
  },
  {
    title: "Lose one PRE-PREPARE",
    text: "Drop the PRE-PREPARE to legion and let the timers run: three of four are a quorum, so the others decide without legion. It sees their COMMITs, "
      + "lacks the block, and after a moment fetches it, with the certificate that needs no trust in who sends it.",
    async script(does) {
      await does.call("hand_in", "pay", 1);
      await does.until((told) => flying(told, "PRE-PREPARE").length > 0);
      const lost = flying(does.told(), "PRE-PREPARE").find((flight) => flight.target === 2);
      await does.call("drop", lost.id);
      await does.until((told) => height(told, 2));
    },
  },
  {
    title: "A lock survives",
    text: "All are locked on a block, and every COMMIT is lost, again and again. The view timers run out, "
      + "VIEW-CHANGEs carry the certificate, and legion, whose turn view 1 is, must propose the same block again. "
      + "Stopped here with the locks shown; press Run to see it decided.",
    async script(does) {
      await does.call("hand_in", "pay", 1);
      await does.until(async (told) => {
        for (const flight of flying(told, "COMMIT")) await does.call("drop", flight.id);
        return told.platforms.every((each) => each.view === 1);
      });
    },
  },
  {
    title: "The proposer is dead",
    text: "sprout crashes before it proposes. The others wait in vain, change the view, and legion proposes. "
      + "Restart sprout and press Run: it folds its journal, hears that it is behind, and fetches the block.",
    async script(does) {
      await does.call("crash", 1);
      await does.call("hand_in", "pay", 0);
      await does.until((told) => height(told, 2));
    },
  },
  {
    title: "The proposer betrays",
    text: "sprout signs a second block, for legion alone. legion votes for it, finds no quorum, sees three "
      + "COMMITs for the other one, and fetches that. To send a lie to more of them, "
      + "press Forge on a PRE-PREPARE of your own.",
    async script(does) {
      await does.call("hand_in", "pay", 1);
      await does.until((told) => flying(told, "PRE-PREPARE").length > 0);
      const betrayed = flying(does.told(), "PRE-PREPARE").find((flight) => flight.target === 2);
      await does.call("forge", betrayed.id);
      await does.until((told) => height(told, 2));
    },
  },
  {
    title: "ATP from thor to sprout",
    text: "Alice locks 20 ATP for Bob, in one block; sprout commits, in the next. "
      + "What is locked belongs to nobody else meanwhile, and the sum of all accounts stays 1500.",
    async script(does) {
      await does.call("hand_in", "lock", 0);
      await does.until((told) => height(told, 2));
      await does.call("hand_in", "commit", 1);
      await does.until((told) => height(told, 3));
    },
  },
];

/** `show(tour)` plays the script of a tour. */
export function makeTours(parent, show) {
  const text = el("p", { id: "tour-text", "aria-live": "polite" });
  const showMe = el("button", { id: "show-me", class: "primary", "aria-describedby": "tour-text" }, "Show me");
  let chosen = null;
  const titles = TOURS.map((tour) => el("button", { class: "tour", onclick: () => choose(tour) }, tour.title));
  function choose(tour) {
    chosen = tour;
    titles.forEach((title, place) => title.setAttribute("aria-pressed", String(TOURS[place] === tour)));
    say(text, tour.text);
  }
  showMe.addEventListener("click", () => show(chosen));
  parent.replaceChildren(
    el("div", { class: "titles", role: "group", "aria-labelledby": "tours-title" }, ...titles),
    el("div", { class: "chosen" }, text, showMe));
  choose(TOURS[0]);
}
