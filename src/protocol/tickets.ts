// Tickets of a private network: compact JWS (RFC 7515) that a registry signs with an Ed25519 key (RFC 8037), and
// that every peer can check by itself.
import { Type, type Static } from 'typebox';

export const TICKET_ALGORITHM = 'EdDSA';
/** `typ` of the header: nothing else that is signed with such a key is a ticket (RFC 8725 section 3.11). */
export const TICKET_TYPE = 'sp2p-ticket+jwt';
/** From `iat` to `exp`. */
export const TICKET_SECONDS = 240;
/** So far clocks may differ. */
export const TICKET_SKEW_SECONDS = 60;

/** More keys than a registry that changes them has at once. */
const MAX_TICKET_KEYS = 16;

const TicketKeySchema = Type.Object({
  kty: Type.Literal('OKP'),
  crv: Type.Literal('Ed25519'),
  x: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }),
  kid: Type.String({ minLength: 1, maxLength: 64 }),
});

/** The public keys with which tickets are signed (RFC 7517 section 5). */
export const TicketKeysSchema = Type.Object(
  { keys: Type.Array(TicketKeySchema, { maxItems: MAX_TICKET_KEYS }) },
  {
    examples: [
      {
        keys: [
          {
            kty: 'OKP',
            crv: 'Ed25519',
            x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
            kid: '5f0c1b7a9e3d2846',
          },
        ],
      },
    ],
  },
);
export type TicketKeys = Static<typeof TicketKeysSchema>;
