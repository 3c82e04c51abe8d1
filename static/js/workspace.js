// The workspace of a session: new steps join by themselves, and nothing that is being typed is touched.

import "./workspace/changes.js";
import "./workspace/timeline.js";
import "./workspace/morphing.js";
import "./workspace/reply-progress.js";
import "./workspace/lane.js";
import "./workspace/jump.js";
import "./workspace/composer.js";
import "./live/presence.js";
import "./citations.js";

// Only the escalate dialog needs its preview.
document.addEventListener("htmx:afterSwap", () => {
  if (document.getElementById("escalate-form")) import("./escalate-preview.js");
});
