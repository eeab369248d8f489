// The messages on their way, grouped by kind, each with what can be done to it.
//
// Elements are kept while their message is on its way; the focus moves to the next one after that.

import { PLATFORMS, el, kindClass, say } from "./dom.js";

/** `act` does one thing to one message, `actAll` to several; `look` shows where one would go. */
export function makeFlights(parent, { act, actAll, look }) {
  const items = new Map();
  const groups = new Map();
  const empty = el("p", { class: "empty" }, "Nothing is on its way. Hand in a transaction, or let a timer run out.");

  function item(flight) {
    const words = el("span", { class: "words" });
    const label = (verb) => `${verb} ${flight.kind} from ${PLATFORMS[flight.source]} to ${PLATFORMS[flight.target]}`;
    const button = (verb, does) =>
      el("button", { "data-does": does, "aria-label": label(verb), onclick: () => act(does, flight.id) }, verb);
    const buttons = [button("Deliver", "deliver"), button("Drop", "drop"), button("Later", "delay")];
    if (flight.kind === "PRE-PREPARE") buttons.push(button("Forge", "forge"));
    const root = el("li", { "data-id": flight.id }, words, el("span", { class: "buttons" }, ...buttons));
    for (const event of ["focusin", "mouseenter"]) root.addEventListener(event, () => look(root.flight));
    for (const event of ["focusout", "mouseleave"]) root.addEventListener(event, () => look(null));
    return { root, words };
  }

  function group(kind) {
    const count = el("span", { class: "count" });
    const every = () => [...list.children].map((each) => each.flight.id);
    const all = (verb, does) =>
      el("button", { "aria-label": `${verb} every ${kind}`, onclick: () => actAll(does, every()) }, `${verb} all`);
    const list = el("ul");
    const head = el("div", { class: "head" }, el("h3", { class: kindClass(kind) }, kind, " ", count),
      el("span", { class: "buttons" }, all("Deliver", "deliver"), all("Drop", "drop")));
    return { root: el("section", { class: "flight-group" }, head, list), list, count };
  }

  return function update(flights) {
    const focus = placeOfFocus(parent);
    const kinds = [...new Set(flights.map((flight) => flight.kind))];
    const wanted = new Set(flights.map((flight) => flight.id));
    for (const [id, { root }] of items) {
      if (!wanted.has(id)) { root.remove(); items.delete(id); }
    }
    for (const kind of kinds) if (!groups.has(kind)) groups.set(kind, group(kind));
    for (const flight of flights) {
      if (!items.has(flight.id)) items.set(flight.id, item(flight));
      const { root, words } = items.get(flight.id);
      root.flight = flight;
      say(words, `${PLATFORMS[flight.source]} → ${PLATFORMS[flight.target]} · ${flight.text}`);
    }
    for (const [kind, { root, list, count }] of groups) {
      const its = flights.filter((flight) => flight.kind === kind).map((flight) => items.get(flight.id).root);
      arrange(list, its);
      say(count, String(its.length));
      if (!its.length) root.remove();
    }
    arrange(parent, flights.length ? kinds.map((kind) => groups.get(kind).root) : [empty]);
    restoreFocus(parent, focus);
  };
}

/** Put the children in this order, moving only those that are elsewhere. */
function arrange(parent, children) {
  children.forEach((child, place) => {
    if (parent.children[place] !== child) parent.insertBefore(child, parent.children[place] ?? null);
  });
  while (parent.children.length > children.length) parent.lastElementChild.remove();
}

function placeOfFocus(parent) {
  const focused = document.activeElement;
  if (!parent.contains(focused) || focused === parent) return null;
  const buttons = [...parent.querySelectorAll("button")];
  const same = focused.dataset.does ?? focused.textContent;
  return { focused, same, place: buttons.filter((each) => (each.dataset.does ?? each.textContent) === same).indexOf(focused) };
}

function restoreFocus(parent, before) {
  if (before === null || (document.activeElement === before.focused && parent.contains(before.focused))) return;
  if (parent.contains(before.focused)) { before.focused.focus(); return; }
  const alike = [...parent.querySelectorAll("button")].filter(
    (each) => (each.dataset.does ?? each.textContent) === before.same);
  (alike[Math.min(before.place, alike.length - 1)] ?? document.getElementById("flights-title")).focus();
}
