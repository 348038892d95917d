// The keys, and the theme.

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
