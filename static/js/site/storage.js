// Local storage that never throws: a browser may refuse it, and it may be full.

function readable() {
  try {
    localStorage.getItem("");
    return true;
  } catch {
    return false;
  }
}

const available = readable();

export function read(key) {
  return available ? localStorage.getItem(key) : null;
}

// Returns whether it was stored. An empty value removes the key.
export function write(key, value) {
  if (!available) return false;
  try {
    if (value) localStorage.setItem(key, value);
    else localStorage.removeItem(key);
    return true;
  } catch {
    return false;
  }
}

export function keys() {
  return available ? Object.keys(localStorage) : [];
}

export const isOn = (setting) => read(setting) === "on";
