// What a reader watches: a list in localStorage, [{feed, title, seen}]. Nothing of it is sent anywhere: the feeds that are
// asked for are the same ones that a feed reader would ask for.

const KEY = "trialist.watch";
const MOST = 100;

function read() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(found) ? found.filter(isWatch).slice(0, MOST) : [];
  } catch {
    return [];
  }
}

// Only addresses of feeds of this site are ever followed, whatever a file that was loaded says.
function isWatch(one) {
  return (
    typeof one?.feed === "string" &&
    /^\/(feed(\?|$)|study\/NCT[0-9]{8}\/feed$)/.test(one.feed) &&
    typeof one.title === "string"
  );
}

function write(list) {
  try {
    localStorage.setItem(KEY, JSON.stringify(list.slice(0, MOST)));
    return true;
  } catch {
    return false; // storage is full or forbidden
  }
}

function show(button) {
  const isWatched = read().some((one) => one.feed === button.dataset.watch);
  button.textContent = isWatched ? "Stop watching" : "Watch this";
  button.setAttribute("aria-pressed", String(isWatched));
}

for (const button of document.querySelectorAll("button[data-watch]")) {
  button.hidden = false;
  show(button);
  button.addEventListener("click", () => {
    const { watch: feed, title } = button.dataset;
    const list = read();
    const others = list.filter((one) => one.feed !== feed);
    const added = { feed, title, seen: new Date().toISOString() };
    if (!write(others.length < list.length ? others : [...list, added])) button.disabled = true;
    show(button);
  });
}

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

async function news(watch) {
  const answer = await fetch(watch.feed);
  if (!answer.ok) throw new Error(String(answer.status));
  const feed = new DOMParser().parseFromString(await answer.text(), "application/xml");
  const page = feed.querySelector('feed > link[rel="alternate"]')?.getAttribute("href") ?? "";
  const known = new Set(watch.ids ?? []);
  const entries = [...feed.querySelectorAll("entry")].map((entry) => ({
    id: entry.querySelector("id")?.textContent ?? "",
    title: entry.querySelector("title")?.textContent ?? "",
    url: entry.querySelector("link")?.getAttribute("href") ?? "",
    words: entry.querySelector("summary")?.textContent ?? "",
  }));
  return { page, entries, fresh: watch.ids ? entries.filter((one) => !known.has(one.id)) : [] };
}

const own = (url) => (url.startsWith("/") && !url.startsWith("//") ? url : "/");

async function fill(item, watch) {
  const status = element("p", "Looking …", { class: "quiet" });
  item.append(status);
  try {
    const { page, entries, fresh } = await news(watch);
    item.querySelector("a").setAttribute("href", own(page));
    status.textContent = !watch.ids
      ? "Saved. From now on we tell you what changes."
      : fresh.length
        ? `${fresh.length} changed since you last looked:`
        : "Nothing changed since you last looked.";
    const list = document.createElement("ul");
    for (const one of fresh.slice(0, 20)) {
      const line = document.createElement("li");
      line.append(element("a", one.title, { href: own(one.url) }), element("span", ` ${one.words}`));
      list.append(line);
    }
    if (fresh.length) item.append(list);
    write(read().map((one) => (one.feed === watch.feed ? { ...one, ids: entries.map(({ id }) => id) } : one)));
  } catch {
    status.textContent = "We could not look just now.";
  }
}

function drawn(root) {
  const list = root.querySelector("[data-list]");
  const watched = read();
  root.querySelector("[data-none]").hidden = watched.length > 0;
  root.querySelector("[data-some]").hidden = false;
  list.replaceChildren();
  for (const watch of watched) {
    const item = document.createElement("li");
    const head = element("h2", "");
    head.append(element("a", watch.title, { href: watch.feed }));
    const forget = element("button", "Stop watching", { type: "button", class: "plain", "aria-label": `Stop watching ${watch.title}` });
    forget.addEventListener("click", () => {
      write(read().filter((one) => one.feed !== watch.feed));
      drawn(root);
    });
    item.append(head, forget);
    list.append(item);
    void fill(item, watch);
  }
}

const root = document.querySelector("[data-watched]");
if (root) {
  root.hidden = false;
  const status = root.querySelector("[data-status]");
  drawn(root);
  root.querySelector("[data-save]").addEventListener("click", () => {
    const url = URL.createObjectURL(new Blob([JSON.stringify(read(), null, 1)], { type: "application/json" }));
    element("a", "", { href: url, download: "watched-studies.json" }).click();
    URL.revokeObjectURL(url);
  });
  root.querySelector("[data-load]").addEventListener("change", async (event) => {
    try {
      const given = JSON.parse(await event.target.files[0].text());
      const found = Array.isArray(given) ? given.filter(isWatch) : [];
      const kept = read().filter((one) => !found.some((other) => other.feed === one.feed));
      write([...kept, ...found]);
      status.textContent = `${found.length} loaded.`;
      drawn(root);
    } catch {
      status.textContent = "This file holds no list.";
    }
  });
  root.querySelector("[data-clear]").addEventListener("click", () => {
    write([]);
    drawn(root);
  });
}
