// What a browser without a session gets in a private network: a form for the key, and nothing of the network.
import { hash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';

const STYLE = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { display: grid; min-height: 100vh; margin: 0; place-items: center; overflow-wrap: anywhere;
  background: light-dark(#faf8f4, #161512); color: light-dark(#24221e, #ebe7df); }
form { display: grid; gap: 1.125rem; width: min(26rem, 100vw - 2rem); box-sizing: border-box; padding: 2rem;
  border: 1px solid light-dark(#e4dfd5, #35322d); border-radius: 14px; background: light-dark(#fffefb, #1f1d1a); }
h1 { margin: 0; font-size: 1.4rem; font-weight: 650; letter-spacing: -0.02em; }
p { margin: 0; }
p, label { color: light-dark(#6b665d, #a49d91); }
label { display: grid; gap: 0.375rem; }
input, button { box-sizing: border-box; min-height: 2.625rem; padding: 0.375rem 0.875rem; border-radius: 9px; font: inherit; }
input { border: 1px solid light-dark(#e4dfd5, #35322d); background: none; color: light-dark(#24221e, #ebe7df); }
button { border: 0; background: light-dark(#0b6e63, #62d0bd); color: light-dark(#fffefb, #10201d);
  font-weight: 540; cursor: pointer; }
:focus-visible { outline: 2px solid light-dark(#0b6e63, #62d0bd); outline-offset: 2px; }
[role='alert'] { color: light-dark(#b3371f, #f08f78); }
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
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in · Simple P2P</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<form method="post" action="/api/v1/session">
<h1>This network is private</h1>
${fault === undefined ? '' : `<p role="alert">${fault}</p>\n`}<label>Your key, or its join link<input type="password" name="key" required autofocus autocomplete="current-password" spellcheck="false"></label>
<button>Sign in</button>
<p>An administrator of the network gives keys out.</p>
</form>
</main>
</body>
</html>
`);
}
