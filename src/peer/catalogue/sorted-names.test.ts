// Whatever comes and goes, the names are those that are offered, each once, in code unit order.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SortedNames } from './sorted-names.ts';

test('names are always all that are offered, in order', () => {
  const name = fc.constantFrom('a', 'b', 'ab', 'B', 'é', '日', '😀', '\uffee', 'a/b');
  const change = fc.array(fc.record({ name, isOffered: fc.boolean() }), { maxLength: 20 });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 8 }), (changes) => {
      const offered = new Set<string>();
      const names = new SortedNames((each) => offered.has(each));
      for (const each of changes) {
        for (const { name: changed, isOffered } of each)
          if (isOffered) offered.add(changed);
          else offered.delete(changed);
        names.changed(each.map(({ name: changed }) => changed));
        expect(names.all).toEqual([...offered].sort());
      }
    }),
  );
});
