// Signing in to a private network with a browser, by a form or by a program in its page; and out again.
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { SignInSchema } from '../../protocol/access.ts';
import { CodedError } from '../../protocol/errors.ts';
import { parseJoinLink } from '../../protocol/join-link.ts';
import type { Access } from '../access/access.ts';
import { NO_SESSION } from '../access/sessions.ts';
import { sendSignIn } from '../access/sign-in-page.ts';
import type { RegistryServer } from '../context.ts';

const SESSION_ROUTE = '/api/v1/session';
const MAX_BODY_BYTES = 4 * 1024;
const FORM = /^application\/x-www-form-urlencoded\b/i;

export function sessionRoutes(app: RegistryServer, access: Access): void {
  const tags = ['private network'];

  app.post(
    SESSION_ROUTE,
    {
      bodyLimit: MAX_BODY_BYTES,
      schema: {
        tags,
        description:
          'Signs a browser in: the answer sets a cookie that stands for the key, for 12 hours at most. A form is sent on to the page.',
        body: SignInSchema,
        response: { 204: Type.Null(), 303: Type.Null() },
      },
    },
    async (request, reply) => {
      const isForm = isSignInForm(request);
      try {
        const cookie = await access.signIn(request, keyIn(request.body.key));
        void reply.header('set-cookie', cookie);
      } catch (error) {
        if (!isForm || !(error instanceof CodedError) || error.code !== 'bad-key') throw error;
        access.isRefused(request, error.code);
        return sendSignIn(reply, error.message);
      }
      return isForm ? reply.redirect('/', 303) : reply.code(204).send(null);
    },
  );

  app.delete(
    SESSION_ROUTE,
    {
      schema: {
        tags,
        description: 'Signs a browser out.',
        response: { 204: Type.Null() },
      },
    },
    async (_request, reply) => reply.header('set-cookie', NO_SESSION).code(204).send(null),
  );
}

/** The one body that is no JSON: what a form without a script sends. */
export function isSignInForm({ routeOptions, headers }: FastifyRequest): boolean {
  return routeOptions.url === SESSION_ROUTE && FORM.test(headers['content-type'] ?? '');
}

/** People have the link rather than the key that is in it. @throws CodedError `bad-key` */
function keyIn(text: string): string {
  if (!text.includes('#')) return text.trim();
  try {
    return parseJoinLink(text).key;
  } catch (cause) {
    throw new CodedError('bad-key', 'This join link is not whole: copy all of its line.', {
      cause,
    });
  }
}
