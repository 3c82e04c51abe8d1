// The queue of escalations.

import "./live/sound-switch.js";
import "./live/tab-title.js";
import "./queue/arrivals.js";
import "./queue/refresh.js";
import "./queue/presence.js";
import "./queue/shortcuts.js";
