// The product page: price, sum and card face follow the choice. Everything is decided again on the server.
(function () {
  "use strict";

  const form = document.querySelector("[data-buy]");
  if (!form) return;

  const bound = (name) => document.querySelectorAll(`[data-bind="${name}"]`);
  const write = (name, text) => {
    for (const element of bound(name)) element.textContent = text;
  };

  // "¥98.50" and a sum in minor units make "¥197.00".
  const spell = (minor, sample) => {
    const sign = sample.replace(/[\d.,\s]+/g, "");
    const digits = (sample.split(".")[1] || "").length;
    return sign + (minor / 10 ** digits).toFixed(digits);
  };

  const follow = () => {
    const sku = form.querySelector('input[name="sku"]:checked');
    if (!sku) return;
    const { minor, price, was, value, max } = sku.dataset;
    const quantity = form.elements.quantity;
    if (quantity) {
      quantity.max = max;
      if (Number(quantity.value) > Number(max)) quantity.value = max;
    }
    write("price", price);
    write("was", was);
    write("title", sku.parentElement.firstChild.nextSibling.textContent.trim());
    write("total", spell(Number(minor) * Math.max(1, Number(quantity ? quantity.value : 1)), price));
    write("value", value);
    for (const em of document.querySelectorAll("[data-face] .face em")) {
      em.textContent = value;
      em.classList.toggle("long", value.length > 4);
    }
    form.elements.shown_minor.value = minor;
  };

  form.addEventListener("input", follow);
  form.addEventListener("change", follow);
  window.addEventListener("pageshow", follow);

  // Into the cart go the goods and what they need; contact and consent belong to the checkout.
  form.addEventListener("click", (event) => {
    if (!event.target.closest("[data-add]")) return;
    for (const field of form.querySelectorAll('[name="sku"], [name="quantity"], [name^="in_"]')) {
      if (!field.reportValidity()) return event.preventDefault();
    }
  });

  // One key per opened page: sent twice, it still makes one order.
  const fresh = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    form.elements.key.value = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  };
  fresh();
  window.addEventListener("pageshow", (event) => event.persisted && fresh());
  follow();
})();
