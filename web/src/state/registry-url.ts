// Where the registry is, for links and commands that work elsewhere, too.
import { computed } from '@preact/signals';
import { host } from './host.ts';
import { peer } from './peer.ts';

/** Without a slash at its end. */
export const registryUrl = computed(() => {
  const told = host.value === 'peer' ? peer.value?.registry.url : undefined;
  return (told ?? location.origin).replace(/\/+$/, '');
});

/** The page of a content at the registry. */
export function contentUrl(root: string): string {
  const { origin } = new URL(registryUrl.value);
  return `${origin}/contents/${root}`;
}
