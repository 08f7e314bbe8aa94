// Above each long table a field and selects that leave the rows sought; the page reads whole without them.
"use strict";
for (const link of document.querySelectorAll(".lang a")) link.addEventListener("click", () => { link.hash = location.hash; });
const words = document.body.dataset;
const plain = (text) => text.replace(/\u2060/g, "").replace(/\s+/g, " ").trim().toLocaleLowerCase(); // without what keeps a line unbroken
for (const table of document.querySelectorAll("main table")) {
  const box = table.closest(".tablebox") || table;
  if (box !== table && box.querySelector("table") !== table) continue; // folded rows are sought with the open ones
  const rows = Array.from(box.querySelectorAll("tbody tr"));
  if (rows.length < (table.dataset.from || 15)) continue;
  const bar = document.createElement("div"), count = document.createElement("output"), tests = [];
  const add = (name, field, test) => {
    const label = document.createElement("label");
    label.append(name + " ", field);
    bar.append(label);
    tests.push(test);
    field.addEventListener("input", () => {
      for (const row of rows) row.hidden = !tests.every((passes) => passes(row));
      const left = rows.filter((row) => !row.hidden), sought = left.length < rows.length;
      for (const fold of box.querySelectorAll("details")) fold.open = sought && left.some((row) => fold.contains(row));
      count.textContent = sought ? words.left.replace("%n", left.length).replace("%all", rows.length) : "";
    });
  };
  const field = document.createElement("input");
  field.type = "search";
  add(words.find, field, (row) => plain(row.textContent).includes(plain(field.value)));
  for (const head of table.querySelectorAll("thead th[data-choose]")) {
    const value = (row) => {
      const cell = row.cells[head.cellIndex];
      return cell.dataset.value ?? (cell.querySelector(".sub") || cell).textContent.trim();
    };
    const values = Array.from(new Set(rows.map(value))).filter(Boolean).sort();
    if (values.length < 2) continue;
    const select = document.createElement("select");
    select.append(new Option(words.all, ""), ...values.map((text) => new Option(text)));
    add(head.dataset.choose, select, (row) => !select.value || value(row) === select.value);
  }
  bar.className = "find";
  bar.append(count);
  (table.closest(".scroll") || table).before(bar);
}
