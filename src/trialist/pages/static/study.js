// Parts of a study's page that are long in the making are taken in when they come near; without this they are a link.

async function takeIn(part) {
  try {
    const response = await fetch(part.dataset.include);
    if (!response.ok) return;
    const found = new DOMParser().parseFromString(await response.text(), "text/html");
    const heading = part.querySelector("h3");
    part.replaceChildren(...(heading ? [heading] : []), ...found.body.childNodes);
    part.dataset.isIn = "yes";
  } catch {
    // The link stays.
  }
}

const watcher = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    watcher.unobserve(entry.target);
    takeIn(entry.target);
  }
}, { rootMargin: "600px" });
for (const part of document.querySelectorAll("[data-include]")) watcher.observe(part);

window.addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details.country, details.long-table, details.more-values, details.long-text, details.folded")) details.open = true;
});
