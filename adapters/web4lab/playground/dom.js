// Small things that all parts of the page need: making elements, and the colours of blocks.

export const PLATFORMS = ["thor", "sprout", "legion", "platform2"];

/** An element; `on...` are listeners, `class` and attributes are set, null is left out. */
export function el(tag, given = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** An element of SVG. */
export function svg(tag, given = {}, text = null) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(given)) made.setAttribute(name, value);
  if (text !== null) made.textContent = text;
  return made;
}

export function byId(id) {
  return document.getElementById(id);
}

/** Set a text only if it is another, so that screen readers are not told of nothing. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const seen = new Map();
const COLOURS = 6;

/** A class that colours a block: each block has its own, as far as there are colours. */
export function blockClass(name) {
  if (!name) return "";
  if (!seen.has(name)) seen.set(name, seen.size % COLOURS);
  return `block-${seen.get(name)}`;
}

export function forgetBlocks() {
  seen.clear();
}

export function kindClass(kind) {
  return `kind-${kind.toLowerCase()}`;
}
