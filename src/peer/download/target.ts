// Which file a name becomes: its last segment in some folder, never a path that a stranger chose.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '../../protocol/errors.ts';
import { faultAsFileName, lastSegment, printable } from '../../protocol/names.ts';

/**
 * The path to write a name to.
 *
 * @param output a file, a folder, or undefined for the current folder
 * @throws CodedError `unsafe-file-name` when the name's last segment cannot be a file name here
 */
export async function targetOf(name: string, output?: string): Promise<string> {
  if (output !== undefined && !(await isFolder(output))) return output;
  const segment = lastSegment(name);
  // No peer offers hidden files: in a home folder one could be what a shell runs next.
  const isHidden = segment.startsWith('.') ? 'it would be hidden' : undefined;
  const fault = faultAsFileName(segment, process.platform) ?? isHidden;
  if (fault !== undefined)
    throw new CodedError(
      'unsafe-file-name',
      `"${printable(segment)}" cannot be a file name here: ${fault}. -o gives it another.`,
    );
  return join(output ?? '.', segment);
}

async function isFolder(path: string): Promise<boolean> {
  return /[/\\]$/.test(path) || ((await stat(path).catch(() => undefined))?.isDirectory() ?? false);
}
