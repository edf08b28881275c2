// A path that is here, asked with a method that is not: 405 and what is allowed (RFC 9110 section
// 15.5.6), where fastify by itself would say that nothing is there.
import { CodedError } from '../../protocol/errors.ts';
import type { HttpApp } from './app.ts';
import { sendProblem } from './problems.ts';

/** Declares routes, and then refuses every other method on their paths. */
export function withOtherMethodsRefused(app: HttpApp, declare: () => void): void {
  const methodsByPath = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ routePath, method }) => {
    const methods = methodsByPath.get(routePath) ?? new Set();
    for (const each of [method].flat()) methods.add(each);
    methodsByPath.set(routePath, methods);
  });
  declare();
  for (const [url, methods] of [...methodsByPath]) {
    const allowed = [...methods].sort().join(', ');
    app.route({
      method: app.supportedMethods.filter((method) => !methods.has(method)),
      url,
      schema: { hide: true },
      // Before a body is read: it would be for nothing.
      onRequest: async (request, reply) =>
        sendProblem(
          reply.header('allow', allowed),
          new CodedError('method-not-allowed', `${request.method} is not for this path.`),
        ),
      handler: () => undefined,
    });
  }
}
