// Small conveniences for every page; each page does all it does without them.

document.documentElement.classList.add("has-js");

// A filter that is chosen takes effect at once; without this there is a button.
for (const form of document.querySelectorAll("form[data-send-on-change]")) {
  form.addEventListener("change", () => form.requestSubmit());
}

for (const button of document.querySelectorAll("button[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
