// How downloads are done: where they go, how many run at once, how fast they may be.
import { useState } from 'preact/hooks';
import { control } from '../state/host.ts';
import { attempt } from '../state/notices.ts';
import { settings } from '../state/peer.ts';
import type { Settings } from '../../../src/protocol/control.ts';
import { Foreign } from '../parts/file-name.tsx';
import { FolderPicker } from '../parts/folder-picker.tsx';
import { LimitSlider } from '../parts/limit-slider.tsx';

const MAX_AT_ONCE = 20;

export function DownloadSettings() {
  const [isChoosing, setIsChoosing] = useState(false);
  const now = settings.value;
  if (!now) return null;
  const set = (change: Partial<Settings>) =>
    void attempt(async () => control.peek()?.setSettings({ ...now, ...change }));
  return (
    <section class="card settings">
      <h2>How they come</h2>
      <div class="setting">
        <span>Download folder</span>
        <Foreign class="mono wrap" text={now.downloadFolder} />
        <button
          type="button"
          class="quiet"
          onClick={() => {
            setIsChoosing(true);
          }}
        >
          Change
        </button>
      </div>
      <div class="setting">
        <label for="at-once">Downloads at once</label>
        <select
          id="at-once"
          class="chip"
          value={now.atOnce}
          onChange={(event) => {
            set({ atOnce: Number(event.currentTarget.value) });
          }}
        >
          {Array.from({ length: MAX_AT_ONCE }, (_, at) => (
            <option key={at} value={at + 1}>
              {at + 1}
            </option>
          ))}
        </select>
      </div>
      <LimitSlider of="maxDownload" label="Download at most" />
      {isChoosing && (
        <FolderPicker
          title="Where downloads go"
          choose="Use this folder"
          start={now.downloadFolder}
          onChosen={(downloadFolder) => {
            setIsChoosing(false);
            set({ downloadFolder });
          }}
          onClose={() => {
            setIsChoosing(false);
          }}
        />
      )}
    </section>
  );
}
