// A stranger's name as text: apart from the direction of what stands around it, with what hides or reorders made
// visible, and cut in the middle where there is no room.
import { lastSegment, printable } from '../../../src/protocol/names.ts';
import { inTwo, shortened, widthOf } from './names.ts';

/** The last segment of a name on a line of its own; the whole name is its title. */
export function FileName({ name }: { name: string }) {
  const [head, tail] = inTwo(printable(lastSegment(name)));
  return (
    <bdi class="file-name" dir="auto" title={printable(name)}>
      <span class="file-head" style={{ maxWidth: `calc(100% - ${widthOf(tail)}ch)` }}>
        {head}
      </span>
      {tail}
    </bdi>
  );
}

/** Within a sentence a name has this length at most. */
const MAX_IN_SENTENCE = 60;

/** The last segment of a name within a sentence. */
export function InlineName({ name }: { name: string }) {
  const text = printable(lastSegment(name));
  return (
    <bdi class="inline-name" dir="auto" title={printable(name)}>
      {shortened(text, MAX_IN_SENTENCE)}
    </bdi>
  );
}

/** Any other text of a stranger: a folder, a path, what somebody calls a peer. */
export function Foreign({ text, class: name }: { text: string; class?: string }) {
  const shown = printable(text);
  return (
    <bdi class={name} dir="auto" title={shown}>
      {shown}
    </bdi>
  );
}
