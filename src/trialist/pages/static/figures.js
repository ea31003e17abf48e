// Tables that can be sorted: the heads of columns become buttons. Without this, links above the table do the same.

function valueOf(row, column) {
  const cell = row.cells[column];
  const value = cell.dataset.value;
  return value === undefined ? cell.textContent.trim() : Number(value);
}

function sort(table, column, head) {
  const isNumber = head.dataset.kind === "number";
  const turned = head.getAttribute("aria-sort") === (isNumber ? "descending" : "ascending");
  const way = turned === isNumber ? 1 : -1;
  const rows = [...table.tBodies[0].rows].map((row) => [valueOf(row, column), row]);
  rows.sort(([one], [other]) => {
    if (typeof one === "number" && typeof other === "number") return way * (one - other);
    if (typeof one === "number") return -1;
    if (typeof other === "number") return 1;
    return way * one.localeCompare(other);
  });
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", way === 1 ? "ascending" : "descending");
  table.tBodies[0].append(...rows.map(([, row]) => row));
}

for (const table of document.querySelectorAll("table[data-sortable]")) {
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(table, column, head));
    head.append(button);
  });
}
