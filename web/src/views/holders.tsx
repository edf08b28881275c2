// Who holds a content, and in an open network a plain link to each: one holder, over HTTP, as a browser can.
import type { Content } from '../../../src/protocol/schemas.ts';
import { namePath, printable } from '../../../src/protocol/names.ts';
import type { Named } from '../api/registry.ts';
import { isPrivate } from '../state/access.ts';
import { peerNames } from '../state/network.ts';
import { Foreign } from '../parts/file-name.tsx';
import { endpointText } from '../parts/format.ts';
import { Icon } from '../parts/icons.tsx';

const MAX_SHOWN = 24;

interface Props {
  content: Content;
  name: string | undefined;
  named: Named | undefined;
}

export function Holders({ content, name, named }: Props) {
  const underName = new Set(
    (named?.sources ?? [])
      .filter(({ root, contract }) => root === content.root && contract === 'native')
      .map(({ endpoint }) => endpointText(endpoint)),
  );
  // In a private network peers speak TLS, to those alone whom the registry gave a ticket.
  const isOpen = isPrivate.value === false;
  const sources = [...content.sources].sort((a, b) => Number(b.complete) - Number(a.complete));
  const more = content.holders + content.partial - Math.min(sources.length, MAX_SHOWN);
  return (
    <section class="card">
      <h2>Who has it</h2>
      {isOpen && (
        <p class="muted">
          A link fetches it from that one holder in the browser, without the proof that sp2p get
          makes. It works where the holder can be reached from here.
        </p>
      )}
      <ul class="holder-list">
        {sources.slice(0, MAX_SHOWN).map(({ endpoint, complete }) => {
          const text = endpointText(endpoint);
          const path =
            name !== undefined && underName.has(text)
              ? `/files/${namePath(name)}`
              : `/contents/${content.root}`;
          const who = peerNames.value.get(text);
          return (
            <li key={text}>
              <span class={complete ? 'dot dot-good' : 'dot dot-part'} />
              <span class="holder-name">
                {who !== undefined && <Foreign class="who" text={who} />}{' '}
                <span class="muted number">{text}</span>
              </span>
              {complete && isOpen ? (
                <a
                  class="quiet"
                  href={`http://${text}${path}`}
                  download
                  target="_blank"
                  rel="noreferrer"
                  aria-label={`Fetch from ${printable(who ?? text)}`}
                >
                  <Icon name="download" size={18} /> Fetch
                </a>
              ) : (
                <span class="muted small">{complete ? 'all of it' : 'a part of it'}</span>
              )}
            </li>
          );
        })}
      </ul>
      {more > 0 && <p class="muted">and {more} more</p>}
    </section>
  );
}
