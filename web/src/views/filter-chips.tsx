// What a search leaves out: kind, size and age, as calm chips.
import { useMemo } from 'preact/hooks';
import { typesOf } from '../state/result-rows.ts';
import { filters, found, setFilters } from '../state/search.ts';
import { extensionOf } from '../parts/names.ts';

const MEBI = 1024 * 1024;
const DAY_MS = 86_400_000;
const MAX_TYPES = 24;

const SIZES: readonly { label: string; minSize?: number; maxSize?: number }[] = [
  { label: 'Any size' },
  { label: 'under 1 MiB', maxSize: MEBI },
  { label: '1 to 100 MiB', minSize: MEBI, maxSize: 100 * MEBI },
  { label: '100 MiB to 1 GiB', minSize: 100 * MEBI, maxSize: 1024 * MEBI },
  { label: 'over 1 GiB', minSize: 1024 * MEBI },
];
const AGES: readonly { label: string; days?: number }[] = [
  { label: 'Any age' },
  { label: 'last day', days: 1 },
  { label: 'last week', days: 7 },
  { label: 'last month', days: 30 },
  { label: 'last year', days: 365 },
];

export function FilterChips() {
  const asked = filters.value;
  const names = found.value;
  const types = useMemo(
    () =>
      typesOf(
        names.map(({ name }) => name),
        extensionOf,
      ).slice(0, MAX_TYPES),
    [names],
  );
  const { type } = asked;
  const listed = type === undefined || types.includes(type) ? types : [type, ...types];
  const size = SIZES.findIndex(
    ({ minSize, maxSize }) => minSize === asked.minSize && maxSize === asked.maxSize,
  );
  const age = AGES.findIndex(({ days }) => daysOf(asked.modifiedSince) === days);
  return (
    <div class="chips" role="group" aria-label="Narrow it down">
      <Chip
        label="Kind"
        isOn={type !== undefined}
        value={type ?? ''}
        options={[['', 'Any kind'], ...listed.map((each): [string, string] => [each, `.${each}`])]}
        onChange={(value) => {
          setFilters({ ...asked, type: value === '' ? undefined : value });
        }}
      />
      <Chip
        label="Size"
        isOn={size > 0}
        value={String(size)}
        options={SIZES.map(({ label }, index) => [String(index), label])}
        onChange={(value) => {
          const { minSize, maxSize } = SIZES[Number(value)] ?? {};
          setFilters({ ...asked, minSize, maxSize });
        }}
      />
      <Chip
        label="Age"
        isOn={age > 0}
        value={String(age)}
        options={AGES.map(({ label }, index) => [String(index), label])}
        onChange={(value) => {
          const days = AGES[Number(value)]?.days;
          setFilters({ ...asked, modifiedSince: days === undefined ? undefined : since(days) });
        }}
      />
      {(type !== undefined || size > 0 || age > 0) && (
        <button
          type="button"
          class="quiet small"
          onClick={() => {
            setFilters({});
          }}
        >
          Clear
        </button>
      )}
    </div>
  );
}

/** In whole minutes: the same question for as long as it is shown. */
function since(days: number): number {
  return Math.floor(Date.now() / 60_000) * 60_000 - days * DAY_MS;
}

function daysOf(moment: number | undefined): number | undefined {
  return moment === undefined ? undefined : Math.floor((Date.now() - moment) / DAY_MS);
}

interface ChipProps {
  label: string;
  isOn: boolean;
  value: string;
  options: [value: string, label: string][];
  onChange: (value: string) => void;
}

function Chip({ label, isOn, value, options, onChange }: ChipProps) {
  return (
    <select
      class={isOn ? 'chip on' : 'chip'}
      aria-label={label}
      value={value}
      onChange={(event) => {
        onChange(event.currentTarget.value);
      }}
    >
      {options.map(([each, text]) => (
        <option key={each} value={each}>
          {text}
        </option>
      ))}
    </select>
  );
}
