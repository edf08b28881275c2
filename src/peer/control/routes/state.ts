// What the peer is doing: once, or as it changes.
import type { HttpApp } from '../../../lib/http/app.ts';
import type { Controlled } from '../controlled.ts';
import type { Followers } from '../followers.ts';
import { StateFeed } from '../state-feed.ts';

export function stateRoutes(app: HttpApp, controlled: Controlled, followers: Followers): void {
  const feed = new StateFeed(controlled);

  app.get('/state', () => controlled.state);

  app.get('/events', (_request, reply) => {
    feed.follow(followers.begin(reply, 'what changes from now on'));
  });
}
