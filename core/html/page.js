"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("js");

  // The reader's choice outlives the page where the browser lets a file remember anything.
  const remembered = () => { try { return localStorage.getItem("irst-theme"); } catch { return null; } };
  const remember = theme => { try { localStorage.setItem("irst-theme", theme); } catch { /* not here */ } };

  const system = matchMedia("(prefers-color-scheme: dark)");
  const button = document.getElementById("theme");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const label = () => { button.textContent = isDark() ? "Light theme" : "Dark theme"; };
  if (remembered() === "light" || remembered() === "dark") root.dataset.theme = remembered();
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    remember(root.dataset.theme);
    label();
  });
  system.addEventListener("change", label);
  label();

  // Numbers sort by what they are, the rest as text; what is not known stands last either way.
  const sort = (table, column, direction) => {
    const body = table.tBodies[0];
    const key = row => {
      const cell = row.cells[column];
      if (cell.classList.contains("number")) return cell.dataset.value === undefined ? null : Number(cell.dataset.value);
      return cell.textContent;
    };
    const compare = (a, b) => {
      if (a === null || b === null) return (a === null) - (b === null);
      return direction * (typeof a === "number" && typeof b === "number"
        ? a - b : String(a).localeCompare(String(b), undefined, { numeric: true }));
    };
    const rows = Array.from(body.rows, row => [key(row), row]).sort((a, b) => compare(a[0], b[0]));
    body.append(...rows.map(pair => pair[1]));
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = Array.from(table.tHead.rows[0].cells);
    heads.forEach((head, column) => head.firstElementChild.addEventListener("click", () => {
      const first = head.classList.contains("number") ? "descending" : "ascending";
      const other = first === "ascending" ? "descending" : "ascending";
      const order = head.getAttribute("aria-sort") === first ? other : first;
      heads.forEach(one => one.setAttribute("aria-sort", one === head ? order : "none"));
      sort(table, column, order === "ascending" ? 1 : -1);
    }));
  }
})();
