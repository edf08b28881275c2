// Removes what the compiler made, so that a deleted source leaves nothing behind in the package. The page
// stays: scripts/page.ts knows whether it is still the one of these sources.
import { readdirSync, rmSync } from 'node:fs';

const dist = new URL('../dist/', import.meta.url);

let names = [];
try {
  names = readdirSync(dist);
} catch {
  // Nothing was built yet.
}
for (const name of names)
  if (name !== 'web') rmSync(new URL(name, dist), { recursive: true, force: true });
