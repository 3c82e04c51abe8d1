// Home.

import "./live/tab-title.js";
import "./home/waiting.js";
import "./home/handed-off.js";
