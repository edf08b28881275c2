// Several contents under one name: which of them is meant is the user's to say.
import { isCancel, select } from '@clack/prompts';
import { CodedError } from '../protocol/errors.ts';
import { printable } from '../protocol/names.ts';
import type { Version } from '../protocol/schemas.ts';
import { durationText } from './progress.ts';
import { bytesText, countText, jsonText, print, say } from './terminal.ts';

/** Digits of a root that tell it from the others in a list. */
const SHOWN_DIGITS = 12;

/**
 * The version that the user chooses on the terminal.
 *
 * @param asJson a program asks: it is answered with the list, and never asked back
 * @throws CodedError `several-versions` where there is nobody to ask, `interrupted`
 */
export async function chosenVersion(
  name: string,
  versions: Version[],
  asJson: boolean,
): Promise<Version> {
  const now = Date.now();
  if (asJson || !process.stdin.isTTY || !process.stderr.isTTY) {
    if (asJson) print(jsonText({ name, versions }));
    else for (const version of versions) say(`${version.root}  ${versionText(version, now)}`);
    throw new CodedError(
      'several-versions',
      `"${name}" stands for ${versions.length} different contents: --root says which one.`,
    );
  }
  const chosen = await select({
    message: `"${printable(name)}" stands for different contents. Which one?`,
    maxItems: 12,
    output: process.stderr,
    options: versions.map((version) => ({
      value: version,
      label: `${versionText(version, now)}  ${version.root.slice(0, SHOWN_DIGITS)}…`,
    })),
  });
  if (isCancel(chosen)) throw new CodedError('interrupted', 'Nothing was chosen.');
  return chosen;
}

/** Size, holders and age of a version: `4.00 MiB  3 holders  changed 2 h 5 min ago`. */
function versionText({ size, holders, modified }: Version, now: number): string {
  const parts = [(size === null ? '?' : bytesText(size)).padStart(8), countText(holders, 'holder')];
  if (modified !== null)
    parts.push(`changed ${durationText(Math.max(0, now - modified) / 1000)} ago`);
  return parts.join('  ');
}
