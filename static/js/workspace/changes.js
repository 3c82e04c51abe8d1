// Fetches what is new in the session: steps, header, fix and lane, as out-of-band fragments. One request at a time.

const { session, changes } = document.body.dataset;

let running = false;
let again = false;

export async function fetchChanges() {
  if (running) {
    again = true;
    return;
  }
  running = true;
  try {
    const after = document.getElementById("after").value;
    await htmx.ajax("GET", `${changes}?after=${after}`, { target: "#after", swap: "none" });
  } catch {
    // The next event, or the next minute, tries again.
  } finally {
    running = false;
    if (again) {
      again = false;
      fetchChanges();
    }
  }
}

document.addEventListener("live:event", ({ detail: event }) => {
  if (event.session === session) fetchChanges();
});
document.addEventListener("live:refresh", fetchChanges);
