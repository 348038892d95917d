// Everything shown is made here: text is set as text, so that nothing of the repository can become markup.

/** Make an element; children are elements or text, properties are set, `on*` are listeners. */
function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined) continue;
    if (name.startsWith("aria-")) element.setAttribute(name, String(value));
    else if (value === false) continue;
    else if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** Make an SVG element with attributes. */
function s(tag, attributes = {}) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}

const $ = (id) => document.getElementById(id);

/** Return a number with its noun: `1 change`, `2 changes`. */
const count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

/** Return a text's parts, those between backticks as code. */
function prose(text) {
  return text.split("`").map((piece, index, all) => (index % 2 && index < all.length - 1 ? h("code", {}, piece) : piece));
}

/** Return the identity of a change's object as findings name it. */
const idOf = (change) => [change.kind, change.namespace, change.name].filter(Boolean).join("/");

const SEVERITIES = ["error", "warning", "info"];
const SEVERITY_NAMES = { error: "Error", warning: "Warning", info: "Info", none: "No finding" };
const ACTIONS = ["removed", "changed", "added", "moved"];
const SIGNS = { removed: "−", changed: "~", added: "+", moved: "→" };

/** Return a badge with the sign of a severity, and a number or a word. */
function badge(severity, text) {
  return h("span", { class: `badge ${severity}`, title: SEVERITY_NAMES[severity] }, text);
}
