// Blocks that fetch a fragment: an empty answer takes the block away, a failed one says so.
(function () {
  "use strict";

  const EMPTY = 204;

  const block = (event) => event.target.closest && event.target.closest("[data-live]");

  document.addEventListener("htmx:afterRequest", (event) => {
    const own = block(event);
    if (!own) return;
    const { xhr, successful } = event.detail;
    if (successful && (xhr.status === EMPTY || xhr.responseText.trim() === "")) {
      own.hidden = true;
    } else if (!successful) {
      for (const wait of own.querySelectorAll(".waits")) wait.remove();
      own.querySelector(".live-failed").hidden = false;
    }
  });
})();
