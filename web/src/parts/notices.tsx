// Short words at the foot of the page about what was just done, or failed.
import { dismiss, notices } from '../state/notices.ts';
import { Icon } from './icons.tsx';

export function Notices() {
  return (
    <div class="notices" role="status">
      {notices.value.map(({ id, text, isTrouble }) => (
        <div key={id} class={isTrouble ? 'notice trouble' : 'notice'}>
          <Icon name={isTrouble ? 'warning' : 'check'} />
          <span>{text}</span>
          <button
            type="button"
            class="quiet round"
            aria-label="Put this away"
            onClick={() => {
              dismiss(id);
            }}
          >
            <Icon name="close" size={16} />
          </button>
        </div>
      ))}
    </div>
  );
}
