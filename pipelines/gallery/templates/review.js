// Keeps answers in this browser and saves them as a file; nothing is sent anywhere.
"use strict";
(() => {
  const sheet = document.body.dataset.sheet;
  const store = `omnireward-review-${sheet}`;
  const questions = [...document.querySelectorAll(".question")];
  const buttons = [...document.querySelectorAll("button.answer")];
  const told = document.getElementById("told");
  let answers = {};
  let kept = true;
  try {
    answers = JSON.parse(localStorage.getItem(store)) || {};
  } catch {
    answers = {};
  }
  const rows = questions.map((question) => question.dataset.row);
  let now = Math.max(0, rows.findIndex((row) => !(row in answers)));

  const count = () => rows.filter((row) => row in answers).length;
  const show = (focus) => {
    questions.forEach((question, number) => (question.hidden = number !== now));
    for (const media of document.querySelectorAll("video, audio")) media.pause();
    for (const button of buttons) {
      button.setAttribute("aria-pressed", String(answers[rows[now]] === button.dataset.answer));
    }
    document.getElementById("back").disabled = now === 0;
    document.getElementById("on").disabled = now === rows.length - 1;
    document.getElementById("progress").value = count();
    told.textContent = `${count()} of ${rows.length}${kept ? "" : ", not kept: save before you leave"}`;
    if (focus) {
      questions[now].querySelector(".pair").focus({ preventScroll: true });
      window.scrollTo(0, 0);
    }
  };
  const go = (by) => {
    now = Math.min(rows.length - 1, Math.max(0, now + by));
    show(true);
  };
  const answer = (value) => {
    answers[rows[now]] = value;
    try {
      localStorage.setItem(store, JSON.stringify(answers));
    } catch {
      kept = false;
    }
    if (now < rows.length - 1) go(1);
    else show(false);
  };
  const save = () => {
    const known = Object.fromEntries(rows.filter((row) => row in answers).map((row) => [row, answers[row]]));
    const text = JSON.stringify({ sheet, run: document.body.dataset.run, answers: known }, null, 1);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    link.download = `review-${sheet}.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    told.textContent = `saved ${count()} of ${rows.length} as ${link.download}`;
  };
  const keys = {
    a: () => answer("a"),
    b: () => answer("b"),
    t: () => answer("tie"),
    s: () => answer("skip"),
    ArrowLeft: () => go(-1),
    ArrowRight: () => go(1),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in keys)) return;
    // Arrows belong to players and to tables that scroll; letters do nothing there.
    if (event.key.startsWith("Arrow") && event.target.closest("video, audio, .scroll")) return;
    event.preventDefault();
    keys[event.key]();
  });
  for (const button of buttons) button.addEventListener("click", () => answer(button.dataset.answer));
  document.getElementById("back").addEventListener("click", () => go(-1));
  document.getElementById("on").addEventListener("click", () => go(1));
  document.getElementById("save").addEventListener("click", save);
  window.addEventListener("beforeunload", (event) => {
    if (!kept) event.preventDefault();
  });
  show(false);
})();
