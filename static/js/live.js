// Every page of somebody who belongs to an account loads this, after the page's own script: whoever wants to hear the
// socket's first frame is listening by then.

import "./live/attention.js";
import "./live/connection-banner.js";
import "./live/counts.js";
import { connect } from "./live/socket.js";
import { isOn } from "./site/storage.js";

// Most people have neither turned on. In the other tabs of whoever turns one on, the alerts come along.
function loadAlerts() {
  if (isOn("sound") || isOn("desktop")) import("./live/alerts.js");
}

addEventListener("storage", loadAlerts);
loadAlerts();
connect();
