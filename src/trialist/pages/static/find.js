// The search form: names to choose from while typing, "where I am" on a click, filters that take effect at once.

const SUGGEST = "/api/trialist/v1/suggest";
const WAIT_MS = 120;

for (const input of document.querySelectorAll("input[data-suggest]")) {
  const list = document.createElement("datalist");
  list.id = `${input.id}-names`;
  input.after(list);
  input.setAttribute("list", list.id);
  let timer = 0;
  let latest = "";
  input.addEventListener("input", () => {
    window.clearTimeout(timer);
    const typed = input.value.trim();
    if (typed.length < 2 || typed === latest) return;
    timer = window.setTimeout(async () => {
      latest = typed;
      try {
        const query = new URLSearchParams({ q: typed, kinds: input.dataset.suggest, most: "8" });
        const response = await fetch(`${SUGGEST}?${query}`);
        if (!response.ok || latest !== typed) return;
        const { suggestions } = await response.json();
        list.replaceChildren(...suggestions.map((one) => {
          const option = document.createElement("option");
          option.value = one.text;
          const count = `${one.studies.toLocaleString("en")} ${one.studies === 1 ? "study" : "studies"}`;
          option.label = one.synonym ? `${one.text} (${one.synonym}): ${count}` : `${one.text}: ${count}`;
          return option;
        }));
      } catch {
        list.replaceChildren();
      }
    }, WAIT_MS);
  });
}

// Asked for on a click alone. The server turns the place into the name of a town; only that name gets into the address.
const button = document.querySelector("#near-me");
const said = document.querySelector("#near-said");
if (button && "geolocation" in navigator) {
  button.hidden = false;
  button.addEventListener("click", () => {
    said.textContent = " Looking…";
    navigator.geolocation.getCurrentPosition(async ({ coords }) => {
      const body = new URLSearchParams({ lat: coords.latitude.toFixed(2), lon: coords.longitude.toFixed(2) });
      const response = await fetch("/near", { method: "POST", body }).catch(() => null);
      const place = response?.ok ? (await response.json()).place : null;
      if (place) {
        document.querySelector("#place").value = place;
        said.textContent = ` We put in ${place}.`;
      } else {
        said.textContent = " We found no town near you. Please type one.";
      }
    }, () => {
      said.textContent = " Your browser did not tell us. Please type a town.";
    }, { maximumAge: 600000, timeout: 10000 });
  });
}

const form = document.querySelector("#find");
for (const field of document.querySelectorAll("[data-send]")) {
  field.addEventListener("change", () => form.requestSubmit());
}

// What is empty is not sent, so that addresses stay short.
form?.addEventListener("submit", () => {
  const empty = [...form.elements].filter((field) => field.name && field.value === "" && !field.disabled);
  for (const field of empty) field.disabled = true;
  window.setTimeout(() => { for (const field of empty) field.disabled = false; }, 0);
});

// Why a study is here is told below it; without this it is a page of its own.
for (const link of document.querySelectorAll("a[data-why]")) {
  link.addEventListener("click", async (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    const url = new URL(link.href);
    url.searchParams.set("part", "1");
    const response = await fetch(url).catch(() => null);
    if (!response?.ok) {
      window.location.assign(link.href);
      return;
    }
    const found = new DOMParser().parseFromString(await response.text(), "text/html");
    const told = document.createElement("div");
    told.tabIndex = -1;
    told.append(...found.body.childNodes);
    link.parentElement.replaceWith(told);
    told.focus();
  });
}
