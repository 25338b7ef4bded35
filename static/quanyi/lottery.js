// The player's own words: where nothing was typed, this browser makes them up, never the shop.
(function () {
  "use strict";

  const fill = () => {
    for (const field of document.querySelectorAll("[data-lucky]")) {
      if (field.value) continue;
      const drawn = crypto.getRandomValues(new Uint8Array(8));
      field.value = [...drawn].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    }
  };

  document.addEventListener("DOMContentLoaded", fill);
  document.addEventListener("htmx:afterSwap", fill);
})();
