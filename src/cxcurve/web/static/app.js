// What the pages gain with JavaScript on. All of it works without.
"use strict";
(() => {
  const root = document.documentElement;
  const kept = (key) => { try { return localStorage.getItem(`cxcurve.${key}`); } catch { return null; } };
  const keep = (key, value) => { try { localStorage.setItem(`cxcurve.${key}`, value); } catch { /* private mode */ } };
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];

  // In the head and not deferred: the first paint already has the right theme.
  root.classList.add("has-js");
  for (const key of ["theme", "density", "keys"]) if (kept(key)) root.dataset[key] = kept(key);

  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);
  const set = (key, value) => { root.dataset[key] = value; keep(key, value); };
  const toggleTheme = () => set("theme", isDark() ? "light" : "dark");
  const toggleDensity = () => set("density", root.dataset.density === "compact" ? "roomy" : "compact");
  const toggleKeys = () => set("keys", root.dataset.keys === "off" ? "on" : "off");

  function buttons() {
    const actions = { theme: toggleTheme, density: toggleDensity, keys: toggleKeys };
    for (const button of all("[data-action]")) button.addEventListener("click", actions[button.dataset.action]);
    for (const form of all("form[data-auto]")) for (const select of all("select", form)) select.addEventListener("change", () => form.requestSubmit());
  }

  // A letter after "g" leads to a page; the panel of "?" (keys.html) lists them all.
  function keys() {
    const place = (key) => document.querySelector(`.nav [data-letter="${CSS.escape(key)}"]`);
    const search = () => { (document.querySelector("main input[type=search]") ?? document.querySelector("input[type=search]"))?.focus(); };
    // Down and up a table, from link to link; from elsewhere into the first table that is shown.
    const walk = (step, target) => {
      const from = target.closest("table[data-rows]") ?? all("table[data-rows]").find((one) => one.offsetParent && one.querySelector("tbody th a"));
      const links = from ? all("tbody tr", from).map((row) => row.querySelector("th a")).filter(Boolean) : [];
      const here = links.indexOf(target.closest("tr")?.querySelector("th a"));
      links[here < 0 ? 0 : Math.max(0, Math.min(links.length - 1, here + step))]?.focus();
    };
    const acts = {
      "/": search, t: toggleTheme, "?": () => document.getElementById("keys")?.togglePopover(),
      j: (target) => walk(1, target), k: (target) => walk(-1, target),
    };
    for (const one of all(".nav [data-letter]")) {
      const told = document.querySelector("[data-places]").appendChild(document.createElement("div"));
      told.innerHTML = "<dt></dt><dd><kbd>g</kbd> <kbd></kbd></dd>";
      told.firstChild.textContent = one.textContent;
      told.querySelector("kbd + kbd").textContent = one.dataset.letter;
    }
    let before = "";
    document.addEventListener("keydown", (event) => {
      if (root.dataset.keys === "off" || event.metaKey || event.ctrlKey || event.altKey || event.target.closest("input, select, textarea")) return;
      const arrow = event.target.closest("table[data-rows]") && { ArrowDown: "j", ArrowUp: "k" }[event.key];
      const key = arrow || event.key.toLowerCase();
      if (before === "g" && place(key)) location.assign(place(key).href);
      else if (acts[key] && before !== "g") { event.preventDefault(); acts[key](event.target); }
      before = key === "g" ? "g" : "";
    });
  }

  // Native titles become one tooltip that follows pointer and focus; the text stays as the accessible name.
  function tips() {
    const tip = document.body.appendChild(Object.assign(document.createElement("div"), { className: "tip", hidden: true }));
    for (const title of all("svg.cx title")) {
      const owner = title.closest("svg.cx a") ?? title.parentNode;
      if (owner.matches("a, [role]")) owner.setAttribute("aria-label", title.textContent);
      if (!owner.matches("svg")) owner.dataset.tip = title.textContent;
      title.remove();
    }
    const hide = () => { tip.hidden = true; };
    const show = (owner, x, y) => {
      tip.textContent = owner.dataset.tip;
      tip.hidden = false;
      const box = tip.getBoundingClientRect();
      tip.style.left = `${Math.max(8, Math.min(x - box.width / 2, innerWidth - box.width - 8))}px`;
      tip.style.top = `${y - box.height - 14 < 8 ? y + 18 : y - box.height - 14}px`;
    };
    const anchor = (owner) => (owner.querySelector(".dot, circle") ?? owner).getBoundingClientRect();
    const owned = (target) => target.closest?.("[data-tip]") ?? target.querySelector?.(":scope > [data-tip]");
    document.addEventListener("pointermove", (event) => {
      const owner = event.target.closest?.("[data-tip]");
      if (!owner) return hide();
      const box = anchor(owner);
      show(owner, box.left + box.width / 2, box.top);
    });
    document.addEventListener("focusin", (event) => {
      const owner = event.target.closest?.("svg.cx") && owned(event.target);
      if (!owner) return hide();
      const box = anchor(owner);
      show(owner, box.left + box.width / 2, box.top);
    });
    document.addEventListener("focusout", hide);
    document.addEventListener("scroll", hide, true);
    document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  }

  // One tab stop for a picture; arrows walk along its points.
  function walking() {
    for (const hits of all(".hits, .links")) {
      const points = all(".hit, a, .over[tabindex], .spot, .mark", hits), across = Number(hits.dataset.columns) || 1;
      points.forEach((point, index) => point.setAttribute("tabindex", index ? -1 : 0));
      hits.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1, ArrowUp: -across, ArrowDown: across, Home: -points.length, End: points.length }[event.key];
        const here = points.indexOf(event.target.closest(".hit, a, .over, .spot, .mark"));
        if (!step || here < 0) return;
        event.preventDefault();
        const next = points[Math.max(0, Math.min(points.length - 1, here + step))];
        points[here].setAttribute("tabindex", -1);
        next.setAttribute("tabindex", 0);
        next.focus();
      });
    }
  }

  // A click anywhere in a table's row follows its first link.
  function rows() {
    for (const row of all("table[data-rows] tbody tr")) {
      const link = row.querySelector("th a");
      if (link) row.addEventListener("click", (event) => { if (!event.target.closest("a") && !String(getSelection())) link.click(); });
    }
  }

  // Panels become tabs: one shown, arrows walk along them, the address names the one that is open.
  function panels() {
    for (const box of all("[data-panels]")) {
      const tabs = all(":scope > .tabs a", box), panel = (tab) => document.getElementById(tab.hash.slice(1));
      const choose = (chosen) => {
        box.classList.add("is-chosen");
        for (const tab of tabs) {
          tab.setAttribute("aria-selected", tab === chosen);
          tab.tabIndex = tab === chosen ? 0 : -1;
          panel(tab).classList.toggle("is-chosen", tab === chosen);
        }
      };
      box.firstElementChild.setAttribute("role", "tablist");
      for (const tab of tabs) {
        tab.setAttribute("role", "tab");
        tab.setAttribute("aria-controls", panel(tab).id);
        panel(tab).setAttribute("role", "tabpanel");
        tab.addEventListener("click", (event) => { event.preventDefault(); history.replaceState(null, "", tab.hash); choose(tab); });
        tab.addEventListener("keydown", (event) => {
          const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
          if (!step) return;
          event.preventDefault();
          const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
          choose(next);
          next.focus();
        });
      }
      choose(tabs.find((tab) => tab.hash === location.hash) ?? tabs[0]);
    }
  }

  // What drops down closes by Escape, and by a click or focus beside it.
  function drops() {
    for (const drop of all("details.drop")) {
      const close = (event) => { if (!drop.contains(event.target)) drop.open = false; };
      document.addEventListener("click", close);
      document.addEventListener("focusin", close);
      drop.addEventListener("keydown", (event) => { if (event.key === "Escape" && drop.open) { drop.open = false; drop.firstElementChild.focus(); } });
    }
  }

  // What was done goes away by itself, but not while somebody is on it.
  function toasts() {
    for (const toast of all("body > .toast")) {
      const close = () => { if (toast.matches(":hover, :focus-within")) setTimeout(close, 2000); else toast.close(); };
      setTimeout(close, 10000);
    }
  }

  document.addEventListener("DOMContentLoaded", () => { toasts(); buttons(); keys(); panels(); drops(); tips(); walking(); rows(); });
})();
