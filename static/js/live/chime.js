// The sound of an arriving escalation: two short rising notes, synthesized.

import { isOn } from "../site/storage.js";

const NOTES = [
  { pitch: 660, delay: 0 },
  { pitch: 880, delay: 0.13 },
];
const VOLUME = 0.12;
const SILENT = 0.0001;

let audio = null;

function playNote({ pitch, delay }) {
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  const start = audio.currentTime + delay;
  tone.frequency.value = pitch;
  volume.gain.setValueAtTime(SILENT, start);
  volume.gain.exponentialRampToValueAtTime(VOLUME, start + 0.02);
  volume.gain.exponentialRampToValueAtTime(SILENT, start + 0.28);
  tone.connect(volume).connect(audio.destination);
  tone.start(start);
  tone.stop(start + 0.3);
}

export function chime() {
  try {
    audio ??= new AudioContext();
    audio.resume();
    NOTES.forEach(playNote);
    document.dispatchEvent(new CustomEvent("chime:played"));
  } catch {
    // No sound on this device.
  }
}

// Browsers let a page make sounds only after somebody has touched it.
if (isOn("sound")) {
  addEventListener(
    "pointerdown",
    () => {
      audio ??= new AudioContext();
    },
    { once: true },
  );
}
