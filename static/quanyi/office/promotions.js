// The choosers tell jQuery alone that something was chosen; the preview listens to the page.
(() => {
  const query = window.django && window.django.jQuery;
  if (!query) return;
  query(document).on("select2:select select2:unselect", (event) => {
    event.target.dispatchEvent(new Event("change", { bubbles: true }));
  });
})();
