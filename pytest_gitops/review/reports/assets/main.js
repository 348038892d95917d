// The page: what is chosen on the left, what it shows on the right, and where one is.

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
  drawChips();
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
