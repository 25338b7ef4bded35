// Choosing inside a bundle: so many and no more, and only the fields of what is chosen. The server checks it all again.
(function () {
  "use strict";

  const boxes = (group) => [...group.querySelectorAll("input[name=pick]")];

  // The whole number is said by the browser's own words at the first box, until it is right.
  const markGroup = (group) => {
    const most = Number(group.dataset.choose);
    const all = boxes(group);
    const chosen = all.filter((box) => box.checked).length;
    for (const box of all) {
      if (!("gone" in box.dataset)) box.disabled = chosen >= most && !box.checked;
      box.setCustomValidity("");
    }
    const first = all.find((box) => !box.disabled);
    if (first && chosen !== most) first.setCustomValidity(group.dataset.say);
    group.querySelector("[data-chosen]").textContent = `${chosen}/${most}`;
  };

  const markFields = () => {
    const chosen = new Set([...document.querySelectorAll("input[name=pick]:checked")].map((box) => box.value));
    for (const field of document.querySelectorAll("[data-for]")) {
      const wanted = field.dataset.for.split(" ").some((code) => chosen.has(code));
      field.hidden = !wanted;
      for (const input of field.querySelectorAll("input, select")) {
        input.required = wanted;
        input.disabled = !wanted;
      }
    }
  };

  const mark = () => {
    for (const group of document.querySelectorAll("[data-choose]")) markGroup(group);
    markFields();
  };

  for (const box of document.querySelectorAll("[data-choose] input[name=pick]:disabled")) box.dataset.gone = "";
  document.addEventListener("change", (event) => {
    if (event.target.matches("input[name=pick]")) mark();
  });
  window.addEventListener("pageshow", mark);
  mark();
})();
