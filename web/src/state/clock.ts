// The present moment for ages on the page; it goes on in steps that a reader notices.
import { signal } from '@preact/signals';

const STEP_MS = 10_000;

/** Milliseconds since 1970. */
export const now = signal(Date.now());

setInterval(() => {
  now.value = Date.now();
}, STEP_MS);
