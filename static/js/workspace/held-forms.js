// Which forms must not be replaced: somebody is typing in them, or has typed what is not sent yet.

// A form whose request has just succeeded holds nothing any more.
const sent = new WeakSet();

const fieldsOf = (form) => [...form.querySelectorAll("textarea, input:not([type=hidden]), select")];

function isTouched(field) {
  if (field === document.activeElement) return true;
  return field.tagName !== "SELECT" && field.value !== field.defaultValue;
}

const isHeld = (form) => !sent.has(form) && fieldsOf(form).some(isTouched);

// Whether the element is such a form, or contains one.
export function holdsText(element) {
  const forms = element.matches("form") ? [element] : [...element.querySelectorAll("form")];
  return forms.some(isHeld);
}

document.addEventListener("htmx:beforeSwap", ({ detail: { requestConfig, xhr } }) => {
  const form = requestConfig?.elt;
  if (form?.matches?.("form") && xhr.status < 300) sent.add(form);
});
document.addEventListener("htmx:afterRequest", ({ detail: { elt } }) => sent.delete(elt));
