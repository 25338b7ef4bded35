// The pace of answers: a form is sent once, a late answer wipes nothing newer away, a lost one is told and asked for again.
// The server has its own guards for money; this only keeps the page true to what its reader did last.
(function () {
  "use strict";

  // A double click sends one form. Who stopped the page from loading may press again after a while.
  const PATIENCE = 15000;
  let unanswered = 0;
  const release = (form) => {
    delete form.dataset.sent;
    form.removeAttribute("aria-busy");
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-once]")) return;
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "1";
    form.setAttribute("aria-busy", "true");
    setTimeout(release, PATIENCE, form);
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) release(form);
    unanswered = 0;
  });

  // Quantities are sent a moment after their last change, each line for itself, one after the other (hx-sync in the cart).
  const SOON = 450;
  const soon = new Map();
  let leaving = "";
  const inCart = (element) => Boolean(element && element.closest("#cart"));
  const isSettled = () => !soon.size && !unanswered;

  const sendNow = (form) => {
    clearTimeout(soon.get(form));
    soon.delete(form);
    form.requestSubmit();
  };
  document.addEventListener("change", (event) => {
    const own = event.target.closest("[data-stepper][data-submit]");
    const form = own && event.target.form;
    if (!form || !event.target.reportValidity()) return;
    clearTimeout(soon.get(form));
    soon.set(form, setTimeout(sendNow, SOON, form));
  });
  document.addEventListener("submit", (event) => {
    if (inCart(event.target) && event.target.hasAttribute("hx-post")) unanswered += 1;
  });
  // To the checkout only with what was chosen last.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("#cart a[href]");
    if (!link || isSettled() || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    leaving = link.href;
    for (const form of [...soon.keys()]) sendNow(form);
  });
  const leave = () => {
    if (leaving && isSettled()) location.assign(leaving);
  };

  // What was typed after the question was sent is newer than its answer; leaving the field asks again.
  const typedSince = (target, sent) => {
    const field = document.activeElement;
    if (!field || !field.name || !target.contains(field) || !field.matches("input, select, textarea")) return false;
    return sent.has(field.name) && sent.get(field.name) !== field.value;
  };
  const byHand = (request) => Boolean(request.triggeringEvent) && request.triggeringEvent.type !== "again";

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, xhr, requestConfig } = event.detail;
    const asked = new URL(requestConfig.path, location.href).pathname;
    const answered = new URL(xhr.responseURL || requestConfig.path, location.href).pathname;
    if (answered !== asked && !requestConfig.elt.closest("[hx-select]")) {
      // Signed out meanwhile: the page that asks to sign in must not land in a part of this one.
      event.detail.shouldSwap = false;
      if (byHand(requestConfig)) location.reload();
    } else if (target.id === "cart" ? unanswered > 1 || soon.size : typedSince(target, requestConfig.formData)) {
      event.detail.shouldSwap = false;
    }
  });

  // A lost answer is told where the page has a place for it.
  const place = (element) => element.closest("[data-away]") || document.getElementById("trouble");
  const hush = (where) => {
    for (const note of where.querySelectorAll("[data-trouble]")) note.remove();
  };
  const tell = (element, why) => {
    const where = place(element);
    if (!where) return;
    hush(where);
    const note = document.createElement("p");
    note.className = "note note-bad";
    note.dataset.trouble = why;
    note.setAttribute("role", "alert");
    note.textContent = where.dataset[why];
    where.prepend(note);
  };

  // What moves by itself asks again, less and less often, and at once when the connection is back.
  const LONGEST = 30000;
  const askAgain = (element) => {
    const lost = Number(element.dataset.lost || 0) + 1;
    element.dataset.lost = String(lost);
    setTimeout(() => element.dispatchEvent(new CustomEvent("again")), Math.min(LONGEST, 1000 * 2 ** lost));
    if (lost > 1) tell(element, "away");
  };
  window.addEventListener("online", () => {
    for (const element of document.querySelectorAll("[data-again][data-lost]")) element.dispatchEvent(new CustomEvent("again"));
  });

  const EXPIRED = [401, 403, 404];
  const lost = (event) => {
    const { requestConfig: request, xhr } = event.detail;
    const element = request.elt;
    // The till and blocks of a page say it in their own way.
    if (element.closest("#till, [data-live]")) return;
    if (inCart(element) && element.matches("form")) {
      leaving = "";
      element.reset();
    }
    const expired = EXPIRED.includes(xhr.status);
    const moves = element.matches("[data-again]");
    if (moves && !expired) askAgain(element);
    else if (moves || byHand(request)) tell(element, expired ? "expired" : "away");
  };
  for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) document.addEventListener(name, lost);

  document.addEventListener("htmx:afterRequest", (event) => {
    const { requestConfig: request, successful } = event.detail;
    if (request.elt.matches("form")) {
      release(request.elt);
      if (inCart(request.elt)) unanswered = Math.max(0, unanswered - 1);
    }
    const where = successful && place(request.elt);
    if (where) hush(where);
    leave();
  });
})();
