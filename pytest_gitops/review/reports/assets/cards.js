// What is shown: a card for each change, finding, part, image and file.

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
