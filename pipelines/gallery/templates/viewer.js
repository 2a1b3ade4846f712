// Comfort only: without it everything works by links and forms.
"use strict";
(() => {
  const pairs = () => [...document.querySelectorAll(".pair")];
  const step = (by) => {
    const all = pairs();
    if (!all.length) return;
    const now = all.indexOf(document.activeElement.closest(".pair"));
    const next = all[Math.min(all.length - 1, Math.max(0, now < 0 ? 0 : now + by))];
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "start" });
  };
  const follow = (rel) => document.querySelector(`a[rel="${rel}"]`)?.click();
  const keys = {
    j: () => step(1),
    k: () => step(-1),
    n: () => follow("next"),
    p: () => follow("prev"),
    "/": () => document.getElementById("q")?.focus(),
  };
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea, video, audio");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || !(event.key in keys)) return;
    event.preventDefault();
    keys[event.key]();
  });
  const form = document.querySelector("form.filters");
  if (form) {
    // Empty fields stay out of the address.
    form.addEventListener("submit", () => {
      for (const field of form.elements) if (field.name && !field.value) field.disabled = true;
    });
    window.addEventListener("pageshow", () => {
      for (const field of form.elements) field.disabled = false;
    });
  }
  const progress = document.getElementById("progress");
  if (progress) {
    const look = async () => {
      const state = await (await fetch("/state")).json();
      if (state.complete) progress.textContent = "All words are in the index now: load the page again.";
      else setTimeout(look, 2000);
    };
    setTimeout(look, 2000);
  }
})();
