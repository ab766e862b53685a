"use strict";
// Sorting: a click on a heading orders the rows by their data-value, numbers before text, nothing last.
for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => {
    const head = button.closest("th"), table = head.closest("table"), body = table.tBodies[0];
    const down = head.getAttribute("aria-sort") === "descending" || (!head.hasAttribute("aria-sort") && head.dataset.better === "low");
    for (const other of table.querySelectorAll("th[aria-sort]")) other.removeAttribute("aria-sort");
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
// Filter: a chip shows one generator's rows, or all.
for (const chip of document.querySelectorAll(".chip")) {
  chip.addEventListener("click", () => {
    for (const other of document.querySelectorAll(".chip")) other.setAttribute("aria-pressed", String(other === chip));
    for (const row of document.querySelectorAll("table.board tbody tr")) {
      row.hidden = chip.dataset.generator !== undefined && row.dataset.generator !== chip.dataset.generator;
    }
  });
}
// Controls would cover half of a small face: they show while the pointer or the focus is on the clip.
for (const video of document.querySelectorAll("video")) {
  video.controls = false;
  video.tabIndex = 0;
  for (const event of ["pointerenter", "focus"]) video.addEventListener(event, () => { video.controls = true; });
  for (const event of ["pointerleave", "blur"]) video.addEventListener(event, () => { video.controls = false; });
}
// Both clips of a pair start together; the pristine one is heard.
for (const button of document.querySelectorAll(".play")) {
  button.addEventListener("click", () => {
    const videos = [...button.closest(".pair").querySelectorAll("video")];
    const start = videos.every((video) => video.paused);
    videos.forEach((video, i) => {
      if (!start) return video.pause();
      video.currentTime = 0;
      video.muted = i > 0;
      video.play();
    });
    button.textContent = start ? "Pause both" : "Play both";
    videos[0].onended = () => { button.textContent = "Play both"; };
  });
}
