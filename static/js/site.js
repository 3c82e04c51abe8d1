// Every page loads this.

import "./site/requests.js";
import "./site/toasts.js";
import "./site/links.js";
import "./site/dialogs.js";
import "./site/menus.js";
import "./site/clipboard.js";
import "./site/forms.js";
import "./site/ages.js";
import "./site/theme-switch.js";
import "./site/shortcuts.js";
import "./site/drafts.js";
