// A list of any length of which only what is near the window exists: chunks are filled as they come near, and emptied.

const CHUNK = 12;
const NEAR = "900px 0px";

class LazyList {
  /** `render` makes the element of an item, `estimate` says how high it will be, `filled` is told of new elements. */
  constructor(home, render, estimate, filled = () => {}) {
    this.home = home;
    this.render = render;
    this.estimate = estimate;
    this.filled = filled;
    this.observer = new IntersectionObserver((entries) => entries.forEach((entry) => this.seen(entry)), { rootMargin: NEAR });
    this.items = [];
    this.chunks = [];
  }

  /** Show other items, from the start. */
  show(items) {
    this.observer.disconnect();
    this.items = items;
    this.chunks = [];
    for (let start = 0; start < items.length; start += CHUNK) {
      const chunk = h("div", { class: "chunk" });
      const height = items.slice(start, start + CHUNK).reduce((sum, item) => sum + this.estimate(item), 0);
      chunk.style.height = `${height}px`;
      this.chunks.push({ element: chunk, start, full: false });
    }
    this.home.replaceChildren(...this.chunks.map((chunk) => chunk.element));
    let room = window.innerHeight;
    for (const chunk of this.chunks) {
      this.observer.observe(chunk.element);
      if (room > 0) this.fill(chunk);
      if (room > 0) room -= chunk.element.offsetHeight;
    }
  }

  /** Return the element of an item, made now if it isn't there. */
  element(index) {
    const chunk = this.chunks[Math.floor(index / CHUNK)];
    if (!chunk) return null;
    this.fill(chunk);
    return chunk.element.children[index - chunk.start];
  }

  /** Make the elements of all chunks that exist anew. */
  refresh() {
    this.chunks.filter((chunk) => chunk.full).forEach((chunk) => {
      chunk.full = false;
      this.fill(chunk);
    });
  }

  seen(entry) {
    const chunk = this.chunks.find((one) => one.element === entry.target);
    if (!chunk) return;
    if (entry.isIntersecting) this.fill(chunk);
    else if (chunk.full && !chunk.element.contains(document.activeElement)) this.empty(chunk);
  }

  fill(chunk) {
    if (chunk.full) return;
    chunk.full = true;
    const items = this.items.slice(chunk.start, chunk.start + CHUNK);
    chunk.element.replaceChildren(...items.map((item, offset) => this.render(item, chunk.start + offset)));
    chunk.element.style.height = "";
    this.filled(chunk.element);
  }

  empty(chunk) {
    chunk.full = false;
    chunk.element.style.height = `${chunk.element.offsetHeight}px`;
    chunk.element.replaceChildren();
  }
}
