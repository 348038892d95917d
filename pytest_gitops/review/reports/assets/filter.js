// What is chosen: a cluster, a part, dangers, actions and words. It is kept in the address, so that a view can be shared.

class Filter {
  constructor(review, changed) {
    this.review = review;
    this.changed = changed;
    this.cluster = null;
    this.part = null;
    this.dangers = new Set();
    this.actions = new Set();
    this.query = "";
    this.texts = new Map();
    this.ids = new Map(review.parts.map((part) => [part.name, part.id]));
    this.owners = new Map();
    for (const change of review.changes) {
      const id = idOf(change);
      this.owners.set(id, [...(this.owners.get(id) || []), ...change.owners]);
    }
  }

  /** Read what the address says; what it doesn't know is left out. */
  read(hash) {
    const given = new URLSearchParams(hash.replace(/^#/, ""));
    const cluster = this.review.clusters.findIndex((one) => one.name === given.get("cluster"));
    this.cluster = cluster === -1 ? null : cluster;
    this.part = this.review.parts.some((part) => part.name === given.get("part")) ? given.get("part") : null;
    this.dangers = new Set((given.get("danger") || "").split(",").filter((name) => Object.hasOwn(SEVERITY_NAMES, name)));
    this.actions = new Set((given.get("action") || "").split(",").filter((name) => ACTIONS.includes(name)));
    this.query = given.get("q") || "";
  }

  /** Return what is chosen as the address keeps it. */
  hash() {
    const kept = new URLSearchParams();
    if (this.cluster !== null) kept.set("cluster", this.review.clusters[this.cluster].name);
    if (this.part !== null) kept.set("part", this.part);
    if (this.dangers.size) kept.set("danger", [...this.dangers].join(","));
    if (this.actions.size) kept.set("action", [...this.actions].join(","));
    if (this.query) kept.set("q", this.query);
    return kept.toString();
  }

  get active() {
    return this.hash() !== "";
  }

  /** Choose something, and show it. */
  set(values) {
    Object.assign(this, values);
    this.changed();
  }

  toggle(name, value) {
    if (!this[name].delete(value)) this[name].add(value);
    this.changed();
  }

  clear() {
    this.set({ cluster: null, part: null, dangers: new Set(), actions: new Set(), query: "" });
  }

  inCluster(one) {
    return this.cluster === null || one.clusters.includes(this.cluster);
  }

  get words() {
    return this.query.toLowerCase().split(/\s+/).filter(Boolean);
  }

  /** Return whether all words are in what a text says; texts are made once. */
  says(one, text) {
    const { words } = this;
    if (!words.length) return true;
    if (!this.texts.has(one)) this.texts.set(one, text(one).toLowerCase());
    const searched = this.texts.get(one);
    return words.every((word) => searched.includes(word));
  }

  /** Return whether a change is to be shown; `but` names what not to ask for, so that choices can be counted. */
  takes(change, but = "") {
    return (
      this.inCluster(change) &&
      (this.part === null || this.about(idOf(change))) &&
      (but === "dangers" || !this.dangers.size || this.dangers.has(change.danger)) &&
      (but === "actions" || !this.actions.size || this.actions.has(change.action)) &&
      this.says(change, (one) => this.textOf(one))
    );
  }

  /** Return whether an object, or a part itself, is the chosen part's. */
  about(resource) {
    return (this.owners.get(resource) || []).includes(this.part) || this.ids.get(this.part) === resource;
  }

  takesFinding(finding, but = "") {
    return (
      this.inCluster(finding) &&
      (this.part === null || this.about(finding.resource)) &&
      (but === "dangers" || !this.dangers.size || this.dangers.has(finding.severity)) &&
      this.says(finding, (one) => `${one.rule} ${one.message} ${one.remedy} ${one.place} ${one.resource}`)
    );
  }

  takesPart(part) {
    const named = this.part === null || part.name === this.part;
    return named && this.inCluster(part) && this.says(part, (one) => `${one.id} ${one.action} ${one.news.join(" ")}`);
  }

  takesImage(image) {
    const parted = this.part === null || image.workloads.some((name) => this.about(name));
    return parted && this.inCluster(image) && this.says(image, (one) => `${one.name} ${one.before} ${one.after} ${one.workloads.join(" ")}`);
  }

  takesFile(file) {
    const touches = file.touches.filter(([cluster]) => this.cluster === null || cluster === this.cluster);
    const known = this.cluster === null || touches.length > 0;
    const parted = this.part === null || touches.some(([, parts]) => parts.includes(this.part));
    return known && parted && this.says(file, (one) => `${one.file} ${one.touches.map(([, parts]) => parts.join(" ")).join(" ")}`);
  }

  textOf(change) {
    const names = change.clusters.map((index) => this.review.clusters[index].name);
    const found = change.findings.map((finding) => `${finding.rule} ${finding.message} ${finding.remedy || ""}`);
    const id = [change.kind, change.namespace, change.name].filter(Boolean).join("/");
    return [id, change.apiVersion, change.happening, change.owner, ...names, ...found, ...change.places, change.diff].join("\n");
  }
}
