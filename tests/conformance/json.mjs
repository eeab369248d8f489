/**
 * JSON (RFC 8259) read strictly: integers are BigInt, since JavaScript's own reader rounds those
 * beyond 2^53 and cannot tell 1 from 1.0; a member that repeats is an error.
 */
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SPACE = /[ \t\n\r]*/y;
const WORDS = { true: true, false: false, null: null };

class Parser {
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  match(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found) this.at = pattern.lastIndex;
    return found;
  }

  /** Takes a character, with space around it, if it comes next. */
  takes(character) {
    this.match(SPACE);
    if (this.text[this.at] !== character) return false;
    this.at += 1;
    this.match(SPACE);
    return true;
  }

  wants(character) {
    if (!this.takes(character)) throw new SyntaxError(`no ${character} at ${this.at}`);
  }

  string() {
    const found = this.match(STRING);
    if (!found) throw new SyntaxError(`no string at ${this.at}`);
    return JSON.parse(found[0]);
  }

  number() {
    const found = this.match(NUMBER);
    if (!found) throw new SyntaxError(`no value at ${this.at}`);
    return found[1] || found[2] ? Number(found[0]) : BigInt(found[0]);
  }

  object() {
    const object = new Map();
    while (!this.takes("}")) {
      if (object.size) this.wants(",");
      const name = this.string();
      if (object.has(name)) throw new SyntaxError(`${JSON.stringify(name)} twice`);
      this.wants(":");
      object.set(name, this.value());
    }
    return Object.fromEntries(object);
  }

  array() {
    const array = [];
    while (!this.takes("]")) {
      if (array.length) this.wants(",");
      array.push(this.value());
    }
    return array;
  }

  value() {
    if (this.takes("{")) return this.object();
    if (this.takes("[")) return this.array();
    if (this.text[this.at] === '"') return this.string();
    for (const [word, value] of Object.entries(WORDS)) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    return this.number();
  }
}

/** The value of a JSON text, or a SyntaxError. @param {string} text */
export function parse(text) {
  const parser = new Parser(text);
  parser.match(SPACE);
  const value = parser.value();
  parser.match(SPACE);
  if (parser.at !== text.length) throw new SyntaxError(`something follows at ${parser.at}`);
  return value;
}
