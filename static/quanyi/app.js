// What every page needs: light and dark, the number in the cart, copying, quantities, times that run (pace.js: sending).
// Listeners stand on the document, so what htmx brings later works without being told.
(function () {
  "use strict";

  const root = document.documentElement;

  // Light, dark, or as the system wishes.
  const markTheme = () => {
    const chosen = root.dataset.theme || "";
    for (const button of document.querySelectorAll("[data-theme-switch] button")) {
      button.setAttribute("aria-pressed", String(button.value === chosen));
    }
  };

  const chooseTheme = (value) => {
    if (value) root.dataset.theme = value;
    else delete root.dataset.theme;
    try {
      if (value) localStorage.setItem("qy-theme", value);
      else localStorage.removeItem("qy-theme");
    } catch (refused) {
      // The choice then lasts as long as the page.
    }
    markTheme();
  };

  // The number in the cart is a readable cookie, so that pages can be cached for every visitor.
  const markCart = () => {
    const found = document.cookie.match(/(?:^|; )qy_cart=(\d{1,4})/);
    if (!found) return;
    for (const badge of document.querySelectorAll("[data-cart-count]")) {
      badge.textContent = found[1] === "0" ? "" : found[1];
    }
  };

  // Copying: the words of the code beside the button, or of what data-copy names; the button says when it is done.
  const select = (element) => {
    const range = document.createRange();
    range.selectNodeContents(element);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  };

  // Without HTTPS there is no clipboard object; a hidden field still copies.
  const writeText = async (text) => {
    if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "visually-hidden";
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    if (!done) throw new Error("copy refused");
  };

  const words = (elements) => [...elements].map((element) => element.textContent.trim());

  // "all" takes every unit of a good, one line each: number and secret.
  const whatToCopy = (button) => {
    if (button.dataset.copy === "all") {
      const units = [...button.closest(".goods").querySelectorAll(".unit")];
      const lines = units.map((unit) => words(unit.querySelectorAll(".code dd")).join(" "));
      return { sources: units, text: lines.filter(Boolean).join("\n") };
    }
    const chosen = button.dataset.copy;
    const sources = [...(chosen ? document.querySelectorAll(chosen) : button.closest(".code").querySelectorAll("dd"))];
    return { sources, text: words(sources).join("\n") };
  };

  const copy = async (button) => {
    const { sources, text } = whatToCopy(button);
    if (!text) return;
    const label = button.querySelector("[data-label]");
    const before = label.textContent;
    try {
      await writeText(text);
      label.textContent = button.dataset.done;
      button.classList.add("done");
    } catch (refused) {
      select(sources[0]);
      label.textContent = button.dataset.failed;
    }
    setTimeout(() => {
      label.textContent = before;
      button.classList.remove("done");
    }, 2200);
  };

  // Quantity: − and + stay inside the field's own limits.
  const step = (button) => {
    const stepper = button.closest("[data-stepper]");
    const input = stepper.querySelector("input");
    const least = Number(input.min || 1);
    const most = Number(input.max || 999);
    const next = Math.min(most, Math.max(least, Number(input.value || least) + Number(button.dataset.step)));
    if (String(next) === input.value) return;
    input.value = String(next);
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.dispatchEvent(new Event("change", { bubbles: true }));
  };

  const markSteppers = () => {
    for (const stepper of document.querySelectorAll("[data-stepper]")) {
      const input = stepper.querySelector("input");
      for (const button of stepper.querySelectorAll("[data-step]")) {
        const down = button.dataset.step === "-1";
        button.disabled = down ? Number(input.value) <= Number(input.min || 1) : Boolean(input.max) && Number(input.value) >= Number(input.max);
      }
    }
  };

  // A sum that follows the quantity: "¥98.50" times two is written "¥197.00". The server reckons again.
  const markSums = () => {
    for (const element of document.querySelectorAll("[data-times]")) {
      const form = document.getElementById(element.dataset.form);
      const quantity = form && form.elements.quantity;
      if (!quantity) continue;
      element.dataset.one ||= element.textContent;
      const sign = element.dataset.one.replace(/[\d.,\s]+/g, "");
      const digits = (element.dataset.one.split(".")[1] || "").length;
      const minor = Number(element.dataset.times) * Math.max(1, Math.trunc(Number(quantity.value)) || 1);
      element.textContent = sign + (minor / 10 ** digits).toFixed(digits);
    }
  };

  // Times that run. The page carries the server's clock, the visitor's own may be wrong.
  const skew = Date.parse(root.dataset.now || "") - Date.now() || 0;
  const two = (number) => String(number).padStart(2, "0");
  const spell = (left, days) => {
    const whole = days ? Math.floor(left / 86400) : 0;
    const hours = Math.floor(left / 3600) - whole * 24;
    const rest = `${two(Math.floor((left % 3600) / 60))}:${two(left % 60)}`;
    if (whole) return `${whole} ${days} ${two(hours)}:${rest}`;
    return hours ? `${hours}:${rest}` : rest;
  };

  const tick = () => {
    const now = Date.now() + skew;
    for (const time of document.querySelectorAll("time[data-until]")) {
      const left = Math.max(0, Math.round((Date.parse(time.dateTime) - now) / 1000));
      time.textContent = spell(left, time.dataset.days);
      if (left === 0 && !time.dataset.over) {
        time.dataset.over = "1";
        if (time.dataset.until === "reload") setTimeout(() => location.reload(), 1500);
      }
    }
  };

  document.addEventListener("click", (event) => {
    const theme = event.target.closest("[data-theme-switch] button");
    if (theme) return chooseTheme(theme.value);
    const copying = event.target.closest("[data-copy]");
    if (copying) return copy(copying);
    const stepping = event.target.closest("[data-step]");
    if (stepping) return step(stepping);
    const all = event.target.closest("[data-reveal-all]");
    if (all) {
      for (const form of all.closest(".goods").querySelectorAll("form[data-reveal]")) form.requestSubmit();
      all.hidden = true;
    }
  });

  document.addEventListener("input", markSums);
  document.addEventListener("change", markSteppers);
  document.addEventListener("reset", () => setTimeout(mark, 0));

  window.addEventListener("pageshow", (event) => {
    if (event.persisted) markCart();
  });

  const mark = () => {
    markTheme();
    markCart();
    markSteppers();
    markSums();
    tick();
  };
  // A row of places longer than the phone begins where one is.
  for (const here of document.querySelectorAll(".side [aria-current], .chips [aria-current]")) {
    const row = here.parentElement;
    if (row.scrollWidth > row.clientWidth) row.scrollLeft = here.offsetLeft - row.offsetLeft - (row.clientWidth - here.offsetWidth) / 2;
  }

  document.addEventListener("htmx:afterSettle", mark);
  setInterval(tick, 1000);
  mark();
})();
