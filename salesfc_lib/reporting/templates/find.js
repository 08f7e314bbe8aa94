// A field above each long table that leaves the rows holding what is typed; the page reads whole without it.
"use strict";
for (const table of document.querySelectorAll("main table")) {
  const rows = Array.from(table.tBodies).flatMap((body) => Array.from(body.rows));
  if (rows.length < 15) continue;
  const label = document.createElement("label"), field = document.createElement("input");
  label.className = "find";
  label.textContent = document.body.dataset.find + " ";
  field.type = "search";
  field.addEventListener("input", () => {
    const wanted = field.value.trim().toLocaleLowerCase();
    for (const row of rows) row.hidden = !row.textContent.toLocaleLowerCase().includes(wanted);
  });
  label.append(field);
  (table.closest(".scroll") || table).before(label);
}
