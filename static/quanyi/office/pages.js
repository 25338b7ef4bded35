// Dragging blocks of a page by their grips. The buttons do the same without it, and by keyboard.
(function () {
  "use strict";

  // After a move the same button is under the hand again, also where the browser forgot to put it there.
  document.addEventListener("DOMContentLoaded", () => {
    const wanted = document.querySelector("[data-block] [autofocus]");
    if (wanted) wanted.focus();
  });

  let dragged = null;

  const line = (element) => element && element.closest && element.closest("[data-block]");

  document.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest("[data-grip]");
    if (grip) line(grip).draggable = true;
  });

  document.addEventListener("pointerup", () => {
    for (const row of document.querySelectorAll("[data-block][draggable]")) row.removeAttribute("draggable");
  });

  document.addEventListener("dragstart", (event) => {
    dragged = line(event.target);
    if (!dragged) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.id);
    dragged.classList.add("page-dragged");
  });

  document.addEventListener("dragover", (event) => {
    const over = line(event.target);
    if (!dragged || !over) return;
    event.preventDefault();
    if (over === dragged) return;
    const box = over.getBoundingClientRect();
    const below = event.clientY > box.top + box.height / 2;
    over.parentElement.insertBefore(dragged, below ? over.nextElementSibling : over);
  });

  document.addEventListener("drop", (event) => {
    if (dragged) event.preventDefault();
  });

  document.addEventListener("dragend", () => {
    if (!dragged) return;
    const rows = [...dragged.parentElement.querySelectorAll("[data-block]")];
    const form = dragged.querySelector("[data-place]");
    form.elements.to.value = String(rows.indexOf(dragged));
    dragged = null;
    form.submit();
  });
})();
