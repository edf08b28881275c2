// Unpacks the Chromium of @sparticuz/chromium, its libraries and fonts into TMPDIR: a process of its own,
// for the package knows no other place than that. See chromium.ts.
import chromium from '@sparticuz/chromium';

await chromium.executablePath();
