// The API reference, a page that reads the OpenAPI document. All that it loads comes from here: the
// page of another registry on a closed network looks the same.
import { fastify } from 'fastify';
import { createHash } from 'node:crypto';
import type { RegistryServer } from '../context.ts';

const PAGE = '/api/v1/reference';
const SCRIPT = `${PAGE}/scalar.js`;
/** The script is 5 MB and changes with the version of the registry alone. */
const SCRIPT_KEPT = 'public, max-age=3600';

interface Reference {
  html: string;
  script: string;
  policy: string;
}

/** Made at the first call, and then kept: few registries are ever asked, and it takes 20 MB. */
let reference: Promise<Reference> | undefined;

export function referenceRoutes(app: RegistryServer): void {
  const hidden = { schema: { hide: true } };

  app.get(PAGE, hidden, async (_request, reply) => {
    const { html, policy } = await (reference ??= load());
    return reply
      .header('content-security-policy', policy)
      .header('referrer-policy', 'no-referrer')
      .type('text/html; charset=utf-8')
      .send(html);
  });

  app.get(SCRIPT, hidden, async (_request, reply) => {
    const { script } = await (reference ??= load());
    return reply
      .header('cache-control', SCRIPT_KEPT)
      .type('text/javascript; charset=utf-8')
      .send(script);
  });
}

/** Page and script as Scalar's plugin makes them, out of an app that listens nowhere. */
async function load(): Promise<Reference> {
  const scalar = await import('@scalar/fastify-api-reference');
  const inner = fastify();
  await inner.register(scalar.default, {
    routePrefix: '/',
    configuration: {
      pageTitle: 'Simple P2P registry',
      // Relative to the page, so that both are found behind a proxy that puts a path before them.
      url: 'openapi.json',
      cdn: 'reference/scalar.js',
      withDefaultFonts: false,
      telemetry: false,
      proxyUrl: '',
      hideClientButton: true,
      showDeveloperTools: 'never',
      agent: { disabled: true },
      mcp: { disabled: true },
    },
  });
  const html = (await inner.inject('/')).body;
  const script = (await inner.inject('/js/scalar.js')).body;
  await inner.close();
  return { html, script, policy: policyOf(html) };
}

/** Nothing from elsewhere, and of the scripts in the page exactly those that are there now. */
function policyOf(html: string): string {
  const inline = [...html.matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g)];
  const hashes = inline.map(
    ([, script = '']) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`,
  );
  return [
    "default-src 'none'",
    `script-src 'self' ${hashes.join(' ')}`,
    // It writes its styles into the page while it runs.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
