// The page: what is chosen on the left, what it shows on the right, and the keys.

const review = JSON.parse($("review").textContent);
review.changes.forEach((change, index) => { change.index = index; });
const FOLDED = 80; // lines of a diff that are shown before one asks for all
const MOST_PARTS = 200;
const VIEWS = { changes: "Changes", findings: "Findings", parts: "Parts", images: "Images", files: "Files" };

const filter = new Filter(review, () => draw());
const folded = new Set();
const whole = new Set();
let view = "changes";
let current = -1;
let allParts = false;

const lists = {
  changes: new LazyList($("changes"), changeCard, changeHeight, mark),
  findings: new LazyList($("findings"), findingCard, () => 110, mark),
  parts: new LazyList($("parts"), partRow, () => 64, mark),
  images: new LazyList($("images"), imageRow, () => 64, mark),
  files: new LazyList($("files"), fileRow, () => 64, mark),
};
const shown = { changes: [], findings: [], parts: [], images: [], files: [] };

// The left: clusters, chips, graph

function drawClusters() {
  const most = Math.max(1, ...review.clusters.map((one) => one.added + one.changed + one.removed + one.moved));
  const all = review.clusters.length > 1
    ? [h("button", { type: "button", class: "cluster all", "aria-pressed": filter.cluster === null, onclick: () => filter.set({ cluster: null, part: null }) }, h("span", { class: "name" }, `All ${count(review.clusters.length, "cluster")}`))]
    : [];
  const each = review.clusters.map((one, index) => {
    const told = ACTIONS.filter((action) => one[action]).map((action) => `${one[action]} ${action}`).join(", ") || "no object changes";
    const bar = h("span", { class: "bar", "aria-hidden": "true" });
    for (const action of ACTIONS) {
      if (!one[action]) continue;
      const piece = h("span", { class: action });
      piece.style.width = `${(100 * one[action]) / most}%`;
      bar.append(piece);
    }
    const choose = () => filter.set({ cluster: filter.cluster === index ? null : index, part: null });
    return h(
      "button",
      { type: "button", class: "cluster", "aria-pressed": filter.cluster === index, title: told, onclick: choose },
      h("span", { class: "name" }, one.name),
      one.action ? h("span", { class: `state ${one.action}` }, one.action) : null,
      h("span", { class: "badges" }, SEVERITIES.filter((severity) => one[severity]).map((severity) => badge(severity, one[severity].toLocaleString("en")))),
      h("span", { class: "told" }, told),
      bar,
    );
  });
  const none = review.clusters.length ? [] : [h("p", { class: "quiet" }, "No cluster differs.")];
  $("clusters").replaceChildren(...all, ...each, ...none);
}

function drawChips() {
  const group = (label, name, values, of, text) => {
    const among = review.changes.filter((change) => filter.takes(change, name));
    const chips = values.map((one) => {
      const number = among.filter((change) => of(change) === one).length;
      const pressed = filter[name].has(one);
      return h(
        "button",
        { type: "button", class: `chip ${one}`, "aria-pressed": pressed, disabled: !number && !pressed, onclick: () => filter.toggle(name, one) },
        text(one),
        h("span", { class: "number" }, number.toLocaleString("en")),
      );
    });
    return h("div", { class: "chips", role: "group", "aria-label": label }, chips);
  };
  $("chips").replaceChildren(
    group("Danger", "dangers", [...SEVERITIES, "none"], (change) => change.danger, (one) => SEVERITY_NAMES[one]),
    group("Action", "actions", ACTIONS, (change) => change.action, (one) => `${SIGNS[one]} ${one}`),
  );
}

/** Return the parts of the chosen clusters, each name once, with how many of the changes are theirs. */
function chosenParts() {
  const merged = new Map();
  for (const part of review.parts.filter((one) => filter.inCluster(one))) {
    const known = merged.get(part.name);
    if (!known) merged.set(part.name, { ...part, changes: 0, danger: "none" });
    else {
      known.dependsOn = [...new Set([...known.dependsOn, ...part.dependsOn])];
      known.news = [...new Set([...known.news, ...part.news])];
      known.suspended ||= part.suspended;
    }
  }
  const rank = (severity) => [...SEVERITIES, "none"].indexOf(severity);
  const worse = (part, severity) => {
    if (rank(severity) < rank(part.danger)) part.danger = severity;
  };
  for (const change of review.changes.filter((one) => filter.inCluster(one))) {
    for (const name of new Set(change.owners)) {
      const part = merged.get(name);
      if (!part) continue;
      part.changes += 1;
      worse(part, change.danger);
    }
  }
  const byId = new Map([...merged.values()].map((part) => [part.id, part]));
  for (const finding of review.findings.filter((one) => filter.inCluster(one))) {
    const part = byId.get(finding.resource);
    if (part) worse(part, finding.severity);
  }
  return [...merged.values()];
}

function drawGraph() {
  const parts = chosenParts();
  const some = allParts ? parts : parts.slice(0, MOST_PARTS);
  const choose = (name) => filter.set({ part: filter.part === name ? null : name });
  const more = parts.length > some.length
    ? h("button", { type: "button", class: "more", onclick: () => { allParts = true; drawGraph(); } }, `Show all ${count(parts.length, "part")}`)
    : "";
  const graph = graphElement(some, filter.part, choose);
  const legend = graph.querySelector("path") ? h("p", { class: "legend" }, "solid: depends on · dotted: declared by") : "";
  $("graph").replaceChildren(...[graph, more, legend].filter(Boolean));
}

// The right: one view at a time

function changeHeight(change) {
  const { index } = change;
  const lines = folded.has(index) ? 0 : Math.min(lineCount(change.diff), FOLDED);
  return 92 + lines * 19 + change.findings.length * 64;
}

function tags(one) {
  const names = one.clusters.map((index) => review.clusters[index].name);
  if (review.clusters.length === 1) return [];
  if (review.clusters.length > 4 && names.length === review.clusters.length) return [h("span", { class: "tag" }, `all ${names.length} clusters`)];
  const more = names.length > 5 ? [h("span", { class: "tag", title: names.slice(4).join("\n") }, `${names.length - 4} more`)] : [];
  return [...names.slice(0, names.length > 5 ? 4 : 5).map((name) => h("span", { class: "tag" }, name)), ...more];
}

function changeCard(change, place) {
  const { index } = change;
  const open = !folded.has(index);
  const title = h(
    "button",
    { type: "button", class: "title", "aria-expanded": open, id: `title-${index}`, onclick: () => fold(place) },
    h("span", { class: `sign ${change.action}`, "aria-hidden": "true" }, SIGNS[change.action]),
    h("span", { class: "kind" }, change.kind),
    h("span", { class: "id" }, change.namespace ? h("span", { class: "namespace" }, `${change.namespace}/`) : null, change.name),
  );
  const happening = change.happening.split(", ");
  const head = h(
    "header",
    {},
    h("h3", {}, title),
    h("div", { class: "meta" },
      h("span", { class: `state ${change.action}` }, happening[0]),
      happening[1] ? h("span", { class: "state fate" }, happening[1]) : null,
      change.danger === "none" ? null : badge(change.danger, SEVERITY_NAMES[change.danger].toLowerCase()),
      change.owner ? h("span", { class: "owner", title: "The part that applies it" }, change.owner) : null,
      tags(change)),
  );
  const card = h("article", { class: `card ${change.danger}`, tabindex: "-1", "aria-labelledby": `title-${index}` }, head);
  if (place === current) card.classList.add("current");
  if (open) card.append(changeBody(change, index, place));
  return card;
}

function changeBody(change, index, place) {
  const body = h("div", { class: "body" });
  body.append(...change.findings.map((finding) => h("div", { class: `finding ${finding.severity}` }, findingText(finding))));
  const places = change.places.filter((place) => !change.findings.some((finding) => finding.place === place));
  if (places.length) body.append(h("p", { class: "places" }, places.slice(0, 4).map((one) => h("code", {}, one))));
  if (!change.diff) {
    body.append(h("p", { class: "quiet" }, change.action === "moved" ? "The object itself stays as it is." : "There is no difference to show."));
    return body;
  }
  const lines = lineCount(change.diff);
  body.append(diffElement(change.diff, whole.has(index) ? Infinity : FOLDED));
  if (lines > FOLDED && !whole.has(index)) {
    const all = () => { whole.add(index); replace(place); };
    body.append(h("button", { type: "button", class: "more", onclick: all }, `Show all ${count(lines, "line")}`));
  }
  if (change.left) body.append(h("p", { class: "quiet" }, `${count(change.left, "more line")} of this diff are in the JSON report.`));
  return body;
}

function findingText(finding) {
  const told = h("p", {}, badge(finding.severity, SEVERITY_NAMES[finding.severity]), " ", prose(finding.message), " ", h("code", { class: "rule" }, finding.rule));
  const remedy = finding.remedy ? h("p", { class: "remedy" }, prose(finding.remedy)) : null;
  return [told, remedy, finding.place ? h("p", { class: "places" }, h("code", {}, finding.place)) : null].filter(Boolean);
}

function findingCard(finding) {
  const about = finding.resource
    ? h("button", { type: "button", class: "link", onclick: () => reveal(finding.resource) }, finding.resource)
    : null;
  return h("article", { class: `card row ${finding.severity}` }, findingText(finding), h("div", { class: "meta" }, about, tags(finding)));
}

function partRow(part) {
  const see = h("button", { type: "button", class: "link", onclick: () => { filter.set({ part: part.name }); open("changes"); } }, part.label);
  const state = part.action ? h("span", { class: `state ${part.action}` }, part.action) : null;
  return h("article", { class: "card row" },
    h("p", { class: "heading" }, state, h("span", { class: "kind" }, part.kind), see),
    part.news.filter((told) => told !== part.action).map((told) => h("p", {}, prose(told))),
    h("div", { class: "meta" }, part.dependsOn.length ? h("span", {}, `depends on ${part.dependsOn.join(", ")}`) : null, tags(part)));
}

function imageRow(image) {
  const side = (text) => h("code", {}, text || "none");
  const workloads = image.workloads.slice(0, 6).map((name) => h("button", { type: "button", class: "link", onclick: () => reveal(name) }, name));
  const more = image.workloads.length > 6 ? h("span", { class: "quiet" }, `and ${image.workloads.length - 6} more`) : null;
  return h("article", { class: "card row" },
    h("p", { class: "image" }, h("b", {}, image.name), h("span", { class: "from" }, side(image.before)), h("span", { "aria-label": "becomes" }, "→"), h("span", { class: "to" }, side(image.after))),
    h("div", { class: "meta" }, workloads, more, tags(image)));
}

function fileRow(file) {
  const touches = file.touches.filter(([cluster]) => filter.cluster === null || cluster === filter.cluster);
  const number = touches.reduce((sum, [, parts]) => sum + parts.length, 0);
  const names = [...new Set(touches.flatMap(([, parts]) => parts))];
  const told = number ? `touches ${count(number, "part")} in ${count(touches.length, "cluster")}` : "nothing that a cluster builds";
  return h("article", { class: "card row" },
    h("p", { class: "heading" }, h("span", { class: `state ${file.status}` }, file.status), h("code", {}, file.file)),
    h("div", { class: "meta" }, h("span", {}, told), names.slice(0, 8).map((name) => h("span", { class: "tag" }, name)), names.length > 8 ? h("span", { class: "tag", title: names.slice(8).join("\n") }, `${names.length - 8} more`) : null));
}

// What is shown, and where one is

function choose() {
  shown.changes = review.changes.filter((change) => filter.takes(change));
  shown.findings = review.findings.filter((finding) => filter.takesFinding(finding));
  shown.parts = review.parts.filter((part) => filter.takesPart(part));
  shown.images = review.images.filter((image) => filter.takesImage(image));
  shown.files = review.files.filter((file) => filter.takesFile(file));
}

function draw() {
  current = -1;
  choose();
  drawClusters();
  drawChips();
  drawGraph();
  drawView();
  if ($("search").value !== filter.query) $("search").value = filter.query;
  try {
    history.replaceState(null, "", filter.active ? `#${filter.hash()}` : location.pathname + location.search);
  } catch {
    // An address that can't be changed, as in a sandboxed frame, is only not shared.
  }
}

function drawView() {
  $("tabs").replaceChildren(...Object.entries(VIEWS).map(([name, title]) => h(
    "button",
    { type: "button", "aria-current": name === view ? "page" : null, "aria-controls": name, onclick: () => open(name) },
    title,
    h("span", { class: "number" }, shown[name].length.toLocaleString("en")),
  )));
  for (const name of Object.keys(VIEWS)) {
    $(name).hidden = name !== view;
    if (name !== view) lists[name].show([]);
  }
  lists[view].show(shown[view]);
  if (!shown[view].length) $(view).replaceChildren(emptyNote());
  drawStatus();
}

function drawStatus() {
  const total = review[view].length;
  const number = shown[view].length;
  const noun = VIEWS[view].toLowerCase().replace(/s$/, "");
  const told = number === total ? count(total, noun) : `${number.toLocaleString("en")} of ${count(total, noun)}`;
  const chosen = [filter.cluster === null ? "" : review.clusters[filter.cluster].name, filter.part || ""].filter(Boolean);
  const clear = filter.active ? h("button", { type: "button", class: "link", onclick: () => filter.clear() }, "Show everything") : null;
  $("status").replaceChildren(...[told, chosen.length ? ` in ${chosen.join(", ")}` : "", " ", clear].filter(Boolean));
}

function emptyNote() {
  const words = review[view].length ? "Nothing matches what is chosen." : {
    changes: review.clusters.length ? "No object is known to differ." : "No cluster differs.",
    findings: "Nothing dangerous was found in this change.",
    parts: "No Kustomization, release or set differs.",
    images: "No image differs.",
    files: "No file differs.",
  }[view];
  const told = shown.parts.filter((part) => part.news.length);
  const lead = view === "changes" && told.length
    ? h("p", {}, h("button", { type: "button", class: "link", onclick: () => open("parts") }, `What is to be said of ${count(told.length, "part")}`))
    : "";
  return h("div", { class: "empty" }, h("p", {}, words), lead);
}

function open(name) {
  view = name;
  current = -1;
  drawView();
  window.scrollTo({ top: 0 });
}

function select(index) {
  const list = lists[view];
  if (!list.items.length) return;
  const next = Math.max(0, Math.min(index, list.items.length - 1));
  const old = document.querySelector(".card.current");
  if (old) old.classList.remove("current");
  current = next;
  const element = list.element(next);
  element.classList.add("current");
  element.tabIndex = -1;
  element.focus({ preventScroll: true });
  element.scrollIntoView({ block: "start" });
}

/** Return the index of the first item that the window shows. */
function topmost() {
  const bar = document.querySelector(".top").offsetHeight;
  const list = lists[view];
  for (const chunk of list.chunks.filter((one) => one.full)) {
    for (const [offset, card] of [...chunk.element.children].entries()) {
      if (card.getBoundingClientRect().bottom > bar + 24) return chunk.start + offset;
    }
  }
  return 0;
}

function step(by) {
  if (current === -1) select(window.scrollY < 8 ? (by > 0 ? 0 : lists[view].items.length - 1) : topmost());
  else select(current + by);
}

function fold(place) {
  const { index } = shown.changes[place];
  if (!folded.delete(index)) folded.add(index);
  replace(place, true);
}

function replace(place, refocus = false) {
  const old = lists.changes.element(place);
  const fresh = changeCard(shown.changes[place], place);
  old.replaceWith(fresh);
  mark(fresh);
  if (refocus) fresh.querySelector(".title").focus({ preventScroll: true });
}

function foldAll() {
  const all = shown.changes.every((change) => folded.has(change.index));
  shown.changes.forEach(({ index }) => (all ? folded.delete(index) : folded.add(index)));
  if (view !== "changes") return open("changes");
  const kept = current;
  lists.changes.show(shown.changes);
  if (kept >= 0) select(kept);
}

/** Show the change of an object, or the part of that name. */
function reveal(resource) {
  let index = shown.changes.findIndex((change) => idOf(change) === resource);
  if (index === -1 && review.changes.some((change) => idOf(change) === resource)) {
    filter.clear();
    index = shown.changes.findIndex((change) => idOf(change) === resource);
  }
  if (index === -1) {
    const part = review.parts.find((one) => one.id === resource);
    if (part) filter.set({ part: part.name });
    if (part) open("changes");
    return;
  }
  open("changes");
  select(index);
}

/** Mark the words that are searched for, where the browser can do so without touching what is shown. */
function mark() {
  if (!("highlights" in CSS)) return;
  const ranges = [];
  const { words } = filter;
  if (words.length) {
    const walker = document.createTreeWalker($(view), NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node && ranges.length < 2000; node = walker.nextNode()) {
      const text = node.data.toLowerCase();
      if (text.length !== node.data.length) continue;
      for (const word of words) {
        for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + word.length)) {
          const range = new Range();
          range.setStart(node, at);
          range.setEnd(node, at + word.length);
          ranges.push(range);
        }
      }
    }
  }
  CSS.highlights.set("searched", new Highlight(...ranges));
}

// Keys, theme, help

const KEYS = [
  ["j", "next"], ["k", "previous"], ["o", "fold or unfold it"], ["e", "fold or unfold all"], ["/", "search"],
  ["Esc", "leave the search; show everything"], ["1 to 5", "changes, findings, parts, images, files"], ["t", "dark or light"], ["?", "these keys"],
];

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || $("keys").open) return;
  const typing = event.target === $("search");
  if (event.key === "Escape") {
    if (typing && filter.query) filter.set({ query: "" });
    else if (typing) $("search").blur();
    else if (filter.active) filter.clear();
    return;
  }
  if (typing) {
    if (event.key === "Enter") step(1);
    return;
  }
  const act = {
    j: () => step(1),
    k: () => step(-1),
    o: () => view === "changes" && current >= 0 && fold(current),
    e: foldAll,
    "/": () => $("search").select(),
    "?": () => $("keys").showModal(),
    t: toggleTheme,
  }[event.key];
  const named = Object.keys(VIEWS)[Number(event.key) - 1];
  if (!act && !named) return;
  event.preventDefault();
  if (act) act();
  else open(named);
}

const dark = matchMedia("(prefers-color-scheme: dark)");

function theme() {
  return document.documentElement.dataset.theme || (dark.matches ? "dark" : "light");
}

function showTheme() {
  const other = theme() === "dark" ? "light" : "dark";
  $("theme").textContent = other === "dark" ? "☾" : "☀";
  $("theme").setAttribute("aria-label", `Use the ${other} theme`);
  $("theme").title = `Use the ${other} theme (t)`;
}

function toggleTheme() {
  document.documentElement.dataset.theme = theme() === "dark" ? "light" : "dark";
  try {
    localStorage.setItem("gitops-theme", document.documentElement.dataset.theme);
  } catch {
    // Where nothing can be kept, the theme is for now.
  }
  showTheme();
}

function start() {
  const side = (one) => [h("b", {}, one.ref), h("code", {}, one.commit.slice(0, 10)), one.dirty ? h("span", {}, "with uncommitted changes") : null];
  $("sides").append(h("span", { class: "side" }, side(review.base)), h("span", { "aria-label": "to" }, "→"), h("span", { class: "side" }, side(review.head)));
  $("keys").append(h("h2", { id: "keys-title" }, "Keyboard"), h("dl", {}, KEYS.map(([key, told]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, told)])),
    h("form", { method: "dialog" }, h("button", { class: "tool" }, "Close")));
  try {
    const kept = localStorage.getItem("gitops-theme");
    if (kept === "dark" || kept === "light") document.documentElement.dataset.theme = kept;
  } catch {
    // The system's theme it is.
  }
  if (review.notes.length) $("main").insertBefore(h("ul", { class: "notes", "aria-label": "Notes" }, review.notes.map((note) => h("li", {}, note))), $("status"));
  let waiting = 0;
  $("search").addEventListener("input", (event) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => filter.set({ query: event.target.value }), 120);
  });
  $("theme").addEventListener("click", toggleTheme);
  $("help").addEventListener("click", () => $("keys").showModal());
  $("filters").addEventListener("click", () => {
    const wide = document.body.classList.toggle("choosing");
    $("filters").setAttribute("aria-expanded", String(wide));
  });
  dark.addEventListener("change", showTheme);
  document.addEventListener("keydown", onKey);
  addEventListener("hashchange", () => { filter.read(location.hash); draw(); });
  showTheme();
  filter.read(location.hash);
  draw();
}

start();
