// Moving a map fetches the page it leads to and puts that page's map in place; without this the page loads anew.

async function follow(event) {
  const link = event.target.closest("a");
  const figure = event.currentTarget;
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const url = new URL(link.getAttribute("href"), location.href);
  if (url.origin !== location.origin || url.pathname !== location.pathname || url.search === location.search) return;
  event.preventDefault();
  try {
    const answer = await fetch(url);
    const found = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("map");
    if (!answer.ok || !found) throw new Error("no map");
    history.replaceState(null, "", url);
    figure.replaceChildren(...found.childNodes);
    figure.tabIndex = -1;
    figure.focus({ preventScroll: true });
  } catch {
    location.assign(url);
  }
}

for (const figure of document.querySelectorAll("[data-map]")) figure.addEventListener("click", follow);
