// The line in front of a flash sale: go on when the turn has come, by the server's clock.
(function () {
  "use strict";

  const form = document.querySelector("form[data-turn]");
  if (!form) return;
  const skew = Date.parse(document.documentElement.dataset.now || "") - Date.now() || 0;
  const wait = Date.parse(form.dataset.turn) - (Date.now() + skew);
  // A moment later than the turn, for the time the page was on its way.
  setTimeout(() => form.requestSubmit(), Math.max(0, wait) + 200);
})();
