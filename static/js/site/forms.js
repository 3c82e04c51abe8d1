// Plain forms: confirmation (`data-confirm`), fields that submit on change (`data-submits`), and no double submit.

const BLOCKED_FOR = 8000;

function blockSecondSubmit(event) {
  const form = event.target;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  // The next page may never come: then the form can be sent again.
  setTimeout(() => delete form.dataset.sent, BLOCKED_FOR);
}

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (form.dataset.confirm && !window.confirm(form.dataset.confirm)) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    if (form.method === "post" && !form.hasAttribute("hx-post")) blockSecondSubmit(event);
  },
  true,
);

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
});

// A page that comes back from the browser's cache still has its marks.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
