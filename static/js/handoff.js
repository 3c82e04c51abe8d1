// The context screen of a handoff.

import "./handoff/claim.js";
import "./handoff/transcript.js";
import "./handoff/summary.js";
import "./live/presence.js";
import "./citations.js";
