"use strict";
// Narrows the findings down. Without it the page has all of them, and nothing to narrow them with.
(() => {
  // What the address names, which anybody may have written: it need not be the encoding of anything.
  const named = () => {
    try {
      return document.getElementById(decodeURIComponent(location.hash.slice(1)));
    } catch {
      return null;
    }
  };
  // A link to a finding opens what it stands in.
  const open = () => {
    const target = named();
    for (let part = target; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
    target?.scrollIntoView();
  };
  addEventListener("hashchange", open);
  addEventListener("beforeprint", () => document.querySelectorAll("details:not([open])").forEach((part) => {
    part.dataset.closed = "";
    part.open = true;
  }));
  addEventListener("afterprint", () => document.querySelectorAll("details[data-closed]").forEach((part) => {
    delete part.dataset.closed;
    part.open = false;
  }));
  if (location.hash) open();
  // A page without findings has no form.
  const form = document.getElementById("filter");
  if (!form) return;
  const told = form.querySelector("output");
  const rules = [...document.querySelectorAll("#findings .rule")].map((rule) => {
    const head = rule.querySelector("summary").textContent.toLowerCase();
    const rows = [...rule.querySelectorAll(".f")].map((row) => ({ row, text: null }));
    return { rule, head, rows, wasOpen: rule.open, count: rule.querySelector(".count span") };
  });
  const all = rules.reduce((sum, { rows }) => sum + rows.length, 0);
  const matches = (entry, head, words) => {
    if (words.length === 0) return true;
    entry.text ??= head + " " + entry.row.textContent.toLowerCase();
    return words.every((word) => entry.text.includes(word));
  };
  const apply = () => {
    const value = (name) => form.elements[name]?.value ?? "";
    const words = value("words").toLowerCase().split(/\s+/).filter(Boolean);
    const [severity, category, account, region] = ["severity", "category", "account", "region"].map(value);
    const fresh = form.elements.fresh?.checked ?? false;
    const narrowed = words.length > 0 || severity || category || account || region || fresh;
    let shown = 0;
    for (const { rule, head, rows, wasOpen, count } of rules) {
      let of = 0;
      const isWanted = !category || rule.dataset.c === category;
      for (const entry of rows) {
        const { s, a, r, n } = entry.row.dataset;
        const show = isWanted && (!severity || s === severity) && (!account || a === account) && (!region || r === region)
          && (!fresh || n !== undefined) && matches(entry, head, words);
        entry.row.hidden = !show;
        of += show ? 1 : 0;
      }
      rule.hidden = of === 0;
      rule.open = narrowed ? of > 0 && of <= 200 : wasOpen;
      count.textContent = narrowed ? `${of} of ${rows.length}` : String(rows.length);
      shown += of;
    }
    told.textContent = narrowed ? `${shown} of ${all} findings` : `${all} findings`;
  };
  let waiting;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(apply, 120);
  });
  form.addEventListener("reset", () => setTimeout(apply));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  told.textContent = `${all} findings`;
})();
