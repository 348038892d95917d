// The parts of a cluster, what they depend on first, with a line from each part to those that wait for it.

const ROW = 28;
const LANE = 9;
const MOST_LANES = 9;
const KIND_MARKS = { Kustomization: "", HelmRelease: "Helm", ResourceSet: "Set" };

/** Return parts in the order in which Flux can apply them: an order that keeps those that depend on each other near. */
function applied(parts) {
  const byName = new Map(parts.map((part) => [part.name, part]));
  const order = [];
  const state = new Map();
  const visit = (part) => {
    if (state.has(part.name)) return;
    state.set(part.name, true);
    for (const name of before(part, byName)) visit(byName.get(name));
    order.push(part);
  };
  parts.forEach(visit);
  return order;
}

/** Return what comes before a part: what it depends on, else what declares it. */
function before(part, byName) {
  const needed = part.dependsOn.filter((name) => byName.has(name) && name !== part.name);
  if (needed.length) return needed;
  return part.parent && part.parent !== part.name && byName.has(part.parent) ? [part.parent] : [];
}

/** Return the lines of the graph: a lane for each part that others wait for, from its row to the last of theirs. */
function lanes(order) {
  const byName = new Map(order.map((part) => [part.name, part]));
  const rows = new Map(order.map((part, row) => [part.name, row]));
  const sources = new Map();
  order.forEach((part, row) => {
    const declared = !part.dependsOn.some((name) => byName.has(name) && name !== part.name);
    for (const name of before(part, byName)) {
      if (rows.get(name) >= row) continue;
      if (!sources.has(name)) sources.set(name, []);
      sources.get(name).push({ row, declared });
    }
  });
  const busy = [];
  return order
    .filter((part) => sources.has(part.name))
    .map((part) => {
      const from = rows.get(part.name);
      const targets = sources.get(part.name);
      const to = Math.max(...targets.map((target) => target.row));
      let lane = busy.findIndex((until) => until <= from);
      if (lane === -1) lane = busy.length < MOST_LANES ? busy.length : MOST_LANES - 1;
      busy[lane] = Math.max(to, busy[lane] || 0);
      return { name: part.name, from, targets, lane };
    });
}

/** Return the lines as SVG, `width` wide, the parts' dots at its right. */
function linesElement(found, order, width) {
  const svg = s("svg", { class: "wires", width, height: order.length * ROW, "aria-hidden": "true" });
  const dot = width - 8;
  for (const { name, from, targets, lane } of found) {
    const x = dot - 10 - lane * LANE;
    for (const { row, declared } of targets) {
      const [top, bottom] = [from * ROW + ROW / 2, row * ROW + ROW / 2];
      const bend = Math.min(7, dot - x);
      const path = s("path", {
        d: `M${dot} ${top}H${x + bend}Q${x} ${top} ${x} ${top + bend}V${bottom - bend}Q${x} ${bottom} ${x + bend} ${bottom}H${dot}`,
        class: declared ? "wire declared" : "wire",
      });
      path.dataset.from = name;
      path.dataset.to = order[row].name;
      svg.append(path);
    }
  }
  return svg;
}

/** Draw the parts; `chosen` is the name of the one that is filtered by, `choose` is called with a name. */
function graphElement(parts, chosen, choose) {
  if (!parts.length) return h("p", { class: "quiet" }, "No Kustomization or release differs.");
  const order = applied(parts);
  const found = lanes(order);
  const deepest = Math.max(0, ...found.map((line) => line.lane + 1));
  const width = 20 + deepest * LANE;
  const list = h("ol", { class: "parts" });
  list.style.paddingInlineStart = `${width}px`;
  const svg = linesElement(found, order, width);
  for (const part of order) {
    const told = [part.id, ...part.news, part.dependsOn.length ? `depends on ${part.dependsOn.join(", ")}` : ""];
    const broken = part.outcome === "failed" || part.outcome === "skipped";
    const button = h(
      "button",
      { type: "button", class: "part", "aria-pressed": part.name === chosen, title: told.filter(Boolean).join("\n"), onclick: () => choose(part.name) },
      h("span", { class: `dot ${part.danger}${broken ? " hollow" : ""}` }),
      h("span", { class: "name" }, part.label),
      KIND_MARKS[part.kind] === "" ? null : h("span", { class: "kind" }, KIND_MARKS[part.kind] || part.kind),
      part.suspended ? h("span", { class: "state" }, "suspended") : null,
      broken ? h("span", { class: "state" }, part.outcome === "failed" ? "fails" : "not rendered") : null,
      part.changes ? h("span", { class: "number" }, part.changes.toLocaleString("en")) : null,
    );
    const follow = (on) => svg.querySelectorAll("path").forEach((path) => {
      path.classList.toggle("lit", on && (path.dataset.from === part.name || path.dataset.to === part.name));
    });
    for (const name of ["pointerenter", "focus"]) button.addEventListener(name, () => follow(true));
    for (const name of ["pointerleave", "blur"]) button.addEventListener(name, () => follow(false));
    list.append(h("li", {}, button));
  }
  return h("div", { class: "graph" }, svg, list);
}
