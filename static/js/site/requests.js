// What every htmx request needs: the CSRF token when it leaves, and a toast when it fails.

import { toast } from "./toasts.js";

// The token is read when the request leaves: one printed into the page goes stale after signing in elsewhere.
document.addEventListener("htmx:configRequest", (event) => {
  const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/);
  if (token) event.detail.headers["X-CSRFToken"] = token[1];
});

// What a page fetches by itself fails silently and is retried. Only what somebody pressed is reported.
function startedByPerson({ requestConfig }) {
  return requestConfig?.verb !== "get" || requestConfig?.triggeringEvent?.isTrusted;
}

const MESSAGES = {
  "htmx:sendError": "No connection. Nothing was lost. Try again when you're back online.",
  "htmx:timeout": "The server is taking too long. Check whether it went through before you try again.",
  "htmx:responseError": "Something went wrong on the server. Nothing you typed was lost. Try again.",
};

for (const [name, message] of Object.entries(MESSAGES)) {
  document.addEventListener(name, (event) => {
    if (startedByPerson(event.detail)) toast(message, { bad: true });
  });
}
