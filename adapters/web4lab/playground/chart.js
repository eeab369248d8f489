// The lanes: one for each platform, time downwards, an arrow for each message that arrived or was
// lost, and beside a lane what its platform did about it.

import { blockClass, el, kindClass, svg } from "./dom.js";

const HEAD = 4;
const GAP = 10; // between the cards above
const ROW = 26;
const NOTE = 18;
const SHOWN = 120;
const LEAST = 300;
const WORDS = 6.6; // about the width of a letter of a note

/** `names` head the lanes; `draw(rows, ghost)` draws them, `ghost` being a message that may come. */
export function makeChart(parent, names) {
  let latest = [[], null];
  function draw(rows, ghost = null) {
    latest = [rows, ghost];
    const width = Math.max(LEAST, parent.clientWidth - 2);
    const atEnd = parent.scrollTop + parent.clientHeight >= parent.scrollHeight - 60;
    const grew = parent.dataset.last !== String(rows.at(-1)?.id);
    parent.dataset.last = String(rows.at(-1)?.id);
    const lane = (index) => index * (width + GAP) / names.length + (width + GAP) / names.length / 2 - GAP / 2;
    parent.replaceChildren(heads(names, lane), picture(rows.slice(-SHOWN), ghost, width, lane, names.length));
    if (grew || atEnd) parent.scrollTop = parent.scrollHeight;
  }
  new ResizeObserver(() => draw(...latest)).observe(parent);
  return draw;
}

/** The names of the lanes, which stay in sight. */
function heads(names, lane) {
  const made = el("div", { class: "heads", "aria-hidden": "true" });
  names.forEach((name, index) => {
    const head = el("span", {}, name);
    head.style.setProperty("left", `${lane(index)}px`);
    made.append(head);
  });
  return made;
}

function picture(rows, ghost, width, lane, lanes) {
  const drawing = svg("svg", { width, "aria-hidden": "true" });
  const layer = svg("g");
  let y = HEAD;
  for (const row of rows) {
    y += isMark(row) ? ROW + 8 : ROW;
    layer.append(...drawRow(row, y, lane, width));
    y += NOTE * stacked(row.notes);
  }
  if (ghost) {
    y += ROW;
    layer.append(...arrow({ ...ghost, what: "ghost" }, y, lane));
  }
  y = Math.max(y + ROW, 120);
  drawing.setAttribute("height", y);
  for (let index = 0; index < lanes; index += 1) {
    drawing.append(svg("line", { class: "lane", x1: lane(index), x2: lane(index), y1: 0, y2: y }));
  }
  if (!rows.length && !ghost) {
    drawing.append(svg("text", { class: "empty", x: width / 2, y: 60 }, "Nothing has happened yet"));
  }
  drawing.append(layer);
  return drawing;
}

/** How many notes there are at most beside one lane. */
function stacked(notes) {
  const counts = {};
  for (const note of notes) counts[note.at] = (counts[note.at] ?? 0) + 1;
  return Math.max(0, ...Object.values(counts));
}

function drawRow(row, y, lane, width) {
  const drawn = isMark(row) ? mark(row, y, lane) : arrow(row, y, lane);
  const places = {};
  for (const note of row.notes) {
    places[note.at] = (places[note.at] ?? 0) + 1;
    drawn.push(...pill(note, lane(note.at), y + NOTE * places[note.at] - 1, width));
  }
  return drawn;
}

const isMark = (row) => row.source === row.target || row.target < 0;

/** Something that happened to one platform. */
function mark(row, y, lane) {
  if (row.target < 0) return [];
  const x = lane(row.target);
  const words = { timer: `${row.kind} timer`, own: `own ${row.kind}`, submit: "transaction" }[row.what] ?? row.what;
  return [
    svg("circle", { class: `mark ${row.what}`, cx: x, cy: y - 4, r: 4.5 }),
    svg("text", { class: `mark-words ${row.what}`, x, y: y - 12 }, words),
  ];
}

function arrow(row, y, lane) {
  const from = lane(row.source);
  const whole = lane(row.target);
  const way = Math.sign(whole - from);
  const lost = row.what === "dropped" || row.what === "lost";
  const to = lost ? from + (whole - from) * 0.62 : whole - way * 3;
  const classes = `${kindClass(row.kind)} ${row.what}`;
  const tip = lost
    ? `M${to - 5},${y - 5}l10,10m0,-10l-10,10`
    : `M${to},${y}l${-7 * way},-4.5v9z`;
  const label = svg("text", { class: `label ${classes}`, x: (from + whole) / 2, y: y - 5 }, row.kind);
  if (row.about) label.append(" ", svg("tspan", { class: `about ${blockClass(row.about)}` }, row.about));
  return [
    svg("line", { class: `arrow ${classes}`, x1: from, x2: to, y1: y, y2: y }),
    svg("circle", { class: `from ${classes}`, cx: from, cy: y, r: 3 }),
    svg("path", { class: `${lost ? "cross" : "tip"} ${classes}`, d: tip }),
    label,
  ];
}

function pill(note, x, y, width) {
  const wide = note.text.length * WORDS + 12;
  const left = Math.min(Math.max(2, x - wide / 2), width - wide - 2);
  const block = note.text.split(" ")[1] ?? "";
  const colour = note.tone === "decide" || note.tone === "lock" ? blockClass(block) : "";
  return [
    svg("rect", { class: `pill ${note.tone} ${colour}`, x: left, y: y - 11, width: wide, height: 16, rx: 8 }),
    svg("text", { class: `pill-words ${note.tone}`, x: left + wide / 2, y: y + 1 }, note.text),
  ];
}
