// Unified diffs of YAML, highlighted: what a line is, what it says, and what of it differs.

const YAML = /^(\s*(?:- )*)([^\s:#"'][^:#]*|"[^"]*"|'[^']*')(:)(?=\s|$)|(#.*)$/;
const NUMBER = /^-?\d[\d_.]*$|^(?:true|false|null|~)$/;

/** Return a diff as an element of at most `limit` lines. */
function diffElement(diff, limit) {
  const lines = diff.replace(/\n$/, "").split("\n");
  const shown = h("div", { class: "diff", role: "group", "aria-label": "Diff", tabindex: "0" });
  const block = h("div", { class: "lines" });
  shown.append(block);
  const pairs = pairsOf(lines);
  const first = /^@@ -(?:0,0|1(?:,\d+)?) \+(?:0,0|1(?:,\d+)?) @@/.test(lines[0]) ? 1 : 0; // that it starts at the start needs no saying
  for (let index = first; index < Math.min(limit, lines.length); index += 1) block.append(lineElement(lines, index, pairs));
  return shown;
}

/** Return the number of lines of a diff. */
function lineCount(diff) {
  let lines = 0;
  for (let at = diff.indexOf("\n"); at !== -1; at = diff.indexOf("\n", at + 1)) lines += 1;
  return diff && !diff.endsWith("\n") ? lines + 1 : lines;
}

/** Return which removed line became which added one: runs of as many lines as replace them. */
function pairsOf(lines) {
  const pairs = new Map();
  let at = 0;
  while (at < lines.length) {
    const removed = runOf(lines, at, "-");
    const added = runOf(lines, at + removed, "+");
    if (removed && removed === added) {
      for (let index = at; index < at + removed; index += 1) {
        pairs.set(index, index + removed);
        pairs.set(index + removed, index);
      }
    }
    at += removed + added || 1;
  }
  return pairs;
}

function runOf(lines, start, sign) {
  let end = start;
  while (end < lines.length && lines[end][0] === sign) end += 1;
  return end - start;
}

const KINDS = { "+": "add", "-": "del", "@": "hunk" };
const SPOKEN = { add: "added: ", del: "removed: " };

function lineElement(lines, index, pairs) {
  const line = lines[index];
  const kind = KINDS[line[0]] || "same";
  if (kind === "hunk") {
    const place = /^@@ -(\d+)(?:,\d+)? \+(\d+)/.exec(line);
    return h("div", { class: "line hunk" }, place ? `⋯ line ${Math.max(place[1], place[2])}` : line);
  }
  const text = line.slice(1);
  const partner = pairs.get(index);
  const content = partner === undefined ? tokens(text) : differing(text, lines[partner].slice(1));
  const spoken = SPOKEN[kind] ? h("span", { class: "hidden" }, SPOKEN[kind]) : null;
  return h("div", { class: `line ${kind}` }, spoken, h("span", { class: "sign", "aria-hidden": "true" }, line[0] || " "), ...content);
}

/** Return a line's spans, with what it doesn't share with its partner marked. */
function differing(text, other) {
  let start = 0;
  while (start < text.length && start < other.length && text[start] === other[start]) start += 1;
  let end = 0;
  while (end < text.length - start && end < other.length - start && text[text.length - 1 - end] === other[other.length - 1 - end]) end += 1;
  const middle = text.slice(start, text.length - end);
  if (!middle || (start + end) * 4 < text.length) return tokens(text);
  const spans = [];
  let at = 0;
  for (const token of tokens(text)) {
    const content = token.textContent;
    const from = Math.max(0, start - at);
    const to = Math.min(content.length, text.length - end - at);
    if (from >= to) spans.push(token);
    else {
      const marked = h("span", { class: token.className || null }, content.slice(0, from), h("mark", {}, content.slice(from, to)), content.slice(to));
      spans.push(marked);
    }
    at += content.length;
  }
  return spans;
}

/** Return a line of YAML as spans: keys, values, comments. */
function tokens(text) {
  const found = YAML.exec(text);
  if (!found) return [value(text)];
  if (found[4]) return [value(text.slice(0, found.index)), h("span", { class: "comment" }, found[4])];
  const rest = text.slice(found[0].length);
  return [span(found[1]), h("span", { class: "key" }, found[2]), span(found[3]), value(rest)];
}

function value(text) {
  const trimmed = text.trim();
  return h("span", { class: NUMBER.test(trimmed) ? "number" : trimmed ? "string" : null }, text);
}

const span = (text) => h("span", {}, text);
