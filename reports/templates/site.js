"use strict";
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
for (const part of all(".filter[hidden], .bar[hidden]")) part.hidden = false; // without a script they would do nothing

// Sorting: a click on a heading orders the rows by their data-value, numbers before text, nothing last.
for (const button of all("th button")) {
  button.addEventListener("click", () => {
    const head = button.closest("th"), table = head.closest("table"), body = table.tBodies[0];
    const down = head.getAttribute("aria-sort") === "descending" || (!head.hasAttribute("aria-sort") && head.dataset.better === "low");
    for (const other of all("th[aria-sort]", table)) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "ascending" : "descending");
    const value = (row) => row.cells[head.cellIndex].dataset.value;
    const order = (a, b) => {
      const x = value(a), y = value(b);
      if (x === "" || y === "") return (x === "") - (y === "");
      const sign = down ? 1 : -1, gap = Number(x) - Number(y);
      return sign * (Number.isNaN(gap) ? x.localeCompare(y) : gap);
    };
    body.append(...[...body.rows].sort(order));
  });
}

// Chips: one of a group is pressed.
const choose = (group, then) => {
  for (const chip of group) {
    chip.addEventListener("click", () => {
      for (const other of group) other.setAttribute("aria-pressed", String(other === chip));
      then(chip);
    });
  }
};

// Filter of the leaderboard: a generator, a part of a detector's name, with or without grey rows.
const rows = all("table.board tbody tr"), find = document.getElementById("find"), grey = document.getElementById("grey");
let generator = "";
const filter = () => {
  const asked = find.value.trim().toLowerCase();
  for (const row of rows) {
    const fits = (!generator || row.dataset.generator === generator) && row.cells[0].dataset.value.toLowerCase().includes(asked);
    row.hidden = !fits || (!grey.checked && row.classList.contains("sanity"));
  }
  document.getElementById("count").textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} rows`;
};
if (find) {
  choose(all("[data-filter]"), (chip) => { generator = chip.dataset.filter; filter(); });
  find.addEventListener("input", filter);
  grey.addEventListener("change", filter);
  filter();
}
choose(all("[data-gallery]"), (chip) => {
  for (const pair of all(".pair")) pair.hidden = chip.dataset.gallery !== "" && pair.dataset.generator !== chip.dataset.gallery;
});

// A detector's curves are drawn or not, on every figure.
for (const chip of all("[data-draw]")) {
  chip.addEventListener("click", () => {
    const drawn = chip.getAttribute("aria-pressed") !== "true";
    chip.setAttribute("aria-pressed", String(drawn));
    for (const part of all(`[data-series="${chip.dataset.draw}"]`)) part.toggleAttribute("data-off", !drawn);
  });
}

// Figures tell values: pointed at, or reached by Tab and the arrow keys, which go through the values of one figure.
const tip = document.createElement("div");
tip.className = "tip";
tip.hidden = true;
tip.setAttribute("aria-hidden", "true"); // a focused value has this as its name already
document.body.append(tip);
const tell = (note) => {
  tip.hidden = !note;
  if (!note) return;
  const place = note.getBoundingClientRect();
  tip.textContent = note.getAttribute("aria-label");
  tip.style.left = `${Math.max(8, Math.min(place.left, document.documentElement.clientWidth - tip.offsetWidth - 8)) + scrollX}px`;
  tip.style.top = `${place.top + scrollY - tip.offsetHeight - 6}px`;
};
for (const figure of all("figure > svg")) {
  const notes = all(".note", figure);
  for (const note of notes) note.querySelector("title").remove(); // the browser's own, slower word for it
  notes[0]?.setAttribute("tabindex", "0");
  for (const [kind, shown] of [["pointerover", true], ["focusin", true], ["pointerout", false], ["focusout", false]]) {
    figure.addEventListener(kind, (event) => tell(shown ? event.target.closest(".note") : null));
  }
  figure.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const drawn = notes.filter((note) => !note.hasAttribute("data-off")), here = drawn.indexOf(document.activeElement);
    if (event.key === "Escape") tell(null);
    if (!step || here < 0) return;
    event.preventDefault();
    const next = drawn[(here + step + drawn.length) % drawn.length];
    drawn[here].removeAttribute("tabindex");
    next.setAttribute("tabindex", "0");
    next.focus();
  });
}

// The section in view is marked in the navigation.
const links = new Map(all("nav.sections a").map((link) => [link.hash.slice(1), link]));
const watcher = new IntersectionObserver((seen) => {
  for (const { isIntersecting, target } of seen) {
    if (!isIntersecting) continue;
    for (const [id, link] of links) id === target.id ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current");
  }
}, { rootMargin: "-20% 0px -70% 0px" });
for (const section of all("main section[id]")) if (links.has(section.id)) watcher.observe(section);

// Theme: the system's, or the reader's choice, remembered where the browser lets us.
const themes = ["system", "light", "dark"], toggle = document.getElementById("theme");
const remembered = (value) => {
  try { return value === undefined ? localStorage.getItem("tellbench-theme") : localStorage.setItem("tellbench-theme", value); } catch { return null; }
};
const wear = (theme) => {
  document.documentElement.style.colorScheme = theme === "system" ? "" : theme;
  if (toggle) toggle.textContent = `Theme: ${theme}`;
};
let theme = themes.includes(remembered()) ? remembered() : "system";
wear(theme);
if (toggle) {
  toggle.hidden = false;
  toggle.addEventListener("click", () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length];
    remembered(theme);
    wear(theme);
  });
}

// Players: one clip, or a pair in step. The first clip leads and is heard; the others are nudged to its time.
const LOST = 0.25; // seconds apart from which a jump is better than a nudge
for (const player of all(".player")) {
  const videos = all("video", player), [lead, ...others] = videos;
  const [button, place, clock, rate] = [".play", ".place", ".clock", ".rate"].map((part) => player.querySelector(part));
  const charts = all(".timed", player);
  const caption = (verb) => { button.textContent = `${verb} ${button.dataset.what}`.trim(); };
  const draw = () => {
    place.value = lead.currentTime;
    clock.textContent = `${lead.currentTime.toFixed(1)} s`;
    for (const chart of charts) {
      const start = Number(chart.dataset.start), end = Number(chart.dataset.end);
      chart.querySelector(".head").style.left = `${Math.min(100, Math.max(0, 100 * (lead.currentTime - start) / (end - start)))}%`;
    }
  };
  const seek = (time) => {
    player.classList.add("started");
    for (const video of videos) video.currentTime = Math.max(0, time);
    place.value = time;
    draw();
  };
  const keep = () => {
    for (const other of others) {
      const behind = lead.currentTime - other.currentTime;
      if (Math.abs(behind) > LOST) other.currentTime = lead.currentTime;
      other.playbackRate = lead.playbackRate * (1 + Math.min(0.5, Math.max(-0.5, 2 * behind)));
    }
    draw();
    if (!lead.paused) requestAnimationFrame(keep);
  };
  const toggle = () => {
    if (!lead.paused) return videos.forEach((video) => video.pause());
    if (lead.ended || others.some((other) => other.ended)) seek(0);
    for (const other of others) other.currentTime = lead.currentTime;
    for (const video of videos) video.play().catch(() => {});
  };
  others.forEach((other) => { other.muted = true; });
  for (const video of videos) { video.controls = false; video.addEventListener("click", toggle); }
  button.addEventListener("click", toggle);
  lead.addEventListener("play", () => { player.classList.add("started"); caption("Pause"); requestAnimationFrame(keep); });
  lead.addEventListener("pause", () => { caption("Play"); others.forEach((other) => { other.pause(); other.currentTime = lead.currentTime; }); draw(); });
  lead.addEventListener("seeked", draw);
  place.addEventListener("input", () => seek(Number(place.value)));
  rate.addEventListener("change", () => { for (const video of videos) video.playbackRate = Number(rate.value); });
  for (const chart of charts) {
    const box = chart.querySelector(".box"), start = Number(chart.dataset.start), end = Number(chart.dataset.end);
    const point = (event) => {
      if (event.type === "pointermove" && !event.buttons) return;
      const { left, width } = box.getBoundingClientRect();
      seek(start + (end - start) * Math.min(1, Math.max(0, (event.clientX - left) / width)));
    };
    box.addEventListener("pointerdown", point);
    box.addEventListener("pointermove", point);
  }
}
