// What a browser without a session gets in a private network: a form for the key, and nothing of the network.
import { hash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';

const STYLE = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { display: grid; min-height: 100vh; margin: 0; place-items: center; }
form { display: grid; gap: 0.75rem; width: min(24rem, 90vw); }
h1 { margin: 0; font-size: 1.25rem; }
p { margin: 0; }
label { display: grid; gap: 0.25rem; }
input, button { padding: 0.5rem; font: inherit; }
[role='alert'] { color: light-dark(#a00, #f99); }
`;

/** The form may go to where it came from alone. Without a referrer browsers would send no origin with it either. */
const HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    `style-src 'sha256-${hash('sha256', STYLE, 'base64')}'`,
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
};

/** A person with a browser, and no program. */
export function wantsPage({ method, headers, url }: FastifyRequest): boolean {
  return method === 'GET' && !/^\/api\//i.test(url) && /\btext\/html\b/.test(headers.accept ?? '');
}

/** @param fault why the last try failed: words of this program */
export function sendSignIn(reply: FastifyReply, fault?: string): FastifyReply {
  return reply.code(401).headers(HEADERS).type('text/html; charset=utf-8').send(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Sign in · Simple P2P</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<form method="post" action="/api/v1/session">
<h1>This network is private</h1>
${fault === undefined ? '' : `<p role="alert">${fault}</p>\n`}<label>Your key<input type="password" name="key" required autofocus autocomplete="current-password" spellcheck="false"></label>
<button>Sign in</button>
<p>An administrator of the network gives keys out.</p>
</form>
</main>
</body>
</html>
`);
}
