"use strict";
// Sorting, choosing and enlarging. All that is shown stands in the page already; nothing is fetched but its pictures.
//
// The table is a row of pieces (<tbody>). The first ones stand there as rows, so that they can be read without a script;
// in a large box the others are text in a <script type="text/plain">, a tenth of the work for the browser. A piece becomes
// rows when it comes into view. To sort or choose, its rows are dealt out anew to as many pieces as it takes.
(function () {
  const PIECE = 250;
  const table = document.getElementById("files");
  const heads = Array.from(table.tHead.rows[0].cells);
  const tools = document.querySelector(".tools");
  const words = tools.querySelector("input");
  const said = tools.querySelector("output");
  const chips = Array.from(tools.querySelectorAll("button"));
  const at = { type: place("Type"), size: place("Size") };
  const near = new IntersectionObserver(look, { root: frame(), rootMargin: "100%" });
  const lists = new Map(); // the rows of each piece that was looked into
  let rows = null; // all of them, once they are needed

  function place(name) {
    return heads.findIndex(function (head) { return head.textContent === name; });
  }

  function frame() { // on a phone the page scrolls, not the frame
    const found = document.querySelector(".frame");
    return getComputedStyle(found).maxHeight === "none" ? null : found;
  }

  function look(entries) {
    entries.forEach(function (entry) { if (entry.isIntersecting) { fill(entry.target); } });
  }

  // A row is {line} or {html}: an element, or the text that it will be made of.
  function list(piece) {
    if (!lists.has(piece)) {
      const text = piece.querySelector("script");
      lists.set(piece, text
        ? text.textContent.trim().split("\n").map(function (html) { return { html: html }; })
        : Array.from(piece.rows, function (line) { return { line: line }; }));
    }
    return lists.get(piece);
  }

  function fill(piece) {
    near.unobserve(piece);
    const wanted = list(piece), missing = wanted.filter(function (row) { return !row.line; });
    const maker = document.createElement("table");
    maker.innerHTML = missing.map(function (row) { return row.html; }).join("\n");
    Array.from(maker.rows).forEach(function (line, number) { missing[number].line = line; });
    piece.replaceChildren.apply(piece, wanted.map(function (row) { return row.line; }));
    piece.classList.remove("later");
  }

  function deal(shown) {
    Array.from(table.tBodies).forEach(function (piece) { near.unobserve(piece); piece.remove(); });
    lists.clear();
    for (let from = 0; from < shown.length; from += PIECE) {
      const piece = table.createTBody();
      lists.set(piece, shown.slice(from, from + PIECE));
      expect(piece, lists.get(piece).length);
    }
    document.querySelector(".frame").scrollTop = 0;
    if (shown.length) { fill(table.tBodies[0]); }
  }

  function expect(piece, many) {
    piece.className = "later";
    piece.style.setProperty("--rows", many);
    near.observe(piece);
  }

  function all() {
    if (!rows) {
      rows = Array.from(table.tBodies).flatMap(list);
      rows.forEach(function (row, number) {
        const kind = cell(row, at.type).split("\t");
        row.number = number;
        row.status = row.line ? row.line.className : row.html.slice(11, row.html.indexOf('"', 11));
        row.type = kind[0];
        row.sub = kind[1];
        row.size = row.status === "OK" ? Number(cell(row, at.size)) : 0;
      });
    }
    return rows;
  }

  // The text of a cell; what stands below one another is split by a tab, and a size is its bytes.
  function cell(row, column) {
    if (row.line) {
      const found = row.line.cells[column];
      return found.dataset.v === undefined ? plain(found.innerHTML, "") : found.dataset.v;
    }
    const found = row.html.split("<td")[column + 1], size = / data-v="(\d*)"/.exec(found.slice(0, 40));
    return size ? size[1] : plain(found.slice(found.indexOf(">") + 1), "");
  }

  function text(row) {
    return row.text || (row.text = plain(row.line ? row.line.innerHTML : row.html, " ").toLowerCase());
  }

  function plain(html, between) {
    const texts = { amp: "&", lt: "<", gt: ">", quot: '"', "#x27": "'", nbsp: "\u00a0" };
    const bare = html.replace(/<small>/g, "\t").replace(/<[^>]*>/g, between).trim();
    return bare.includes("&") ? bare.replace(/&(amp|lt|gt|quot|#x27|nbsp);/g, function (_, name) { return texts[name]; }) : bare;
  }

  function chosen() {
    const wanted = {};
    chips.forEach(function (chip) {
      if (chip.getAttribute("aria-pressed") === "true") {
        (wanted[chip.dataset.kind] = wanted[chip.dataset.kind] || []).push(chip.dataset.value);
      }
    });
    return Object.entries(wanted);
  }

  function choose() {
    const wanted = chosen(), parts = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = all().filter(function (row) {
      return wanted.every(function (pair) { return pair[1].includes(row[pair[0]]); }) &&
        parts.every(function (part) { return text(row).includes(part); });
    });
    const size = shown.reduce(function (sum, row) { return sum + row.size; }, 0);
    const some = wanted.length || parts.length;
    said.textContent = some ? count(shown.length) + " of " + count(rows.length) + " rows, " + human(size) : "";
    deal(shown);
  }

  function count(number) { return number.toLocaleString("en"); }

  function human(size) {
    const units = ["B", "kB", "MB", "GB", "TB", "PB"];
    while (size >= 999.5 && units.length > 1) { size /= 1000; units.shift(); }
    return Number(size.toPrecision(3)) + " " + units[0];
  }

  // Digits of one length sort as numbers do, a hundred times faster than a collator.
  function key(text) {
    return text.toLowerCase().replace(/\d+/g, function (digits) { return digits.padStart(16, "0"); });
  }

  function sort(head) {
    const up = head.getAttribute("aria-sort") === "ascending" ? -1 : 1, column = heads.indexOf(head);
    heads.forEach(function (other) { other.removeAttribute("aria-sort"); });
    head.setAttribute("aria-sort", up === 1 ? "ascending" : "descending");
    all().forEach(function (row) { row.key = key(cell(row, column)); });
    rows.sort(function (a, b) { return (a.key < b.key ? -1 : a.key > b.key ? 1 : a.number - b.number) * up; });
    choose();
  }

  function enlarge() {
    const dialog = document.querySelector("dialog"), picture = dialog.querySelector("img");
    let shown = null;
    function show(link) {
      shown = link;
      picture.src = link.href;
      picture.alt = "Preview of " + link.title;
      dialog.querySelector("p").textContent = link.title;
    }
    table.addEventListener("click", function (event) {
      const link = event.target.closest(".pic a");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) { return; }
      event.preventDefault();
      show(link);
      dialog.showModal();
    });
    dialog.addEventListener("click", function () { dialog.close(); });
    dialog.addEventListener("keydown", function (event) {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key], links = Array.from(table.querySelectorAll(".pic a"));
      if (step) { show(links[(links.indexOf(shown) + step + links.length) % links.length]); }
    });
  }

  table.querySelectorAll(".later").forEach(function (piece) { expect(piece, piece.dataset.rows); });
  heads.forEach(function (head) {
    head.addEventListener("click", function () { if (head.firstChild) { sort(head); } });
  });
  let soon = 0;
  words.addEventListener("input", function () { clearTimeout(soon); soon = setTimeout(choose, 120); });
  chips.forEach(function (chip) {
    chip.addEventListener("click", function () {
      chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
      choose();
    });
  });
  enlarge();
  tools.hidden = false;
})();
