// Ages go on counting, in the words the server uses (accounts/templatetags/words.py).

const INTERVAL = 10000;

function duration(seconds) {
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (hours >= 24) return `${Math.floor(hours / 24)} d`;
  if (hours === 0) return `${minutes} min`;
  return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
}

function age(time) {
  const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(time.dateTime)) / 1000));
  if (seconds < 60) return "just now";
  return time.dataset.age === "ago" ? `${duration(seconds)} ago` : duration(seconds);
}

function update() {
  for (const time of document.querySelectorAll("time[data-age]")) {
    const text = age(time);
    if (time.textContent !== text) time.textContent = text;
  }
}

setInterval(update, INTERVAL);
document.addEventListener("visibilitychange", update);
document.addEventListener("htmx:afterSettle", update);
