// Runs before the first paint: says that script is here and which of light and dark was chosen.
(function () {
  "use strict";
  var root = document.documentElement;
  root.classList.add("js");
  try {
    var chosen = localStorage.getItem("qy-theme");
    if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
  } catch (refused) {
    // Storage may be switched off; then the system decides.
  }
})();
