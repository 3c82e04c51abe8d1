// Says something to screen readers, politely and once.

export function announce(text) {
  const line = document.getElementById("announce");
  // Emptied first: the same text twice in a row would not be read again.
  line.textContent = "";
  setTimeout(() => {
    line.textContent = text;
  }, 50);
}
