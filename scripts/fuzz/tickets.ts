// What lets somebody in: join links and tickets.
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { decodeJwt, exportJWK, SignJWT } from 'jose';
import { selfSigned } from '../../src/lib/certificate.ts';
import { Identity } from '../../src/lib/identity.ts';
import { createLog } from '../../src/lib/log.ts';
import { TicketGate } from '../../src/peer/server/ticket-gate.ts';
import { formatJoinLink, parseJoinLink } from '../../src/protocol/join-link.ts';
import { TICKET_TYPE } from '../../src/protocol/tickets.ts';
import { answerLater, must, textParser, type Parser } from './parser.ts';

const KEY = `sp2p_0123456789abcdef_${'A'.repeat(43)}`;
const PIN = 'B'.repeat(42) + 'A';
const ROOT = 'ab'.repeat(32);
/** As late as clocks may differ: what is signed holds for nearly six minutes, and is refused from then on. */
const IAT = Math.floor(Date.now() / 1000) + 55;

export const joinLink = textParser({
  name: 'join-link',
  good: [
    `sp2p://192.0.2.1:7770/#pin=${PIN}&key=${KEY}`,
    `sp2p://[2001:db8::1]:443/#key=${KEY}`,
    ` sp2p://registry.example#key=${KEY}&pin=${PIN}\n`,
  ],
  refuses: ['bad-join-link'],
  parse: parseJoinLink,
  format: formatJoinLink,
  check: ({ url, key }) => {
    must(url.protocol === 'https:', 'not over TLS', url.href);
    must(!url.href.includes(key), 'a secret in a URL', url.href);
    must(url.username + url.password + url.hash + url.search === '', 'more than a place', url.href);
  },
});

/** A ticket as the Authorization header of its asker carries it; one that was not signed lets nobody in. */
export async function ticket(): Promise<Parser> {
  const signer = generateKeyPairSync('ed25519');
  const { x = '' } = await exportJWK(signer.publicKey);
  const asker = Identity.fresh();
  const certificate = new X509Certificate(await selfSigned(asker.privateKey, [asker.peerId]));
  const gate = new TicketGate({
    keys: () => Promise.resolve({ keys: [{ kty: 'OKP', crv: 'Ed25519', kid: 'k', x }] }),
    log: createLog('silent'),
    // Nobody is to wait for keys that are not there.
    askEveryMs: 0,
  });
  await gate.learnKeys();
  const signed = (claims: object, header: object = {}) =>
    new SignJWT({ sub: asker.peerId, root: ROOT, iat: IAT, exp: IAT + 240, ...claims })
      .setProtectedHeader({ alg: 'EdDSA', typ: TICKET_TYPE, kid: 'k', ...header })
      .sign(signer.privateKey);
  const right = await signed({});
  const said = JSON.stringify(decodeJwt(right));
  const wrong = await Promise.all([
    signed({ sub: 'cd'.repeat(16) }),
    signed({ exp: 1 }),
    signed({ iat: IAT - 3_600 }),
    signed({ root: 5 }),
    signed({}, { typ: 'JWT' }),
    signed({}, { kid: 'another' }),
  ]);
  return {
    name: 'ticket',
    good: [right, ...wrong].map((each) => `Bearer ${each}`),
    judge: async (input) => {
      const socket = { getPeerX509Certificate: () => certificate };
      const request = { headers: { authorization: input.toString() }, socket };
      const admission = await answerLater(['bad-ticket'], () =>
        gate.admit(request as unknown as IncomingMessage),
      );
      if (!admission) return;
      const [, text = ''] = input.toString().split(' ');
      must(JSON.stringify(decodeJwt(text)) === said, 'nobody signed it', text);
      admission.requireFor(ROOT);
    },
  };
}
