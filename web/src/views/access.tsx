// Access to a private network, for those who look after it: keys, what was taken off, who did what.
import { ACCESS_PARTS, type AccessPart } from '../state/route-path.ts';
import { AuditTrail } from './audit-trail.tsx';
import { Keys } from './keys.tsx';
import { RemovalList } from './removal-list.tsx';

const LABELS: Readonly<Record<AccessPart, string>> = {
  keys: 'Keys',
  removals: 'Taken off',
  audit: 'Audit trail',
};

export function Access({ part }: { part: AccessPart }) {
  return (
    <section>
      <header class="view-head">
        <h1 tabIndex={-1}>Access</h1>
        <nav class="chips" aria-label="Access">
          {ACCESS_PARTS.map((each) => (
            <a
              key={each}
              class={each === part ? 'chip on' : 'chip'}
              href={each === 'keys' ? '/access' : `/access/${each}`}
              aria-current={each === part ? 'page' : undefined}
            >
              {LABELS[each]}
            </a>
          ))}
        </nav>
      </header>
      {part === 'keys' && <Keys />}
      {part === 'removals' && <RemovalList />}
      {part === 'audit' && <AuditTrail />}
    </section>
  );
}
