// What is chosen from: clusters, chips, and the graph of the parts.

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
  const found = view === "findings"; // there, dangers are those of what was found; everywhere else those of changes
  const group = (label, name, values, of, text) => {
    const counted = found && name === "dangers";
    const among = counted
      ? review.findings.filter((finding) => filter.takesFinding(finding, name))
      : review.changes.filter((change) => filter.takes(change, name));
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
    group("Danger", "dangers", [...SEVERITIES, "none"], (one) => one.severity || one.danger, (one) => SEVERITY_NAMES[one]),
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
